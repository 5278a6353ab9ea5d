/**
 * One conversation inside a session: whole messages both ways, in order, never more under way than was allowed.
 * @module
 */
import { concat } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import {
  broken,
  type Frame,
  frameFlag,
  frameType,
  headLength,
  maxPayload,
  readU32,
  writeU32,
} from './frames.ts';
import { packError, readError, toWireError } from './wire-error.ts';

/** Bytes each side may send on a stream before it is allowed more. */
export const initialWindow = 262_144;
/** Smallest piece of a larger message worth a frame. */
const worthwhile = 4_096;
const lengthPrefix = 4;

/** Why a stream ended before its time. */
export interface StreamFailure {
  readonly error: MeshError;
  /** Whether the other side ended it, or this one or the session did. */
  readonly by: 'peer' | 'here' | 'session';
  /** Whether the other side may have seen anything of it. */
  readonly delivered: boolean;
}

/** What the owner of a stream listens to. After `failed`, or `ended` at the caller, nothing more comes. */
export interface StreamEvents {
  /** A whole message, as a view that is good until this returns; `stream.consumed(cost)` when it has been dealt with. */
  message(bytes: Uint8Array, cost: number, isResult: boolean): void;
  /** The other side sends no more. */
  ended(): void;
  failed(failure: StreamFailure): void;
}

/** What a stream needs from its session. */
export interface StreamHost {
  readonly messageLimit: number;
  /** Whether data may be written now. */
  hasRoom(): boolean;
  write(frame: Frame): void;
  /** Calls `stream.pump` when there is room again. */
  awaitRoom(stream: Stream): void;
  /** Accounts for bytes that are held for a slow reader; false when there are too many. */
  hold(bytes: number): boolean;
  /** The stream is over. */
  forget(stream: Stream): void;
}

interface Outgoing {
  readonly message: Uint8Array;
  readonly flags: number;
  offset: number;
  started: boolean;
  readonly done: (() => void) | undefined;
  readonly failed: ((error: MeshError) => void) | undefined;
}

/** Both ends use the same class; the end that did not open it decides when it is over. */
export class Stream {
  readonly id: number;
  /** Whether this side opened it. */
  readonly own: boolean;
  events: StreamEvents | undefined;
  /** The frame that opened it, at the side that did. */
  opening: Frame | undefined;
  readonly #host: StreamHost;
  readonly #outgoing: Outgoing[] = [];
  #allowance = initialWindow;
  #granted = initialWindow;
  #received = 0;
  #unread = 0;
  #held = 0;
  #parts: Uint8Array[] = [];
  #partial = 0;
  #got = 0;
  #expected = -1;
  #isResult = false;
  #cost = 0;
  #open = true;
  #remoteDone = false;

  constructor(id: number, own: boolean, host: StreamHost) {
    this.id = id;
    this.own = own;
    this.#host = host;
  }

  /** Whether it still carries anything. */
  get open(): boolean {
    return this.#open;
  }

  /** Bytes accepted by `send` and not yet framed. */
  get backlog(): number {
    return this.#outgoing.reduce((sum, { message, offset }) => sum + message.length - offset, 0);
  }

  /** Writes the frame that opens the stream: the header, and as much of `message` as belongs into one frame. */
  begin(header: Uint8Array, message: Uint8Array, flags: number): void {
    const room = maxPayload - 2 - header.length - lengthPrefix;
    const first = this.#host.hasRoom() ? Math.min(message.length, room) : -1;
    const payload = new Uint8Array(2 + header.length + (first < 0 ? 0 : lengthPrefix));
    payload[0] = header.length >>> 8;
    payload[1] = header.length;
    payload.set(header, 2);
    if (first >= 0) writeU32(payload, 2 + header.length, message.length);
    const whole = first === message.length;
    const begun = first < 0 ? 0 : frameFlag.start;
    const bits = whole ? flags | begun : begun;
    const rest = message.subarray(0, Math.max(0, first));
    this.opening = { type: frameType.open, flags: bits, stream: this.id, payload, rest };
    this.#allowance -= headLength + payload.length + rest.length;
    this.#host.write(this.opening);
    if (whole) return;
    this.#outgoing.push(outgoing(message, flags, Math.max(0, first), first >= 0));
    this.pump();
  }

