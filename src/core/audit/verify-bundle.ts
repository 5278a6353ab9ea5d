/**
 * Checks a bundle without the node it came from: from the bundle, the key histories in it, and what the reader heard elsewhere.
 * @module
 */
import { fromBase64url, toBase64url } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import { isPlainObject } from '../../base/shape.ts';
import { type Signed, type SignedKind, verifySigned } from '../../schema/signed.ts';
import { anchorDigest } from './anchor-digest.ts';
import type { AnchorCheck, AuditCheck, BundleParts } from './audit-check.ts';
import {
  type AnchoredHead,
  type AuditManifest,
  type AuditWitness,
  type BundleItem,
  itemShape,
  itemsOf,
  type ShownKey,
} from './bundle.ts';
import {
  type AuditEntry,
  type AuditStub,
  type ChainEnd,
  emptyChain,
  endOf,
  isStub,
  linkProblem,
} from './chain.ts';
import { isIncludedKind } from './included-kind.ts';
import { type AuditHead, headShape } from './log-rows.ts';
import { unseal } from './subject-keys.ts';
import { TreeEdge } from './tree.ts';
import { judgeHead } from './verify-log.ts';

/** Somebody's word that entry `index` had this hash. */
interface Claim {
  readonly index: number;
  readonly hash: string;
  readonly at: string;
}

/** Keys, words of others and key histories that are held in memory. */
const heldLimit = 100_000;

/** What is wrong, and where. */
class Break extends Error {
  readonly index: number | undefined;

  constructor(because: string, index?: number) {
    super(because);
    this.index = index;
  }
}

/** Checks `bundle`. What is wrong with it is a result, never an exception. */
export async function verifyBundle(bundle: unknown, parts: BundleParts): Promise<AuditCheck> {
  const reading = new Reading(parts);
  try {
    for await (const item of itemsOf(bundle)) await reading.take(item);
    return await reading.finish();
  } catch (error) {
    if (error instanceof Break) return reading.broken(error.message, error.index);
    if (MeshError.is(error)) return reading.broken(error.message);
    throw error;
  }
}

/** One reading of a bundle, item by item. */
class Reading {
  readonly #parts: BundleParts;
  #manifest: Signed<AuditManifest> | undefined;
  /** Whether the manifest's signature was checked. */
  #begun = false;
  #chain: ChainEnd = emptyChain;
  /** The tree, where the bundle has it from its beginning. */
  #tree: TreeEdge | undefined;
  #lacks: string | undefined;
  readonly #keys = new Map<string, Uint8Array>();
  /** What others say, by the number of the entry. */
  readonly #claims = new Map<number, Claim[]>();
  readonly #witnesses: AuditCheck['witnesses'][number][] = [];
  readonly #anchors: AnchorCheck[] = [];
  #held = 0;
  #firstAt: string | undefined;
  /** The entry that the last head was about. */
  #headAt: number | undefined;
  readonly #counts = { entries: 0, stubs: 0, sealed: 0, opened: 0, heads: 0 };

  constructor(parts: BundleParts) {
    this.#parts = parts;
  }

