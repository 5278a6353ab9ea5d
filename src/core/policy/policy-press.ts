/**
 * Brings out new revisions of the published policies, one after the other.
 * @module
 */
import { throwIfAborted } from '../../base/abort.ts';
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import { toInstant } from '../../schema/words.ts';
import { type BundleShelf, keptRevisions } from './bundle-shelf.ts';
import { maxPolicies, type Policy } from './policy.ts';
import type { PolicySet } from './policy-set.ts';

/** Policies by id. */
export type PoliciesById = ReadonlyMap<string, Policy>;

/** What the press wants from its owner. */
export interface PressNeeds {
  readonly self: Did;
  readonly clock: Clock;
  readonly shelf: BundleShelf;
  /** The set of revision `revision` with these published policies; throws when one is wrong. */
  prepare: (published: PoliciesById, revision: number) => PolicySet;
  /** Puts a set in force, at once; `changed` are the ids of what is new, different or gone. */
  enforce: (set: PolicySet, changed: readonly string[]) => void;
}

/** Changes that may wait for each other. */
const maxWaiting = 100;

/** Keeps what was published, and changes it: check, sign, store, then put in force. */
export class PolicyPress {
  readonly #needs: PressNeeds;
  #published: PoliciesById = new Map();
  #revision = 0;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(needs: PressNeeds) {
    this.#needs = needs;
  }

  get published(): PoliciesById {
    return this.#published;
  }

  /** Takes in what is on the shelf. */
  async load(): Promise<void> {
    const bundle = await this.#needs.shelf.newest();
    if (bundle === undefined) return;
    const policies = byId(bundle.policies);
    this.#putInForce(this.#needs.prepare(policies, bundle.revision), policies);
  }

  /** Adds policies, each in place of the one with its id. */
  publish(policies: readonly Policy[], signal: AbortSignal | undefined): Promise<PolicySet> {
    return this.#inTurn(signal, () => this.#bringOut(merge(this.#published, byId(policies))));
  }

  /** Takes policies away. */
  withdraw(ids: readonly string[], signal: AbortSignal | undefined): Promise<PolicySet> {
    return this.#inTurn(signal, () => {
      const next = new Map(this.#published);
      for (const id of ids) {
        if (!next.delete(id)) throw invalid('ids', 'ids of published policies', id);
      }
      return this.#bringOut(next);
    });
  }

  /** Brings out an earlier revision again, under a new number. */
  rollback(
    toRevision: number,
    reason: string,
    signal: AbortSignal | undefined,
  ): Promise<PolicySet> {
    return this.#inTurn(signal, async () =>
      this.#bringOut(await this.#contentOf(toRevision), reason),
    );
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#last;
  }

  async #contentOf(revision: number): Promise<PoliciesById> {
    if (revision === 0) return new Map();
    const bundle = Number.isSafeInteger(revision)
      ? await this.#needs.shelf.read(revision)
      : undefined;
    if (bundle !== undefined) return byId(bundle.policies);
    throw invalid(
      'toRevision',
      `0 or one of the last ${String(keptRevisions)} revisions`,
      revision,
    );
  }

  async #bringOut(policies: PoliciesById, reason?: string): Promise<PolicySet> {
    if (policies.size > maxPolicies) {
      const what = 'the number of published policies';
      throw new MeshError('LIMIT_EXCEEDED', { what, limit: maxPolicies, got: policies.size });
    }
    const { self, clock, shelf } = this.#needs;
    const set = this.#needs.prepare(policies, this.#revision + 1);
    await shelf.put({
      format: 1,
      publisher: self,
      revision: set.revision,
      at: toInstant(clock.now()),
      ...(reason !== undefined && { reason }),
      policies: [...policies.values()],
    });
    this.#putInForce(set, policies);
    return set;
  }

  #putInForce(set: PolicySet, policies: PoliciesById): void {
    const changed = difference(this.#published, policies);
    this.#published = policies;
    this.#revision = set.revision;
    this.#needs.enforce(set, changed);
  }

  // Changes build on each other, so each waits for the one before.
  async #inTurn<T>(signal: AbortSignal | undefined, change: () => Promise<T>): Promise<T> {
    if (this.#waiting >= maxWaiting) {
      throw new MeshError('OVERLOADED', { what: 'the queue of policy changes', limit: maxWaiting });
    }
    this.#waiting += 1;
    const turn = this.#last.then(() => {
      throwIfAborted(signal, 'the policy change');
      return change();
    });
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
    }
  }
}

/** `policies` by id. */
export function byId(policies: readonly Policy[]): PoliciesById {
  return new Map(policies.map((policy) => [policy.id, policy]));
}

/** `base` with `added` in place of what has the same id. */
export function merge(base: PoliciesById, added: PoliciesById): PoliciesById {
  return new Map([...base, ...added]);
}

/** Ids of policies that are new, different or gone. */
function difference(before: PoliciesById, after: PoliciesById): readonly string[] {
  const ids = [...merge(before, after).keys()];
  return ids.filter((id) => before.get(id)?.text !== after.get(id)?.text);
}

function invalid(argument: string, expected: string, got: unknown): MeshError {
  return new MeshError('INVALID_ARGUMENT', { argument, expected, got });
}
