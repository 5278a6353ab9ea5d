/**
 * The conformance kit of stores.
 * @module
 */
import type { Store } from '../ports/store.ts';
import { type ConformanceCase, checkWithin } from './assert.ts';
import { conditionLaws, unconditionalLaws } from './store-conformance/condition-laws.ts';
import { entryLaws } from './store-conformance/entry-laws.ts';
import {
  durableLaws,
  noSnapshotLaws,
  noTtlLaws,
  sharedLaws,
  snapshotLaws,
  ttlLaws,
} from './store-conformance/feature-laws.ts';
import { lifecycleLaws } from './store-conformance/lifecycle-laws.ts';
import { rangeLaws } from './store-conformance/range-laws.ts';
import type { StoreLaw, StoreTools } from './store-conformance/store-law.ts';
import { viewLaws } from './store-conformance/view-laws.ts';
import { watchLaws } from './store-conformance/watch-laws.ts';

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
  const { another, wait = realTime, timeoutMs = 5_000 } = options;
  const tools: StoreTools = { another, wait, timeoutMs };
  return laws.map(({ name, test, claims }) => {
    const tried = async (): Promise<void> => {
      const store = await make();
      try {
        if (claims(store)) await test(store, tools);
      } finally {
        await store.close();
      }
    };
    // A law waits several times; twice the bound of one wait is enough for those that pass.
    return { name, run: () => checkWithin(2 * timeoutMs, `'${name}'`, tried()) };
  });
}

interface ClaimedLaw extends StoreLaw {
  /** Whether the law applies to a store. */
  readonly claims: (store: Store) => boolean;
}

const laws: readonly ClaimedLaw[] = [
  ...[...entryLaws, ...rangeLaws, ...watchLaws, ...viewLaws, ...lifecycleLaws].map(
    when(() => true),
  ),
  ...conditionLaws.map(when(({ features }) => features.conditional)),
  ...unconditionalLaws.map(when(({ features }) => !features.conditional)),
  ...ttlLaws.map(when(({ features }) => features.ttl)),
  ...noTtlLaws.map(when(({ features }) => !features.ttl)),
  ...snapshotLaws.map(when(({ features }) => features.snapshot)),
  ...noSnapshotLaws.map(when(({ features }) => !features.snapshot)),
  ...sharedLaws.map(when(({ features }) => features.shared)),
  ...durableLaws.map(when(({ features }) => features.durable !== 'none')),
];

function when(claims: (store: Store) => boolean): (law: StoreLaw) => ClaimedLaw {
  return (law) => ({ ...law, claims });
}

function realTime(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
