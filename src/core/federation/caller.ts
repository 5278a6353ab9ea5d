/**
 * One call from here, on one session: what is sent, what comes back, and when it is given up.
 * @module
 */
import { abortError, onAbort } from '../../base/abort.ts';
import { MeshError } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { Inbox, packMessage, readMessage } from './inbox.ts';

import type { CallHeader } from './session.ts';
import type { Stream, StreamEvents, StreamFailure } from './stream.ts';

/** What calls are made on: a session, or the node itself. */
export interface Carrier {
  open(header: CallHeader, message: Uint8Array, isLast: boolean, events: StreamEvents): Stream;
}

/** How an attempt failed; kept apart from the error so that only this side's own view decides on a retry. */
export class AttemptFailure {
  readonly failure: StreamFailure;

  constructor(failure: StreamFailure) {
    this.failure = failure;
  }
}

/**
 * Whether the call may be made again on another session: when the peer cannot have seen it, or runs it only once
 * however often it sees it.
 */
export function mayRepeat({ by, delivered }: StreamFailure, idempotent: boolean): boolean {
  return by === 'session' && (!delivered || idempotent);
}

/** One attempt. */
export interface Attempt {
  readonly carrier: Carrier;
  readonly header: CallHeader;
  readonly body: Uint8Array;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

/** Makes one attempt. Rejects with an {@link AttemptFailure} when the stream failed, with a MeshError otherwise. */
export function attemptCall(attempt: Attempt): Promise<unknown> {
  return new Promise((resolve, reject) => {
    new Answer(resolve, reject).begin(attempt);
  });
}

/** The error of a call whose time is over. */
export function callTimeout({ method, deadlineMs: ms }: CallHeader): MeshError {
  return new MeshError('TIMEOUT', { what: `call '${method}'`, ms });
}

/** Waits for the one result of a call. */
class Answer implements StreamEvents {
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (reason: unknown) => void;
  #off: () => void = () => undefined;
  #cancelTimer: () => void = () => undefined;
  #stream: Stream | undefined;
  #result: { readonly value: unknown } | undefined;
  #fault: unknown;

  constructor(resolve: (value: unknown) => void, reject: (reason: unknown) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin({ carrier, header, body, clock, signal }: Attempt): void {
    const stream = carrier.open(header, body, true, this);
    this.#stream = stream;
    if (!stream.open) return;
    this.#cancelTimer = clock.after(header.deadlineMs, () => {
      stream.cancel(callTimeout(header), 'the call');
    });
    if (signal === undefined) return;
    this.#off = onAbort(signal, () => {
      stream.cancel(abortError(signal, `call '${header.method}'`), 'the call');
    });
  }

  message(bytes: Uint8Array, cost: number, isResult: boolean): void {
    this.#stream?.consumed(cost);
    try {
      if (!isResult) throw severalAnswers();
      this.#result = { value: readMessage(bytes) };
    } catch (thrown) {
      this.#fault = thrown;
      this.#stream?.cancel(thrown, 'the call');
    }
  }

  ended(): void {
    this.#release();
    if (this.#result !== undefined) this.#resolve(this.#result.value);
    else this.#reject(new MeshError('PROTOCOL_ERROR', { detail: 'an end without an answer' }));
  }

  failed(failure: StreamFailure): void {
    this.#release();
    this.#reject(this.#fault ?? new AttemptFailure(failure));
  }

  #release(): void {
    this.#off();
    this.#cancelTimer();
  }
}

function severalAnswers(): MeshError {
  return new MeshError('UNSUPPORTED', {
    feature: 'a handler that streams',
    by: 'call(): use openStream()',
  });
}

/** A conversation from the side that opened it. Iterate for the peer's items; leaving the loop early cancels it. */
export interface OutgoingStream extends AsyncIterable<unknown> {
  /** What the handler returned; rejects when the stream fails. */
  readonly result: Promise<unknown>;
  /** Sends a value; resolves when there is room for more. */
  send(value: unknown): Promise<void>;
  /** Sends no more; the peer may go on. */
  end(): void;
  /** Gives up; the handler's signal fires. */
  cancel(reason?: MeshError): void;
}

/** The client's end of a stream. */
export class StreamCall implements OutgoingStream, StreamEvents {
  readonly result: Promise<unknown>;
  readonly #inbox: Inbox;
  readonly #released: () => void;
  #settle: { resolve(value: unknown): void; reject(reason: unknown): void } | undefined;
  #stream: Stream | undefined;

  /** `released` is called once, when nothing more can happen. */
  constructor(released: () => void) {
    this.#released = released;
    this.result = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Those who only iterate learn of a failure there.
    this.result.catch(() => undefined);
    this.#inbox = new Inbox({ consumed: (cost) => this.#stream?.consumed(cost) }, () => {
      this.cancel();
    });
  }

  /** Opens it; called once. */
  begin(carrier: Carrier, header: CallHeader, body: Uint8Array): void {
    this.#stream = carrier.open(header, body, false, this);
  }

  async send(value: unknown): Promise<void> {
    await this.#stream?.send(packMessage(value), 0);
  }

  end(): void {
    this.#stream?.finish();
  }

  cancel(reason = new MeshError('ABORTED', { what: 'the stream' })): void {
    this.#stream?.cancel(reason, 'the stream');
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return this.#inbox[Symbol.asyncIterator]();
  }

  message(bytes: Uint8Array, cost: number, isResult: boolean): void {
    if (!isResult) {
      this.#inbox.push(bytes, cost);
      return;
    }
    this.#stream?.consumed(cost);
    try {
      this.#settle?.resolve(readMessage(bytes));
    } catch (thrown) {
      this.#settle?.reject(thrown);
    }
  }

  ended(): void {
    this.#released();
    this.#inbox.end();
    this.#settle?.reject(new MeshError('PROTOCOL_ERROR', { detail: 'an end without an answer' }));
  }

  failed({ error }: StreamFailure): void {
    this.#released();
    this.#inbox.fail(error);
    this.#settle?.reject(error);
  }
}
