/**
 * What handlers of calls look like.
 * @module
 */
import type { Did } from '../../base/ids.ts';

/** A call as its handler sees it. `from` is proven; `body` is foreign data. */
export interface IncomingCall {
  readonly from: Did;
  /** Which of this node's identities was called. */
  readonly to: Did;
  readonly body: unknown;
  /** Fires when the caller cancels, its deadline passes, or the session is lost. Hand it to further calls: they inherit the deadline. */
  readonly signal: AbortSignal;
}

/** Answers a call: with a value, or with an async iterable whose items the caller gets one by one. */
export type CallHandler = (call: IncomingCall) => Promise<unknown>;

/** A call whose two sides both send several messages. Iterate for what the caller sends. */
export interface IncomingStream extends IncomingCall, AsyncIterable<unknown> {
  /** Sends an item; resolves when there is room for more. */
  send(value: unknown): Promise<void>;
}

/** Answers a stream; what it returns is the result. */
export type StreamHandler = (stream: IncomingStream) => Promise<unknown>;

/** Options of answering a method. */
export interface HandleOptions {
  /**
   * Whether the handler itself sees to it that a call with this body is executed at most once under its idempotency key, so
   * that nothing need be remembered for it here. Default: never.
   */
  readonly remembers?: (body: unknown) => boolean;
  /** Whom a call with this body is about, so that what is remembered of it can be erased. Default: nobody. */
  readonly subjectOf?: (body: unknown) => string | undefined;
}

/** Who calls whom. */
export interface CallEnds {
  readonly from: Did;
  readonly to: Did;
}

/** A handler of either kind. */
export type Handler =
  | ({ readonly kind: 'call'; readonly run: CallHandler } & HandleOptions)
  | { readonly kind: 'stream'; readonly run: StreamHandler };
