/**
 * The history of an own identity with its keys: each change is written to the store whole, or not at all.
 * @module
 */
import { MeshError, type MeshErrorCode, type MeshErrorParams } from '../../../base/errors.ts';
import type { Did } from '../../../base/ids.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { CryptoProvider } from '../../../ports/crypto.ts';
import type { Random } from '../../../ports/random.ts';
import type { Store } from '../../../ports/store.ts';
import type { DidLog } from '../../../schema/did-log.ts';
import { toInstant } from '../../../schema/words.ts';
import { isPrefix } from '../methods/did-log-rules.ts';
import { verifyDidLog } from '../methods/did-mesh.ts';
import { type EntryPlan, withEntry } from '../methods/next-entry.ts';
import {
  type IdentityRecord,
  packRecord,
  type ReadRecord,
  readRecord,
  storeKey,
} from './identity-record.ts';
import type { KeptKey, KeySource, OwnKey } from './own-key.ts';
import type { Sealer } from './secret-box.ts';

/** What an identity needs from the ground. */
export interface IdentityGround {
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: CryptoProvider;
}

/** An identity as it stands. */
export interface IdentityState {
  /** Empty for did:key. */
  readonly log: DidLog;
  /** The key that signs now. */
  readonly current: OwnKey;
  /** The key committed to. */
  readonly next: KeptKey | undefined;
  /** Milliseconds between rotations. */
  readonly every?: number | undefined;
  /** Of the store's record; null while there is none. */
  readonly revision: number | null;
}

/** What has happened to an own identity. */
export type IdentityChange =
  | { readonly kind: 'rotated' | 'deactivated'; readonly log: DidLog }
  | {
      readonly kind: 'rotation-failed';
      readonly code: MeshErrorCode;
      readonly params: MeshErrorParams;
    };

/** What a ledger works with. */
export interface LedgerOptions {
  readonly did: Did;
  readonly ground: IdentityGround;
  readonly keys: KeySource;
  /** Without one the identity lives in memory. */
  readonly store: Store | undefined;
  readonly sealer: Sealer | undefined;
}

/** What a rotation says. */
export type RotationPlan = Pick<EntryPlan, 'compromised' | 'recovery'> & {
  readonly reason?: string;
  readonly every: number | undefined;
};

/** Races for the store that may be lost before giving up. */
const attempts = 16;
/** Milliseconds until a store that could not be followed is followed again. */
const againMs = 1_000;
/** Wall time may run ahead of the other clock by this much while a process runs: a machine that slept. */
const longestSleepMs = 366 * 86_400_000;

