/**
 * Answers the calls of peers with the handlers of this node.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import { Gate } from './gate.ts';
import type { CallEnds, Handler } from './handlers.ts';
import type { ResultCache } from './result-cache.ts';
import { Serving, type ServingGround } from './serving.ts';
import type { CallHeader } from './session.ts';
import type { Stream } from './stream.ts';

/** Options of {@link CallServer}. */
export interface CallServerOptions {
  readonly clock: Clock;
  readonly results: ResultCache;
  /** Handlers one peer can keep busy; further calls wait for their turn. */
  readonly handlersPerPeer: number;
}

/** The table of handlers, with the calls they are answering. */
export class CallServer {
  readonly #ground: ServingGround;
  readonly #handlers = new Map<string, Handler>();
  readonly #servings = new Set<Serving>();
  readonly #orphans = new Set<Serving>();
  /** Calls that came in. */
  calls = 0;
  /** Calls being answered or waiting for their turn. */
  active = 0;

  constructor(options: CallServerOptions) {
    const { clock, results, handlersPerPeer } = options;
    this.#ground = {
      clock,
      results,
      gate: new Gate(handlersPerPeer),
      orphaned: (serving) => this.#orphans.add(serving),
      settled: this.#settled,
    };
  }

  /** Adds a handler; `ALREADY_EXISTS` for a method that has one. */
  add(method: string, handler: Handler): void {
    if (this.#handlers.has(method)) {
      throw new MeshError('ALREADY_EXISTS', { what: 'the handler of', id: method });
    }
    this.#handlers.set(method, handler);
  }

  /** Answers `stream`. */
  serve(stream: Stream, header: CallHeader, ends: CallEnds): void {
    this.calls += 1;
    const handler = this.#handlers.get(header.method);
    if (handler === undefined) {
      const error = new MeshError('NOT_FOUND', { what: 'the method', id: header.method });
      stream.cancel(error, header.method);
      return;
    }
    this.active += 1;
    const serving = new Serving(this.#ground, stream, header, ends, handler);
    this.#servings.add(serving);
    stream.events = serving;
  }

  /** Tells the handlers at work for `peer` that their result is not wanted. */
  stopFor(peer: Did, error: MeshError): void {
    for (const serving of [...this.#servings]) if (serving.from === peer) serving.stop(error);
  }

  /** Tells those handlers that have outlived their session that nobody comes back for the result. */
  close(error: MeshError): void {
    for (const serving of [...this.#orphans]) serving.stop(error);
  }

  readonly #settled = (serving: Serving): void => {
    this.active -= 1;
    this.#servings.delete(serving);
    this.#orphans.delete(serving);
  };
}
