/**
 * Takes agents in and out of service: their states, and what follows from them, which is their records and their triggers.
 * @module
 */
import { type Duration, toMs } from '../base/duration.ts';
import { MeshError } from '../base/errors.ts';
import type { Did } from '../base/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import { type AgentMove, moveAgent, takesTasks } from '../schema/agent-life.ts';
import { agentId } from '../schema/agent-record.ts';
import type { Emit } from '../schema/mesh-event.ts';
import type { Agent, AgentDefinition, DrainOptions } from './agent.ts';
import type { Rooms } from './compose.ts';
import type { LocalAgent, LocalAgents } from './local-agents.ts';
import type { TaskWires } from './task-street.ts';

/** What the service is given. */
export interface AgentServiceOptions {
  readonly agents: LocalAgents;
  readonly node: string;
  readonly region: string | undefined;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly logger: Logger | undefined;
  /** Throws `NOT_STARTED` before the client has its DID. */
  readonly did: () => Did;
  /** What there is while the client runs. */
  readonly running: () => { readonly rooms: Rooms; readonly wires: TaskWires } | undefined;
}

const drainTimeout: Duration = '1m';

/** The agents of one client, in service or not. */
export class AgentService {
  readonly #options: AgentServiceOptions;
  /** Announcements and withdrawals under way, by name of the agent. */
  readonly #saying = new Map<string, Promise<void>>();
  readonly #triggers = new Map<LocalAgent, () => void>();

  constructor(options: AgentServiceOptions) {
    this.#options = options;
  }

  /** Adds an agent, which is in service at once where the client runs. */
  create<Input, Output>(definition: AgentDefinition<Input, Output>): Agent<Input, Output> {
    const { agents, emit } = this.#options;
    const agent = agents.add(definition as unknown as AgentDefinition<never>);
    const { name, capabilities } = definition;
    emit('agent.registered', { name, capabilities: [...capabilities] });
    // Nobody waits for it. An agent that is retired meanwhile may fail to be withdrawn here as well as there.
    this.#enter(agent).catch((error: unknown) => {
      this.#options.logger?.log('warn', 'an agent could not be announced', { agent: name, error });
    });
    return this.#handle(agent);
  }

  /** Takes all agents into service; resolves when they have been announced. */
  async open(): Promise<void> {
    await Promise.all(this.#options.agents.all().map((agent) => this.#enter(agent)));
  }

  async #enter(agent: LocalAgent): Promise<void> {
    const wires = this.#options.running()?.wires;
    if (wires === undefined) return;
    const { name, triggers = [], active = true } = agent.definition;
    if (triggers.length > 0) this.#triggers.set(agent, wires.triggers.add(name, triggers));
    if (active && agent.state === 'registered') await this.#move(agent, 'activate');
  }

  async #move(agent: LocalAgent, move: AgentMove): Promise<void> {
    const { name } = agent.definition;
    const before = agent.state;
    agent.state = moveAgent(before, move, name);
    this.#options.emit('agent.changed', { name, state: agent.state, before });
    if (takesTasks(agent.state)) this.#options.running()?.wires.durable.look();
    await this.#inTurn(name, () => this.#publish(agent));
  }

  /** The record follows the state. */
  async #publish(agent: LocalAgent): Promise<void> {
    const { region, node, did, logger, running } = this.#options;
    const discovery = running()?.rooms.discovery;
    if (discovery === undefined) return;
    const { definition } = agent;
    const { name } = definition;
    if (!takesTasks(agent.state)) {
      if (discovery.get(agentId(did(), node, name)) !== undefined) await discovery.withdraw(name);
      return;
    }
    const draft = { ...(region !== undefined && { region }), ...definition };
    // The agent works all the same; it is found once an announcement goes through.
    await discovery.announce(draft).catch((error: unknown) => {
      logger?.log('warn', 'an agent could not be announced', { agent: name, error });
    });
  }

  async #drain(agent: LocalAgent, timeout: Duration): Promise<void> {
    const { agents, clock } = this.#options;
    const { name } = agent.definition;
    const ms = toMs(timeout, 'timeout');
    if (agent.state !== 'draining') await this.#move(agent, 'drain');
    await agents.idle(clock, ms, [agent]);
    if (agent.running > 0) throw new MeshError('TIMEOUT', { what: `draining agent '${name}'`, ms });
  }

  async #retire(agent: LocalAgent): Promise<void> {
    const { name } = agent.definition;
    if (!this.#options.agents.remove(agent)) return;
    this.#triggers.get(agent)?.();
    this.#triggers.delete(agent);
    const retired = this.#move(agent, 'retire');
    this.#options.emit('agent.retired', { name });
    await retired;
  }

  /** What is said of one name is said in order: a late announcement must not bring back an agent that has retired. */
  #inTurn(name: string, say: () => Promise<void>): Promise<void> {
    const said = (this.#saying.get(name) ?? Promise.resolve()).then(say);
    const settled = said
      .catch(() => undefined)
      .then(() => {
        if (this.#saying.get(name) === settled) this.#saying.delete(name);
      });
    this.#saying.set(name, settled);
    return said;
  }

  #handle<Input, Output>(agent: LocalAgent): Agent<Input, Output> {
    const { name } = agent.definition;
    const { did, node } = this.#options;
    return {
      name,
      get id() {
        return agentId(did(), node, name);
      },
      get meshId() {
        return did();
      },
      get state() {
        return agent.state;
      },
      activate: () => this.#move(agent, 'activate'),
      drain: ({ timeout = drainTimeout }: DrainOptions = {}) => this.#drain(agent, timeout),
      suspend: () => this.#move(agent, 'suspend'),
      retire: () => this.#retire(agent),
    };
  }
}
