/**
 * Decides from memory what may happen, and takes in new policies while it does.
 * @module
 */
import { throwIfAborted } from '../../base/abort.ts';
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import { Lifetime } from '../../base/lifetime.ts';
import type { Clock } from '../../ports/clock.ts';
import type { PolicyEngine, PolicyRequest } from '../../ports/policy-engine.ts';
import type { Emit } from '../../schema/mesh-event.ts';
import { toInstant } from '../../schema/words.ts';
import { toPolicyRequest } from './access-request.ts';
import { MemoryShelf, SignedShelf } from './bundle-shelf.ts';
import { ChangeFeed, type PolicyChange } from './change-feed.ts';
import type { AccessRequest, Decision, Explanation } from './decision.ts';
import { DecisionMemory, type DecisionMemoryOptions } from './decision-memory.ts';
import { houseRules } from './house-rules.ts';
import { cedarEngine } from './language/cedar-engine.ts';
import { LatencyWindow } from './latency-window.ts';
import { LiveEntities, organisationOf } from './live-entities.ts';
import type { DecisionLog, EntitySource, Persistence } from './needs.ts';
import { checkPolicies, type Policy } from './policy.ts';
import { byId, merge, type PoliciesById, PolicyPress } from './policy-press.ts';
import { PolicySet, type Verdict } from './policy-set.ts';

/** Options of {@link PolicyCache}. */
export interface PolicyCacheOptions {
  /** This node's organisation. */
  readonly self: Did;
  readonly clock: Clock;
  /** Told of every new revision. */
  readonly emit: Emit;
  readonly entities: EntitySource;
  /** Default: Cedar, with an error in a forbid denying. */
  readonly engine?: PolicyEngine;
  /** Policies that come with the program: in force from the start, neither stored nor withdrawn. */
  readonly policies?: readonly Policy[];
  /** Every decision across organisations is written here. */
  readonly decisions?: DecisionLog;
  /** Without it published policies last as long as the process. */
  readonly persistence?: Persistence;
  readonly cache?: DecisionMemoryOptions;
}

/** A change that took effect. */
export interface Published {
  readonly revision: number;
  /** Digest of all policies in force. */
  readonly version: string;
}

/** Numbers of the decision cache. */
export interface PolicyStats {
  readonly hits: number;
  readonly misses: number;
  /** Hits among lookups, 0 to 1. */
  readonly hitRate: number;
  readonly size: number;
  readonly evictions: number;
  readonly expired: number;
  /** 95th percentile of the last 1,024 decisions, milliseconds. */
  readonly p95Ms: number;
}

/** Options of calls that wait. */
export interface PolicyCallOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * The policy door. A decision is made from memory and never waits. A kept answer is reused only while the policies
 * and everything they read of the request and its entities are the same, so none is ever older than its reasons.
 */
export class PolicyCache implements AsyncDisposable {
  readonly #options: PolicyCacheOptions;
  readonly #engine: PolicyEngine;
  readonly #press: PolicyPress;
  readonly #feed = new ChangeFeed();
  readonly #lifetime = new Lifetime('the policy cache');
  readonly #memory: DecisionMemory<Verdict>;
  readonly #latencies = new LatencyWindow();
  readonly #own: PoliciesById;
  #set: PolicySet;
  #starting: Promise<void> | undefined;
  #ready: boolean;

