/**
 * The socket in the wall for everything that moves frames between processes. A transport carries bytes; it neither
 * encrypts nor multiplexes, because the session above does both over any carrier.
 * @module
 */
import type { Clock } from './clock.ts';

/** Where a listener can be dialled, e.g. `ws://127.0.0.1:7700` or `mem:acme`. */
export type Endpoint = string;

/** What a transport can do. The conformance kit skips what is not claimed. */
export interface TransportFeatures {
  /** Frames arrive in the order they were sent. */
  readonly ordered: boolean;
  /** Frames arrive, or the link ends. */
  readonly reliable: boolean;
  /** Whether `listen` works on this platform. */
  readonly listen: boolean;
  /** Several links share one carrier, so a new one costs no connection set-up. */
  readonly pooled: boolean;
  /** Bytes of the largest frame. */
  readonly maxFrame: number;
}

/** What a transport is handed at each call. */
export interface TransportContext {
  /** Stops dialling or listening. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** For `listen`: whether the first frame of a link asks for whoever listens here. Only a shared listener has to ask. */
  readonly recognises?: (firstFrame: Uint8Array) => boolean;
}

/** Moves frames between two ends. */
export interface Transport {
  /** `mem`, `ws`, ... : the endpoints this transport can dial. */
  readonly schemes: readonly string[];
  readonly features: TransportFeatures;
  /** Endpoint to listen at when the user named none; undefined when this end only dials. */
  readonly listenAt: Endpoint | undefined;
  /** Peers to dial at the start. */
  readonly peers: readonly Endpoint[];
  /** Opens a link; `PEER_UNREACHABLE` when nobody answers, `PROTOCOL_ERROR` when something else does. */
  dial(to: Endpoint, context: TransportContext): Promise<Link>;
  /** Accepts links until closed; `UNSUPPORTED` where the platform cannot. */
  listen(at: Endpoint, accept: (link: Link) => void, context: TransportContext): Promise<Listener>;
}

/** A place where links are accepted. */
export interface Listener {
  /** Where others reach it, e.g. with the port that was free. */
  readonly endpoints: readonly Endpoint[];
  /** Accepts no more; links already accepted go on. Idempotent. */
  close(): Promise<void>;
}

/** What the carrier itself knows about a link. */
export interface LinkFacts {
  readonly secure: 'none' | 'tls';
  readonly region?: string;
  readonly viaRelay?: string;
}

/** How a link ended. */
export interface LinkEnd {
  /** Whether the other end said goodbye. */
  readonly clean: boolean;
  readonly error?: Error;
  /** Frames taken by `send` which were never handed to the carrier: safe to send again. */
  readonly unsent: number;
}

/** What the owner of a link listens to. */
export interface LinkHandler {
  /** One frame, whole and in order of arrival. */
  frame(bytes: Uint8Array): void;
  /** Called once, last. */
  closed(end: LinkEnd): void;
}

/** One carrier connection. */
export interface Link {
  readonly remote: Endpoint;
  readonly facts: LinkFacts;
  /** Bytes taken by `send` and not yet handed to the carrier. */
  readonly buffered: number;
  /** Takes `frame`; false means above the high-water mark: wait for `drained`. `CLOSED` after the end. */
  send(frame: Uint8Array): boolean;
  /** Resolves when `buffered` is low again; rejects with `CLOSED` when the link ends first. */
  drained(signal?: AbortSignal): Promise<void>;
  /** Starts delivery; called once. Nothing is lost before it. */
  receive(handler: LinkHandler): void;
  /** Asks the carrier to hold back frames. Frames already under way may still arrive. */
  pause(): void;
  /** Lets frames come again after `pause()`. */
  resume(): void;
  /** Flushes, then ends. Idempotent. */
  close(): Promise<void>;
  /** Ends now. */
  abort(reason: Error): void;
}
