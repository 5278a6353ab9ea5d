/**
 * The form of a store's law, and the few things many of them need.
 * @module
 */
import { utf8 } from '../../../base/bytes.ts';
import type { Change, Commit, Entry, Key, Op, Snapshot, Store } from '../../../ports/store.ts';
import { check, checkWithin } from '../../assert.ts';
import type { Law, Tools } from '../law.ts';

/** What a law may use beside the store it is tried on. */
export interface StoreTools extends Tools {
  /** Lets the store's time pass. */
  readonly wait: (ms: number) => Promise<void>;
  /** Another handle on the data of `store`, open or closed. */
  readonly another: ((store: Store) => Store | Promise<Store>) | undefined;
}

/** One law, tried on an empty store. */
export type StoreLaw = Law<Store, StoreTools>;

/** A put of `text` (default: the key itself). */
export function put(key: Key, text: string = key): Op {
  return { put: key, value: utf8(text) };
}

/** Writes and expects no conflict; the revision. */
export async function commit(store: Store, ...ops: readonly Op[]): Promise<number> {
  return revisionOf(await store.write(ops), 'a write without conditions');
}

/** The revision of a commit that must have happened. */
export function revisionOf(outcome: Commit, what: string): number {
  check(outcome.ok, `${what} must be committed, but is a conflict`);
  check(Number.isSafeInteger(outcome.revision), `the revision of ${what} must be a whole number`);
  return outcome.revision;
}

/** A snapshot of a store that claims to have them. */
export async function openSnapshot(store: Store): Promise<Snapshot> {
  check(store.snapshot !== undefined, 'a store that claims snapshots must have snapshot()');
  return await store.snapshot();
}

/** All items of `source`. */
export async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

/** The keys of a scan. */
export async function keysOf(source: AsyncIterable<Entry>): Promise<Key[]> {
  return (await all(source)).map((entry) => entry.key);
}

/** The next `count` changes of a watch, in the form `revision key value`, or `revision key -` for a delete. */
export async function nextChanges(
  watch: AsyncIterator<Change>,
  count: number,
  tools: StoreTools,
): Promise<string[]> {
  const seen: string[] = [];
  while (seen.length < count) {
    const what = `change ${String(seen.length + 1)} of ${String(count)}`;
    const step = await checkWithin(tools.timeoutMs, what, watch.next());
    check(step.done !== true, `the watch ended before ${what}`);
    seen.push(changeText(step.value));
  }
  return seen;
}

function changeText({ key, revision, deleted, value }: Change): string {
  const text = value && new TextDecoder().decode(value);
  const told = deleted ? (text === undefined ? '-' : `- with '${text}'`) : (text ?? '(no value)');
  return `${String(revision)} ${key} ${told}`;
}
