/**
 * The placement a client has by itself.
 * @module
 */
import type { Placement } from '../ports/placement.ts';

/** Candidates stay in the order in which discovery ranked them. */
export const asRanked: Placement = { choose: (_, candidates) => candidates };
