/**
 * What is loaded when a client starts, not when the package is imported: the rooms, and the wires between them.
 * @module
 */
import { loadSealing } from '../core/identity/index.ts';
import { loadDidJwt, loadRestOfTrust } from '../core/trust/index.ts';
import { loadAggregation } from './lazy-aggregator.ts';
import { loadIdentities } from './load-identities.ts';

export { createIdentity } from '../core/identity/index.ts';
export { performWith } from './actions.ts';
export { compose, startRooms } from './compose.ts';
export { federateWith } from './federating.ts';
export { wireTasks } from './task-street.ts';

/** Loads what otherwise waits for its first use, so that a simulation never waits for the disk. */
export async function loadEverything(): Promise<void> {
  await Promise.all([
    loadAggregation(),
    loadIdentities(),
    loadSealing(),
    loadDidJwt(),
    loadRestOfTrust(),
  ]);
}
