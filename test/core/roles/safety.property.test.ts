import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Did } from '../../../src/base/ids.ts';
import { seededRandom } from '../../../src/testing/index.ts';
import { memoryStore, slow, Town } from './rig.ts';

/** Clocks within 2 % of the true speed: no one runs more than 4.1 % faster than another. */
const rate = fc.double({ min: 0.98, max: 1.02, noNaN: true });

const story = fc.record({
  seed: fc.nat(),
  rates: fc.array(rate, { minLength: 1, maxLength: 5 }),
  /** Processes of one node on one store, or nodes that vote. */
  shared: fc.boolean(),
  ttl: fc.integer({ min: 300, max: 3_000 }),
  /** As a share of the lease. */
  longestDelay: fc.constantFrom(0.01, 0.1, 0.4),
  loss: fc.constantFrom(0, 0.05, 0.3),
  /** Nodes that die or are cut off for a while. */
  blows: fc.nat(16),
  storeDelay: fc.constantFrom(0, 0, 40),
});

describe('whatever delays, losses, crashes and clocks do', () => {
  it('no two hold the role at once, and epochs grow', async () => {
    let held = 0;
    let takeovers = 0;
    await fc.assert(
      fc.asyncProperty(story, async (told) => {
        const { seed, rates, shared, ttl, longestDelay, loss, blows, storeDelay } = told;
        const random = seededRandom(seed);
        const town = new Town();
        let cutOff: Did | undefined;
        town.weather = (from, to) => {
          if (from === cutOff || to === cutOff || random.next() < loss) return 'lost';
          return random.next() * longestDelay * ttl;
        };
        const storeOf = () => {
          const store = memoryStore({ clock: town.clock });
          return storeDelay === 0
            ? store
            : slow(store, town.clock, () => random.next() * storeDelay);
        };
        const one = storeOf();
        for (const speed of rates) {
          town.settle({
            rate: speed,
            ...(shared ? { did: 'did:key:one', store: one } : { store: storeOf() }),
          });
        }
        const among = shared ? ['did:key:one' as const] : town.dids;

        /** Wants the role for ever; gives it back now and then. */
        const work = async (index: number): Promise<void> => {
          const node = town.nodes[index]!;
          const { life } = node;
          const isAlive = (): boolean => life.alive;
          while (isAlive()) {
            const lease = await node.hold({ ttl, standby: true, among });
            const others = town.live.filter((taken) => taken.lease !== lease);
            expect(others.map(({ node: { did } }) => did)).toEqual([]);
            const stint = random.next() * ttl * 6;
            await Promise.race([
              town.clock.sleep(stint),
              new Promise((resolve) => {
                lease.lost.addEventListener('abort', resolve);
              }),
            ]);
            if (isAlive()) await lease.release();
          }
        };
        const failures: unknown[] = [];
        const start = (index: number): void => {
          work(index).catch((error: unknown) => failures.push(error));
        };
        for (const index of rates.keys()) start(index);
        for (let i = 0; i <= blows; i += 1) {
          await town.clock.advance(random.next() * ttl * 4);
          const index = Math.floor(random.next() * rates.length);
          const node = town.nodes[index]!;
          if (random.next() < 0.5) {
            cutOff = node.did;
            await town.clock.advance(random.next() * ttl * 4);
            cutOff = undefined;
            continue;
          }
          node.kill();
          await town.clock.advance(random.next() * ttl * 2);
          await node.restart();
          start(index);
        }
        await town.clock.advance(ttl * 6);

        expect(failures).toEqual([]);
        const epochs = town.taken.map(({ lease }) => lease.epoch);
        expect(epochs).toEqual([...new Set(epochs)].sort((a, b) => a - b));
        held += epochs.length;
        takeovers += new Set(town.taken.map(({ node }) => node)).size - 1;
        for (const node of town.nodes) node.kill();
      }),
      { numRuns: 40 },
    );
    // The law is not kept by nobody ever holding the role.
    expect(held).toBeGreaterThan(50);
    expect(takeovers).toBeGreaterThan(3);
  }, 60_000);
});
