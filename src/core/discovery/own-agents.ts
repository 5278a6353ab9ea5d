/**
 * The agents of this node: signs their records, keeps them fresh, takes them back.
 * @module
 */
import { type Duration, toMs } from '../../base/duration.ts';
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Signer } from '../../ports/signer.ts';
import { type AgentRecord, agentId, type SignedAgentRecord } from '../../schema/agent-record.ts';
import { sign } from '../../schema/signed.ts';
import { type AgentDraft, recordOf, withdrawalOf } from './draft.ts';
import { type HeldRecord, keyOf, recordLimits } from './held-record.ts';
import type { RecordStore } from './record-store.ts';

/** Options of {@link OwnAgents}. */
export interface OwnAgentsOptions {
  readonly did: Did;
  readonly node: string;
  readonly clock: Clock;
  readonly signer: Signer;
  readonly records: RecordStore;
  readonly endpoints: () => readonly string[];
  /** Tells the mesh of a record just signed. */
  readonly tell: (held: HeldRecord) => void;
  /** Told of a renewal that failed. */
  readonly failed: (error: unknown) => void;
}

/** How a record is announced. */
export interface AnnounceOptions {
  /** How long it holds without renewal: 5 minutes to 30 days, default 24 hours. It is renewed at half of that. */
  readonly ttl?: Duration;
}

interface Announced {
  readonly draft: AgentDraft;
  readonly ttlMs: number;
  readonly renewAt: number;
  readonly record: SignedAgentRecord;
}

const defaultTtlMs = 24 * 3_600_000;
const shortestTtlMs = 5 * 60_000;

/** One step at a time: two records signed with one sequence would be a lie about this node. */
export class OwnAgents {
  readonly #options: OwnAgentsOptions;
  readonly #announced = new Map<string, Announced>();
  #working: Promise<unknown> = Promise.resolve();

  constructor(options: OwnAgentsOptions) {
    this.#options = options;
  }

  announce(draft: AgentDraft, { ttl }: AnnounceOptions): Promise<SignedAgentRecord> {
    const ttlMs = ttl === undefined ? defaultTtlMs : toMs(ttl, 'ttl');
    if (ttlMs < shortestTtlMs || ttlMs > recordLimits.ttlMs) {
      const expected = 'from 5 minutes to 30 days';
      throw new MeshError('INVALID_ARGUMENT', { argument: 'ttl', expected, got: ttl });
    }
    return this.#exclusive(() => this.#announce(draft, ttlMs));
  }

  withdraw(agent: string): Promise<void> {
    return this.#exclusive(async () => {
      const { did, node, clock } = this.#options;
      const previous = this.#known(agent);
      this.#announced.delete(agent);
      if (previous === undefined || previous.withdrawn === true) {
        throw new MeshError('NOT_FOUND', { what: 'the record of agent', id: agent });
      }
      const announcement = { meshId: did, node, now: clock.now(), ttlMs: defaultTtlMs };
      await this.#publish(withdrawalOf(previous, announcement));
    });
  }

  /** Signs all agents anew. */
  async renew(): Promise<void> {
    for (const announced of [...this.#announced.values()]) await this.#again(announced);
  }

  /** Renews what has used up half its time, and what a record from this node's own past has replaced. */
  async renewDue(): Promise<void> {
    const now = this.#options.clock.now();
    const due = [...this.#announced.values()].filter(
      ({ renewAt, record }) => renewAt <= now || this.#known(record.name) !== record,
    );
    // One that fails, for want of room or of a key, does not hold up the others; the next time it is still due.
    for (const announced of due) await this.#again(announced).catch(this.#options.failed);
  }

  #again(announced: Announced): Promise<void> {
    const { draft, ttlMs } = announced;
    return this.#exclusive(async () => {
      // It may have been withdrawn or replaced while this step was waiting.
      if (this.#announced.get(draft.name) === announced) await this.#announce(draft, ttlMs);
    });
  }

  async #announce(draft: AgentDraft, ttlMs: number): Promise<SignedAgentRecord> {
    const { did, node, clock, endpoints } = this.#options;
    const now = clock.now();
    const previous = this.#known(draft.name);
    const frame = { meshId: did, node, now, ttlMs, previous, endpoints: endpoints() };
    const record = await this.#publish(recordOf(draft, frame));
    this.#announced.set(draft.name, { draft, ttlMs, renewAt: now + ttlMs / 2, record });
    return record;
  }

  async #publish(record: AgentRecord): Promise<SignedAgentRecord> {
    const held = await this.#options.records.keep(
      await sign('agent-record', record, this.#options.signer),
    );
    this.#options.tell(held);
    return held.record;
  }

  #known(agent: string): SignedAgentRecord | undefined {
    const { did, node, records } = this.#options;
    return records.get(keyOf(agentId(did, node, agent)))?.record;
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#working.then(work);
    this.#working = result.catch(() => undefined);
    return result;
  }
}
