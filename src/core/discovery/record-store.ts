/**
 * Keeps the newest verified record of every agent, and refuses what is forged, stale, contradictory or too much.
 * @module
 */
import { fromUtf8, utf8 } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import { type Did, splitDidUrl } from '../../base/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Op, Store } from '../../ports/store.ts';
import type { SignedAgentRecord } from '../../schema/agent-record.ts';
import type { DidLog } from '../../schema/did-log.ts';
import { type Proof, verifySigned } from '../../schema/signed.ts';
import {
  type HeldRecord,
  prevails,
  readRecord,
  recordInvalid,
  recordLimits,
  standingOf,
} from './held-record.ts';
import type { Keys } from './needs.ts';
import { clockSkewMs } from './ranking.ts';

/** Bounds of a `RecordStore`. Withdrawn records count; own records are always kept. */
export interface RecordBounds {
  /** Default 1,000. */
  readonly perPublisher?: number;
  /** Default 100,000. */
  readonly total?: number;
}

/** Options of `RecordStore`. */
export interface RecordStoreOptions {
  readonly own: Did;
  readonly store: Store;
  readonly clock: Clock;
  readonly keys: Pick<Keys, 'verify' | 'learn' | 'retired'>;
  /** Whether records of `publisher` are kept at all. */
  readonly welcomes: (publisher: Did) => boolean;
  /** Told after every change: what is held now, and what was held before. */
  readonly changed: (now: HeldRecord | undefined, before: HeldRecord | undefined) => void;
  /** Told once of two records that one publisher signed with the same sequence: proof of a fault. */
  readonly reportEquivocation?:
    | ((one: SignedAgentRecord, other: SignedAgentRecord) => void)
    | undefined;
  readonly bounds?: RecordBounds | undefined;
}

/** A record that was not taken. */
export interface Refusal {
  readonly error: MeshError;
  /** The sender could have known better: it does not parse, or its signature does not hold. */
  readonly fault: boolean;
  /** What was refused, when it could be read. */
  readonly held?: HeldRecord;
}

/** What became of the records offered. Those already known, or older than what is known, are in neither list. */
export interface Intake {
  readonly accepted: readonly HeldRecord[];
  readonly refused: readonly Refusal[];
}

const prefix = 'record/';
/** Contradictions remembered, so that each is reported once. */
const contradictionsRemembered = 1_000;

/** The records of a node, withdrawn ones included until they expire. */
export class RecordStore {
  readonly #options: RecordStoreOptions;
  readonly #held = new Map<string, HeldRecord>();
  readonly #perPublisher = new Map<Did, number>();
  readonly #contradictions = new Set<string>();
  #writing: Promise<unknown> = Promise.resolve();

  constructor(options: RecordStoreOptions) {
    this.#options = options;
  }

  /** Records held, withdrawn ones included. */
  get size(): number {
    return this.#held.size;
  }

  /** The record under a key of {@link HeldRecord.key}. */
  get(key: string): HeldRecord | undefined {
    return this.#held.get(key);
  }

  /** Everything held. */
  values(): Iterable<HeldRecord> {
    return this.#held.values();
  }

