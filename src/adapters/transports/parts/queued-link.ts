/**
 * A link over any carrier: holds frames while the carrier or the owner cannot take them, and tells exactly how it ended.
 * @module
 */
import { abortError } from '../../../base/abort.ts';
import { MeshError, toMeshError } from '../../../base/errors.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Endpoint, Link, LinkEnd, LinkFacts, LinkHandler } from '../../../ports/transport.ts';
import { FrameQueue } from './frame-queue.ts';

/** `send` returns false above this many bytes ... */
export const highWater = 1024 * 1024;
/** ... `drained` resolves below this many ... */
const lowWater = 256 * 1024;
/** ... and a sender that does not care is stopped with `OVERLOADED` here. */
const sendLimit = 16 * 1024 * 1024;
/** Bytes kept for an owner that paused while its carrier could not; beyond, the link ends with `OVERLOADED`. */
const receiveLimit = 8 * 1024 * 1024;
/** How long `close()` flushes before it gives up. */
const closeMs = 5_000;

/** What a carrier tells its link. */
export interface CarrierEvents {
  frame(bytes: Uint8Array): void;
  /** The carrier has become writable. */
  writable(): void;
  /** The connection is over. Only the first call counts. */
  ended(end: { readonly clean: boolean; readonly error?: Error }): void;
}

/** A raw connection. It starts paused. */
export interface Carrier {
  /** Whether it takes another frame now. */
  readonly writable: boolean;
  start(events: CarrierEvents): void;
  /** Brackets the writes of one turn, so that they can leave together. */
  cork(): void;
  uncork(): void;
  write(frame: Uint8Array): void;
  pause(): void;
  resume(): void;
  /** Says goodbye behind what was written; `ended` follows. */
  end(): void;
  /** Drops the connection. */
  destroy(): void;
}

/** What a link is made of. */
export interface QueuedLinkOptions {
  readonly remote: Endpoint;
  readonly facts: LinkFacts;
  readonly maxFrame: number;
  readonly clock: Clock;
  readonly carrier: Carrier;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** One end of a connection. Frames of one turn leave together at its end. */
export class QueuedLink implements Link {
  readonly remote: Endpoint;
  readonly facts: LinkFacts;
  readonly #maxFrame: number;
  readonly #clock: Clock;
  readonly #carrier: Carrier;
  readonly #outbox = new FrameQueue();
  readonly #inbox = new FrameQueue();
  readonly #draining = new Set<Waiter>();
  #handler: LinkHandler | undefined;
  #paused = false;
  #flushing = false;
  #delivering = false;
  #goodbye = false;
  #closing: Promise<void> | undefined;
  #closed: (() => void) | undefined;
  #end: LinkEnd | undefined;
  #told = false;

