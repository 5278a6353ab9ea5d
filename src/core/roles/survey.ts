/**
 * What the acceptors' answers add up to: pure.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import { majority } from './grant.ts';
import type { Look } from './messages.ts';

/** How a role stands, as far as was heard. */
export type Survey =
  /** A majority would grant an epoch above `epoch`. */
  | { readonly state: 'free'; readonly epoch: number }
  /** No majority before `waitMs` have passed. */
  | {
      readonly state: 'taken';
      readonly epoch: number;
      readonly holder: Did | undefined;
      readonly waitMs: number;
    }
  /** Too few have answered. */
  | { readonly state: 'unheard'; readonly answered: number };

/** Adds up what was heard from some of `size` acceptors. */
export function survey(looks: readonly Look[], size: number): Survey {
  const needed = majority(size);
  const waits = looks.map(({ waitMs }) => waitMs).sort((a, b) => a - b);
  const free = waits.filter((waitMs) => waitMs === 0).length;
  const epoch = Math.max(0, ...looks.map((look) => look.epoch));
  if (free >= needed) return { state: 'free', epoch };
  const answered = looks.length;
  if (answered < needed && answered - free <= size - needed) return { state: 'unheard', answered };
  const holder = looks.find((look) => look.holder !== undefined)?.holder;
  return { state: 'taken', epoch, holder, waitMs: waits[Math.min(needed, answered) - 1]! };
}

/** Whether more answers could not change the state: free or taken for sure. */
export function isSettled(looks: readonly Look[], size: number): boolean {
  const needed = majority(size);
  const free = looks.filter(({ waitMs }) => waitMs === 0).length;
  return free >= needed || looks.length - free > size - needed;
}