  /**
   * Reads what an earlier run has kept. Signatures were verified before the write and are not verified again: who can
   * write this store can also take the keys of this node. What cannot be read is dropped; peers have it.
   */
  async load(): Promise<void> {
    const lost: Op[] = [];
    for await (const { key, value } of this.#options.store.scan({ prefix })) {
      const held = readStored(value);
      if (held === undefined || this.#isExpired(held)) lost.push({ del: key });
      else this.#place(held);
    }
    if (lost.length > 0) await this.#options.store.write(lost);
  }

  /**
   * Takes in foreign records that are well-formed, signed by their publisher, in time and newer than what is held.
   * Of `logs`, the histories of their publishers, only those are read that decide about a record.
   */
  async offer(foreign: readonly unknown[], logs: readonly DidLog[] = []): Promise<Intake> {
    const unread = new Map(logs.map((log) => [log[0]?.did, log]));
    const refused: Refusal[] = [];
    const verified: HeldRecord[] = [];
    for (const item of foreign) {
      const outcome = await this.#examine(item, unread);
      if (outcome === undefined) continue;
      if ('error' in outcome) refused.push(outcome);
      else verified.push(outcome);
    }
    const accepted = await this.#commit(verified, refused);
    return { accepted, refused };
  }

  /** Keeps a record this node has just signed. Throws `RECORD_INVALID` when it is not newer than what is held. */
  async keep(record: SignedAgentRecord): Promise<HeldRecord> {
    const held = readRecord(record);
    const [kept] = await this.#commit([held], []);
    if (kept === undefined) throw recordInvalid(record.id, 'a newer one is known');
    return kept;
  }

  /** Drops every record of `publisher`, or those that one of `keys`, Multikeys, has signed. */
  async forget(publisher: Did, keys?: readonly string[]): Promise<void> {
    const isBy = ({ keyId }: Proof): boolean => keys?.includes(splitDidUrl(keyId).fragment) ?? true;
    await this.#drop(({ record }) => record.meshId === publisher && isBy(record.proof));
  }

  /** Drops what has expired. */
  async prune(): Promise<void> {
    await this.#drop((held) => this.#isExpired(held));
  }

  async #examine(
    item: unknown,
    unread: Map<Did | undefined, DidLog>,
  ): Promise<HeldRecord | Refusal | undefined> {
    let held: HeldRecord | undefined;
    try {
      held = readRecord(item);
      // Most of what a flood brings is known; it costs no signature check.
      const standing = standingOf(held, this.#held.get(held.key));
      if (standing === 'same' || standing === 'older') return undefined;
      const refusal = this.#refusal(held);
      if (refusal !== undefined) return refusal;
      await this.#learn(held.record.meshId, unread);
      const { verify } = this.#options.keys;
      await verifySigned('agent-record', held.record, held.record.meshId, verify);
      return held;
    } catch (error) {
      if (!MeshError.is(error)) throw error;
      if (held === undefined) return { error, fault: true };
      // Who brings a record signed before its publisher's keys changed has not heard of that yet.
      const retired = await this.#options.keys.retired?.(held.record.proof.keyId);
      return { error, fault: retired !== true, held };
    }
  }

  /** Why a well-formed record is not taken at this moment, through no fault of who sent it. */
  #refusal(held: HeldRecord): Refusal | undefined {
    const { id, meshId, issuedAt } = held.record;
    const { clock, welcomes } = this.#options;
    const because = (detail: string): Refusal => ({
      error: recordInvalid(id, detail),
      fault: false,
      held,
    });
    if (this.#isExpired(held)) return because('it has expired');
    if (Date.parse(issuedAt) > clock.now() + clockSkewMs) return because('it is from the future');
    if (!welcomes(meshId)) return because('its publisher is quarantined');
    return this.#overflow(held, []);
  }

  /** A history that is refused is not fatal: the signature is then checked with the keys known before. */
  async #learn(publisher: Did, unread: Map<Did | undefined, DidLog>): Promise<void> {
    const log = unread.get(publisher);
    if (log === undefined) return;
    unread.delete(publisher);
    try {
      await this.#options.keys.learn(log);
    } catch (error) {
      if (!MeshError.is(error)) throw error;
    }
  }

