/**
 * Laws of endings: an extension lives as long as its client, and no client shares its life with another.
 * @module
 */
import { memoryStore } from '../../../adapters/stores/memory.ts';
import type { Did } from '../../../base/ids.ts';
import { check, checkEqual, checkWithin } from '../../assert.ts';
import { pause } from '../../real-time.ts';
import { lifecycleLaws } from '../lifecycle.ts';
import type { ExtensionBench, ExtensionLaw, Pair } from './extension-bench.ts';

/** What holds for every extension. */
export const endingLaws: readonly ExtensionLaw[] = [
  {
    name: 'nothing of it goes on after the close of its client',
    test: async (bench, { timeoutMs }) => {
      const { near, far } = await bench.pair();
      await near.callAll(far.mesh.did);
      await checkWithin(timeoutMs, 'the close of its client', near.mesh.close({ drain: 0 }));
      await pause(20);
      checkEqual(near.log.timers, 0, 'the timers that wait after the close');
      const { length } = near.log.calls;
      await pause(60);
      checkEqual(near.log.calls.slice(length), [], 'what it asked of its host after the close');
    },
  },
  {
    name: 'a client that closes before it has started ends it too',
    test: async (bench, { timeoutMs }) => {
      const station = bench.station();
      station.use();
      await checkWithin(timeoutMs, 'the close of its client', station.mesh.close());
      await pause(20);
      checkEqual(station.log.timers, 0, 'the timers that wait after the close');
      checkEqual(station.log.calls, [], 'what it asked of its host');
    },
  },
  {
    name: 'two clients in one process share none of its state',
    test: async (bench) => {
      const { state } = bench.options;
      const [one, two] = [await bench.pair(), await bench.pair()];
      const [api, other] = [one.near.use(), two.near.use()];
      check(typeof api !== 'object' || api !== other, 'two clients must not share one API');
      const before = { state: state?.(other), calls: [...two.near.log.calls] };
      await one.near.callAll(one.far.mesh.did);
      await pause(20);
      checkEqual(state?.(other), before.state, 'the state at a client that was not used');
      checkEqual(two.near.log.calls, before.calls, 'what was asked of its host');
    },
  },
  {
    name: 'closing one client ends nothing at another',
    test: async (bench) => {
      const [one, two] = [await bench.pair(), await bench.pair()];
      await one.near.callAll(one.far.mesh.did);
      await one.near.mesh.close({ drain: 0 });
      await two.near.callAll(two.far.mesh.did);
    },
  },
  {
    name: 'a new client on the same store goes on where the last one stopped',
    test: async (bench) => {
      const store = memoryStore();
      for (let life = 1; life <= 2; life += 1) {
        const { near, far } = await bench.pair({ store });
        await near.callAll(far.mesh.did);
        await near.mesh.close({ drain: 0 });
      }
      await store.close();
    },
  },
];

/** The lifecycle laws of the methods that were named. */
export function methodLaws(
  names: readonly string[],
  cancellable: readonly string[],
): readonly ExtensionLaw[] {
  return lifecycleLaws<Pair & { readonly peer: Did }, ExtensionBench>({
    what: 'an extension',
    open: async (bench) => {
      const pair = await bench.pair();
      return { ...pair, peer: pair.far.mesh.did };
    },
    methods: names.map((name) => ({
      name,
      call: ({ near, peer }, signal) => near.call(name, peer, signal),
      ...(cancellable.includes(name) && { takesSignal: true }),
    })),
    endings: [{ by: 'close of its client', run: ({ near }) => near.mesh.close({ drain: 0 }) }],
  });
}
