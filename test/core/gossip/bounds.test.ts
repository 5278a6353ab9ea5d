import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HeldMessage, HeldMessages } from '../../../src/core/gossip/held-messages.ts';
import { SeenIds } from '../../../src/core/gossip/seen-ids.ts';
import { TokenBuckets } from '../../../src/core/gossip/token-bucket.ts';

function held(id: string, priority: 'high' | 'normal', size: number, expires = 10): HeldMessage {
  const message = { priority } as HeldMessage['message'];
  return { id, message, bytes: new Uint8Array(size), hops: 1, expires };
}

describe('held messages', () => {
  it('stay within their bounds, and normal ones go before high ones', () => {
    const priority = fc.constantFrom('high' as const, 'normal' as const);
    const some = fc.array(fc.tuple(priority, fc.nat(40)), { maxLength: 40 });
    fc.assert(
      fc.property(some, (messages) => {
        const shelf = new HeldMessages({ messages: 5, bytes: 100 });
        for (const [i, [rank, size]] of messages.entries()) shelf.put(held(`${i}`, rank, size));
        const kept = shelf.ids().map((id) => shelf.get(id)!);
        expect(kept.length).toBeLessThanOrEqual(5);
        expect(kept.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThanOrEqual(100);
        const ranks = kept.map(({ message }) => message.priority);
        expect(ranks).toEqual(ranks.toSorted());
        const last = messages.findLastIndex(([rank]) => rank === 'high');
        if (last >= 0) expect(shelf.get(`${last}`)).toBeDefined();
      }),
    );
  });

  it('leave when they have expired', () => {
    const shelf = new HeldMessages({ messages: 5, bytes: 100 });
    shelf.put(held('old', 'high', 60, 10));
    shelf.put(held('new', 'normal', 60, 20));
    expect(shelf.ids()).toEqual(['old']);
    shelf.put(held('new', 'normal', 40, 20));
    shelf.prune(11);
    expect(shelf.ids()).toEqual(['new']);
    shelf.put(held('more', 'normal', 60, 20));
    expect(shelf.ids()).toEqual(['new', 'more']);
  });
});

describe('seen ids', () => {
  it('are forgotten when they expire, or the oldest when there is no room', () => {
    const seen = new SeenIds(3);
    for (const [id, expires] of [
      ['a', 9],
      ['b', 5],
      ['c', 9],
      ['d', 9],
    ] as const) {
      seen.add(id, expires);
    }
    expect(['a', 'b', 'c', 'd'].map((id) => seen.has(id))).toEqual([false, true, true, true]);
    expect(seen.prune(6)).toEqual(['b']);
    expect(seen.size).toBe(2);
  });
});

describe('a token bucket', () => {
  it('never gives more than its burst and its refill', () => {
    const takes = fc.array(fc.tuple(fc.nat(500), fc.integer({ min: 1, max: 9 })));
    fc.assert(
      fc.property(takes, (asked) => {
        let now = 0;
        const buckets = new TokenBuckets({ burst: 10, perSecond: 4 }, { monotonic: () => now });
        let given = 0;
        for (const [wait, tokens] of asked) {
          now += wait;
          if (buckets.take('did:a:b', tokens)) given += tokens;
          expect(given).toBeLessThanOrEqual(10 + (now / 1_000) * 4 + 1e-9);
        }
      }),
    );
  });

  it('forgets who was seen longest ago', () => {
    const buckets = new TokenBuckets({ burst: 1, perSecond: 0 }, { monotonic: () => 0 });
    const take = (i: number): boolean => buckets.take(`did:a:${i}`, 1);
    expect([take(0), take(0)]).toEqual([true, false]);
    for (let i = 1; i <= 10_000; i += 1) take(i);
    expect([take(0), take(10_000)]).toEqual([true, false]);
  });
});
