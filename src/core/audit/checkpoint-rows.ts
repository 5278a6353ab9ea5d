/**
 * What is kept of the heads of logs: the newest of each log of others, what peers said of this one, and proof of keepers that
 * signed two truths. All of it is bounded.
 * @module
 */
import { fromUtf8, utf8 } from '../../base/bytes.ts';
import { canonicalJson } from '../../base/canonical.ts';
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import { boolean, object, parseJson, type Shape } from '../../base/shape.ts';
import type { Store } from '../../ports/store.ts';
import type { Signed } from '../../schema/signed.ts';
import { type AnchoredHead, type AuditWitness, anchoredShape, witnessShape } from './bundle.ts';
import { type AuditHead, headShape } from './log-rows.ts';

/** Two heads of one log that cannot both be true. */
export interface Equivocation {
  readonly first: Signed<AuditHead>;
  readonly second: Signed<AuditHead>;
  /**
   * Whether the two say it themselves: same number, other hash. Otherwise the keeper could not show that the longer log goes on
   * from the shorter.
   */
  readonly proven: boolean;
}

/** Logs of others whose newest head is kept, in all and for one keeper. */
const keptLimit = 1_024;
const keptPerKeeper = 8;
/** Rows of each other sort. */
const rowLimit = 64;

/** Rows about heads, in a store of their own. */
export class CheckpointRows {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The newest head of a log that is kept here. */
  async kept({
    keeper,
    log,
  }: Pick<AuditHead, 'keeper' | 'log'>): Promise<Signed<AuditHead> | undefined> {
    const key = keptKey(keeper, log);
    const row = await this.#store.get(key);
    return row && parse(row.value, headShape, key);
  }

  /** Keeps `head` as the newest of its log; false when there is no room for another log. */
  async keep(head: Signed<AuditHead>): Promise<boolean> {
    const key = keptKey(head.keeper, head.log);
    if ((await this.#store.get(key)) === undefined) {
      const mine = await this.#count(`kept/${head.keeper}/`, keptPerKeeper);
      if (mine >= keptPerKeeper || (await this.#count('kept/', keptLimit)) >= keptLimit)
        return false;
    }
    await this.#put(key, head);
    return true;
  }

  /** Heads that are kept: of `keeper`, or of all. */
  heads(keeper?: Did, limit = keptLimit): Promise<Signed<AuditHead>[]> {
    return this.#all(keeper === undefined ? 'kept/' : `kept/${keeper}/`, headShape, limit);
  }

  /** Keeps what a peer said last of a log of this node. */
  async witness(witness: Signed<AuditWitness>): Promise<void> {
    const key = `witness/${witness.by}`;
    const isNew = (await this.#store.get(key)) === undefined;
    if (isNew && (await this.#count('witness/', rowLimit)) >= rowLimit) return;
    await this.#put(key, witness);
  }

  /** What peers said last of `log`. */
  async witnesses(log: string): Promise<Signed<AuditWitness>[]> {
    const all = await this.#all('witness/', witnessShape, rowLimit);
    return all.filter((witness) => witness.log === log);
  }

  /** Keeps a proof of an anchor; the oldest of each anchor make room. */
  async anchored(head: AnchoredHead): Promise<void> {
    const prefix = `anchor/${encodeURIComponent(head.anchor)}/`;
    const keys: string[] = [];
    for await (const { key } of this.#store.scan({ prefix })) keys.push(key);
    const old = keys.slice(0, Math.max(0, keys.length - rowLimit + 1)).map((key) => ({ del: key }));
    const put = `${prefix}${String(head.index).padStart(16, '0')}`;
    await this.#store.write([...old, { put, value: utf8(canonicalJson(head)) }]);
  }

  /** Proofs of anchors, oldest first. */
  anchors(): Promise<AnchoredHead[]> {
    return this.#all('anchor/', anchoredShape, rowLimit * rowLimit);
  }

  /**
   * Keeps a proof against a keeper; true when it is the first against this log. What is proven is told even where there is no
   * room to keep it: suspicions that others raise must not hide it.
   */
  async accuse(evidence: Equivocation): Promise<boolean> {
    const { keeper, log } = evidence.first;
    const key = `evidence/${keeper}/${log}`;
    const before = await this.#store.get(key);
    const known = before && parse(before.value, evidenceShape, key);
    if (known?.proven === true || known?.proven === evidence.proven) return false;
    if (known === undefined && (await this.#count('evidence/', rowLimit)) >= rowLimit) {
      return evidence.proven;
    }
    await this.#put(key, evidence);
    return true;
  }

  /** Proofs against keepers. */
  equivocations(): Promise<Equivocation[]> {
    return this.#all('evidence/', evidenceShape, rowLimit);
  }

  async #put(key: string, value: unknown): Promise<void> {
    await this.#store.write([{ put: key, value: utf8(canonicalJson(value)) }]);
  }

  async #count(prefix: string, limit: number): Promise<number> {
    let count = 0;
    for await (const _ of this.#store.scan({ prefix, limit })) count += 1;
    return count;
  }

  /** What cannot be read any more is left out: it is of use only when it can. */
  async #all<T>(prefix: string, shape: Shape<T>, limit: number): Promise<T[]> {
    const all: T[] = [];
    for await (const { key, value } of this.#store.scan({ prefix, limit })) {
      const read = parse(value, shape, key);
      if (read !== undefined) all.push(read);
    }
    return all;
  }
}

function keptKey(keeper: Did, log: string): string {
  return `kept/${keeper}/${log}`;
}

function parse<T>(value: Uint8Array, shape: Shape<T>, key: string): T | undefined {
  try {
    return parseJson(fromUtf8(value, key), shape, key);
  } catch (error) {
    if (MeshError.is(error)) return undefined;
    throw error;
  }
}

const evidenceShape: Shape<Equivocation> = object({
  first: headShape,
  second: headShape,
  proven: boolean,
});
