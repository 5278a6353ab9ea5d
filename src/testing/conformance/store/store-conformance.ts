/**
 * The conformance kit of stores.
 * @module
 */
import type { Store } from '../../../ports/store.ts';
import type { ConformanceCase } from '../../assert.ts';
import { pause } from '../../real-time.ts';
import { casesOf, defaultTimeoutMs, when } from '../law.ts';
import { conditionLaws, unconditionalLaws } from './condition-laws.ts';
import { entryLaws } from './entry-laws.ts';
import {
  durableLaws,
  noSnapshotLaws,
  noTtlLaws,
  purgeLaws,
  sharedLaws,
  snapshotLaws,
  ttlLaws,
} from './feature-laws.ts';
import { storeLifecycleLaws } from './lifecycle-laws.ts';
import { rangeLaws } from './range-laws.ts';
import type { StoreLaw } from './store-law.ts';
import { viewLaws } from './view-laws.ts';
import { watchLaws } from './watch-laws.ts';

/** Options of {@link storeConformance}. */
export interface StoreConformanceOptions {
  /** Another handle on the data of a store the kit was given; needed when `shared` or `durable` is claimed. */
  readonly another?: (store: Store) => Store | Promise<Store>;
  /** Lets the store's time pass. Default: real time. */
  readonly wait?: (ms: number) => Promise<void>;
  /** The bound of each wait in real milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
}

/**
 * The laws every store keeps. `make` returns an empty store each time; the kit closes it. What a store claims in
 * `features` is tested, what it does not claim it must refuse.
 *
 * @example
 * ```ts
 * for (const { name, run } of storeConformance(() => memoryStore())) test(name, run);
 * ```
 */
export function storeConformance(
  make: () => Store | Promise<Store>,
  options: StoreConformanceOptions = {},
): ConformanceCase[] {
  const { another, wait = pause, timeoutMs = defaultTimeoutMs } = options;
  return casesOf(laws, {
    open: make,
    close: (store) => store.close(),
    tools: { another, wait, timeoutMs },
  });
}

const laws: readonly StoreLaw[] = [
  ...entryLaws,
  ...rangeLaws,
  ...watchLaws,
  ...viewLaws,
  ...storeLifecycleLaws,
  ...when(({ features }) => features.conditional, conditionLaws),
  ...when(({ features }) => !features.conditional, unconditionalLaws),
  ...when(({ features }) => features.ttl, ttlLaws),
  ...when(({ features }) => !features.ttl, noTtlLaws),
  ...when(({ features }) => features.snapshot, snapshotLaws),
  ...when(({ features }) => !features.snapshot, noSnapshotLaws),
  ...when(({ features }) => features.purge === true, purgeLaws),
  ...when(({ features }) => features.shared, sharedLaws),
  ...when(({ features }) => features.durable !== 'none', durableLaws),
];
