/**
 * The status lists of the credentials this node has issued.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import type { Did } from '../../../base/ids.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Compression } from '../../../ports/compression.ts';
import type { Random } from '../../../ports/random.ts';
import type { Signer } from '../../../ports/signer.ts';
import type { Condition, Op, Store } from '../../../ports/store.ts';
import type { CredentialStatus } from '../../../schema/credential-status.ts';
import { toInstant } from '../../../schema/words.ts';
import { credentialType, signJws } from '../credentials/jws.ts';
import { jsonOf, putJson } from '../store-names.ts';
import { Turns } from '../turns.ts';
import { clearBit, countSet, emptyBits, isSet, minEntries, setBit } from './bitstring.ts';
import {
  type IssuedCredential,
  issuedKey,
  issuedShape,
  type JudgedCredential,
  type Judgement,
  listKey,
  listPrefix,
  type OwnList,
  parseList,
  putList,
} from './own-list-records.ts';
import { listCredential, listId, listLifeMs, type OwnPurpose } from './status-list.ts';

/** Options of {@link OwnLists}. */
export interface OwnListsOptions {
  readonly did: Did;
  readonly signer: Signer;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** Told of every credential this node has revoked, suspended or reinstated, once that is written. */
  readonly journal?: (judged: JudgedCredential) => void;
  readonly compression: Compression;
}

/** A list is full at half of its entries, so that a free index is found at random in two draws. */
const fullAt = minEntries / 2;
/** How often a write is tried against other writers of the same store. */
const writeAttempts = 8;
/** Draws for a free index: with half of them free, as many misses come once in 2^64. */
const drawLimit = 64;
/** The longest reason that is kept. */
const reasonLimit = 500;

/** Allots indexes, sets bits, signs. Every change is one conditional write, so processes may share the store. */
export class OwnLists {
  readonly #options: OwnListsOptions;
  /** When each list was signed last. */
  readonly #signedAt = new Map<number, number>();
  readonly #turns = new Turns('status lists');

  constructor(options: OwnListsOptions) {
    this.#options = options;
  }

  /** Learns which lists there are. */
  async load(): Promise<void> {
    for await (const entry of this.#options.store.scan({ prefix: listPrefix })) {
      const list = parseList(entry.value, entry.key);
      this.#signedAt.set(list.n, list.from);
    }
  }

  /** Epoch milliseconds at which the next list must be signed again; undefined without lists. */
  get dueAt(): number | undefined {
    if (this.#signedAt.size === 0) return undefined;
    return Math.min(...this.#signedAt.values()) + listLifeMs / 2;
  }

  /** Places in a list for a new credential, one to revoke and one to suspend it by, written down before they are used. */
  async allot(credential: Pick<IssuedCredential, 'id' | 'subject' | 'type'>): Promise<{
    readonly status: readonly CredentialStatus[];
    /** The list that holds the places. */
    readonly token: string;
  }> {
    return this.#attempt(async () => {
      const { conditions, ...found } = await this.#listWithRoom();
      const index = this.#freeIndex(found.used);
      const suspension = this.#freeIndex(found.used);
      // After a sleep of the machine the list may have ended before it was signed again.
      const list = this.#isYoung(found) ? found : await this.#sign(found);
      const issued = { ...credential, list: list.n, index, suspension };
      const key = issuedKey(credential.id);
      const ops = [putList(list), putJson(key, issued)];
      const done = await this.#write(ops, [...conditions, { key, revision: null }], list);
      const status = [
        this.#statusOf(list.n, 'revocation', index),
        this.#statusOf(list.n, 'suspension', suspension),
      ];
      return done ? { status, token: list.token } : undefined;
    });
  }

