/**
 * The change log of a memory store: records in commit order, forgotten when they are dead and far behind the end.
 * @module
 */
import type { Change, Key, Revision } from '../../../ports/store.ts';
import { type Bounds, inBounds } from '../parts/bounds.ts';
import { type Horizon, type Position, recordLength } from '../parts/follow.ts';

/** One change, and the entry it made for as long as it lives. */
export interface LogRecord {
  readonly key: Key;
  /** Undefined for a delete. */
  readonly value: Uint8Array | undefined;
  readonly revision: Revision;
  /** Epoch milliseconds; infinite for ever. */
  readonly expires: number;
  readonly position: Position;
}

/** The most changes of one page. */
const pageLength = 256;

/** Below this many, forgotten records are not worth the sweep. */
const sweepAt = 64;

/** Appends, lets die, forgets. */
export class ChangeLog {
  readonly #historyBytes: number;
  #records: LogRecord[] = [];
  readonly #dead = new Set<LogRecord>();
  readonly #forgotten = new Set<LogRecord>();
  /** Records before this index lie farther behind the end than the history reaches. */
  #old = 0;
  #end: Position = 0;
  #horizon: Horizon = { position: 0, revision: 0 };

  constructor(historyBytes: number) {
    this.#historyBytes = historyBytes;
  }

  get end(): Position {
    return this.#end;
  }

  get horizon(): Horizon {
    return this.#horizon;
  }

  append(change: Omit<LogRecord, 'position'>): LogRecord {
    this.#end += recordLength(change.key, change.value);
    const record = { ...change, position: this.#end };
    this.#records.push(record);
    if (record.value === undefined) this.#dead.add(record);
    return record;
  }

  /** Says that `record` is no longer an entry. */
  bury(record: LogRecord): void {
    this.#dead.add(record);
    if (record.position <= this.#edge) this.#forget(record);
  }

  /** Lets go of every value that is no longer an entry's. Followers still learn of deletes. */
  wipe(): void {
    for (const record of this.#dead) {
      if (record.value === undefined) continue;
      this.#dead.delete(record);
      this.#forgotten.add(record);
    }
    this.#sweep();
    this.#old = 0;
  }

  /** Forgets what is dead and old enough. */
  trim(): void {
    for (; this.#old < this.#records.length; this.#old += 1) {
      const record = this.#records[this.#old]!;
      if (record.position > this.#edge) break;
      if (this.#dead.has(record)) this.#forget(record);
    }
    if (this.#forgotten.size >= sweepAt && this.#forgotten.size * 2 > this.#records.length) {
      this.#sweep();
    }
  }

  /** The position of the last record with a revision of at most `revision`, or 0. */
  positionAt(revision: Revision): Position {
    return this.#records.findLast((record) => record.revision <= revision)?.position ?? 0;
  }

  read(after: Position, bounds: Bounds): { changes: readonly Change[]; position: Position } {
    const changes: Change[] = [];
    for (let i = this.#indexBehind(after); i < this.#records.length; i += 1) {
      const record = this.#records[i]!;
      if (!inBounds(bounds, record.key) || this.#forgotten.has(record)) continue;
      changes.push(toChange(record));
      if (changes.length === pageLength) return { changes, position: record.position };
    }
    return { changes, position: this.#end };
  }

  get #edge(): Position {
    return this.#end - this.#historyBytes;
  }

  #forget(record: LogRecord): void {
    this.#dead.delete(record);
    this.#forgotten.add(record);
    const { position, revision } = record;
    if (position > this.#horizon.position) this.#horizon = { position, revision };
  }

  #sweep(): void {
    const forgottenOld = this.#forgotten.size;
    this.#records = this.#records.filter((record) => !this.#forgotten.has(record));
    this.#old -= forgottenOld;
    this.#forgotten.clear();
  }

  #indexBehind(position: Position): number {
    let low = 0;
    let high = this.#records.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#records[middle]!.position > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function toChange({ key, value, revision }: LogRecord): Change {
  if (value === undefined) return { key, revision, deleted: true };
  return { key, revision, deleted: false, value: value.slice() };
}
