/**
 * Real time, for what does real I/O: adapters under a kit are waited for, never advanced.
 * @module
 */
import { groundOf } from '../client/ground.ts';
import type { Clock } from '../ports/clock.ts';

/** The platform's clock. */
export const realClock: Clock = groundOf({}).clock;

/** Real time passes. */
export function pause(ms: number): Promise<void> {
  return realClock.sleep(ms);
}
