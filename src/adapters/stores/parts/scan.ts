/**
 * Scanning page by page, so that a long scan holds neither a lock nor much memory.
 * @module
 */
import { throwIfAborted } from '../../../base/abort.ts';
import type { Entry, Range, ReadOptions } from '../../../ports/store.ts';
import { type Bounds, planRead } from './bounds.ts';
import { behindKey } from './keys.ts';

/** Entries within some bounds, in order; `more` when there are others behind the last. */
export interface Page {
  readonly entries: readonly Entry[];
  readonly more: boolean;
}

/** What scanning needs of a store. */
export interface ScannedStore {
  /** Throws when the store has closed. */
  assertOpen(): void;
  /** The first entries within `bounds` (the last ones first when `reverse`), as many as it likes up to `limit`. */
  readPage(bounds: Bounds, reverse: boolean, limit: number): Page;
}

/** The most entries of one page. */
const pageLength = 256;

/**
 * The entries of `range`. Entries written during the scan may or may not be seen; all others are seen once.
 */
export async function* scanPages(
  store: ScannedStore,
  range: Range,
  options: ReadOptions | undefined,
): AsyncGenerator<Entry, undefined> {
  const { reverse, limit, ...plan } = planRead(range);
  let { bounds } = plan;
  let left = limit;
  while (left > 0) {
    checkpoint(store, options);
    const page = store.readPage(bounds, reverse, Math.min(left, pageLength));
    for (const entry of page.entries) {
      yield await Promise.resolve(entry);
      checkpoint(store, options);
    }
    const last = page.entries.at(-1);
    if (last === undefined || !page.more) return;
    left -= page.entries.length;
    bounds = reverse
      ? { low: bounds.low, high: last.key }
      : { low: behindKey(last.key), high: bounds.high };
  }
}

function checkpoint(store: ScannedStore, options: ReadOptions | undefined): void {
  throwIfAborted(options?.signal, 'the scan');
  store.assertOpen();
}
