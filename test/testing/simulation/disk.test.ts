import { describe, expect, it } from 'vitest';
import { fromUtf8, utf8 } from '../../../src/base/bytes.ts';
import type { Durability, Store } from '../../../src/index.ts';
import { seededRandom } from '../../../src/testing/index.ts';
import { Disk } from '../../../src/testing/simulation/disk.ts';
import { EventLoop } from '../../../src/testing/simulation/event-loop.ts';
import { Host } from '../../../src/testing/simulation/host.ts';
import { Trace } from '../../../src/testing/simulation/trace.ts';

const keys = ['a', 'b', 'c', 'd'];

function machine(seed: number) {
  const loop = new EventLoop();
  const trace = new Trace(seed, () => loop.now);
  const host = new Host('a/0', loop, (error) => {
    throw error as Error;
  });
  host.boot();
  const disk = new Disk({ host, loop, trace, chance: seededRandom(seed), options: {} });
  return { loop, host, disk, trace };
}

async function left(store: Store): Promise<string> {
  const found = await store.getMany(keys);
  return keys.filter((_, i) => found[i] !== undefined).join('');
}

/** Writes `a` to `d` in turn without waiting, then loses the power; what is there after a restart. */
async function afterPowerLoss(seed: number, durable: Durability): Promise<string> {
  const { host, disk } = machine(seed);
  const store = disk.open();
  const writes = keys.map((put) => store.write([{ put, value: utf8(put) }], { durable }));
  if (durable !== 'power') await Promise.all(writes);
  else await Promise.resolve();
  host.halt(true);
  await disk.crash(true, 'kept');
  host.boot();
  return left(disk.open());
}

/** Overwrites an entry while flushing fails, then loses the power. */
async function afterFailedFlush(seed: number): Promise<string> {
  const { loop, host, disk } = machine(seed);
  const store = disk.open();
  await Promise.all([store.write([{ put: 'a', value: utf8('old') }]), loop.advance(5)]);
  disk.syncFails = true;
  const both = ['a', 'b'].map((put) => ({ put, value: utf8('new') }));
  const refused = expect(store.write(both)).rejects.toMatchObject({ code: 'STORE_FAILED' });
  await loop.advance(5);
  await refused;
  host.halt(true);
  await disk.crash(true, 'kept');
  host.boot();
  const entries = await disk.open().getMany(['a', 'b']);
  const found = entries.filter((entry) => entry !== undefined);
  return found.map(({ key, value }) => `${key}=${fromUtf8(value)}`).join(' ');
}

const seeds = Array.from({ length: 60 }, (_, i) => i);

describe('a simulated disk', () => {
  it.each<Durability>(['process', 'power'])(
    'loses the newest writes of durability %s with the power, never one in the middle',
    async (durable) => {
      const outcomes = new Set<string>();
      for (const seed of seeds) outcomes.add(await afterPowerLoss(seed, durable));
      expect([...outcomes].sort()).toEqual(['', 'a', 'ab', 'abc', 'abcd']);
    },
  );

  it('keeps what it said was safe', async () => {
    for (const seed of seeds.slice(0, 10)) {
      const { loop, host, disk } = machine(seed);
      const store = disk.open();
      const writing = store.write([{ put: 'a', value: utf8('1') }], { durable: 'power' });
      await loop.advance(5);
      await writing;
      host.halt(true);
      await disk.crash(true, 'kept');
      host.boot();
      expect(await left(disk.open())).toBe('a');
    }
  });

  it('puts back what stood there before, or keeps what could not be flushed', async () => {
    const outcomes = new Set<string>();
    for (const seed of seeds) outcomes.add(await afterFailedFlush(seed));
    expect(outcomes).toEqual(new Set(['a=old', 'a=new b=new']));
  });
  it('does nothing for a life that is over', async () => {
    const { host, disk } = machine(1);
    const store = disk.open();
    host.halt(false);
    let settled = false;
    void store.write([{ put: 'a', value: utf8('1') }]).finally(() => {
      settled = true;
    });
    host.boot();
    expect(await left(disk.open())).toBe('');
    expect(settled).toBe(false);
  });
});
