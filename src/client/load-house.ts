/**
 * The rooms of the house, loaded once, when the first client starts.
 * @module
 */
import { loadOnce } from '../base/load-once.ts';

/** The rooms and the wires between them. */
export const loadHouse = loadOnce(() => import('./house.ts'));
