/**
 * The keys personal fields are sealed with: one for each subject, wrapped, under a name that does not tell whose it is. Who
 * deletes a key has erased what it sealed, wherever copies of that lie, and the chain, which covers the ciphertext, still holds.
 * @module
 */
import {
  type Bytes,
  concat,
  equalBytes,
  fromBase64url,
  toBase64url,
  utf8,
} from '../../base/bytes.ts';
import { canonicalJson, type Json } from '../../base/canonical.ts';
import { MeshError } from '../../base/errors.ts';
import type { Aead, CryptoProvider } from '../../ports/crypto.ts';
import type { Random } from '../../ports/random.ts';
import type { Op, Store } from '../../ports/store.ts';
import type { SealedPart } from './chain.ts';

/** What sealing needs. */
export interface SealingParts {
  readonly crypto: CryptoProvider;
  readonly random: Random;
  readonly store: Pick<Store, 'get' | 'getMany'>;
}

/** A subject's key, ready for use. */
export interface SubjectKey {
  readonly tag: string;
  readonly aead: Aead;
  /** Writes that keep it, for a new one. */
  readonly rows: readonly Op[];
}

/** Where a sealed part stands; moved elsewhere it does not open. */
export interface SealedPlace {
  readonly log: string;
  readonly index: number;
  readonly kind: string;
}

const cipher = 'aes-256-gcm';
const nonceLength = 12;
/** Sealed texts are filled up to a multiple of this, so that their length tells little. */
const padTo = 64;
/** Subjects whose keys are held in memory. */
const heldLimit = 1_000;

/** Keys of the subjects of one log. */
export class SubjectKeys {
  readonly #parts: SealingParts;
  readonly #naming: Bytes;
  readonly #wrapping: Aead;
  readonly #held = new Map<string, SubjectKey>();

  /** `secret`: 32 bytes that only the keeper has. */
  constructor(parts: SealingParts, secret: Uint8Array) {
    const derive = (use: string): Bytes => parts.crypto.hmac('sha256', secret, utf8(use));
    this.#parts = parts;
    this.#naming = derive('mesh/audit-names/v1');
    this.#wrapping = parts.crypto.aead(cipher, derive('mesh/audit-wrapping/v1'));
  }

  /** The key of `subject`; a new one, with the writes that keep it, when there is none. */
  async of(subject: string): Promise<SubjectKey> {
    const name = this.#nameKey(subject);
    const held = this.#held.get(name);
    if (held !== undefined) return held;
    const known = await this.#read(name);
    if (known === undefined) return this.#create(name);
    this.#hold(name, known);
    return known;
  }

  /** Says that the writes of `key` were done. */
  kept(subject: string, key: SubjectKey): void {
    if (key.rows.length > 0) this.#hold(this.#nameKey(subject), { ...key, rows: [] });
  }

  /** Forgets what is held in memory: somebody else changed the store. */
  forget(): void {
    this.#held.clear();
  }

