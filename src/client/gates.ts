/**
 * What stands between a task and an agent: gates in one fixed order, asked for each candidate in turn.
 * @module
 */
import { withDeadline } from '../base/abort.ts';
import type { MeshError } from '../base/errors.ts';
import { toMeshError } from '../base/errors.ts';
import type { Did } from '../base/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { TaskRequest } from '../schema/task.ts';
import type { Budget } from './agent.ts';

/** Gates in the order in which they are asked. */
export const gateOrder = [
  'override',
  'policy',
  'trust',
  'sovereignty',
  'budget',
  'licence',
  'approval',
] as const;

/** Name of a gate. */
export type GateName = (typeof gateOrder)[number];

/** What a gate is asked about. */
export interface GateRequest {
  readonly task: TaskRequest;
  /** `send`: this node wants `peer` to do it; `receive`: `peer` wants it done here. */
  readonly direction: 'send' | 'receive';
  readonly peer: Did;
  /** Id of the agent, as far as it is known. */
  readonly agent: string | undefined;
  /** What the caller is ready to spend; never known to the receiver. */
  readonly budget?: Budget | undefined;
  readonly signal: AbortSignal;
}

/** Lets a task pass by returning; refuses by throwing a MeshError that says why. */
export type Gate = (request: GateRequest) => void | Promise<void>;

/** A gate that said no. */
export interface Refusal {
  readonly gate: GateName;
  readonly peer: Did;
  readonly agent: string | undefined;
  readonly error: MeshError;
}

/** A gate that has not answered by then denies. */
const gateDeadlineMs = 5_000;

/** The gates of one client. */
export class Gates {
  readonly #clock: Clock;
  /** A list is replaced, never changed: whoever is being judged meets all gates that stood when it came. */
  readonly #gates = new Map<GateName, readonly { readonly gate: Gate }[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Adds a gate behind those of the same name; the result takes it away. */
  add(name: GateName, gate: Gate): () => void {
    const added = { gate };
    this.#gates.set(name, [...this.#of(name), added]);
    return () => {
      this.#gates.set(
        name,
        this.#of(name).filter((one) => one !== added),
      );
    };
  }

  /** The first refusal, or undefined when every gate lets the task pass. */
  async ask(request: GateRequest): Promise<Refusal | undefined> {
    for (const name of gateOrder) {
      for (const { gate } of this.#of(name)) {
        const error = await this.#refusalOf(name, gate, request);
        if (error !== undefined) {
          return { gate: name, peer: request.peer, agent: request.agent, error };
        }
      }
    }
    return undefined;
  }

  #of(name: GateName): readonly { readonly gate: Gate }[] {
    return this.#gates.get(name) ?? [];
  }

  async #refusalOf(
    name: GateName,
    gate: Gate,
    request: GateRequest,
  ): Promise<MeshError | undefined> {
    const what = `the ${name} gate`;
    try {
      await withDeadline(
        this.#clock,
        gateDeadlineMs,
        { what, signal: request.signal },
        async (signal) => {
          await gate({ ...request, signal });
        },
      );
      return undefined;
    } catch (thrown) {
      if (request.signal.aborted) throw thrown;
      return toMeshError(thrown, what);
    }
  }
}