  /** Decides, writes and applies as one step; one step at a time, so that no write overtakes another. */
  #commit(records: readonly HeldRecord[], refused: Refusal[]): Promise<HeldRecord[]> {
    return this.#exclusive(async () => {
      const winners = new Map<string, HeldRecord>();
      for (const held of records) {
        const current = winners.get(held.key) ?? this.#held.get(held.key);
        if (!this.#wins(held, current, refused)) continue;
        const overflow = this.#overflow(held, winners.values());
        if (overflow === undefined) winners.set(held.key, held);
        else refused.push(overflow);
      }
      const accepted = [...winners.values()];
      if (accepted.length > 0) await this.#options.store.write(accepted.map(toOp));
      for (const held of accepted) this.#place(held);
      return accepted;
    });
  }

  #wins(held: HeldRecord, current: HeldRecord | undefined, refused: Refusal[]): boolean {
    const standing = standingOf(held, current);
    if (standing !== 'contradicts') return standing === 'newer';
    const { id, sequence } = held.record;
    const detail = `its publisher signed two different records with sequence ${String(sequence)}`;
    refused.push({ error: recordInvalid(id, detail), fault: false, held });
    this.#report(current!, held);
    return prevails(held, current!);
  }

  #report(one: HeldRecord, other: HeldRecord): void {
    const name = `${one.key}@${String(one.record.sequence)}`;
    if (this.#contradictions.has(name)) return;
    if (this.#contradictions.size >= contradictionsRemembered) this.#contradictions.clear();
    this.#contradictions.add(name);
    this.#options.reportEquivocation?.(one.record, other.record);
  }

  /** The bound that `held` would exceed, if it came on top of `others`. What replaces something always fits. */
  #overflow(held: HeldRecord, others: Iterable<HeldRecord>): Refusal | undefined {
    const { meshId } = held.record;
    if (this.#held.has(held.key) || meshId === this.#options.own) return undefined;
    const { perPublisher = 1_000, total = 100_000 } = this.#options.bounds ?? {};
    const fresh = [...others].filter(({ key }) => !this.#held.has(key) && key !== held.key);
    const ofPublisher = fresh.filter(({ record }) => record.meshId === meshId).length;
    if ((this.#perPublisher.get(meshId) ?? 0) + ofPublisher >= perPublisher) {
      return overflowing(held, `the number of records of ${meshId}`, perPublisher);
    }
    if (this.size + fresh.length >= total) {
      return overflowing(held, 'the number of records held', total);
    }
    return undefined;
  }

  async #drop(goes: (held: HeldRecord) => boolean): Promise<void> {
    await this.#exclusive(async () => {
      const gone = [...this.#held.values()].filter(goes);
      if (gone.length === 0) return;
      await this.#options.store.write(gone.map(({ key }) => ({ del: prefix + key })));
      for (const held of gone) this.#displace(held);
    });
  }

  #place(held: HeldRecord): void {
    const before = this.#held.get(held.key);
    this.#held.set(held.key, held);
    if (before === undefined) this.#count(held.record.meshId, 1);
    this.#options.changed(held, before);
  }

  #displace(held: HeldRecord): void {
    this.#held.delete(held.key);
    this.#count(held.record.meshId, -1);
    this.#options.changed(undefined, held);
  }

  #count(publisher: Did, by: number): void {
    const count = (this.#perPublisher.get(publisher) ?? 0) + by;
    if (count === 0) this.#perPublisher.delete(publisher);
    else this.#perPublisher.set(publisher, count);
  }

  #isExpired({ expiresMs }: HeldRecord): boolean {
    return expiresMs + clockSkewMs <= this.#options.clock.now();
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#writing.then(work);
    this.#writing = result.catch(() => undefined);
    return result;
  }
}

function overflowing(held: HeldRecord, what: string, limit: number): Refusal {
  const error = new MeshError('LIMIT_EXCEEDED', { what, limit, got: limit + 1 });
  return { error, fault: false, held };
}

function toOp({ key, record }: HeldRecord): Op {
  return { put: prefix + key, value: utf8(JSON.stringify(record)) };
}

function readStored(value: Uint8Array): HeldRecord | undefined {
  try {
    if (value.length > 2 * recordLimits.bytes) return undefined;
    return readRecord(JSON.parse(fromUtf8(value)));
  } catch {
    return undefined;
  }
}
