/**
 * Writes down how a run ended, before anybody is told.
 * @module
 */
import type { Lifetime } from '../../base/lifetime.ts';
import type { Clock } from '../../ports/clock.ts';
import { end, release, suspend } from './row-moves.ts';
import { doneOutcome, failedOutcome } from './task-outcome.ts';
import type { TaskRow } from './task-row.ts';
import type { HeldRow, RowChange } from './task-rows.ts';
import { type Ending, isLost, type TaskRun } from './task-run.ts';

/** What {@link conclude} is given. */
export interface ConcludeOptions {
  readonly clock: Clock;
  readonly lifetime: Lifetime;
  readonly report: (error: unknown) => void;
}

/** How often an ending is written before the run is left to lapse. */
const writeTries = 5;
const writeRetryMs = 500;

/** The row as it was left; undefined when it was not this run's to leave, or the store would not have it. */
export async function conclude(
  run: TaskRun,
  ending: Exclude<Ending, { kind: 'abandoned' }>,
  { clock, lifetime, report }: ConcludeOptions,
): Promise<HeldRow | undefined> {
  const change = changeOf(run.entry.task, ending, lifetime.closed, clock);
  for (let tries = 1; tries <= writeTries; tries += 1) {
    try {
      return await run.change(change);
    } catch (error) {
      // Somebody else's by now: called off, taken over, or this very write came through and its answer was lost.
      if (isLost(error, run.entry)) return undefined;
      report(error);
      if (lifetime.closed) return undefined;
      await clock.sleep(writeRetryMs * tries, lifetime.signal);
    }
  }
  return undefined;
}

function changeOf(
  task: string,
  ending: Exclude<Ending, { kind: 'abandoned' }>,
  closed: boolean,
  clock: Clock,
): (row: TaskRow) => RowChange {
  if (ending.kind === 'suspended') return (row) => suspend(row, ending.due);
  // A run that was asked to stop, and failed, did what it was told.
  if (ending.kind === 'failed' && closed) return release;
  const outcome =
    ending.kind === 'done' ? doneOutcome(ending.result, task) : failedOutcome(ending.error, task);
  return (row) => end(row, outcome, clock.now());
}
