/**
 * Answers the calls of peers with the handlers of this node.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import { Gate } from './gate.ts';
import type { CallEnds, Handler } from './handlers.ts';
import { Serving, type ServingGround } from './serving.ts';
import type { CallHeader } from './session.ts';
import type { Stream } from './stream.ts';

/** Options of {@link CallServer}. */
export interface CallServerOptions extends Omit<ServingGround, 'gate'> {
  /** Handlers one peer can keep busy; further calls wait for their turn. */
  readonly handlersPerPeer: number;
}

/** The table of handlers, with the calls they are answering. */
export class CallServer {
  readonly #ground: ServingGround;
  readonly #handlers = new Map<string, Handler>();
  readonly #active = new Set<Serving>();
  /** Calls that came in. */
  calls = 0;

  constructor(options: CallServerOptions) {
    this.#ground = { ...options, gate: new Gate(options.handlersPerPeer) };
  }

  /** Calls being answered or waiting for their turn. */
  get active(): number {
    return this.#active.size;
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
    const serving = new Serving(this.#ground, stream, header, ends, handler, this.#settled);
    this.#active.add(serving);
    stream.events = serving;
  }

  /** Tells every handler that nobody waits for it any more. */
  close(error: MeshError): void {
    for (const serving of [...this.#active]) serving.stop(error);
  }

  readonly #settled = (serving: Serving): void => {
    this.#active.delete(serving);
  };
}
