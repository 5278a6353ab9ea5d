/**
 * What is loaded when a client starts, not when the package is imported: the rooms, and the wires between them.
 * @module
 */
export { performWith } from './actions.ts';
export { compose, startRooms } from './compose.ts';
export { federateWith } from './federating.ts';
export { wireTasks } from './task-street.ts';
