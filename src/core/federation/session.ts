/**
 * An encrypted connection between two proven nodes, carrying many streams.
 * @module
 */
import { fromUtf8, utf8 } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import { integer, object, optional, parseJson, type Shaped, text } from '../../base/shape.ts';
import type { Clock } from '../../ports/clock.ts';
import type { LinkEnd } from '../../ports/transport.ts';
import type { Signed } from '../../schema/signed.ts';
import { broken, type Frame, frameFlag, frameType, headLength, maxStream } from './frames.ts';
import type { Handshaken, PeerFacts } from './handshake.ts';
import { Heartbeat } from './heartbeat.ts';
import type { Workload } from './needs.ts';
import type { NoiseKey } from './noise-key.ts';
import { packPulse, pulseId, readWorkload } from './pulse.ts';
import { type RecordEvents, RecordLayer } from './record-layer.ts';
import { Stream, type StreamEvents, type StreamHost } from './stream.ts';
import { StreamTable } from './stream-table.ts';
import { packError, readError } from './wire-error.ts';

/** Bounds of a session. */
export interface SessionLimits {
  /** Bytes of the largest message. Default 64 MiB. */
  readonly messageBytes: number;
  /** Streams each side may have open at a time. Default 1,024. */
  readonly streams: number;
  /** Bytes held for slow readers before their streams are cancelled. Default 128 MiB. */
  readonly heldBytes: number;
  /** Time between heartbeats, in milliseconds. Default 5,000. */
  readonly heartbeatMs: number;
  /** Unanswered heartbeats after which the session is lost. Default 3. */
  readonly heartbeatMisses: number;
}

/** The limits unless others are given. */
export const defaultLimits: SessionLimits = {
  messageBytes: 64 * 1_048_576,
  streams: 1_024,
  heldBytes: 128 * 1_048_576,
  heartbeatMs: 5_000,
  heartbeatMisses: 3,
};

const headerShape = object({
  method: text({ min: 1, max: 256 }),
  deadlineMs: integer({ max: 2 ** 31 }),
  idempotencyKey: optional(text({ min: 1, max: 256 })),
});
const goodbyeShape = object({ lastStream: integer({ max: maxStream }) });

/** What stands at the beginning of a call. */
export type CallHeader = Shaped<typeof headerShape>;

/** Options of {@link Session}. */
export interface SessionOptions {
  readonly handshaken: Handshaken;
  readonly clock: Clock;
  readonly limits: SessionLimits;
  /** How busy this node is; the peer is told. */
  readonly workload?: (() => Workload) | undefined;
  /** A peer's call: sets `stream.events`. */
  onOpen(session: Session, stream: Stream, header: CallHeader): void;
  /** Both sides have taken each other in; told once. */
  onActive(session: Session): void;
  /** The session is over; told once. */
  onEnd(session: Session, error: MeshError): void;
}

/** Streams over records, from the end of the handshake to the end of the link. */
export class Session {
  readonly local: Did;
  readonly peer: PeerFacts;
  /** Whether this side dialled. */
  readonly initiator: boolean;
  readonly handshakeMs: number;
  readonly endpoint: string;
  /** Epoch milliseconds. */
  readonly since: number;
  /** Resolves when the peer has taken this side in; rejects when the session ends before. */
  readonly welcome: Promise<void>;
  /** Resolves with the reason when the session has ended. */
  readonly over: Promise<MeshError>;
  /** Names this session uniquely; both sides know the same 32 bytes. */
  readonly binding: Uint8Array;
  /** Round trip of the last ping in milliseconds; undefined before the first. */
  rttMs: number | undefined;
  /** What vouches for the peer's session key, as last checked. */
  proof: Signed<NoiseKey>;
  /** How busy the peer last said it is; undefined while it has not said. */
  workload: Workload | undefined;
  readonly #options: SessionOptions;
  readonly #records: RecordLayer;
  readonly #host: StreamHost;
  readonly #streams = new StreamTable();
  readonly #starved = new Set<Stream>();
  readonly #pings = new Map<number, (answered: boolean) => void>();
  #heartbeat: Heartbeat | undefined;
  #nextStream: number;
  #lastForeign = 0;
  #foreign = 0;
  #held = 0;
  #pingCount = 0;
  /** What the peer was last told. */
  #told: Workload | undefined;
  readonly #over: PromiseWithResolvers<MeshError>;
  readonly #welcome: PromiseWithResolvers<void>;
  #welcomed = false;
  #leaving: MeshError | undefined;
  #farewell: { readonly lastStream: number; readonly error: MeshError } | undefined;
  #ended: MeshError | undefined;
  #idle: (() => void) | undefined;