  /** Checks the next item. */
  async take(foreign: unknown): Promise<void> {
    // Key histories come before all that is signed with their keys.
    const isHistory = isPlainObject(foreign) && 'didLog' in foreign;
    if (this.#manifest !== undefined && !this.#begun && !isHistory) await this.#begin();
    const item = this.#parsed(foreign);
    if ('manifest' in item) {
      this.#open(item.manifest);
      return;
    }
    if ('didLog' in item) return this.#learn(item.didLog);
    if ('entry' in item) this.#takeEntry(item.entry);
    else if ('head' in item) await this.#takeHead(item.head);
    else if ('key' in item) this.#takeKey(item.key);
    else if ('witness' in item) await this.#hear(item.witness);
    else await this.#look(item.anchor);
  }

  /** The result, once all was taken. */
  async finish(): Promise<AuditCheck> {
    if (!this.#begun) await this.#begin();
    const { end, hash } = this.#manifest!;
    if (this.#chain.length < end) throw new Break('it is missing', this.#chain.length);
    if (this.#chain.hash !== hash && end > this.#manifest!.first) {
      throw new Break('it is not what was signed', end - 1);
    }
    this.#missed();
    const lacks = this.#lacks ?? this.#edges();
    return {
      intact: true,
      complete: lacks === undefined,
      ...(lacks !== undefined && { lacks }),
      ...this.#found(),
    };
  }

  /** The result of a bundle that does not stand. */
  broken(because: string, index?: number): AuditCheck {
    const at = index ?? (this.#begun ? this.#chain.length : undefined);
    return {
      intact: false,
      complete: false,
      ...(at !== undefined && { firstBreak: at }),
      because,
      ...this.#found(),
    };
  }

  #found(): Omit<AuditCheck, 'intact' | 'complete'> {
    const [witnesses, anchors] = [this.#witnesses, this.#anchors];
    if (this.#manifest === undefined) return { ...this.#counts, witnesses, anchors };
    const { keeper, log, at } = this.#manifest;
    return { ...this.#counts, witnesses, anchors, keeper, ...(log !== undefined && { log }), at };
  }

  #parsed(foreign: unknown): BundleItem {
    const item = itemShape(foreign, 'item');
    if ('manifest' in item === (this.#manifest !== undefined)) {
      throw new Break(
        this.#manifest === undefined ? 'its manifest is not the first' : 'it has two manifests',
      );
    }
    return item;
  }

  #open(manifest: Signed<AuditManifest>): void {
    const { first, end, size, hash, log } = manifest;
    const empty = first === end;
    if (
      first > end ||
      end > size ||
      empty !== (hash === undefined) ||
      (log === undefined && size > 0)
    ) {
      throw new Break('its manifest contradicts itself');
    }
    this.#manifest = manifest;
  }

  /** The keeper's signature, by a key of the newest entry of its history: what it says it says today. */
  async #begin(): Promise<void> {
    const manifest = this.#manifest;
    if (manifest === undefined) throw new Break('it has no manifest');
    if (!(await this.#holds('audit-export', manifest, manifest.keeper))) {
      throw new Break('its manifest does not verify');
    }
    this.#begun = true;
    this.#chain = { length: manifest.first };
    if (manifest.first === 0) this.#tree = new TreeEdge();
    for (const foreign of this.#parts.checkpoints ?? []) {
      const head = headShape(foreign, 'checkpoint');
      const { keeper, log, index, hash, at } = head;
      const same = keeper === manifest.keeper && log === manifest.log;
      if (same && (await this.#holds('audit-head', head, keeper, at))) {
        this.#claim({ index, hash, at });
      }
    }
  }

  #takeEntry(entry: AuditEntry | AuditStub): void {
    const { first, end } = this.#manifest!;
    const { crypto } = this.#parts;
    const { length } = this.#chain;
    if (length === end) throw new Break('it is beyond the end', length);
    // The first entry names a hash that only the entries before it could confirm.
    if (length === first && first > 0 && entry.previous !== undefined) {
      this.#chain = { length, hash: entry.previous };
    }
    this.#firstAt ??= entry.at;
    const problem = linkProblem(this.#chain, entry, crypto);
    if (problem !== undefined) throw new Break(problem, length);
    if (this.#claims.get(length)?.some(({ hash }) => hash !== entry.hash) === true) {
      throw new Break('others were shown another entry here', length);
    }
    this.#tree?.add(entry.hash, crypto);
    this.#chain = endOf(entry);
    if (isStub(entry)) this.#countStub(entry);
    else this.#countEntry(entry);
  }

  #countStub({ index, at, kind }: AuditStub): void {
    const { from, to, include } = this.#manifest!;
    this.#counts.stubs += 1;
    const asked =
      isIncludedKind(kind, include) &&
      !(from !== undefined && at < from) &&
      !(to !== undefined && at >= to);
    if (asked) this.#lacks ??= `what entry ${String(index)} says`;
  }

  #countEntry({ sealed, index, kind }: AuditEntry): void {
    this.#counts.entries += 1;
    if (sealed === undefined) return;
    this.#counts.sealed += 1;
    const secret = this.#keys.get(sealed.tag);
    if (secret === undefined) return;
    const place = { log: this.#manifest!.log ?? '', index, kind };
    if (unseal(sealed, secret, place, this.#parts.crypto) === undefined) {
      throw new Break('its sealed part does not open with the key of its subject', index);
    }
    this.#counts.opened += 1;
  }

  async #takeHead(head: Signed<AuditHead>): Promise<void> {
    const { keeper, tenant, log } = this.#manifest!;
    const index = this.#chain.length - 1;
    // What it is about was taken out.
    if (head.index > index) throw new Break('it is missing', this.#chain.length);
    const isSecond = index === this.#headAt;
    if (head.index < index || isSecond || this.#chain.hash === undefined) {
      throw new Break('a signed head is not where it belongs', Math.max(head.index, 0));
    }
    const root = this.#tree ? toBase64url(this.#tree.root(this.#parts.crypto)) : head.root;
    const entry = { hash: this.#chain.hash };
    const owner = { keeper, ...(tenant !== undefined && { tenant }) };
    const { problem, counts } = await judgeHead(head, { ...owner, log, entry, root }, this.#parts);
    if (problem !== undefined) throw new Break(problem, index);
    this.#headAt = index;
    if (counts) this.#counts.heads += 1;
  }

  #takeKey({ tag, secret }: ShownKey): void {
    this.#holdOneMore();
    this.#keys.set(tag, fromBase64url(secret, 'key.secret'));
  }

  async #learn(didLog: unknown): Promise<void> {
    this.#holdOneMore();
    await this.#parts.learn(didLog);
  }

  /** A witness whose word does not verify says nothing; one that does must be right. */
  async #hear(witness: Signed<AuditWitness>): Promise<void> {
    this.#holdOneMore();
    const { keeper, log, by, index, hash, at } = witness;
    const same = keeper === this.#manifest!.keeper && log === this.#manifest!.log;
    if (!same || !(await this.#holds('audit-witness', witness, by, at))) return;
    this.#claim({ index, hash, at });
    this.#witnesses.push({ by, index, at });
  }

  async #look({ anchor: name, index, hash, at, proof }: AnchoredHead): Promise<void> {
    this.#holdOneMore();
    const { log } = this.#manifest!;
    const anchor = this.#parts.anchors?.find((known) => known.name === name);
    if (anchor === undefined || log === undefined) {
      this.#anchors.push({ anchor: name, index, at });
      return;
    }
    const digest = anchorDigest({ log, index, hash }, this.#parts.crypto);
    const bytes = fromBase64url(proof, 'anchor.proof');
    const holds = await anchor.verify(digest, { anchor: name, at: Date.parse(at), proof: bytes });
    this.#anchors.push({ anchor: name, index, at, holds });
    if (holds) this.#claim({ index, hash, at });
  }

  #claim(claim: Claim): void {
    if (claim.index < this.#chain.length && claim.index >= this.#manifest!.first) {
      throw new Break('a word on an entry comes after it', claim.index);
    }
    const claims = this.#claims.get(claim.index) ?? [];
    this.#claims.set(claim.index, [...claims, claim]);
  }

  /** Entries that others saw before this was made, and that are not here although nothing of the end was left out. */
  #missed(): void {
    const { end, size, at } = this.#manifest!;
    if (end < size) return;
    for (const [index, claims] of this.#claims) {
      if (index >= end && claims.some((claim) => claim.at <= at)) {
        throw new Break('it is missing, others saw it', end);
      }
    }
  }

  /** Whether what lies before the first entry and behind the last was not asked for. */
  #edges(): string | undefined {
    const { first, end, size, from, to } = this.#manifest!;
    const [firstAt, lastAt] = [this.#firstAt ?? '', this.#chain.at ?? ''];
    if (first > 0 && !(from !== undefined && firstAt < from)) return 'the entries before its first';
    if (end < size && !(to !== undefined && lastAt >= to)) return 'the entries behind its last';
    return undefined;
  }

  async #holds(
    kind: SignedKind,
    document: Signed<object>,
    signer: string,
    at?: string,
  ): Promise<boolean> {
    try {
      const time = at === undefined ? undefined : Date.parse(at);
      await verifySigned(kind, document, signer, this.#parts.verify, time);
      return true;
    } catch (error) {
      if (MeshError.is(error)) return false;
      throw error;
    }
  }

  #holdOneMore(): void {
    this.#held += 1;
    if (this.#held > heldLimit)
      throw new Break(`it has more than ${String(heldLimit)} keys and words`);
  }
}
