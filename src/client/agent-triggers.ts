/**
 * Agents that set to work by the clock or by what happens: each run is a task that passes every gate.
 * @module
 */
import type { MeshError } from '../base/errors.ts';
import { type TriggerRun, TriggerRunner } from '../core/tasks/index.ts';
import type { Clock } from '../ports/clock.ts';
import type { Candidate } from '../ports/placement.ts';
import type { Store } from '../ports/store.ts';
import type { Emit } from '../schema/mesh-event.ts';
import type { TriggeredInput } from './agent.ts';
import type { EventHub } from './event-hub.ts';
import type { LocalAgents } from './local-agents.ts';
import type { TaskCaller } from './task-caller.ts';

/** What triggers of agents are given. */
export interface AgentTriggersOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly events: EventHub;
  readonly emit: Emit;
  readonly agents: LocalAgents;
  readonly caller: TaskCaller;
  /** Where the agent called `name` is. */
  readonly candidate: (name: string) => Candidate;
}

const runTimeout = '1h';

/** A runner whose runs are tasks of the agent's first capability. */
export function agentTriggers(options: AgentTriggersOptions): TriggerRunner {
  const { store, clock, events, emit, agents, caller, candidate } = options;
  return new TriggerRunner({
    store,
    clock,
    timeout: runTimeout,
    events: { on: (pattern, listener) => events.follow(pattern, listener) },
    run: async (run) => {
      // An agent that is not in service misses nothing: it was taken out on purpose.
      const agent = agents.get(run.agent);
      const type = agent?.definition.capabilities[0];
      if (agent?.state !== 'active' || type === undefined) return;
      const options = { signal: run.signal, timeout: runTimeout } as const;
      await caller.run({ type, data: inputOf(run) }, options, [candidate(run.agent)]);
    },
    report: ({ code, params }: MeshError, { agent: name }) => {
      emit('trigger.failed', { name, code, params });
    },
  });
}

function inputOf({ trigger, due, missed, event }: TriggerRun): TriggeredInput {
  return {
    trigger,
    missed,
    ...(due !== undefined && { due }),
    ...(event !== undefined && { event }),
  };
}
