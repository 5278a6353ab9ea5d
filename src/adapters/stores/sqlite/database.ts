/**
 * Opening the file of a store: the folder, the settings, the format.
 *
 * Format 1. `log` holds every change under its position, which grows by the bytes of each record; `entries` says which of
 * them is the present one of a key; `dead` names those that are not (superseded values, markers of deletes), so that they
 * can be forgotten once they lie far enough behind the end; `horizon` is the newest record forgotten.
 * @module
 */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type * as Sqlite from 'node:sqlite';
import { MeshError } from '../../../base/errors.ts';
import type { Durability } from '../../../ports/store.ts';
import { storeError } from './store-error.ts';

/** The format this release writes, and the newest it reads. */
const format = 1;

/** `PRAGMA application_id` of a mesh store: "mesh" in ASCII. */
const applicationId = 0x6d657368;

/** How long opening waits for another process that opens or recovers the same file. */
const openBusyMs = 5_000;

/** How long a statement blocks the thread for another process; writers try again by timer. */
export const statementBusyMs = 50;

const schema = `
  CREATE TABLE log (
    position INTEGER PRIMARY KEY, revision INTEGER NOT NULL, key TEXT NOT NULL, value BLOB
  ) STRICT;
  CREATE TABLE entries (
    key TEXT PRIMARY KEY, position INTEGER NOT NULL, expires INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX expiring ON entries (expires) WHERE expires IS NOT NULL;
  CREATE TABLE dead (position INTEGER PRIMARY KEY) STRICT;
  CREATE TABLE horizon (position INTEGER NOT NULL, revision INTEGER NOT NULL) STRICT;
  INSERT INTO horizon VALUES (0, 0);
  PRAGMA application_id = ${String(applicationId)};
  PRAGMA user_version = ${String(format)};
`;

/** How a store's file is opened. */
export interface DatabaseOptions {
  readonly folder: string;
  readonly durable: Exclude<Durability, 'none'>;
  /** The most the file may grow to, in bytes. */
  readonly maxBytes: number | undefined;
}

/** A connection for reading and writing; makes folder and file when they are missing. */
export function openDatabase({ folder, durable, maxBytes }: DatabaseOptions): Sqlite.DatabaseSync {
  const file = fileOf(folder);
  let database: Sqlite.DatabaseSync | undefined;
  try {
    // A store holds keys: nobody but the owner may read what is made here.
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    closeSync(openSync(file, 'a', 0o600));
    database = new (sqlite().DatabaseSync)(file);
    prepare(database, folder, durable);
    if (maxBytes !== undefined) limitSize(database, maxBytes);
    return database;
  } catch (error) {
    database?.close();
    throw storeError(error, folder);
  }
}

/** A connection that reads what was committed up to now, whatever is written later. */
export function openSnapshot(folder: string): Sqlite.DatabaseSync {
  try {
    const database = new (sqlite().DatabaseSync)(fileOf(folder), { readOnly: true });
    database.exec(`PRAGMA busy_timeout = ${String(openBusyMs)}; BEGIN; SELECT * FROM horizon;`);
    return database;
  } catch (error) {
    throw storeError(error, folder);
  }
}

/** The first number of the first row of `sql`. */
export function numberOf(database: Sqlite.DatabaseSync, sql: string): number {
  const row = database.prepare(sql).get();
  return row === undefined ? 0 : Number(Object.values(row)[0]);
}

/** The `synchronous` setting that gives a durability in WAL mode. */
export function setDurability(
  database: Sqlite.DatabaseSync,
  durable: Exclude<Durability, 'none'>,
): void {
  database.exec(`PRAGMA synchronous = ${durable === 'power' ? 'FULL' : 'NORMAL'}`);
}

function fileOf(folder: string): string {
  return join(folder, 'mesh.sqlite');
}

function prepare(
  database: Sqlite.DatabaseSync,
  folder: string,
  durable: 'process' | 'power',
): void {
  database.exec(`PRAGMA busy_timeout = ${String(openBusyMs)}`);
  // Looked at before anything is changed: a file of something else stays as it is.
  checkFormat(database, folder);
  // What is deleted is overwritten: a key that was purged lies in no free page.
  database.exec('PRAGMA secure_delete = ON');
  database.exec('PRAGMA journal_mode = WAL');
  setDurability(database, durable);
  if (numberOf(database, 'PRAGMA user_version') === 0) create(database);
  database.exec(`PRAGMA busy_timeout = ${String(statementBusyMs)}`);
}

function checkFormat(database: Sqlite.DatabaseSync, folder: string): void {
  const tables = numberOf(database, 'SELECT count(*) FROM sqlite_schema');
  if (tables > 0 && numberOf(database, 'PRAGMA application_id') !== applicationId) {
    const detail = 'the database belongs to another program';
    throw new MeshError('STORE_CORRUPT', { store: folder, detail });
  }
  const found = numberOf(database, 'PRAGMA user_version');
  if (found > format) {
    throw new MeshError('STORE_VERSION', { store: folder, found, supported: format });
  }
}

function create(database: Sqlite.DatabaseSync): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    // Another process may have been first.
    if (numberOf(database, 'PRAGMA user_version') === 0) database.exec(schema);
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

function limitSize(database: Sqlite.DatabaseSync, maxBytes: number): void {
  const pages = Math.floor(maxBytes / numberOf(database, 'PRAGMA page_size'));
  database.exec(`PRAGMA max_page_count = ${String(Math.max(1, pages))}`);
}

// Asked for at the first use, not by an import: so this module loads everywhere, and Node 22 warns only who uses it.
function sqlite(): typeof Sqlite {
  const module = process.getBuiltinModule('node:sqlite') as typeof Sqlite | undefined;
  if (module !== undefined) return module;
  throw new MeshError('UNSUPPORTED', { feature: 'node:sqlite', by: `Node ${process.version}` });
}
