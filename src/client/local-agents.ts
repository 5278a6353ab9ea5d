/**
 * The agents of this node.
 * @module
 */
import { MeshError } from '../base/errors.ts';
import { parseSchedule } from '../base/schedule.ts';
import { integer, list, object, optional, text } from '../base/shape.ts';
import type { Trigger } from '../core/tasks/index.ts';
import type { Clock } from '../ports/clock.ts';
import type { Model } from '../ports/model.ts';
import type { AgentState } from '../schema/agent-life.ts';
import type { TaskRequest } from '../schema/task.ts';
import { name } from '../schema/words.ts';
import type { AgentDefinition, HandlerContext, HandlerResult } from './agent.ts';

/** An agent ready to work. */
export interface LocalAgent {
  readonly definition: AgentDefinition<never>;
  /** Does the work; `usage` is filled in by agents that run a model. */
  readonly run: (context: HandlerContext<never>) => HandlerResult<unknown>;
  /** Where it is in its life; only an active agent gets new tasks. */
  state: AgentState;
  /** Tasks it is running. */
  running: number;
  readonly concurrency: number;
}

/** What is asked of an agent. */
export type Sought = Pick<TaskRequest, 'type' | 'agent' | 'idempotencyKey'>;

const defaultConcurrency = 64;
const agentLimit = 10_000;
const idlePollMs = 20;

const definitionShape = object({
  name,
  description: optional(text({ max: 4_000 })),
  version: optional(text({ min: 1, max: 64 })),
  capabilities: list(name, { max: 64 }),
  concurrency: optional(integer({ min: 1 })),
  checkpointVersion: optional(integer()),
});

/** Agents by name and by what they can do. */
export class LocalAgents {
  readonly #models: Readonly<Record<string, Model>>;
  readonly #agents = new Map<string, LocalAgent>();

  constructor(models: Readonly<Record<string, Model>>) {
    this.#models = models;
  }

  /** Adds an agent. `INVALID_ARGUMENT`, `ALREADY_EXISTS` or `MODEL_UNKNOWN` when it cannot be one. */
  add(definition: AgentDefinition<never>): LocalAgent {
    checkDefinition(definition);
    if (this.#agents.has(definition.name)) {
      throw new MeshError('ALREADY_EXISTS', { what: 'agent', id: definition.name });
    }
    if (this.#agents.size >= agentLimit) {
      throw new MeshError('OVERLOADED', { what: 'the agents of this node', limit: agentLimit });
    }
    const { concurrency = defaultConcurrency } = definition;
    const run = this.#workOf(definition);
    const agent: LocalAgent = { definition, run, state: 'registered', running: 0, concurrency };
    this.#agents.set(definition.name, agent);
    return agent;
  }

  /** Takes `agent` away; false when it is not there any more. */
  remove(agent: LocalAgent): boolean {
    const { name: taken } = agent.definition;
    return this.#agents.get(taken) === agent && this.#agents.delete(taken);
  }

  /** The agent called `agent`. */
  get(agent: string): LocalAgent | undefined {
    return this.#agents.get(agent);
  }

  /** All agents, oldest first. */
  all(): readonly LocalAgent[] {
    return [...this.#agents.values()];
  }

  /** The agent for a task: the first of {@link able}. */
  find(sought: Sought): LocalAgent | undefined {
    return this.able(sought)[0];
  }

  /** Tasks running on this node, and how many can run at a time. */
  workload(): { readonly load: number; readonly capacity: number } {
    let [load, capacity] = [0, 0];
    for (const agent of this.#agents.values()) {
      load += agent.running;
      capacity += agent.concurrency;
    }
    return { load, capacity };
  }

  /**
   * The active agents that may do a task, or the named one: the least busy first. Work under a key meets the same agent at
   * every repetition: those that keep their tasks come first, then the oldest.
   */
  able({ type, agent, idempotencyKey }: Sought): readonly LocalAgent[] {
    const able = this.all().filter(
      ({ definition: { name: called, capabilities }, state }) =>
        state === 'active' &&
        capabilities.includes(type) &&
        (agent === undefined || called === agent),
    );
    const keeps = ({ definition }: LocalAgent): number => (definition.durable === true ? 1 : 0);
    return idempotencyKey === undefined
      ? able.sort((a, b) => a.running - b.running)
      : able.sort((a, b) => keeps(b) - keeps(a));
  }

  /** Resolves when none of `agents` (default: all) runs a task, or after `ms`. */
  async idle(clock: Clock, ms: number, agents?: readonly LocalAgent[]): Promise<void> {
    const ends = clock.monotonic() + ms;
    while ((agents ?? this.all()).some(({ running }) => running > 0) && clock.monotonic() < ends) {
      await clock.sleep(Math.min(idlePollMs, ms));
    }
  }

  #workOf({ handler, model }: AgentDefinition<never>): LocalAgent['run'] {
    if (handler !== undefined) return handler;
    const known = typeof model === 'string' ? this.#modelNamed(model) : model;
    if (known === undefined) throw new MeshError('MODEL_UNKNOWN', { model });
    return ({ input, signal }) => runModel(known, input, signal);
  }

  #modelNamed(model: string): Model | undefined {
    return Object.hasOwn(this.#models, model) ? this.#models[model] : undefined;
  }
}

/** What a model gave, with what it used; the task server takes the two apart. */
export class ModelAnswer {
  readonly output: unknown;
  readonly usage: Awaited<ReturnType<Model['run']>>['usage'];

  constructor({ output, usage }: Awaited<ReturnType<Model['run']>>) {
    this.output = output;
    this.usage = usage;
  }
}

function checkTriggers(triggers: readonly Trigger[]): void {
  for (const trigger of triggers) if (!('on' in trigger)) parseSchedule(trigger);
  const specs = triggers.map((trigger) => JSON.stringify({ ...trigger, catchUp: undefined }));
  if (new Set(specs).size === specs.length) return;
  const expected = 'different from each other';
  throw new MeshError('INVALID_ARGUMENT', { argument: 'agent.triggers', expected, got: specs });
}

async function runModel(model: Model, input: unknown, signal: AbortSignal): Promise<ModelAnswer> {
  return new ModelAnswer(await model.run({ input, signal }));
}

function checkDefinition(definition: AgentDefinition<never>): void {
  try {
    definitionShape(definition, 'agent');
  } catch (cause) {
    if (!MeshError.is(cause)) throw cause;
    const { at, expected, got } = cause.params;
    throw new MeshError('INVALID_ARGUMENT', { argument: at, expected, got }, { cause });
  }
  checkTriggers(definition.triggers ?? []);
  if ((definition.handler === undefined) === (definition.model === undefined)) {
    const expected = 'given either a handler or a model';
    const got = definition.handler === undefined ? 'neither' : 'both';
    throw new MeshError('INVALID_ARGUMENT', { argument: 'agent.handler', expected, got });
  }
}
