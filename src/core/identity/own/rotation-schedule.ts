/**
 * Rotates when it is time.
 * @module
 */
import { toMeshError } from '../../../base/errors.ts';
import type { Ledger } from './identity-ledger.ts';

/** Looked at again at least this often, so that a wall clock that was set is noticed. */
const longestMs = 24 * 3_600_000;
/** What failed is tried again after this time. */
const againMs = 3_600_000;

/** A timer for the next rotation. */
export class RotationSchedule {
  readonly #ledger: Ledger;
  readonly #rotate: () => Promise<void>;
  #cancel: (() => void) | undefined;
  #stopped = false;

  constructor(ledger: Ledger, rotate: () => Promise<void>) {
    this.#ledger = ledger;
    this.#rotate = rotate;
  }

  /** Waits for the next rotation by the state of now. */
  arm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const left = this.#left();
    if (left !== undefined) this.#wait(Math.min(left, longestMs));
  }

  /** Rotates no more. */
  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #wait(ms: number): void {
    if (this.#stopped) return;
    this.#cancel = this.#ledger.clock.after(ms, () => void this.#due());
  }

  async #due(): Promise<void> {
    try {
      // Another process on this store may have done it.
      await this.#ledger.refresh();
      if ((this.#left() ?? 1) > 0) {
        this.arm();
        return;
      }
      await this.#rotate();
    } catch (error) {
      const { code, params } = toMeshError(error, 'a scheduled rotation');
      this.#ledger.tell({ kind: 'rotation-failed', code, params });
      this.#cancel?.();
      this.#wait(againMs);
    }
  }

  /** Milliseconds until it is time; undefined when it never is. */
  #left(): number | undefined {
    const { log, every } = this.#ledger.state;
    const newest = log.at(-1);
    if (every === undefined || newest === undefined || newest.deactivated === true)
      return undefined;
    return Math.max(0, Date.parse(newest.at) + every - this.#ledger.clock.now());
  }
}
