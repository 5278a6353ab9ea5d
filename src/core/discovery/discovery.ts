/**
 * Announces this node's agents, learns of everybody else's, and finds the one that fits.
 * @module
 */
import { throwIfAborted } from '../../base/abort.ts';
import { MeshError, toMeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import { Lifetime } from '../../base/lifetime.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Random } from '../../ports/random.ts';
import type { SearchIndex } from '../../ports/search-index.ts';
import type { Signer } from '../../ports/signer.ts';
import type { Store } from '../../ports/store.ts';
import type { SignedAgentRecord } from '../../schema/agent-record.ts';
import type { Emit } from '../../schema/mesh-event.ts';
import { Directory } from './directory.ts';
import type { AgentDraft } from './draft.ts';
import { Finder, type TaskCandidate } from './finder.ts';
import type { HeldRecord } from './held-record.ts';
import { LexicalIndex } from './lexical-index.ts';
import type { AgentListing } from './listing.ts';
import type { Keys, Observations, Street, TrustView, ZoneOf } from './needs.ts';
import { type AnnounceOptions, OwnAgents } from './own-agents.ts';
import { clockSkewMs, type SearchFilters } from './ranking.ts';
import { type RecordBounds, RecordStore, type RecordStoreOptions } from './record-store.ts';
import { checkQuery, type SearchQuery } from './search-query.ts';
import { Spread } from './spread.ts';
import { Summary } from './summary.ts';
import { zoneOfRegion } from './zone.ts';

/** Options of {@link Discovery}. */
export interface DiscoveryOptions {
  readonly did: Did;
  /** Name of this node within its organisation. */
  readonly node: string;
  readonly clock: Clock;
  readonly random: Random;
  /** This room's own part of the store. */
  readonly store: Store;
  readonly signer: Signer;
  readonly street: Street;
  readonly keys: Keys;
  readonly trust: TrustView;
  readonly emit: Emit;
  /** Default: the lexical index of the house. It must be empty. */
  readonly index?: SearchIndex;
  /** Default: nothing was measured. */
  readonly observations?: Observations;
  /** Default: by the beginning of the region's name. */
  readonly zoneOf?: ZoneOf;
  /** Where this node can be dialled, asked at every announcement. Default: nowhere. */
  readonly endpoints?: () => readonly string[];
  /** Told of two records which one publisher signed with the same sequence. */
  readonly reportEquivocation?: RecordStoreOptions['reportEquivocation'];
  readonly bounds?: RecordBounds;
  /** Told of upkeep that failed, such as a renewal. Default: silence. */
  readonly logger?: Logger;
}

const upkeepEveryMs = 60_000;

/** Whom could I ask? */
export class Discovery implements AsyncDisposable {
  readonly #options: DiscoveryOptions;
  readonly #lifetime = new Lifetime('discovery');
  readonly #directory: Directory;
  readonly #summary = new Summary();
  readonly #records: RecordStore;
  readonly #spread: Spread;
  readonly #own: OwnAgents;
  readonly #finder: Finder;
  #starting: Promise<void> | undefined;
  #started = false;

  constructor(options: DiscoveryOptions) {
    const { did, store, clock, keys, trust, reportEquivocation, bounds, street, random } = options;
    this.#options = options;
    this.#directory = new Directory(options.index ?? new LexicalIndex());
    this.#records = new RecordStore({
      own: did,
      store,
      clock,
      keys,
      welcomes: (publisher) => publisher === did || trust.score(publisher).state !== 'quarantined',
      changed: (now, before) => {
        this.#follow(now, before);
      },
      reportEquivocation,
      bounds,
    });
    const [records, summary, lifetime] = [this.#records, this.#summary, this.#lifetime];
    this.#spread = new Spread({ did, street, keys, records, summary, clock, random, lifetime });
    const { node, signer, endpoints = () => [] } = options;
    const tell = (held: HeldRecord): void => {
      this.#spread.tell([held]);
    };
    const failed = this.#failed;
    this.#own = new OwnAgents({ did, node, clock, signer, records, endpoints, tell, failed });
    const { observations = () => undefined, zoneOf = zoneOfRegion } = options;
    const directory = this.#directory;
    this.#finder = new Finder({ did, clock, directory, trust, observations, zoneOf });
  }

  /** Reads the records of an earlier run and begins to exchange records with peers. */
  start(): Promise<void> {
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  /** Ends the exchange. Agents stay known to others until their records expire; `withdraw` first to take them back. */
  close(): Promise<void> {
    return this.#lifetime.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Signs a record of an agent of this node, tells every connected peer, and keeps it fresh until `withdraw`. Announcing
   * the same name again replaces it. Throws `INVALID_ARGUMENT` or `SCHEMA_INVALID` for a draft no record can be made of.
   */
  async announce(draft: AgentDraft, options: AnnounceOptions = {}): Promise<SignedAgentRecord> {
    await this.#ready();
    return this.#own.announce(draft, options);
  }

  /** Signs and spreads all announced agents anew: after a change of keys or addresses. */
  async renew(): Promise<void> {
    await this.#ready();
    await this.#own.renew();
  }

  /** Tells everybody that an agent of this node is gone. Throws `NOT_FOUND` when no record of it is known. */
  async withdraw(agent: string): Promise<void> {
    await this.#ready();
    await this.#own.withdraw(agent);
  }

  /** The record of an agent, unless it has expired or was withdrawn. */
  get(id: string): SignedAgentRecord | undefined {
    this.#assertStarted();
    const record = this.#directory.get(id);
    return record !== undefined && this.#isAlive(record) ? record : undefined;
  }

  /** All records that hold, in order of id; those with exactly `capability`, those of one organisation. */
  records(
    select: { readonly capability?: string; readonly meshId?: Did } = {},
  ): readonly SignedAgentRecord[] {
    this.#assertStarted();
    const { capability, meshId } = select;
    const all =
      capability === undefined ? this.#directory.all() : this.#directory.offering(capability);
    return all.filter(
      (record) => this.#isAlive(record) && (meshId === undefined || record.meshId === meshId),
    );
  }

  /**
   * Finds agents by words and filters, the best first. Being listed is no recommendation: a newcomer nobody has verified
   * is listed too, behind those who are known, unless `include: 'verified'` shuts it out.
   * @example
   * ```ts
   * const agents = await discovery.search('translate contracts', { trustScore: { min: 60 } }, 5);
   * ```
   */
  async search(query: SearchQuery): Promise<AgentListing[]>;
  async search(query: string, filters?: SearchFilters, limit?: number): Promise<AgentListing[]>;
  async search(
    query: SearchQuery | string,
    filters?: SearchFilters,
    limit?: number,
  ): Promise<AgentListing[]> {
    const asked =
      typeof query === 'string'
        ? { query, ...(filters && { filters }), ...(limit !== undefined && { limit }) }
        : query;
    const checked = checkQuery(asked);
    throwIfAborted(checked.signal, 'the search');
    await this.#ready();
    return this.#finder.search(checked);
  }

  /**
   * Who could do a task of exactly this capability: own agents, then others by trust. At most `limit`, default 16.
   * Whether one of them may be asked is for policy to say.
   */
  candidates(capability: string, options: { readonly limit?: number } = {}): TaskCandidate[] {
    this.#assertStarted();
    return this.#finder.candidates(capability, options.limit ?? 16);
  }

  /** Compares with `peer` and exchanges what either lacks. Happens by itself at every new session; never rejects. */
  async compare(peer: Did): Promise<void> {
    await this.#ready();
    await this.#spread.repair(peer);
  }

  /**
   * Drops every record of `publisher`, or those that one of `keys`, Multikeys, has signed. Those still good come back with the
   * next comparison unless it is quarantined by then.
   */
  async forget(publisher: Did, keys?: readonly string[]): Promise<void> {
    await this.#ready();
    await this.#records.forget(publisher, keys);
  }

  async #start(): Promise<void> {
    this.#lifetime.assertOpen();
    await this.#records.load();
    this.#lifetime.assertOpen();
    this.#started = true;
    this.#spread.start();
    this.#scheduleUpkeep();
  }

  async #ready(): Promise<void> {
    this.#lifetime.assertOpen();
    await this.start();
  }

  #assertStarted(): void {
    this.#lifetime.assertOpen();
    if (!this.#started) throw new MeshError('NOT_STARTED', { what: 'who offers what' });
  }

  #scheduleUpkeep(): void {
    const { clock, random } = this.#options;
    // Jitter keeps nodes that started together from asking together for ever.
    const wait = Math.round(upkeepEveryMs * (0.75 + random.next() / 2));
    const release = this.#lifetime.own(
      clock.after(wait, () => {
        release();
        void this.#upkeep();
        this.#scheduleUpkeep();
      }),
    );
  }

  async #upkeep(): Promise<void> {
    this.#spread.repairSome();
    await this.#records.prune().catch(this.#failed);
    await this.#own.renewDue();
  }

  /** What fails in the background is tried again in a minute. */
  readonly #failed = (error: unknown): void => {
    const { code, message } = toMeshError(error, 'the upkeep of agent records');
    this.#options.logger?.log('warn', message, { code });
  };

  #follow(now: HeldRecord | undefined, before: HeldRecord | undefined): void {
    this.#summary.change(now, before);
    const record = (now ?? before)!.record;
    const lives = now !== undefined && record.withdrawn !== true;
    if (lives) this.#directory.put(record);
    else this.#directory.remove(record.id);
    if (now !== undefined) this.#announceChange(record, before?.record);
  }

  /** Tells the application; what this node says of itself is no news to it. */
  #announceChange(record: SignedAgentRecord, before: SignedAgentRecord | undefined): void {
    const { did, node, emit } = this.#options;
    const { id, meshId, name, capabilities } = record;
    if (!this.#started || (meshId === did && record.node === node)) return;
    const about = { agent: id, peer: meshId };
    if (record.withdrawn !== true) emit('record.learned', { name, capabilities }, about);
    else if (before !== undefined && before.withdrawn !== true)
      emit('record.withdrawn', { name }, about);
  }

  #isAlive({ expiresAt }: SignedAgentRecord): boolean {
    return Date.parse(expiresAt) + clockSkewMs > this.#options.clock.now();
  }
}