  /** The writes that erase `subject`, and the tag its entries carry; a tag of nothing for a subject without entries. */
  async erasure(
    subject: string,
  ): Promise<{ readonly tag: string; readonly found: boolean; readonly rows: readonly Op[] }> {
    const name = this.#nameKey(subject);
    this.#held.delete(name);
    const known = await this.#read(name);
    const tag = known?.tag ?? toBase64url(this.#parts.random.bytes(32));
    // Written for a subject without a key, too: the store then lets go of what other rooms have deleted.
    const rows = [name, keyKey(tag)].map((del) => ({ del, purge: true }));
    return { tag, found: known !== undefined, rows };
  }

  /** What stands for `subject` in its entries; undefined when there are none. */
  async tagOf(subject: string): Promise<string | undefined> {
    return (await this.#read(this.#nameKey(subject)))?.tag;
  }

  /** Key bytes by tag; undefined when it was erased. */
  async secretOf(tag: string): Promise<Bytes | undefined> {
    const row = await this.#parts.store.get(keyKey(tag));
    return row && this.#unwrap(keyKey(tag), row.value);
  }

  async #read(name: string): Promise<SubjectKey | undefined> {
    const row = await this.#parts.store.get(name);
    if (row === undefined) return undefined;
    const tag = toBase64url(this.#unwrap(name, row.value));
    const keyRow = await this.#parts.store.get(keyKey(tag));
    if (keyRow === undefined) return undefined;
    const secret = this.#unwrap(keyKey(tag), keyRow.value);
    return { tag, aead: this.#parts.crypto.aead(cipher, secret), rows: [] };
  }

  #create(name: string): SubjectKey {
    const { crypto, random } = this.#parts;
    const secret = random.bytes(32);
    const tag = tagOf(secret, crypto);
    const row = keyKey(tag);
    return {
      tag,
      aead: crypto.aead(cipher, secret),
      rows: [
        { put: name, value: this.#wrap(name, fromBase64url(tag)) },
        { put: row, value: this.#wrap(row, secret) },
      ],
    };
  }

  #hold(name: string, key: SubjectKey): void {
    this.#held.delete(name);
    this.#held.set(name, key);
    if (this.#held.size > heldLimit) this.#held.delete(this.#held.keys().next().value!);
  }

  /** The store's key for a subject: a keyed hash, which says nothing to who has not the secret. */
  #nameKey(subject: string): string {
    return `name/${toBase64url(this.#parts.crypto.hmac('sha256', this.#naming, utf8(subject)))}`;
  }

  #wrap(row: string, bytes: Uint8Array): Bytes {
    const nonce = this.#parts.random.bytes(nonceLength);
    return concat(nonce, this.#wrapping.seal(nonce, utf8(row), bytes));
  }

  #unwrap(row: string, value: Uint8Array): Bytes {
    const nonce = value.subarray(0, nonceLength);
    const opened =
      value.length > nonceLength + 16
        ? this.#wrapping.open(nonce, utf8(row), value.subarray(nonceLength))
        : undefined;
    if (opened !== undefined) return opened;
    const detail = 'a key of a subject does not unwrap';
    throw new MeshError('STORE_CORRUPT', { store: 'audit', detail });
  }
}

/** What stands for the subject in its entries: bound to the key, so that one sealed part opens with one key only. */
export function tagOf(secret: Uint8Array, crypto: Pick<CryptoProvider, 'hmac'>): string {
  return toBase64url(crypto.hmac('sha256', secret, utf8('mesh/audit-tag/v1')));
}

/** `personal`, sealed for its place. */
export function seal(
  personal: Json,
  { tag, aead }: Pick<SubjectKey, 'tag' | 'aead'>,
  place: SealedPlace,
  random: Random,
): SealedPart {
  const text = canonicalJson(personal);
  const plain = utf8(text);
  const padding = utf8(' '.repeat((padTo - (plain.length % padTo)) % padTo));
  const nonce = random.bytes(nonceLength);
  const box = aead.seal(nonce, associated(tag, place), concat(plain, padding));
  return { tag, box: toBase64url(concat(nonce, box)) };
}

/** What was sealed; undefined when `secret` is not the key of this part, or the part was changed. */
export function unseal(
  { tag, box }: SealedPart,
  secret: Uint8Array,
  place: SealedPlace,
  crypto: CryptoProvider,
): Bytes | undefined {
  if (secret.length !== 32) return undefined;
  if (!equalBytes(utf8(tagOf(secret, crypto)), utf8(tag))) return undefined;
  const bytes = fromBase64url(box, 'box');
  const aead = crypto.aead(cipher, secret);
  return aead.open(
    bytes.subarray(0, nonceLength),
    associated(tag, place),
    bytes.subarray(nonceLength),
  );
}

function associated(tag: string, { log, index, kind }: SealedPlace): Bytes {
  return utf8(`mesh/audit-seal/v1\n${log}\n${String(index)}\n${kind}\n${tag}`);
}

function keyKey(tag: string): string {
  return `key/${tag}`;
}
