/**
 * Writing over one connection, within a transaction somebody else began.
 * @module
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Change, Commit, Condition, Key, Revision } from '../../../ports/store.ts';
import type { Bounds } from '../parts/bounds.ts';
import { type Horizon, type Position, recordLength } from '../parts/follow.ts';
import type { Change as Edit, WriteRequest } from '../parts/write-request.ts';

/** The most changes, or bytes of values, of one page. */
const pageLength = 256;
const pageBytes = 1024 * 1024;

/** The most expired entries one transaction clears away. */
const clearedAtOnce = 256;

interface LogRow {
  readonly position: Position;
  readonly revision: Revision;
  readonly key: Key;
  readonly value: Uint8Array | null;
}

/** The log and the entries it makes. */
export class Writer {
  readonly #historyBytes: number;
  readonly #sql: ReturnType<typeof statements>;

  constructor(database: DatabaseSync, historyBytes: number) {
    this.#historyBytes = historyBytes;
    this.#sql = statements(database);
  }

  /** Applies `request` if its conditions hold. */
  apply({ changes, conditions }: WriteRequest, now: number): Commit {
    const failed = conditions.find((condition) => !this.#holds(condition, now));
    if (failed !== undefined) return { ok: false, conflict: failed.key };
    const last = this.#last();
    if (changes.length === 0) return { ok: true, revision: last.revision };
    const revision = last.revision + 1;
    let { position } = last;
    for (const change of changes) {
      position = this.#append(change, revision, position, now);
    }
    return { ok: true, revision };
  }

  /** Deletes what has expired and forgets what is dead and old: the housekeeping of one transaction. */
  tidy(now: number): void {
    this.#clear(now);
    this.#forget(this.end() - this.#historyBytes);
  }

  /** Deletes every value that is no longer an entry's, however new. Followers still learn of deletes. */
  wipe(now: number): void {
    while (this.#clear(now) === clearedAtOnce);
    this.#sql.wipe.run();
    this.#sql.forgetWiped.run();
  }

  end(): Position {
    return this.#last().position;
  }

  horizon(): Horizon {
    return this.#sql.horizon.get() as unknown as Horizon;
  }

  /** The position of the last record with a revision of at most `revision`, or 0. */
  positionAt(revision: Revision): Position {
    return (this.#sql.positionAt.get(revision)?.['position'] as number | undefined) ?? 0;
  }

  read(after: Position, { low, high }: Bounds): { changes: readonly Change[]; position: Position } {
    const end = this.end();
    const changes: Change[] = [];
    let bytes = 0;
    for (const row of this.#sql.changes.iterate({ after, end, low, high: high ?? null })) {
      const { position, ...change } = row as unknown as LogRow;
      changes.push(toChange(change));
      bytes += change.value?.length ?? 0;
      if (changes.length === pageLength || bytes >= pageBytes) return { changes, position };
    }
    return { changes, position: end };
  }

  #holds({ key, revision }: Condition, now: number): boolean {
    const found = this.#sql.revision.get({ key, now })?.['revision'] as number | undefined;
    return (found ?? null) === revision;
  }

  #append({ key, value, ttlMs }: Edit, revision: Revision, after: Position, now: number): Position {
    const position = after + recordLength(key, value);
    this.#sql.bury.run(key);
    this.#sql.append.run(position, revision, key, value ?? null);
    if (value === undefined) {
      this.#sql.remove.run(key);
      this.#sql.die.run(position);
    } else {
      this.#sql.enter.run(key, position, ttlMs === undefined ? null : Math.ceil(now + ttlMs));
    }
    return position;
  }

  /** Deletes entries that have expired, a number of them, and says how many. */
  #clear(now: number): number {
    const expired = this.#sql.expired.all(now) as unknown as { key: Key }[];
    const { position, revision } = this.#last();
    let end = position;
    for (const { key } of expired) {
      end = this.#append({ key, value: undefined, ttlMs: undefined }, revision + 1, end, now);
    }
    return expired.length;
  }

  #forget(edge: Position): void {
    const newest = this.#sql.newestDead.get(edge)?.['position'] as number | undefined;
    if (newest === undefined) return;
    this.#sql.moveHorizon.run({ newest });
    this.#sql.forget.run(newest);
    this.#sql.forgetDead.run(newest);
  }

  #last(): Horizon {
    return (this.#sql.last.get() as Horizon | undefined) ?? { position: 0, revision: 0 };
  }
}

function statements(database: DatabaseSync): Record<StatementName, StatementSync> {
  const prepared = Object.entries(sql).map(([name, text]) => [name, database.prepare(text)]);
  return Object.fromEntries(prepared) as Record<StatementName, StatementSync>;
}

type StatementName = keyof typeof sql;

const sql = {
  last: 'SELECT position, revision FROM log ORDER BY position DESC LIMIT 1',
  horizon: 'SELECT position, revision FROM horizon',
  revision: `SELECT log.revision FROM entries JOIN log ON log.position = entries.position
    WHERE entries.key = :key AND (entries.expires IS NULL OR entries.expires > :now)`,
  bury: 'INSERT INTO dead SELECT position FROM entries WHERE key = ?',
  append: 'INSERT INTO log (position, revision, key, value) VALUES (?, ?, ?, ?)',
  enter: 'INSERT OR REPLACE INTO entries (key, position, expires) VALUES (?, ?, ?)',
  remove: 'DELETE FROM entries WHERE key = ?',
  wipe: 'DELETE FROM log WHERE position IN (SELECT position FROM dead) AND value IS NOT NULL',
  forgetWiped: 'DELETE FROM dead WHERE position NOT IN (SELECT position FROM log)',
  die: 'INSERT INTO dead VALUES (?)',
  expired: `SELECT key FROM entries WHERE expires <= ? LIMIT ${String(clearedAtOnce)}`,
  newestDead: 'SELECT position FROM dead WHERE position <= ? ORDER BY position DESC LIMIT 1',
  moveHorizon: `UPDATE horizon
    SET (position, revision) = (SELECT position, revision FROM log WHERE position = :newest)
    WHERE position < :newest`,
  forget: 'DELETE FROM log WHERE position IN (SELECT position FROM dead WHERE position <= ?)',
  forgetDead: 'DELETE FROM dead WHERE position <= ?',
  positionAt: 'SELECT position FROM log WHERE revision <= ? ORDER BY position DESC LIMIT 1',
  changes: `SELECT position, revision, key, value FROM log
    WHERE position > :after AND position <= :end AND key >= :low AND (:high IS NULL OR key < :high)
    ORDER BY position`,
} as const;

function toChange({ key, revision, value }: Omit<LogRow, 'position'>): Change {
  if (value === null) return { key, revision, deleted: true };
  return { key, revision, deleted: false, value };
}
