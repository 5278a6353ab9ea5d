/**
 * The part of the room that waits for its first use.
 * @module
 */
import { loadOnce } from '../../base/load-once.ts';

/** One piece, since many small ones weigh more: what they share with the rest would be cut out of it once for each. */
export const loadRestOfTrust = loadOnce(() => import('./later.ts'));