  /** Throws `POLICY_SYNTAX` or `POLICY_UNSUPPORTED` when one of `options.policies` is wrong. */
  constructor(options: PolicyCacheOptions) {
    const { self, clock, persistence, engine = cedarEngine() } = options;
    this.#options = options;
    this.#engine = engine;
    this.#memory = new DecisionMemory(options.cache);
    this.#own = byId(checkPolicies(options.policies ?? []));
    this.#set = this.#prepare(new Map(), 0);
    this.#ready = persistence === undefined;
    this.#press = new PolicyPress({
      self,
      clock,
      shelf: persistence === undefined ? new MemoryShelf() : new SignedShelf(persistence, self),
      prepare: (published, revision) => this.#prepare(published, revision),
      enforce: (set, changed) => {
        this.#enforce(set, changed);
      },
    });
    this.#lifetime.own(() => this.#press.idle());
    this.#lifetime.own(() => {
      this.#feed.close();
    });
  }

  /** Grows with every publish, withdrawal and rollback; 0 before the first. */
  get revision(): number {
    return this.#set.revision;
  }

  /** Digest of all policies in force: what a receipt names. */
  get version(): string {
    return this.#set.version;
  }

  /** Policies in force besides the house rules. */
  get policies(): readonly Policy[] {
    return [...merge(this.#own, this.#press.published).values()];
  }

  /**
   * Loads what was published before. Idempotent. Rejects with `SIGNATURE_INVALID` or `STORE_CORRUPT` when the stored
   * policies were altered: to go on with fewer policies than were published is no option.
   */
  start(): Promise<void> {
    this.#starting ??= this.#load();
    return this.#starting;
  }

  /**
   * The answer, at once. `INVALID_ARGUMENT` for a request that makes no sense, `NOT_STARTED` while stored policies are
   * not loaded; an engine or entity source that fails denies.
   */
  decideSync(request: AccessRequest): Decision {
    this.#assertReady();
    const { self, clock, entities } = this.#options;
    const started = clock.monotonic();
    const question = toPolicyRequest(request, self);
    const live = new LiveEntities(entities, self);
    const decision = this.#decide(question, live, started);
    this.#log(request, question, live, decision);
    this.#latencies.add(clock.monotonic() - started);
    return decision;
  }

  /** As {@link decideSync}, once stored policies are loaded. */
  async decide(request: AccessRequest, options: PolicyCallOptions = {}): Promise<Decision> {
    throwIfAborted(options.signal, 'the decision');
    await this.start();
    return this.decideSync(request);
  }

  /** Another name for {@link decide}. */
  evaluate(request: AccessRequest, options: PolicyCallOptions = {}): Promise<Decision> {
    return this.decide(request, options);
  }

  /** Why: every policy and what it said. `UNSUPPORTED` when the engine cannot tell. Nothing is logged or kept. */
  explain(request: AccessRequest): Explanation {
    this.#assertReady();
    const { self, entities } = this.#options;
    const question = toPolicyRequest(request, self);
    const live = new LiveEntities(entities, self);
    const policies = this.#set.explain(question, live);
    if (policies === undefined) {
      throw new MeshError('UNSUPPORTED', { feature: 'explain', by: this.#engine.name });
    }
    return { decision: this.#answer(this.#set.judge(question, live), 'bypass', 0), policies };
  }

  /**
   * Adds policies, each in place of the one with its id. All are checked first: one that is wrong changes nothing.
   * When the promise resolves the new revision is stored and in force.
   */
  publish(
    policies: Policy | readonly Policy[],
    options: PolicyCallOptions = {},
  ): Promise<Published> {
    return this.#change(() => this.#press.publish(checkPolicies(policies), options.signal));
  }

  /** Takes published policies away. `INVALID_ARGUMENT` for an id that was not published. */
  withdraw(ids: string | readonly string[], options: PolicyCallOptions = {}): Promise<Published> {
    const list = typeof ids === 'string' ? [ids] : ids;
    return this.#change(() => this.#press.withdraw(list, options.signal));
  }

  /**
   * Publishes what was published at `toRevision` again, as a new revision, and signs `reason` with it. 0 takes all
   * published policies away; one can go back to any of the last 32 revisions.
   */
  rollback(
    toRevision: number,
    reason: string,
    options: PolicyCallOptions = {},
  ): Promise<Published> {
    return this.#change(() => this.#press.rollback(toRevision, reason, options.signal));
  }

  /**
   * Policies that are published, replaced or withdrawn, from now on; a `pattern` such as `eu-*` selects by id. Ends
   * with `signal` or `close()`. A reader more than 1,024 changes behind misses the oldest.
   */
  watch(pattern?: string, options: PolicyCallOptions = {}): AsyncIterable<PolicyChange> {
    this.#lifetime.assertOpen();
    return this.#feed.watch(pattern, options.signal);
  }

  /** Numbers since the beginning. */
  stats(): PolicyStats {
    const { hits, misses, size, evictions, expired } = this.#memory;
    const hitRate = hits === 0 ? 0 : hits / (hits + misses);
    return { hits, misses, hitRate, size, evictions, expired, p95Ms: this.#latencies.p95Ms };
  }

  /** Ends watchers, and a change under way is finished. Idempotent. */
  close(): Promise<void> {
    return this.#lifetime.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #load(): Promise<void> {
    await this.#press.load();
    this.#ready = true;
  }

  #assertReady(): void {
    this.#lifetime.assertOpen();
    if (!this.#ready) throw new MeshError('NOT_STARTED', { what: 'the set of policies in force' });
  }

  #prepare(published: PoliciesById, revision: number): PolicySet {
    const policies = [...houseRules, ...merge(this.#own, published).values()];
    return new PolicySet(this.#engine, policies, revision);
  }

  // No await between the first two: the next decision sees the new set and no older answer.
  #enforce(set: PolicySet, changed: readonly string[]): void {
    this.#set = set;
    this.#memory.clear();
    this.#feed.tell(changed, set.revision);
    this.#options.emit('policy.updated', { revision: set.revision });
  }

  #decide(question: PolicyRequest, live: LiveEntities, now: number): Decision {
    try {
      const key = this.#set.keyOf(question, live);
      if (key === undefined) return this.#answer(this.#set.judge(question, live), 'bypass', 0);
      const kept = this.#memory.get(key, now);
      if (kept !== undefined) return this.#answer(kept.value, 'hit', now - kept.since);
      const verdict = this.#set.judge(question, live);
      this.#memory.set(key, verdict, now);
      return this.#answer(verdict, 'miss', 0);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const errors = [`${this.#engine.name}: ${message}`];
      return this.#answer({ effect: 'deny', determining: [], errors }, 'bypass', 0);
    }
  }

  #answer(verdict: Verdict, cache: Decision['cache'], ageMs: number): Decision {
    return { ...verdict, revision: this.#set.revision, arm: 'stable', cache, ageMs };
  }

  #log(
    { action, resource }: AccessRequest,
    question: PolicyRequest,
    live: LiveEntities,
    { effect, determining, revision, errors }: Decision,
  ): void {
    const { self, clock, decisions } = this.#options;
    if (decisions === undefined) return;
    const subject = question.principal.id as Did;
    if (subject === self && organisationOf(question.resource, live) === self) return;
    const at = toInstant(clock.now());
    decisions.append({ at, subject, action, resource, effect, determining, revision, errors });
  }

  async #change(change: () => Promise<PolicySet>): Promise<Published> {
    this.#lifetime.assertOpen();
    await this.start();
    const { revision, version } = await change();
    return { revision, version };
  }
}
