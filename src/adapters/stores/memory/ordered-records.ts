/**
 * Records in the order of their keys.
 * @module
 */
import type { Key } from '../../../ports/store.ts';
import type { Bounds } from '../parts/bounds.ts';
import { compareKeys } from '../parts/keys.ts';

/**
 * A sorted list cut into short blocks, so that neither finding nor inserting has to touch more than one of them:
 * 100,000 keys in random order take a fraction of a second.
 */
export class OrderedRecords<R extends { readonly key: Key }> {
  /** Blocks of at most `blockLength` records; none is empty. */
  #blocks: R[][] = [];

  get(key: Key): R | undefined {
    const { block, index, found } = this.#find(key);
    return found ? this.#blocks[block]?.[index] : undefined;
  }

  /** Adds `record`, in place of the one that had its key. */
  set(record: R): void {
    const { block, index, found } = this.#find(record.key);
    const records = this.#blocks[block];
    if (records === undefined) this.#blocks.push([record]);
    else if (found) records[index] = record;
    else this.#insert(records, block, index, record);
  }

  delete(key: Key): void {
    const { block, index, found } = this.#find(key);
    if (!found) return;
    const records = this.#blocks[block]!;
    records.splice(index, 1);
    if (records.length === 0) this.#blocks.splice(block, 1);
  }

  /** Records within `bounds`, last first when `reverse`. The list must not change meanwhile. */
  range(bounds: Bounds, reverse: boolean): Generator<R, undefined> {
    return reverse ? this.#backward(bounds) : this.#forward(bounds);
  }

  /** The same records, unmoved by later changes of this list. */
  clone(): OrderedRecords<R> {
    const copy = new OrderedRecords<R>();
    copy.#blocks = this.#blocks.map((records) => records.slice());
    return copy;
  }

  *#forward({ low, high }: Bounds): Generator<R, undefined> {
    let { block, index } = this.#find(low);
    for (; block < this.#blocks.length; block += 1, index = 0) {
      const records = this.#blocks[block]!;
      for (; index < records.length; index += 1) {
        const record = records[index]!;
        if (high !== undefined && compareKeys(record.key, high) >= 0) return;
        yield record;
      }
    }
  }

  *#backward({ low, high }: Bounds): Generator<R, undefined> {
    let { block, index } = high === undefined ? this.#end() : this.#find(high);
    for (; block >= 0; block -= 1, index = this.#blocks[block]?.length ?? 0) {
      for (index -= 1; index >= 0; index -= 1) {
        const record = this.#blocks[block]![index]!;
        if (compareKeys(record.key, low) < 0) return;
        yield record;
      }
    }
  }

  #insert(records: R[], block: number, index: number, record: R): void {
    records.splice(index, 0, record);
    if (records.length > blockLength) this.#blocks.splice(block + 1, 0, records.splice(half));
  }

  /** The place of the first record not before `key`; `found` when it is the one of `key`. */
  #find(key: Key): { block: number; index: number; found: boolean } {
    if (this.#blocks.length === 0) return { block: 0, index: 0, found: false };
    const block = Math.min(
      firstWhere(this.#blocks, (records) => compareKeys(records.at(-1)!.key, key) >= 0),
      this.#blocks.length - 1,
    );
    const records = this.#blocks[block]!;
    const index = firstWhere(records, (record) => compareKeys(record.key, key) >= 0);
    return { block, index, found: records[index]?.key === key };
  }

  #end(): { block: number; index: number } {
    const block = this.#blocks.length - 1;
    return { block, index: this.#blocks[block]?.length ?? 0 };
  }
}

const blockLength = 512;
const half = blockLength / 2;

/** Index of the first item for which `test` holds, when it holds for all behind it too. */
function firstWhere<T>(items: readonly T[], test: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (test(items[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
