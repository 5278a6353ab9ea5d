/**
 * Tells which runners are gone, without trusting anybody's wall clock: a runner writes a sign of life into its task, and
 * a task whose row has not changed for a whole lease, measured here, has lost its runner.
 * @module
 */
import type { Revision } from '../../ports/store.ts';
import type { HeldRow } from './task-rows.ts';

interface Seen {
  readonly revision: Revision;
  readonly since: number;
}

/** Watches rows that others run. */
export class LeaseWatch {
  readonly #leaseMs: number;
  #seen = new Map<string, Seen>();

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /** Takes note of how all open tasks stand at `now` (monotonic). */
  observe(rows: readonly HeldRow[], now: number): void {
    const seen = new Map<string, Seen>();
    for (const { row, revision } of rows) {
      if (row.state !== 'running') continue;
      const before = this.#seen.get(row.id);
      seen.set(row.id, before?.revision === revision ? before : { revision, since: now });
    }
    this.#seen = seen;
  }

  /** Whether the row still stands as it was first seen a lease ago. */
  isStale({ row, revision }: HeldRow, now: number): boolean {
    const seen = this.#seen.get(row.id);
    return seen?.revision === revision && now - seen.since >= this.#leaseMs;
  }
}
