// The simulated street and disk keep the laws of the ports they stand for.
import { describe, it } from 'vitest';
import {
  type ConformanceCase,
  type NetworkOptions,
  seededRandom,
  storeConformance,
  transportConformance,
} from '../../../src/testing/index.ts';
import { Disk } from '../../../src/testing/simulation/disk.ts';
import { EventLoop } from '../../../src/testing/simulation/event-loop.ts';
import { Host } from '../../../src/testing/simulation/host.ts';
import { Network } from '../../../src/testing/simulation/network.ts';
import { Trace } from '../../../src/testing/simulation/trace.ts';

/** A street on which time flows as long as a case runs. */
function world(options: NetworkOptions = {}) {
  const loop = new EventLoop();
  const trace = new Trace(1, () => loop.now, 0);
  const random = seededRandom(1);
  const network = new Network({ loop, trace, random, options, readable: false });
  let hosts = 0;
  const host = (): Host => {
    hosts += 1;
    const made = new Host(`org/${String(hosts)}`, loop, (error) => {
      throw error as Error;
    });
    made.boot();
    return made;
  };
  const flowing = async <T>(work: () => Promise<T>): Promise<T> => {
    let over = false;
    const flow = async (): Promise<void> => {
      while (!over) {
        await loop.advance(20);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const flown = flow();
    try {
      return await work();
    } finally {
      over = true;
      await flown;
    }
  };
  return { loop, trace, random, network, host, flowing };
}

function declare(
  cases: (place: ReturnType<typeof world>) => ConformanceCase[],
  options = {},
): void {
  const place = world(options);
  for (const { name, run } of cases(place)) it(name, () => place.flowing(run));
}

const streets: readonly (readonly [string, NetworkOptions])[] = [
  ['in good weather', {}],
  ['in bad weather', { drop: 0.1, duplicate: 0.1, reorder: 0.3, tail: 0.1, latency: [1, 30] }],
];

describe.each(streets)('the simulated street %s', (_weather, options) => {
  declare(
    ({ network, host }) =>
      transportConformance(() => {
        const machine = host();
        const address = machine.name.replace('/', '-');
        network.register(address, machine);
        return network.transport(machine, address);
      }),
    options,
  );
});

describe('the simulated disk', () => {
  declare(({ loop, trace, random, host }) => {
    const disks = new Map<unknown, Disk>();
    const open = (disk: Disk) => {
      const store = disk.open();
      disks.set(store, disk);
      return store;
    };
    return storeConformance(
      () => open(new Disk({ host: host(), loop, trace, chance: random, options: {} })),
      { another: (store) => open(disks.get(store)!), wait: (ms) => loop.advance(ms) },
    );
  });
});
