/**
 * Reading entries over one connection.
 * @module
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Entry, Key } from '../../../ports/store.ts';
import type { Bounds } from '../parts/bounds.ts';
import { checkKey } from '../parts/keys.ts';
import type { Page } from '../parts/scan.ts';

/** A page of a scan ends once its values have this many bytes, so that no page is too big for memory. */
const pageBytes = 1024 * 1024;

interface EntryRow {
  readonly key: Key;
  readonly value: Uint8Array;
  readonly revision: number;
  readonly expires: number | null;
}

const columns = `
  SELECT entries.key, log.value, log.revision, entries.expires
  FROM entries JOIN log ON log.position = entries.position
  WHERE (entries.expires IS NULL OR entries.expires > :now)`;

/** The entries a connection sees. */
export class Reader {
  readonly #database: DatabaseSync;
  readonly #now: () => number;
  readonly #one: StatementSync;
  readonly #pages = new Map<string, StatementSync>();

  constructor(database: DatabaseSync, now: () => number) {
    this.#database = database;
    this.#now = now;
    this.#one = database.prepare(`${columns} AND entries.key = :key`);
  }

  get(key: Key): Entry | undefined {
    const row = this.#one.get({ now: this.#now(), key: checkKey(key) });
    return row === undefined ? undefined : toEntry(row as unknown as EntryRow);
  }

  page({ low, high }: Bounds, reverse: boolean, limit: number): Page {
    const statement = this.#pageStatement(high !== undefined, reverse);
    const entries: Entry[] = [];
    let bytes = 0;
    const parameters = { now: this.#now(), low, ...(high !== undefined && { high }) };
    for (const row of statement.iterate(parameters)) {
      if (entries.length === limit || bytes >= pageBytes) return { entries, more: true };
      const entry = toEntry(row as unknown as EntryRow);
      entries.push(entry);
      bytes += entry.value.length;
    }
    return { entries, more: false };
  }

  #pageStatement(bounded: boolean, reverse: boolean): StatementSync {
    const end = bounded ? 'AND entries.key < :high' : '';
    const sql = `${columns} AND entries.key >= :low ${end} ORDER BY entries.key ${reverse ? 'DESC' : 'ASC'}`;
    const statement = this.#pages.get(sql) ?? this.#database.prepare(sql);
    this.#pages.set(sql, statement);
    return statement;
  }
}

function toEntry({ key, value, revision, expires }: EntryRow): Entry {
  return expires === null ? { key, value, revision } : { key, value, revision, expires };
}