  constructor(options: QueuedLinkOptions) {
    this.remote = options.remote;
    this.facts = options.facts;
    this.#maxFrame = options.maxFrame;
    this.#clock = options.clock;
    this.#carrier = options.carrier;
    this.#carrier.start({
      frame: (bytes) => {
        this.#arrived(bytes);
      },
      writable: () => {
        this.#flushSoon();
      },
      ended: (end) => {
        this.#finish(end.clean, end.error);
      },
    });
  }

  get buffered(): number {
    return this.#outbox.bytes;
  }

  send(frame: Uint8Array): boolean {
    if (this.#end !== undefined || this.#closing !== undefined) throw this.#closedError();
    if (frame.length > this.#maxFrame) throw tooLarge(frame.length, this.#maxFrame);
    if (this.buffered + frame.length > sendLimit) {
      throw new MeshError('OVERLOADED', { what: `the link to ${this.remote}`, limit: sendLimit });
    }
    this.#outbox.push(frame);
    this.#flushSoon();
    return this.buffered < highWater;
  }

  drained(signal?: AbortSignal): Promise<void> {
    if (this.#end !== undefined) return Promise.reject(this.#closedError());
    if (signal?.aborted === true) return Promise.reject(abortError(signal, 'drained'));
    if (this.buffered <= lowWater) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#draining.delete(waiter);
        signal?.removeEventListener('abort', aborted);
      };
      const aborted = (): void => {
        leave();
        reject(abortError(signal!, 'drained'));
      };
      const waiter: Waiter = {
        resolve: () => {
          leave();
          resolve();
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      };
      this.#draining.add(waiter);
      signal?.addEventListener('abort', aborted, { once: true });
    });
  }

  receive(handler: LinkHandler): void {
    if (this.#handler !== undefined) {
      throw new MeshError('ALREADY_EXISTS', { what: 'the handler of link', id: this.remote });
    }
    this.#handler = handler;
    this.#openCarrier();
  }

  pause(): void {
    this.#paused = true;
    if (this.#end === undefined) this.#carrier.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#handler !== undefined) this.#openCarrier();
  }

  close(): Promise<void> {
    if (this.#end !== undefined) return Promise.resolve();
    this.#closing ??= this.#sayGoodbye();
    return this.#closing;
  }

  abort(reason: Error): void {
    if (this.#end !== undefined) return;
    this.#inbox.clear();
    this.#finish(false, reason);
    this.#carrier.destroy();
  }

  #sayGoodbye(): Promise<void> {
    const cancel = this.#clock.after(closeMs, () => {
      const what = `closing the link to ${this.remote}`;
      this.abort(new MeshError('TIMEOUT', { what, ms: closeMs }));
    });
    this.#flushSoon();
    return new Promise((resolve) => {
      this.#closed = () => {
        cancel();
        resolve();
      };
    });
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      if (this.#end === undefined) this.#flush();
    });
  }

  #flush(): void {
    this.#carrier.cork();
    while (this.#carrier.writable) {
      const frame = this.#outbox.shift();
      if (frame === undefined) break;
      this.#carrier.write(frame);
    }
    this.#carrier.uncork();
    if (this.buffered <= lowWater) for (const waiter of [...this.#draining]) waiter.resolve();
    if (this.#closing !== undefined && this.#outbox.length === 0) this.#endCarrier();
  }

  #endCarrier(): void {
    if (this.#goodbye) return;
    this.#goodbye = true;
    // The answer to the goodbye must get in, even past an owner that paused.
    this.#carrier.resume();
    this.#carrier.end();
  }

  #openCarrier(): void {
    if (!this.#paused && this.#end === undefined) this.#carrier.resume();
    this.#deliverSoon();
  }

  #arrived(bytes: Uint8Array): void {
    if (this.#end !== undefined) return;
    if (bytes.length > this.#maxFrame) {
      this.abort(tooLarge(bytes.length, this.#maxFrame));
      return;
    }
    if (this.#handler !== undefined && !this.#paused && this.#inbox.length === 0) {
      this.#hand(this.#handler, bytes);
      return;
    }
    this.#inbox.push(bytes);
    if (this.#inbox.bytes > receiveLimit) {
      const what = `the inbox of the link to ${this.remote}`;
      this.abort(new MeshError('OVERLOADED', { what, limit: receiveLimit }));
    }
  }

  #deliverSoon(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    queueMicrotask(() => {
      this.#delivering = false;
      if (this.#handler !== undefined) this.#deliver(this.#handler);
    });
  }

  #deliver(handler: LinkHandler): void {
    while (!this.#paused) {
      const frame = this.#inbox.shift();
      if (frame === undefined) break;
      this.#hand(handler, frame);
    }
    if (this.#end === undefined || this.#told || this.#inbox.length > 0) return;
    this.#told = true;
    handler.closed(this.#end);
  }

  #hand(handler: LinkHandler, frame: Uint8Array): void {
    try {
      handler.frame(frame);
    } catch (error) {
      this.abort(toMeshError(error, 'the frame handler'));
    }
  }

  #finish(clean: boolean, error: Error | undefined): void {
    if (this.#end !== undefined) return;
    const unsent = this.#outbox.length;
    this.#end = error === undefined ? { clean, unsent } : { clean, error, unsent };
    this.#outbox.clear();
    for (const waiter of [...this.#draining]) waiter.reject(this.#closedError());
    // The owner hears of the end before the one who waits for close().
    this.#deliverSoon();
    this.#closed?.();
  }

  #closedError(): MeshError {
    return new MeshError(
      'CLOSED',
      { what: `the link to ${this.remote}` },
      { cause: this.#end?.error },
    );
  }
}

/** The error of a frame of `size` bytes where `limit` are allowed. */
export function tooLarge(size: number | string, limit: number): MeshError {
  return new MeshError('FRAME_TOO_LARGE', { size, limit });
}

/** The error of a link whose carrier went away without a goodbye. */
export function broken(remote: Endpoint, cause?: unknown): MeshError {
  const detail = 'the connection broke';
  return new MeshError('PEER_UNREACHABLE', { peer: remote, detail }, { cause });
}

/** Hands a new link to its acceptor; one that fails costs this link, not the listener. */
export function welcome(link: Link, accept: (link: Link) => void): void {
  try {
    accept(link);
  } catch (error) {
    link.abort(toMeshError(error, 'accepting a link'));
  }
}
