/**
 * What stands between a task and an agent: gates in one fixed order, asked for each candidate in turn.
 * @module
 */
import { withDeadline } from '../base/abort.ts';
import { type MeshError, toMeshError } from '../base/errors.ts';
import type { Did } from '../base/ids.ts';
import type { Clock } from '../ports/clock.ts';
import {
  type Gate,
  type GateName,
  type GateOutcome,
  type GateRequest,
  gateOrder,
} from '../ports/gate.ts';
import type { SignedReceipt } from '../schema/receipt.ts';

/** A gate that said no. */
export interface Refusal {
  readonly gate: GateName;
  readonly peer: Did;
  readonly agent: string | undefined;
  readonly error: MeshError;
}

/** What a gate says of a task; without an error it lets it pass. */
export interface Verdict {
  readonly gate: GateName;
  readonly error: MeshError | undefined;
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
    for (const { gate, name } of this.#all()) {
      const error = await this.#refusalOf(name, gate, request);
      if (error !== undefined) {
        return { gate: name, peer: request.peer, agent: request.agent, error };
      }
    }
    return undefined;
  }

  /** Every gate's verdict, in order: what `explain` shows. Nothing is reserved. */
  async verdicts(request: GateRequest): Promise<readonly Verdict[]> {
    const asked: GateRequest = { ...request, explaining: true };
    const verdicts: Verdict[] = [];
    for (const { gate, name } of this.#all()) {
      verdicts.push({ gate: name, error: await this.#refusalOf(name, gate, asked) });
    }
    return verdicts;
  }

  /** Runs `work`, which all gates let pass, and tells each of them how it has ended; a failure as `outcomeOf` has it. */
  async through<T extends { readonly receipt: SignedReceipt }>(
    request: GateRequest,
    work: () => Promise<T>,
    outcomeOf: (error: unknown) => GateOutcome = (error) => ({ error }),
  ): Promise<T> {
    try {
      const done = await work();
      await this.settle(request, { receipt: done.receipt });
      return done;
    } catch (error) {
      await this.settle(request, outcomeOf(error));
      throw error;
    }
  }

  /** Tells every gate how it has ended. */
  async settle(request: GateRequest, outcome: GateOutcome): Promise<void> {
    // The task's own signal may have fired; that is an outcome too, and gates hear of it.
    const { signal } = new AbortController();
    for (const { gate, name } of this.#all()) {
      if (gate.after === undefined) continue;
      const telling = this.#within(name, { ...request, signal }, async (asked) => {
        await gate.after?.(asked, outcome);
      });
      // Too late to refuse: what a gate throws now is its own affair.
      await telling.catch(() => undefined);
    }
  }

  *#all(): Iterable<{ readonly gate: Gate; readonly name: GateName }> {
    for (const name of gateOrder) for (const { gate } of this.#of(name)) yield { gate, name };
  }

  #of(name: GateName): readonly { readonly gate: Gate }[] {
    return this.#gates.get(name) ?? [];
  }

  async #refusalOf(
    name: GateName,
    gate: Gate,
    request: GateRequest,
  ): Promise<MeshError | undefined> {
    try {
      await this.#within(name, request, async (asked) => {
        await gate.before(asked);
      });
      return undefined;
    } catch (thrown) {
      if (request.signal.aborted) throw thrown;
      return toMeshError(thrown, `the ${name} gate`);
    }
  }

  #within(
    name: GateName,
    request: GateRequest,
    work: (request: GateRequest) => Promise<unknown>,
  ): Promise<unknown> {
    const options = { what: `the ${name} gate`, signal: request.signal };
    return withDeadline(this.#clock, gateDeadlineMs, options, (signal) =>
      work({ ...request, signal }),
    );
  }
}