  constructor(options: SessionOptions) {
    const { handshaken, clock } = options;
    const { link, noise, initiator } = handshaken;
    this.#options = options;
    this.local = handshaken.local;
    this.peer = handshaken.peer;
    this.proof = handshaken.peer.proof;
    this.initiator = initiator;
    this.handshakeMs = handshaken.handshakeMs;
    this.endpoint = link.remote;
    this.since = clock.now();
    this.binding = noise.handshakeHash;
    this.#nextStream = initiator ? 1 : 2;
    this.#over = Promise.withResolvers();
    this.over = this.#over.promise;
    this.#welcome = Promise.withResolvers();
    this.welcome = this.#welcome.promise;
    this.welcome.catch(() => undefined);
    this.#host = this.#streamHost();
    this.#records = new RecordLayer({ link, noise, clock, events: this.#recordEvents() });
  }

  /** Whether new streams may be opened. */
  get usable(): boolean {
    return this.#ended === undefined && this.#leaving === undefined && this.#farewell === undefined;
  }

  /** Whether both sides have taken each other in and it has not ended. */
  get active(): boolean {
    return this.#welcomed && this.#ended === undefined;
  }

  /** Whether it ever became active. */
  get wasActive(): boolean {
    return this.#welcomed;
  }

  /** Why it ended; undefined while it has not. */
  get ended(): MeshError | undefined {
    return this.#ended;
  }

  /** Streams open now. */
  get streams(): number {
    return this.#streams.size;
  }

  get bytesIn(): number {
    return this.#records.bytesIn;
  }

  get bytesOut(): number {
    return this.#records.bytesOut;
  }

