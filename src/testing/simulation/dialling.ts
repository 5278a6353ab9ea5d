/**
 * One attempt to open a connection: knocks until the door opens, somebody says that there is none, or the caller gives up.
 * @module
 */
import { onAbort } from '../../base/abort.ts';
import { MeshError } from '../../base/errors.ts';
import type { Link } from '../../ports/transport.ts';
import type { EventLoop } from './event-loop.ts';
import type { Host } from './host.ts';

/** The caller's end of a connection that has just been opened. */
export interface NearEnd {
  readonly link: () => Link;
  /** The caller does not want it any more. */
  readonly drop: () => void;
  /** The caller's machine is gone. */
  readonly crash: () => void;
}

/** Options of {@link Dialling}. */
export interface DiallingOptions {
  readonly loop: EventLoop;
  readonly caller: { readonly host: Host; readonly life: number };
  /** Whose address it is; undefined when it is nobody's. */
  readonly target: Host | undefined;
  readonly remote: string;
  readonly signal: AbortSignal;
  /** Milliseconds from one node to another; undefined when nothing gets there. */
  readonly wayMs: (from: string, to: string) => number | undefined;
  /** Opens a connection whose answer takes `back` to the caller; undefined when nobody listens. */
  readonly open: (back: number) => NearEnd | undefined;
}

/** Time between two knocks at a door that does not answer. */
const knockMs = 1_000;

/** Dials once. */
export class Dialling {
  readonly #options: DiallingOptions;
  readonly #link = Promise.withResolvers<Link>();
  #over = false;
  #release: () => void = () => undefined;

  constructor(options: DiallingOptions) {
    this.#options = options;
    const { signal, remote } = options;
    this.#release = onAbort(signal, () => {
      this.#over = true;
      const params = { what: `dialling ${remote}` };
      this.#link.reject(new MeshError('ABORTED', params, { cause: signal.reason }));
    });
    this.#knock();
  }

  /** The caller's end; rejects with `PEER_UNREACHABLE` when nobody listens, `ABORTED` when the signal fires first. */
  get link(): Promise<Link> {
    return this.#link.promise;
  }

  #knock(): void {
    const { caller, target, loop, wayMs } = this.#options;
    if (this.#isOver()) return;
    if (target === undefined) {
      this.#refuse();
      return;
    }
    const there = wayMs(caller.host.name, target.name);
    if (there === undefined || target.silent) {
      this.#knockLater();
      return;
    }
    loop.after(there, () => {
      this.#arrive(target);
    });
  }

  #arrive(target: Host): void {
    const { caller, loop, wayMs, open } = this.#options;
    const back = wayMs(target.name, caller.host.name);
    if (target.silent || back === undefined) {
      this.#knockLater();
      return;
    }
    const end = open(back);
    if (end !== undefined && caller.host.life !== caller.life) {
      end.crash();
      return;
    }
    loop.after(back, () => {
      caller.host.enter(caller.life, () => {
        this.#answered(end);
      });
    });
  }

  #answered(end: NearEnd | undefined): void {
    if (this.#over) {
      end?.drop();
    } else if (end === undefined) {
      this.#refuse();
    } else {
      this.#settle();
      this.#link.resolve(end.link());
    }
  }

  #refuse(): void {
    this.#settle();
    const { remote: peer } = this.#options;
    this.#link.reject(new MeshError('PEER_UNREACHABLE', { peer, detail: 'nobody listens there' }));
  }

  #settle(): void {
    this.#over = true;
    this.#release();
  }

  #knockLater(): void {
    if (this.#isOver()) return;
    this.#options.loop.after(knockMs, () => {
      this.#knock();
    });
  }

  #isOver(): boolean {
    const { host, life } = this.#options.caller;
    return this.#over || host.life !== life;
  }
}
