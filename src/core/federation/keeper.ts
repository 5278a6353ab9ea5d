/**
 * Keeps one address connected: dials, waits for the end, dials again.
 * @module
 */
import { onAbort } from '../../base/abort.ts';
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';
import type { Endpoint } from '../../ports/transport.ts';
import { refusals } from './admission.ts';
import { backoff } from './backoff.ts';
import type { Session } from './session.ts';

/** What is known of the address. */
export interface KeeperTarget {
  readonly endpoint: Endpoint;
  /** Who must answer. */
  readonly expect?: Did | undefined;
  /** Failures in a row after which it gives up; undefined: never, it was asked for by name. */
  readonly patience?: number | undefined;
}

/** Options of {@link Keeper}. */
export interface KeeperOptions {
  readonly target: KeeperTarget;
  readonly clock: Clock;
  readonly random: Random;
  /** One attempt, bounded in time. */
  dial(target: KeeperTarget): Promise<Session>;
}

/** Failures a refusal counts for: somebody who said no is not asked again at once. */
const refusalWeight = 8;

/** Life of a session after which earlier failures are forgotten. */
const provenMs = 10_000;

/** Runs until it is stopped, or until its patience is over. */
export class Keeper {
  readonly target: KeeperTarget;
  /** The session it keeps; undefined while there is none. */
  session: Session | undefined;
  /** The session it kept last. */
  last: Session | undefined;
  readonly #options: KeeperOptions;
  readonly #controller = new AbortController();
  #failures = 0;

  constructor(options: KeeperOptions) {
    this.target = options.target;
    this.#options = options;
  }

  /** Keeps the address until stopped. `settled` is called when the first attempt has succeeded or failed. */
  async run(current?: Session, settled: () => void = () => undefined): Promise<void> {
    let session = current ?? (await this.#attempt());
    settled();
    const { signal } = this.#controller;
    for (;;) {
      if (session !== undefined) await this.#outlive(session);
      else if (this.#isWeary()) return;
      await this.#pause();
      if (signal.aborted) return;
      session = await this.#attempt();
    }
  }

  /** Dials no more; the session, if any, goes on. */
  readonly stop = (): void => {
    this.#controller.abort();
  };

  async #attempt(): Promise<Session | undefined> {
    try {
      const session = await this.#options.dial(this.target);
      await session.welcome;
      return session;
    } catch (error) {
      this.#countFailure(error);
      return undefined;
    }
  }

  async #outlive(session: Session): Promise<void> {
    const { clock } = this.#options;
    const started = clock.monotonic();
    this.session = session;
    this.last = session;
    const error = await session.over;
    this.session = undefined;
    // A peer that takes this node in and drops it at once is no success.
    if (clock.monotonic() - started >= provenMs) this.#failures = 0;
    this.#countFailure(error);
  }

  #countFailure(error: unknown): void {
    this.#failures += MeshError.is(error, ...refusals) ? refusalWeight : 1;
  }

  #isWeary(): boolean {
    return this.#failures >= (this.target.patience ?? Number.POSITIVE_INFINITY);
  }

  async #pause(): Promise<void> {
    const { clock, random } = this.#options;
    const { signal } = this.#controller;
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        cancel();
        off();
        resolve();
      };
      const cancel = clock.after(backoff(this.#failures, random.next()), finish);
      const off = onAbort(signal, () => {
        cancel();
        resolve();
      });
    });
  }
}
