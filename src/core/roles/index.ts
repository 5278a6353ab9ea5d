/**
 * One at a time: a role such as leader, publisher or relay is held by one node, for as long as more than half of the
 * nodes that were named for it say so. Each holder has a higher epoch than the one before, and who comes with an old epoch
 * is refused everywhere.
 * @module
 */
export type { RolesStore } from './acceptor.ts';
export type { RoleLease } from './held-role.ts';
export { Roles, type RolesOptions } from './roles.ts';
