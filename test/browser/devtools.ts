/**
 * The Chrome DevTools Protocol over a pair of pipes: JSON messages, each ended by a zero byte.
 * @module
 */
import type { Readable, Writable } from 'node:stream';

/** What the browser tells unasked. */
export type DevToolsListener = (method: string, params: Readonly<Record<string, unknown>>) => void;

interface Pending {
  readonly resolve: (result: Readonly<Record<string, unknown>>) => void;
  readonly reject: (error: Error) => void;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly sessionId?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

/** How long the browser may take for one answer. */
const answerMs = 15_000;

/** A connection to a browser. */
export class DevTools {
  readonly #out: Writable;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Map<string, DevToolsListener>();
  #id = 0;
  #ended: Error | undefined;

  constructor(out: Writable, input: Readable) {
    this.#out = out;
    let begun: string[] = [];
    input.setEncoding('utf8');
    input.on('data', (chunk: string) => {
      // A long message comes in many pieces, which are joined once.
      const [first, ...others] = chunk.split('\0');
      begun.push(first!);
      for (const other of others) {
        this.#receive(JSON.parse(begun.join('')) as Message);
        begun = [other];
      }
    });
    input.on('close', () => {
      this.end(new Error('the browser has hung up'));
    });
    // A browser that dies takes its pipe with it; whoever waits hears of it by `end`.
    out.on('error', () => undefined);
  }

  /** Hears what the browser tells about `session`. */
  listen(session: string, listener: DevToolsListener): void {
    this.#listeners.set(session, listener);
  }

  /** The answer to `method`; rejects with the browser's complaint, or after 15 seconds. */
  call(
    method: string,
    params: Readonly<Record<string, unknown>> = {},
    sessionId?: string,
  ): Promise<Readonly<Record<string, unknown>>> {
    if (this.#ended) return Promise.reject(this.#ended);
    this.#id += 1;
    const id = this.#id;
    const { promise, resolve, reject } = Promise.withResolvers<Readonly<Record<string, unknown>>>();
    const timer = setTimeout(() => {
      reject(new Error(`the browser did not answer ${method} within ${answerMs} ms`));
    }, answerMs);
    this.#pending.set(id, { resolve, reject });
    this.#out.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#pending.delete(id);
    });
  }

  /** Fails whatever waits, and all that comes. */
  end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#ended);
  }

  #receive({ id, method, sessionId = '', params = {}, result = {}, error }: Message): void {
    if (method !== undefined) {
      this.#listeners.get(sessionId)?.(method, params);
      return;
    }
    const pending = this.#pending.get(id ?? 0);
    if (error) pending?.reject(new Error(error.message));
    else pending?.resolve(result);
  }
}