/** Changes one history, one change at a time. */
export class Ledger {
  readonly did: Did;
  readonly clock: Clock;
  readonly store: Store | undefined;
  readonly #options: LedgerOptions;
  readonly #listeners = new Set<(change: IdentityChange) => void>();
  readonly #opened: { readonly wall: number; readonly ticks: number };
  #state: IdentityState;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: LedgerOptions, state: IdentityState) {
    this.did = options.did;
    this.clock = options.ground.clock;
    this.store = options.store;
    this.#options = options;
    this.#state = state;
    this.#opened = { wall: this.clock.now(), ticks: this.clock.monotonic() };
  }

  get state(): IdentityState {
    return this.#state;
  }

  /** Calls `listener` with each change; the result takes it off. */
  onChange(listener: (change: IdentityChange) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Tells the listeners. */
  tell(change: IdentityChange): void {
    for (const listener of [...this.#listeners]) listener(change);
  }

  rotate({ every, ...plan }: RotationPlan): Promise<void> {
    // What it says of other keys is in nobody else's rotation.
    const says = plan.compromised !== undefined || plan.recovery !== undefined;
    return this.#alone(() =>
      this.#change(
        async (state) => {
          const current = await this.#promoted(state, 'rotation');
          const next = await this.#options.keys.make(`key-${String(state.log.length + 2)}`);
          const keys = [current.multikey];
          const entry = { ...plan, keys, next: next ? [next.multikey] : [], reason: plan.reason };
          const log = await withEntry(state.log, entry, current, this.#now());
          return { log, current, next, every: every ?? state.every };
        },
        says ? 'again' : 'one is enough',
      ),
    );
  }

  deactivate(reason: string | undefined): Promise<void> {
    return this.#alone(() =>
      this.#change(async (state) => {
        const current = await this.#promoted(state, 'an end');
        const entry = { keys: [current.multikey], next: [], reason, deactivated: true };
        const log = await withEntry(state.log, entry, current, this.#now(), true);
        return { log, current, next: undefined };
      }, 'again'),
    );
  }

  /** Takes over what the store holds by now. */
  refresh(): Promise<void> {
    return this.#alone(() => this.#takeOver());
  }

  /**
   * Takes over what other processes write to the store, as soon as the store tells of it, until `signal` fires or the store is
   * closed. What cannot be taken over goes to `failed`.
   */
  async follow(signal: AbortSignal, failed: (error: unknown) => void): Promise<void> {
    const { store } = this;
    if (store === undefined) return;
    while (!signal.aborted) {
      try {
        // From the moment of this call on; what came before is read.
        const changes = store.watch(storeKey, undefined, { signal });
        await this.refresh().catch(failed);
        for await (const { key } of changes) {
          if (key === storeKey) await this.refresh().catch(failed);
        }
        return;
      } catch (error) {
        if (MeshError.is(error, 'CLOSED')) return;
        // A follower that was left too far behind begins anew, and has missed nothing: it reads what stands there.
        if (!MeshError.is(error, 'NOT_FOUND')) failed(error);
        await this.clock.sleep(againMs, signal).catch(() => undefined);
      }
    }
  }

  /** Writes `state` in place of `revision`; false when something else stands there by now. */
  async keep(state: Omit<IdentityState, 'revision'>, revision: number | null): Promise<boolean> {
    const written = await this.#write(state, revision);
    if (written === undefined) return false;
    this.#state = { ...state, revision: written };
    return true;
  }

  /** Tries until `make` was written, or, where one change is enough, somebody else's was taken over. */
  async #change(
    make: (state: IdentityState) => Promise<Omit<IdentityState, 'revision'>>,
    lost: 'one is enough' | 'again',
  ): Promise<void> {
    const { crypto } = this.#options.ground;
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const before = this.#state;
      const made = await make(before);
      await verifyDidLog(made.log, crypto, this.clock.now(), before.log.length);
      if (await this.#kept(made, before.revision)) {
        this.#tellOf(made.log);
        return;
      }
      await this.#takeOver();
      if (lost === 'one is enough' && this.#state.log.length > before.log.length) return;
    }
    throw new MeshError('OVERLOADED', { what: `the identity ${this.did}`, limit: attempts });
  }

  /** A store that failed may have written all the same; then that is what holds. */
  async #kept(made: Omit<IdentityState, 'revision'>, revision: number | null): Promise<boolean> {
    try {
      return await this.keep(made, revision);
    } catch (error) {
      await this.#takeOver().catch(() => undefined);
      throw error;
    }
  }

  async #write(
    state: Omit<IdentityState, 'revision'>,
    revision: number | null,
  ): Promise<number | null | undefined> {
    if (this.store === undefined) return null;
    const value = await packRecord(recordOf(this.did, state), this.#options.sealer);
    const condition = [{ key: storeKey, revision }];
    const commit = await this.store.write([{ put: storeKey, value }], { if: condition });
    return commit.ok ? commit.revision : undefined;
  }

  async #takeOver(): Promise<void> {
    const entry = await this.store?.get(storeKey);
    if (entry === undefined || entry.revision === this.#state.revision) return;
    const record = await readRecord(entry.value, this.#options.sealer);
    const held = this.#state.log;
    if (!isPrefix(held, record.log)) throw new MeshError('DID_CONFLICT', { did: this.did });
    const { crypto } = this.#options.ground;
    await verifyDidLog(record.log, crypto, this.clock.now(), held.length);
    this.#state = await stateOf(record, this.#options.keys, entry.revision);
    if (record.log.length > held.length) this.#tellOf(record.log);
  }

  #tellOf(log: DidLog): void {
    this.tell({ kind: log.at(-1)?.deactivated === true ? 'deactivated' : 'rotated', log });
  }

  async #promoted({ log, next }: IdentityState, feature: string): Promise<OwnKey> {
    if (log.length === 0) throw new MeshError('UNSUPPORTED', { feature, by: 'did:key' });
    if (log.at(-1)?.deactivated === true) {
      throw new MeshError('DID_DEACTIVATED', { did: this.did });
    }
    if (next !== undefined) return this.#options.keys.find(next);
    throw new MeshError('UNSUPPORTED', { feature, by: 'an identity without a next key' });
  }

  /** Wall time, unless it has run away from the clock that never jumps. */
  #now(): number {
    const now = this.clock.now();
    const { wall, ticks } = this.#opened;
    if (now - wall - (this.clock.monotonic() - ticks) <= longestSleepMs) return now;
    const detail = 'it jumped ahead by more than a year';
    throw new MeshError('CLOCK_INVALID', { now: toInstant(now), detail });
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

function recordOf(
  did: Did,
  { log, current, next, every }: Omit<IdentityState, 'revision'>,
): IdentityRecord {
  const facts = { did, log, every };
  if (current.seed === undefined) return { ...facts, nextKey: next?.multikey };
  // An identity that was ended has no next key; its place is taken by the one in use.
  return { ...facts, seeds: { seed: current.seed, nextSeed: next?.seed ?? current.seed } };
}

/** The state a checked record stands for; throws `STORE_CORRUPT` when its keys are not those of its history. */
export async function stateOf(
  record: ReadRecord,
  keys: KeySource,
  revision: number,
): Promise<IdentityState> {
  const { log, every } = record;
  const multikey = log.at(-1)?.keys[0] ?? record.did.slice('did:key:'.length);
  const current = await keys
    .find({ multikey, seed: record.seeds?.seed })
    .catch((cause: unknown) => {
      if (record.seeds === undefined) throw cause;
      const detail = 'its key is not a key of its log';
      throw new MeshError('STORE_CORRUPT', { store: storeKey, detail }, { cause });
    });
  return { log, current, next: await nextOf(record, keys), every, revision };
}

async function nextOf(
  { log, seeds, nextKey }: ReadRecord,
  keys: KeySource,
): Promise<KeptKey | undefined> {
  if (log.length === 0 || log.at(-1)?.deactivated === true) return undefined;
  if (seeds !== undefined) return keys.named(seeds.nextSeed);
  return nextKey === undefined ? undefined : { multikey: nextKey };
}