  /** Sends a whole message; the promise resolves when the last of it was framed, and is absent when that is now. */
  send(message: Uint8Array, flags: number): Promise<void> | undefined {
    if (!this.#open) throw new MeshError('CLOSED', { what: 'the stream' });
    const [size, limit] = [message.length, this.#host.messageLimit];
    if (size > limit) throw new MeshError('FRAME_TOO_LARGE', { size, limit });
    if (this.#outgoing.length === 0 && this.#sendWhole(message, flags)) return undefined;
    const sent = new Promise<void>((resolve, reject) => {
      this.#outgoing.push(outgoing(message, flags, 0, false, resolve, reject));
    });
    // Whoever waits sees the failure; whoever does not is told by `failed`.
    sent.catch(() => undefined);
    this.pump();
    return sent;
  }

  /** Sends no more. */
  finish(): void {
    if (!this.#open) return;
    if (this.#outgoing.length === 0) {
      this.#writeData(new Uint8Array(0), frameFlag.end);
      return;
    }
    this.#outgoing.push(outgoing(new Uint8Array(0), frameFlag.end, 0, true));
  }

  /** Ends the stream now and tells the other side why. */
  cancel(thrown: unknown, what: string): void {
    if (!this.#open) return;
    const wire = toWireError(thrown, what);
    const payload = packError(wire);
    this.#host.write({ type: frameType.cancel, flags: 0, stream: this.id, payload });
    const error = MeshError.is(thrown)
      ? thrown
      : new MeshError('INTERNAL', { what }, { cause: thrown });
    this.fail({ error, by: 'here', delivered: true });
  }

  /** Ends the stream on this side alone. */
  fail(failure: StreamFailure): void {
    if (!this.#open) return;
    this.#close(failure.error);
    this.events?.failed(failure);
  }

  /** The owner has dealt with messages that cost `cost`. */
  consumed(cost: number): void {
    if (!this.#open) return;
    this.#unread -= cost;
    this.#release(cost);
    this.#grant();
  }

  /** Frames as much as allowance and room permit. */
  pump(): void {
    while (this.#open) {
      const next = this.#outgoing[0];
      if (next === undefined) return;
      if (!this.#host.hasRoom()) {
        this.#host.awaitRoom(this);
        return;
      }
      if (!this.#sendPart(next)) return;
    }
  }

  /** Takes in a `data` frame, or what follows the header of an `open` frame. */
  receive(flags: number, payload: Uint8Array, cost: number): void {
    this.#received += cost;
    if (this.#received > this.#granted) throw broken('more was sent than was allowed');
    if (this.#remoteDone) throw broken('data after the end');
    const begins = (flags & frameFlag.start) !== 0;
    if (begins && !this.#beginMessage(flags, payload)) return;
    this.#cost += cost;
    const body = begins ? payload.subarray(lengthPrefix) : payload;
    if (this.#expected < 0 && body.length > 0) throw broken('data outside a message');
    if (this.#expected >= 0) this.#addPart(body);
    if (!this.#open) return;
    if ((flags & frameFlag.end) !== 0) this.#endRemote();
    else this.#grant();
  }

  /** The other side ended the stream. */
  receiveCancel(payload: Uint8Array): void {
    this.fail({ error: readError(payload), by: 'peer', delivered: true });
  }

  /** The other side allows `payload` more. */
  receiveCredit(payload: Uint8Array): void {
    if (payload.length !== 4) throw broken('a credit of the wrong length');
    this.#allowance += readU32(payload, 0);
    this.pump();
  }

  #sendWhole(message: Uint8Array, flags: number): boolean {
    const cost = headLength + lengthPrefix + message.length;
    if (cost > maxPayload || cost > this.#allowance || !this.#host.hasRoom()) return false;
    const prefix = new Uint8Array(lengthPrefix);
    writeU32(prefix, 0, message.length);
    this.#writeData(prefix, flags | frameFlag.start, message);
    return true;
  }

  /** Frames one piece of `next`; false when there is no allowance for it. */
  #sendPart(next: Outgoing): boolean {
    const { message, flags } = next;
    const prefix = new Uint8Array(next.started ? 0 : lengthPrefix);
    const left = message.length - next.offset;
    const overhead = headLength + prefix.length;
    if (this.#allowance < overhead + Math.min(left, worthwhile)) return false;
    const length = Math.min(left, maxPayload - prefix.length, this.#allowance - overhead);
    if (!next.started) writeU32(prefix, 0, message.length);
    const part = message.subarray(next.offset, next.offset + length);
    const begins = next.started ? 0 : frameFlag.start | (flags & frameFlag.result);
    const last = length === left;
    next.started = true;
    next.offset += length;
    if (last) this.#outgoing.shift();
    this.#writeData(prefix, begins | (last ? flags : 0), part);
    if (last) next.done?.();
    return true;
  }

  #writeData(payload: Uint8Array, flags: number, rest?: Uint8Array): void {
    const { id: stream } = this;
    this.#allowance -= headLength + payload.length + (rest?.length ?? 0);
    const frame = { type: frameType.data, flags, stream, payload };
    this.#host.write(rest === undefined ? frame : { ...frame, rest });
    // What the caller still has to say interests nobody once the answer is complete.
    if ((flags & frameFlag.end) !== 0 && !this.own) this.#close();
  }

  #beginMessage(flags: number, payload: Uint8Array): boolean {
    if (this.#expected >= 0) throw broken('a message inside a message');
    if (payload.length < lengthPrefix) throw broken('a message without its length');
    const size = readU32(payload, 0);
    const limit = this.#host.messageLimit;
    if (size > limit) {
      this.cancel(new MeshError('FRAME_TOO_LARGE', { size, limit }), 'the stream');
      return false;
    }
    this.#expected = size;
    this.#isResult = (flags & frameFlag.result) !== 0;
    return true;
  }

  #addPart(body: Uint8Array): void {
    this.#got += body.length;
    if (this.#got > this.#expected) throw broken('a message longer than it said');
    const complete = this.#got === this.#expected;
    if (complete && this.#parts.length === 0) {
      this.#deliver(body);
      return;
    }
    this.#parts.push(compact(body));
    this.#partial += body.length;
    if (this.#hold(body.length) && complete) this.#deliver(concat(...this.#parts));
  }

  #deliver(message: Uint8Array): void {
    const [cost, isResult] = [this.#cost, this.#isResult];
    this.#release(this.#partial);
    this.#partial = 0;
    this.#parts = [];
    this.#got = 0;
    this.#expected = -1;
    this.#cost = 0;
    this.#unread += cost;
    if (this.#hold(cost)) this.events?.message(message, cost, isResult);
  }

  #endRemote(): void {
    if (this.#expected >= 0) throw broken('an end inside a message');
    this.#remoteDone = true;
    if (this.own) this.#close();
    this.events?.ended();
  }

  /** Allows more once half of the window has been used; what is unread counts against it. */
  #grant(): void {
    const wanted = this.#received + initialWindow - this.#unread;
    const more = wanted - this.#granted;
    if (!this.#open || this.#remoteDone || more < initialWindow / 2) return;
    this.#granted = wanted;
    const payload = new Uint8Array(4);
    writeU32(payload, 0, more);
    this.#host.write({ type: frameType.credit, flags: 0, stream: this.id, payload });
  }

  #hold(bytes: number): boolean {
    this.#held += bytes;
    if (this.#host.hold(bytes)) return true;
    this.cancel(
      new MeshError('OVERLOADED', { what: 'the memory of a session', limit: 'reached' }),
      'the stream',
    );
    return false;
  }

  #release(bytes: number): void {
    this.#held -= bytes;
    this.#host.hold(-bytes);
  }

  /** Over. Making an error costs more than a whole call, so there is one only where somebody waits. */
  #close(error?: MeshError): void {
    this.#open = false;
    this.#parts = [];
    this.#release(this.#held);
    if (this.#outgoing.length > 0) {
      const reason = error ?? new MeshError('CLOSED', { what: 'the stream' });
      for (const { failed } of this.#outgoing.splice(0)) failed?.(reason);
    }
    this.#host.forget(this);
  }
}

function outgoing(
  message: Uint8Array,
  flags: number,
  offset: number,
  started: boolean,
  done?: () => void,
  failed?: (error: MeshError) => void,
): Outgoing {
  return { message, flags, offset, started, done, failed };
}

/** `bytes` without the much larger record around them, for those who keep them. */
export function compact(bytes: Uint8Array): Uint8Array {
  return bytes.length * 2 < bytes.buffer.byteLength ? bytes.slice() : bytes;
}