  /** Revokes credential `id` for good; the list that says so. `NOT_FOUND` when this node did not issue it. */
  async revoke(id: string, reason: string): Promise<string> {
    const revoked = this.#judgement(reason);
    return this.#change(id, (issued, bits) => {
      if (issued.revoked !== undefined) return issued;
      setBit(bits, issued.index);
      return { ...issued, revoked };
    });
  }

  /**
   * Suspends credential `id` until it is reinstated; the list that says so. `NOT_FOUND`, `STATE_CONFLICT` once it was revoked,
   * `UNSUPPORTED` for one that was issued without a place for it.
   */
  async suspend(id: string, reason: string): Promise<string> {
    const suspended = this.#judgement(reason);
    return this.#change(id, (issued, bits) => {
      checkStanding(issued, 'be suspended');
      if (issued.suspended !== undefined) return issued;
      if (issued.suspension === undefined) {
        throw new MeshError('UNSUPPORTED', { feature: 'suspension', by: `the credential ${id}` });
      }
      setBit(bits, issued.suspension);
      return { ...issued, suspended };
    });
  }

  /** Ends the suspension of credential `id`; the list that says so. `NOT_FOUND`, `STATE_CONFLICT` once it was revoked. */
  async reinstate(id: string): Promise<string> {
    return this.#change(id, (issued, bits) => {
      checkStanding(issued, 'be reinstated');
      const { suspended, ...standing } = issued;
      if (suspended === undefined || issued.suspension === undefined) return issued;
      clearBit(bits, issued.suspension);
      return standing;
    });
  }

  /** List `n` as signed, signed anew when half of its life is over. `NOT_FOUND` when there is none. */
  async token(n: number): Promise<string> {
    return this.#attempt(async () => this.#fresh(await this.#list(n)));
  }

  /** Signs every list that is due; the lists signed. */
  async renew(): Promise<readonly string[]> {
    const now = this.#options.clock.now();
    const due = [...this.#signedAt].filter(([, from]) => now >= from + listLifeMs / 2);
    const tokens: string[] = [];
    for (const [n] of due) tokens.push(await this.token(n));
    return tokens;
  }

  /** Signs every list anew, by the key of now; the lists signed. */
  async resign(): Promise<readonly string[]> {
    const tokens: string[] = [];
    for (const n of [...this.#signedAt.keys()]) {
      tokens.push(
        await this.#attempt(async () => {
          const list = await this.#list(n);
          const signed = await this.#sign(list);
          const done = await this.#write([putList(signed)], list.conditions, signed);
          return done ? signed.token : undefined;
        }),
      );
    }
    return tokens;
  }

  /** Writes what `change` makes of a credential and of the bits of its list; the list as it is then. */
  #change(
    id: string,
    change: (issued: IssuedCredential, bits: OwnList['bits']) => IssuedCredential,
  ): Promise<string> {
    return this.#attempt(async () => {
      const key = issuedKey(id);
      const entry = await this.#options.store.get(key);
      if (entry === undefined) throw new MeshError('NOT_FOUND', { what: 'the credential', id });
      const issued = jsonOf(entry, issuedShape);
      const list = await this.#list(issued.list);
      const changed = change(issued, list.bits);
      if (changed === issued) return this.#fresh(list);
      const signed = await this.#sign(list);
      const conditions = [...list.conditions, { key, revision: entry.revision }];
      const ops = [putList(signed), putJson(key, changed)];
      if (!(await this.#write(ops, conditions, signed))) return undefined;
      this.#options.journal?.(judgedOf(changed));
      return signed.token;
    });
  }

  #judgement(reason: unknown): Judgement {
    if (typeof reason !== 'string') {
      const params = { argument: 'reason', expected: 'text', got: reason };
      throw new MeshError('INVALID_ARGUMENT', params);
    }
    return { at: toInstant(this.#options.clock.now()), reason: reason.slice(0, reasonLimit) };
  }

  /** The token of `list`, signed anew when half of its life is over; undefined when somebody else wrote it meanwhile. */
  async #fresh(
    list: OwnList & { readonly conditions: readonly Condition[] },
  ): Promise<string | undefined> {
    if (this.#isYoung(list)) return list.token;
    const signed = await this.#sign(list);
    return (await this.#write([putList(signed)], list.conditions, signed))
      ? signed.token
      : undefined;
  }

  #isYoung({ from }: OwnList): boolean {
    return this.#options.clock.now() < from + listLifeMs / 2;
  }

  async #listWithRoom(): Promise<OwnList & { readonly conditions: readonly Condition[] }> {
    const newest = this.#options.store.scan({ prefix: listPrefix, reverse: true, limit: 1 });
    let n = 0;
    for await (const entry of newest) {
      const list = parseList(entry.value, entry.key);
      if (countSet(list.used) < fullAt) {
        return { ...list, conditions: [{ key: entry.key, revision: entry.revision }] };
      }
      n = list.n + 1;
    }
    const empty = { n, used: emptyBits(), bits: emptyBits(), from: 0, token: '' };
    return { ...(await this.#sign(empty)), conditions: [{ key: listKey(n), revision: null }] };
  }

  async #list(n: number): Promise<OwnList & { readonly conditions: readonly Condition[] }> {
    const entry = await this.#options.store.get(listKey(n));
    if (entry === undefined) {
      throw new MeshError('NOT_FOUND', { what: 'the status list', id: String(n) });
    }
    const conditions = [{ key: entry.key, revision: entry.revision }];
    return { ...parseList(entry.value, entry.key), conditions };
  }

  /** Takes an index, at random, so that it does not tell when its credential was issued. */
  #freeIndex(used: Uint8Array): number {
    for (let draw = 0; draw < drawLimit; draw += 1) {
      const [a = 0, b = 0, c = 0] = this.#options.random.bytes(3);
      const index = ((a << 16) | (b << 8) | c) % minEntries;
      if (isSet(used, index)) continue;
      setBit(used, index);
      return index;
    }
    throw new MeshError('INTERNAL', { what: 'the random source: it repeats itself' });
  }

  /** Time may stand still or go back between two lists; the newer one is later all the same. */
  async #sign({ n, used, bits, from }: OwnList): Promise<OwnList> {
    const { clock, compression, did: issuer, signer } = this.#options;
    const later = Math.max(Math.trunc(clock.now()), from + 1);
    const credential = await listCredential({ issuer, n, from: later, bits }, compression);
    const token = await signJws({ ...credential, iss: issuer }, credentialType, signer);
    return { n, used, bits, from: later, token };
  }

  async #write(
    ops: readonly Op[],
    conditions: readonly Condition[],
    list: OwnList,
  ): Promise<boolean> {
    const commit = await this.#options.store.write(ops, { if: conditions });
    if (commit.ok) this.#signedAt.set(list.n, list.from);
    return commit.ok;
  }

  #attempt<T>(work: () => Promise<T | undefined>): Promise<T> {
    return this.#turns.take(() => this.#repeat(work));
  }

  async #repeat<T>(work: () => Promise<T | undefined>): Promise<T> {
    for (let attempt = 0; attempt < writeAttempts; attempt += 1) {
      const result = await work();
      if (result !== undefined) return result;
    }
    throw new MeshError('STORE_FAILED', { store: 'trust', detail: 'no turn to write a list' });
  }

  #statusOf(n: number, statusPurpose: OwnPurpose, index: number): CredentialStatus {
    return {
      type: 'BitstringStatusListEntry',
      statusPurpose,
      statusListIndex: String(index),
      statusListCredential: listId(this.#options.did, n),
    };
  }
}

function judgedOf({ id, subject, type, revoked, suspended }: IssuedCredential): JudgedCredential {
  const about = { credential: id, subject, type };
  if (revoked !== undefined) return { ...about, state: 'revoked', reason: revoked.reason };
  if (suspended !== undefined) return { ...about, state: 'suspended', reason: suspended.reason };
  return { ...about, state: 'standing' };
}

function checkStanding({ id, revoked }: IssuedCredential, move: string): void {
  if (revoked === undefined) return;
  throw new MeshError('STATE_CONFLICT', { what: 'the credential', id, state: 'revoked', move });
}