  /** Begins to read and to watch the link. Each side pings at once: its first frame tells the other that it was taken in. */
  start(): void {
    const { clock, limits, handshaken } = this.#options;
    this.#heartbeat = new Heartbeat({
      clock,
      everyMs: limits.heartbeatMs,
      misses: limits.heartbeatMisses,
      news: () => this.#hasNews(),
      ping: () => void this.ping(limits.heartbeatMs * limits.heartbeatMisses),
      dead: () => {
        this.abort(this.#unreachable('no sign of life'));
      },
    });
    void this.ping(limits.heartbeatMs * limits.heartbeatMisses);
    handshaken.reader.handOver({
      frame: (record) => {
        this.#heartbeat?.heard();
        this.#records.read(record);
      },
      closed: (end) => {
        this.#linkEnded(end);
      },
    });
  }

  /**
   * Opens a stream with its first message. `isLast` tells that nothing follows it. Throws `OVERLOADED` when too many are open,
   * `PEER_UNREACHABLE` when the session takes no more.
   */
  open(header: CallHeader, message: Uint8Array, isLast: boolean, events: StreamEvents): Stream {
    const { limits } = this.#options;
    if (!this.usable) throw this.#unreachable('the session is ending');
    if (message.length > limits.messageBytes) {
      const limit = limits.messageBytes;
      throw new MeshError('FRAME_TOO_LARGE', { size: message.length, limit });
    }
    if (this.#streams.size - this.#foreign >= limits.streams) {
      throw new MeshError('OVERLOADED', {
        what: `the session with ${this.peer.did}`,
        limit: limits.streams,
      });
    }
    const stream = new Stream(this.#nextStream, true, this.#host);
    this.#nextStream += 2;
    stream.events = events;
    this.#streams.add(stream);
    stream.begin(utf8(JSON.stringify(header)), message, isLast ? frameFlag.end : 0);
    return stream;
  }

  /** Milliseconds to the peer and back; undefined when no answer came within `ms`. */
  ping(ms: number): Promise<number | undefined> {
    const { clock } = this.#options;
    const started = clock.monotonic();
    const id = (this.#pingCount = (this.#pingCount + 1) % 2 ** 32);
    this.#told = this.#options.workload?.();
    const payload = packPulse(id, this.#told);
    return new Promise((resolve) => {
      const cancel = clock.after(ms, () => this.#pings.get(id)?.(false));
      this.#pings.set(id, (answered) => {
        cancel();
        this.#pings.delete(id);
        if (answered) this.rttMs = clock.monotonic() - started;
        resolve(answered ? this.rttMs : undefined);
      });
      this.#records.write({ type: frameType.ping, flags: 0, stream: 0, payload });
    });
  }

  /** Tells the peer why, takes no new streams, lets the open ones finish for up to `drainMs`, then ends. Idempotent. */
  async leave(reason: MeshError, drainMs = 0): Promise<void> {
    if (this.#ended !== undefined || this.#leaving !== undefined) return;
    this.#leaving = reason;
    const payload = packError(reason.toWire(), { lastStream: this.#lastForeign });
    this.#records.write({ type: frameType.goodbye, flags: 0, stream: 0, payload });
    if (drainMs > 0 && this.#streams.size > 0) await this.#drained(drainMs);
    if (this.#isOver()) return;
    this.#records.flush();
    this.#finish(reason, 0);
    await this.#options.handshaken.link.close();
  }

  /** Ends now. */
  abort(error: MeshError): void {
    if (this.#ended !== undefined) return;
    this.#finish(error, 0);
    this.#options.handshaken.link.abort(error);
  }

  #streamHost(): StreamHost {
    const { limits } = this.#options;
    return {
      messageLimit: limits.messageBytes,
      hasRoom: () => this.#records.hasRoom,
      write: (frame) => {
        this.#records.write(frame);
      },
      awaitRoom: (stream) => {
        this.#starved.add(stream);
      },
      hold: (bytes) => {
        this.#held += bytes;
        return this.#held <= limits.heldBytes;
      },
      forget: (stream) => {
        this.#forget(stream);
      },
    };
  }

  #recordEvents(): RecordEvents {
    return {
      frame: (frame) => {
        this.#frame(frame);
      },
      room: () => {
        const starved = [...this.#starved];
        this.#starved.clear();
        for (const stream of starved) stream.pump();
      },
      failed: (error) => {
        this.abort(error);
      },
    };
  }

  #frame(frame: Frame): void {
    const { type, payload } = frame;
    // Whatever the peer says but goodbye, it says to somebody it has taken in.
    if (!this.#welcomed && type !== frameType.goodbye) this.#activate();
    if (type === frameType.open) this.#opened(frame);
    else if (type === frameType.data) {
      this.#find(frame)?.receive(frame.flags, payload, headLength + payload.length);
    } else if (type === frameType.cancel) this.#find(frame)?.receiveCancel(payload);
    else if (type === frameType.credit) this.#find(frame)?.receiveCredit(payload);
    else if (type === frameType.ping) this.#pinged(payload);
    else if (type === frameType.pong) this.#ponged(payload);
    else if (type === frameType.goodbye) this.#goodbye(payload);
  }

  #activate(): void {
    this.#welcomed = true;
    this.#welcome.resolve();
    this.#options.onActive(this);
  }

  #opened(frame: Frame): void {
    const { stream: id, payload, flags } = frame;
    const theirs = id % 2 === (this.initiator ? 0 : 1);
    if (!theirs || id <= this.#lastForeign) throw broken('a stream with a number that was used');
    const length = payload.length < 2 ? payload.length : (payload[0]! << 8) | payload[1]!;
    if (2 + length > payload.length) throw broken('a header longer than its frame');
    const header = parseJson(fromUtf8(payload.subarray(2, 2 + length)), headerShape, 'header');
    if (this.#leaving !== undefined) return;
    this.#lastForeign = id;
    const stream = new Stream(id, false, this.#host);
    this.#streams.add(stream);
    this.#foreign += 1;
    const { streams: limit } = this.#options.limits;
    if (this.#foreign > limit) {
      stream.cancel(new MeshError('OVERLOADED', { what: 'the session', limit }), 'the session');
      return;
    }
    this.#options.onOpen(this, stream, header);
    // Nothing after the header means that the message begins in a later frame.
    const body = payload.subarray(2 + length);
    if (stream.open) stream.receive(flags, body, headLength + payload.length);
  }

  /** The stream of `frame`; undefined for one that is over, since its last frames cross with the end. */
  #find({ stream: id }: Frame): Stream | undefined {
    const stream = this.#streams.get(id);
    if (stream !== undefined) return stream;
    const theirs = id % 2 === (this.initiator ? 0 : 1);
    // A stream refused while leaving was never counted, so there anything goes.
    const known = theirs
      ? id <= this.#lastForeign || this.#leaving !== undefined
      : id < this.#nextStream;
    if (!known || id === 0) throw broken('a frame of a stream that was never opened');
    return undefined;
  }

  #pinged(payload: Uint8Array): void {
    if (payload.length > 16) throw broken('a ping that is too long');
    this.workload = readWorkload(payload) ?? this.workload;
    this.#records.write({ type: frameType.pong, flags: 0, stream: 0, payload: payload.slice() });
  }

  #ponged(payload: Uint8Array): void {
    const id = pulseId(payload);
    if (id !== undefined) this.#pings.get(id)?.(true);
  }

  #hasNews(): boolean {
    const now = this.#options.workload?.();
    return now?.load !== this.#told?.load || now?.capacity !== this.#told?.capacity;
  }

  /** The peer leaves: streams it has not taken can be tried elsewhere, the others may still finish. */
  #goodbye(payload: Uint8Array): void {
    const { lastStream } = parseJson(fromUtf8(payload), goodbyeShape, 'goodbye');
    const error = readError(payload);
    this.#farewell ??= { lastStream, error };
    for (const stream of this.#streams.all()) {
      if (stream.own && stream.id > lastStream)
        stream.fail({ error, by: 'session', delivered: false });
    }
  }

  #linkEnded({ unsent }: LinkEnd): void {
    this.#finish(this.#farewell?.error ?? this.#unreachable('the link ended'), unsent);
  }

  #finish(error: MeshError, unsent: number): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#welcome.reject(error);
    this.#over.resolve(error);
    this.#heartbeat?.stop();
    for (const answer of [...this.#pings.values()]) answer(false);
    const handed = this.#records.sent - unsent;
    for (const stream of this.#streams.all()) {
      const record = stream.opening?.record;
      const delivered = !stream.own || (record !== undefined && record <= handed);
      stream.fail({ error, by: 'session', delivered });
    }
    this.#records.stop();
    this.#starved.clear();
    this.#idle?.();
    this.#options.onEnd(this, error);
  }

  /** Asked again after a wait. */
  #isOver(): boolean {
    return this.#ended !== undefined;
  }

  async #drained(ms: number): Promise<void> {
    let cancel: (() => void) | undefined;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
      cancel = this.#options.clock.after(ms, resolve);
    });
    cancel?.();
  }

  #forget(stream: Stream): void {
    if (!this.#streams.remove(stream)) return;
    this.#starved.delete(stream);
    if (!stream.own) this.#foreign -= 1;
    if (this.#streams.size === 0) this.#idle?.();
  }

  #unreachable(detail: string): MeshError {
    return new MeshError('PEER_UNREACHABLE', { peer: this.peer.did, detail });
  }
}
