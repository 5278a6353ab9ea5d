/**
 * What a test waits for: calls through the mesh's clients, and the handlers at work.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import type { EventLoop } from './event-loop.ts';
import type { Host } from './host.ts';
import type { Trace } from './trace.ts';

/** A call that takes longer fails with `TIMEOUT`, so that no test hangs. */
export const callLimitMs = 24 * 3_600_000;

interface Call {
  readonly what: string;
  readonly host: Host;
  readonly life: number;
  readonly fail: (error: MeshError) => void;
}

/** Time flows while a call is pending. */
export class Calls {
  readonly #loop: EventLoop;
  readonly #trace: Trace;
  readonly #calls = new Set<Call>();
  readonly #handlers = new Map<
    number,
    { readonly what: string; readonly host: Host; readonly life: number }
  >();
  #count = 0;
  #handlerCount = 0;

  constructor(loop: EventLoop, trace: Trace) {
    this.#loop = loop;
    this.#trace = trace;
  }

  /** Whether nothing is pending. */
  get idle(): boolean {
    return this.#calls.size === 0 && this.#handlers.size === 0;
  }

  /** Names of what is pending. */
  pending(): string[] {
    return [
      ...[...this.#calls].map(({ what, host }) => `call ${what} of ${host.name}`),
      ...[...this.#handlers.values()].map(({ what, host }) => `handler '${what}' of ${host.name}`),
    ];
  }

  /** `work` as the test sees it: time flows until it settles, the machine it runs on is gone, or a day has passed. */
  track<T>(host: Host, what: string, work: Promise<T>): Promise<T> {
    this.#count += 1;
    const call = this.#count;
    this.#trace.add(host.name, 'call.began', { what, call });
    const tracked = new Promise<T>((resolve, reject) => {
      const end = (error: unknown): void => {
        leave();
        this.#calls.delete(entry);
        const code =
          error === undefined ? {} : { code: MeshError.is(error) ? error.code : 'other' };
        this.#trace.add(host.name, 'call.ended', { what, call, ...code });
      };
      const fail = (error: unknown): void => {
        if (!this.#calls.has(entry)) return;
        end(error);
        reject(error);
      };
      const entry: Call = { what, host, life: host.life, fail };
      this.#calls.add(entry);
      const leave = this.#loop.wait({
        ends: this.#loop.now + callLimitMs,
        over: () => {
          fail(new MeshError('TIMEOUT', { what: `${what} of ${host.name}`, ms: callLimitMs }));
        },
      });
      work.then((value) => {
        if (!this.#calls.has(entry)) return;
        end(undefined);
        resolve(value);
      }, fail);
    });
    // Who never looks at the outcome of a call made a choice; the trace has it.
    tracked.catch(() => undefined);
    return tracked;
  }

  /** A handler is at work on `host` until the result is called. */
  handling(
    host: Host,
    what: string,
    detail: Readonly<{ task: string; caller: string; durable?: true }>,
  ): () => void {
    this.#handlerCount += 1;
    const number = this.#handlerCount;
    const { life } = host;
    this.#handlers.set(number, { what, host, life });
    this.#trace.add(host.name, 'handler.began', { agent: what, ...detail });
    return () => {
      if (!this.#handlers.delete(number) || host.life !== life) return;
      this.#trace.add(host.name, 'handler.ended', { agent: what, ...detail });
    };
  }

  /** The machine is gone, and with it everything that was waited for on it. */
  crash(host: Host): void {
    for (const call of [...this.#calls]) {
      if (call.host !== host) continue;
      call.fail(new MeshError('CLOSED', { what: `${host.name}, which has crashed,` }));
    }
    for (const [number, handler] of this.#handlers) {
      if (handler.host === host) this.#handlers.delete(number);
    }
  }
}
