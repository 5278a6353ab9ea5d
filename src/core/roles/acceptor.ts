/**
 * One node's word on who holds a role. A grant is on the shelf before anybody hears of it.
 * @module
 */
import { utf8 } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import { multihashOf } from '../../base/multiformat.ts';
import { packPacket, unpackPacket } from '../../base/packet.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Revision, Store } from '../../ports/store.ts';
import { type Claim, judge, type RoleState, releasedBy, roleStateShape } from './grant.ts';
import type { Claimed, Look } from './messages.ts';

/** The part of a store that is used. */
export type RolesStore = Pick<Store, 'features' | 'get' | 'write' | 'scan'>;

/** What is kept of a role, as it was read. */
interface Kept {
  readonly state: RoleState;
  /** Null when nothing is kept yet. */
  readonly revision: Revision | null;
}

/** Roles kept for others; they are never forgotten, so there must be an end to them. */
const roleLimit = 1_000;
/** Races for one role that may be lost before giving up. */
const attempts = 16;

/**
 * Grants by the rules of grant.ts. A lease counts from the moment at which *this process* first saw its last renewal, on
 * its own monotonic clock: no two clocks are compared, and a process that has just started waits out the lease it finds.
 */
export class Acceptor {
  readonly #store: RolesStore;
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** Which revision of a role this process has seen, and since when. At most one entry per role kept. */
  readonly #observed = new Map<string, { readonly revision: Revision; readonly at: number }>();

  constructor(store: RolesStore, clock: Pick<Clock, 'monotonic'>) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Looks at every role that is kept, so that leases of an earlier run begin to count. */
  async start(): Promise<void> {
    if (!this.#store.features.conditional) {
      throw new MeshError('UNSUPPORTED', { feature: 'a conditional write', by: 'the store' });
    }
    for await (const { key, revision } of this.#store.scan({ prefix: 'role/' })) {
      this.#observe(key, revision);
    }
  }

  /** How things stand with `role`. */
  async look(role: string): Promise<Look> {
    const kept = await this.#read(role);
    const { grant, seen } = kept.state;
    const waitMs = Math.ceil(this.#left(kept));
    return { epoch: seen, waitMs, ...(grant && waitMs > 0 && { holder: grant.holder }) };
  }

  /** Grants or refuses. Throws `OVERLOADED` for a role that would be one too many. */
  claim(role: string, claim: Claim): Promise<Claimed> {
    return this.#change<Claimed>(role, true, async (kept) => {
      const verdict = judge(kept.state, this.#left(kept) > 0, claim);
      if ('refused' in verdict) return { answer: { state: verdict.refused } };
      if (kept.revision === null) await this.#assertRoom();
      return { answer: { state: 'granted' }, next: verdict.granted };
    });
  }

  /** Ends a lease at once. */
  release(role: string, claim: Pick<Claim, 'epoch' | 'holder' | 'lease'>): Promise<void> {
    return this.#change(role, false, (kept) =>
      Promise.resolve({ answer: undefined, next: releasedBy(kept.state, claim) }),
    );
  }

  /** Throws `ROLE_EPOCH_STALE` when a higher epoch than `epoch` is known; remembers `epoch` otherwise. */
  check(role: string, epoch: number): Promise<void> {
    return this.#change(role, false, ({ state, revision }) => {
      if (epoch < state.seen) {
        throw new MeshError('ROLE_EPOCH_STALE', { role, epoch, current: state.seen });
      }
      const next = epoch === state.seen ? undefined : { ...state, seen: epoch };
      if (next === undefined || revision !== null) {
        return Promise.resolve({ answer: undefined, next });
      }
      return this.#assertRoom().then(() => ({ answer: undefined, next }));
    });
  }

  /** Writes what `decide` makes of a role, unless another process was quicker; then it decides anew. */
  async #change<Answer>(
    role: string,
    renews: boolean,
    decide: (kept: Kept) => Promise<{ answer: Answer; next?: RoleState | undefined }>,
  ): Promise<Answer> {
    const key = keyOf(role);
    const { durable } = this.#store.features;
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const kept = await this.#read(role);
      const since = this.#observed.get(key)?.at;
      const { answer, next } = await decide(kept);
      if (next === undefined) return answer;
      const commit = await this.#store.write([{ put: key, value: packPacket(next) }], {
        if: [{ key, revision: kept.revision }],
        durable,
      });
      if (commit.ok) {
        // What is no renewal leaves the lease the time it had.
        const at = renews ? undefined : since;
        this.#observe(key, commit.revision, at);
        return answer;
      }
    }
    throw new MeshError('OVERLOADED', { what: `the role '${role}'`, limit: attempts });
  }

  async #read(role: string): Promise<Kept> {
    const key = keyOf(role);
    const entry = await this.#store.get(key);
    if (entry === undefined) return { state: { role, seen: 0 }, revision: null };
    this.#observe(key, entry.revision);
    return {
      state: roleStateShape(unpackPacket(entry.value), 'a role'),
      revision: entry.revision,
    };
  }

  #observe(key: string, revision: Revision, at = this.#clock.monotonic()): void {
    if (this.#observed.get(key)?.revision !== revision) this.#observed.set(key, { revision, at });
  }

  /** Milliseconds until the lease is over for this process. */
  #left({ state, revision }: Kept): number {
    const { grant, role } = state;
    if (grant === undefined || grant.released) return 0;
    const observed = this.#observed.get(keyOf(role));
    // Another revision was seen meanwhile: this one is out of date, and so is any verdict on it.
    if (observed?.revision !== revision) return grant.ttlMs;
    return Math.max(0, observed.at + grant.ttlMs - this.#clock.monotonic());
  }

  async #assertRoom(): Promise<void> {
    let kept = 0;
    for await (const _ of this.#store.scan({ prefix: 'role/', limit: roleLimit })) kept += 1;
    if (kept < roleLimit) return;
    throw new MeshError('OVERLOADED', { what: 'the number of roles kept here', limit: roleLimit });
  }
}

// A role's name may be longer than a key may be, and may hold a slash.
function keyOf(role: string): string {
  return `role/${multihashOf(utf8(role))}`;
}
