/**
 * What this node has measured of the agents it called: how fast, and how often they answered.
 * @module
 */
import type { Observation } from '../core/discovery/index.ts';

/** Agents remembered; the one that was not called for longest is forgotten first. */
const agentLimit = 10_000;
/** Weight of the newest call in the running means. */
const newest = 0.2;

/** Running means by agent. */
export class Observations {
  readonly #agents = new Map<string, Observation>();

  /** What is known of `agent`, by its id. */
  of(agent: string): Observation | undefined {
    return this.#agents.get(agent);
  }

  /** Takes in one call: its latency, or that it was not answered. */
  add(agent: string, latencyMs: number | undefined): void {
    const before = this.#agents.get(agent) ?? { avgLatency: latencyMs ?? 0, uptime: 1 };
    const answered = latencyMs === undefined ? 0 : 1;
    this.#agents.delete(agent);
    this.#agents.set(agent, {
      avgLatency: moved(before.avgLatency, latencyMs ?? before.avgLatency),
      uptime: moved(before.uptime, answered),
    });
    if (this.#agents.size > agentLimit) this.#agents.delete(this.#agents.keys().next().value!);
  }
}

function moved(mean: number, value: number): number {
  return mean + newest * (value - mean);
}
