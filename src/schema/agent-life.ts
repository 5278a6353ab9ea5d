/**
 * The states of an agent's life. Its record and its policy entity follow the state; only an active agent gets new tasks.
 * @module
 */
import { MeshError } from '../base/errors.ts';

/** Known but not yet offered, in service, finishing what it has, taken out for a while, gone for good. */
export type AgentState = 'registered' | 'active' | 'draining' | 'suspended' | 'retired';

/** What can happen to an agent. */
export type AgentMove = 'activate' | 'drain' | 'suspend' | 'retire';

const table: Readonly<Record<AgentState, Readonly<Partial<Record<AgentMove, AgentState>>>>> = {
  registered: { activate: 'active', suspend: 'suspended', retire: 'retired' },
  active: { drain: 'draining', suspend: 'suspended', retire: 'retired' },
  draining: { activate: 'active', suspend: 'suspended', retire: 'retired' },
  suspended: { activate: 'active', retire: 'retired' },
  retired: {},
};

/** The state after `move`; undefined when an agent in `state` cannot make it. */
export function stateOfAgentAfter(state: AgentState, move: AgentMove): AgentState | undefined {
  return table[state][move];
}

/** The state after `move`; `STATE_CONFLICT` naming `agent` when it cannot be made. */
export function moveAgent(state: AgentState, move: AgentMove, agent: string): AgentState {
  const next = stateOfAgentAfter(state, move);
  if (next !== undefined) return next;
  throw new MeshError('STATE_CONFLICT', { what: 'agent', id: agent, state, move });
}

/** Whether an agent in `state` gets new tasks, and so is announced to others. */
export function takesTasks(state: AgentState): boolean {
  return state === 'active';
}
