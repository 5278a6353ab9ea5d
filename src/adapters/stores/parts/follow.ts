/**
 * Following a change log: from where a follower left it, then for as long as it listens.
 *
 * A log numbers its records by position. Records that are superseded, and the markers of deletes, are forgotten once
 * they lie far enough behind the end; the horizon is the newest record forgotten. Whoever is not past the horizon may
 * have missed something and is told so. The records of live entries stay, so a new follower (`from` 0) can always begin.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import type { Change, Key, Revision } from '../../../ports/store.ts';
import type { Bell } from './bell.ts';
import { type Bounds, boundsOfPrefix } from './bounds.ts';

/** A place in the log. Grows with the bytes written, so a distance between two places is an amount of history. */
export type Position = number;

/** How much history is kept for followers that were away: the last 16 MiB written. */
export const defaultHistoryBytes = 16 * 1024 * 1024;

/** Bytes a record takes in the log beside its key and value. */
const recordOverhead = 64;

/** How far a record moves the end of the log. */
export function recordLength(key: Key, value: Uint8Array | undefined): number {
  return recordOverhead + key.length + (value?.length ?? 0);
}

/** The newest record forgotten; zeros when none was. */
export interface Horizon {
  readonly position: Position;
  readonly revision: Revision;
}

/** What following needs of a store. */
export interface FollowedLog {
  readonly bell: Bell;
  assertOpen(): void;
  horizon(): Horizon;
  end(): Position;
  /** The position of the last record with a revision of at most `revision`, or 0. */
  positionAt(revision: Revision): Position;
  /** Changes within `bounds` behind `after`, a page of them, and how far the log was read; `after` when there is no more. */
  read(after: Position, bounds: Bounds): { changes: readonly Change[]; position: Position };
}

/** Every change under `prefix` after `from` (default: from this call on) until `signal` fires. */
export function follow(
  log: FollowedLog,
  prefix: Key,
  from: Revision | undefined,
  signal: AbortSignal | undefined,
): AsyncIterable<Change> {
  // "Now" is the moment of the call, not of the first step of the iteration, so the beginning is fixed at once.
  try {
    log.assertOpen();
    return steps(log, boundsOfPrefix(prefix), begin(log, from), signal);
  } catch (error) {
    return failing(error as Error);
  }
}

interface Beginning {
  readonly position: Position;
  readonly from: Revision;
  /** What was forgotten up to here does not matter to this follower. */
  readonly forgiven: Position;
}

function begin(log: FollowedLog, from: Revision | undefined): Beginning {
  const horizon = log.horizon();
  if (from === undefined) return { position: log.end(), from: 0, forgiven: 0 };
  if (from === 0) return { position: 0, from: 0, forgiven: horizon.position };
  if (from < horizon.revision) throw missed(from);
  return { position: Math.max(log.positionAt(from), horizon.position), from, forgiven: 0 };
}

async function* steps(
  log: FollowedLog,
  bounds: Bounds,
  { position, from, forgiven }: Beginning,
  signal: AbortSignal | undefined,
): AsyncGenerator<Change, undefined> {
  let seen = position;
  let revision = from;
  const stopped = (): boolean => signal?.aborted === true;
  while (!stopped()) {
    log.assertOpen();
    const horizon = log.horizon();
    if (seen < horizon.position && horizon.position > forgiven) throw missed(revision);
    const page = log.read(seen, bounds);
    if (page.position === seen) await log.bell.next(signal);
    seen = page.position;
    for (const change of page.changes) {
      if (change.revision <= from) continue;
      revision = change.revision;
      yield change;
      if (stopped()) return;
    }
  }
}

function missed(revision: Revision): MeshError {
  return new MeshError('NOT_FOUND', { what: 'the change log after revision', id: revision });
}

async function* failing(error: Error): AsyncGenerator<never> {
  yield* [];
  await Promise.reject(error);
}
