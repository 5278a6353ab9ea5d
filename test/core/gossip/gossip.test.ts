import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../src/base/bytes.ts';
import { MeshError } from '../../../src/base/errors.ts';
import type { Did } from '../../../src/base/ids.ts';
import { cidOf } from '../../../src/base/multiformat.ts';
import type { Broadcast, SignedBroadcast } from '../../../src/schema/broadcast.ts';
import type { DidLog } from '../../../src/schema/did-log.ts';
import { sign } from '../../../src/schema/signed.ts';
import { toInstant } from '../../../src/schema/words.ts';
import { seededRandom } from '../../../src/testing/index.ts';
import {
  inLine,
  meet,
  memoryStore,
  type Node,
  type Person,
  part,
  person,
  Town,
  verify,
} from './rig.ts';

const hello = utf8('hello');
const code = (expected: string): Error => expect.objectContaining({ code: expected }) as Error;

/** A message of `who`, with `changes` under its signature. */
async function parcelOf(
  town: Town,
  who: Person,
  changes: Partial<Broadcast> = {},
  bytes = hello,
): Promise<{ message: SignedBroadcast; bytes: Uint8Array; hops: number }> {
  const now = town.clock.now();
  const body: Broadcast = {
    format: 1,
    from: who.did,
    topic: 'news',
    priority: 'normal',
    at: toInstant(now),
    expiresAt: toInstant(now + 60_000),
    nonce: `n-${String(Math.floor(nonces.next() * 1e15)).padStart(16, '0')}`,
    payload: cidOf(bytes),
    ...changes,
  };
  return { message: await sign('broadcast', body, who.signer), bytes, hops: 1 };
}
const nonces = seededRandom('nonces');

/** What one gets that pushes `parcels` to `node` from outside. */
function push(node: Node, from: Did, ...parcels: readonly unknown[]): Promise<unknown> {
  return node.answer('gossip.push', from, { parcels, logs: [] });
}

describe('a broadcast', () => {
  it('reaches every node of a line once, and not its own', async () => {
    const town = new Town();
    const nodes = await town.people(5);
    inLine(nodes);
    const heard = nodes.map((node) => node.heard());
    const id = await nodes[2]!.gossip.broadcast('news', hello);
    await town.clock.advance('1s');
    expect(heard.map((messages) => messages.length)).toEqual([1, 1, 0, 1, 1]);
    const at = '2030-01-01T00:00:00.000Z';
    expect(heard[4]![0]).toEqual({ from: nodes[2]!.did, topic: 'news', bytes: hello, at, id });
  });

  it('is heard by who listens to its topic, and by each of them', async () => {
    const town = new Town();
    const [a, b] = (await town.people(2)) as [Node, Node];
    meet(a, b);
    const [one, two, other] = [b.heard(), b.heard(), b.heard('weather')];
    await a.gossip.broadcast('news', hello);
    await town.clock.advance('1s');
    expect([one.length, two.length, other.length]).toEqual([1, 1, 0]);
    one[0]!.bytes.fill(0);
    expect(two[0]!.bytes).toEqual(hello);
  });

  it('waits for who comes before it expires, but not longer', async () => {
    const town = new Town();
    const [a, b, c] = (await town.people(3)) as [Node, Node, Node];
    const [inTime, late] = [b.heard(), c.heard()];
    await a.gossip.broadcast('news', hello, { ttl: '30s' });
    await town.clock.advance('20s');
    meet(a, b);
    await town.clock.advance('100s');
    meet(a, c);
    meet(b, c);
    await town.clock.advance('10s');
    expect([inTime.length, late.length]).toEqual([1, 0]);
  });

  it('passes at most twenty nodes', async () => {
    const town = new Town();
    const nodes = await town.people(23);
    inLine(nodes);
    const heard = nodes.map((node) => node.heard());
    await nodes[0]!.gossip.broadcast('news', hello);
    await town.clock.advance('1m');
    expect(heard.map((messages) => messages.length)).toEqual([
      0,
      ...new Array<number>(20).fill(1),
      0,
      0,
    ]);
  });

  it('takes its origin’s history along to each neighbour, once in a session', async () => {
    const town = new Town();
    const log = [{ did: person(0).did }] as unknown as DidLog;
    const learned: unknown[][] = [[], [], []];
    const keys = (i: number) => ({
      verify,
      logOf: (did: Did) => (did === person(0).did ? fullLog : undefined),
      learn: async (learnedLog: DidLog) => void learned[i]!.push(learnedLog),
    });
    const fullLog = [
      {
        format: 1,
        did: log[0]!.did,
        version: 1,
        at: toInstant(0),
        keys: ['zKey'],
        next: [],
        proof: { keyId: person(0).signer.keyId, signature: 'A'.repeat(86) },
      },
    ] as unknown as DidLog;
    const nodes = [
      await town.settle(person(0), { keys: keys(0) }),
      await town.settle(person(1), { keys: keys(1) }),
      await town.settle(person(2), { keys: keys(2) }),
    ];
    inLine(nodes);
    for (let i = 0; i < 3; i += 1) {
      await nodes[0]!.gossip.broadcast('news', hello);
      await town.clock.advance('1s');
    }
    expect(learned).toEqual([[], [fullLog], [fullLog]]);
    part(nodes[0]!, nodes[1]!);
    await nodes[0]!.gossip.broadcast('news', hello);
    meet(nodes[0]!, nodes[1]!);
    await town.clock.advance('1s');
    expect(learned[1]).toEqual([fullLog, fullLog]);
  });

  it('does not come again after a restart, when there is a store', async () => {
    const town = new Town();
    const store = memoryStore({ clock: town.clock });
    const [a] = (await town.people(1)) as [Node];
    const before = await town.settle(person(7), { store });
    meet(a, before);
    const first = before.heard();
    await a.gossip.broadcast('news', hello, { ttl: '10m' });
    await town.clock.advance('1s');
    await before.gossip.close();
    part(a, before);
    const after = await town.settle(person(7), { store });
    const second = after.heard();
    meet(a, after);
    await town.clock.advance('1s');
    expect([first.length, second.length]).toEqual([1, 0]);
    await town.clock.advance('12m');
    const left: string[] = [];
    for await (const { key } of store.scan({ prefix: 'seen/' })) left.push(key);
    expect(left).toEqual([]);
  });

  it.each([
    [{ ttl: 0 }, 'INVALID_ARGUMENT'],
    [{ ttl: '61m' }, 'INVALID_ARGUMENT'],
    [{ topic: '' }, 'SCHEMA_INVALID'],
    [{ topic: 'a\nb' }, 'SCHEMA_INVALID'],
    [{ bytes: new Uint8Array(65_537) }, 'LIMIT_EXCEEDED'],
  ] as const)('refuses %j', async (wrong, expected) => {
    const [node] = (await new Town().people(1)) as [Node];
    const {
      topic = 'news',
      bytes = hello,
      ...options
    } = wrong as Readonly<Record<string, unknown>> as Record<string, never>;
    await expect(node.gossip.broadcast(topic, bytes, options)).rejects.toEqual(code(expected));
  });
});

/** A connected graph of `size` nodes: each is joined to one before it, then some more. */
const topology = fc.integer({ min: 2, max: 9 }).chain((size) =>
  fc.record({
    size: fc.constant(size),
    joins: fc.array(fc.nat(), { minLength: size, maxLength: size }),
    more: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 8 }),
    seed: fc.nat(),
    origins: fc.array(fc.nat(size - 1), { minLength: 1, maxLength: 5 }),
    loss: fc.constantFrom(0, 0, 0.3),
  }),
);

describe('whatever the street looks like', () => {
  it('everybody connected gets every message exactly once, though calls are lost', async () => {
    await fc.assert(
      fc.asyncProperty(topology, async ({ size, joins, more, seed, origins, loss }) => {
        const town = new Town();
        const random = seededRandom(seed);
        town.weather = () => (random.next() < loss ? 'lost' : 1 + random.next() * 200);
        const nodes = await town.people(size);
        for (let i = 1; i < size; i += 1) meet(nodes[joins[i]! % i]!, nodes[i]!);
        for (const [a, b] of more) if (a !== b) meet(nodes[a]!, nodes[b]!);
        const heard = nodes.map((node) => node.heard());
        const sent: { id: string; by: Node }[] = [];
        for (const origin of origins) {
          const by = nodes[origin]!;
          sent.push({ by, id: await by.gossip.broadcast('news', hello, { ttl: '30m' }) });
          await town.clock.advance(random.next() * 100);
        }
        await town.clock.advance(loss === 0 ? '10s' : '10m');
        for (const [i, node] of nodes.entries()) {
          const expected = sent.filter(({ by }) => by !== node).map(({ id }) => id);
          expect(heard[i]!.map(({ id }) => id).sort()).toEqual(expected.sort());
        }
        for (const node of nodes) await node.gossip.close();
        await town.clock.advance('1m');
        expect(town.clock.timers).toBe(0);
      }),
      { numRuns: 40 },
    );
  }, 30_000);

  it('a mesh at rest is silent', async () => {
    const town = new Town();
    const nodes = await town.people(4);
    inLine(nodes);
    await nodes[0]!.gossip.broadcast('news', hello);
    await town.clock.advance('10s');
    const before = [...town.calls];
    await town.clock.advance('10m');
    expect([...town.calls]).toEqual(before);
    // One push on each of three links and no push back.
    expect(town.calls.get('gossip.push')).toBe(3);
  });

  it('a neighbour that knows no gossip is not asked again and again', async () => {
    const town = new Town();
    const [a] = (await town.people(1)) as [Node];
    const mute = await town.settle(person(9));
    mute.answer = () => Promise.reject(new MeshError('UNSUPPORTED'));
    meet(a, mute);
    await a.gossip.broadcast('news', hello, { ttl: '1h' });
    await town.clock.advance('30m');
    expect(town.calls.get('gossip.push')).toBe(1);
    expect(town.calls.get('gossip.offer')).toBeUndefined();
  });
});

describe('what is not passed on', () => {
  const [origin, rogue, liar] = [person(20), person(21), person(22)] as const;

  async function innocent(options = {}): Promise<{ town: Town; node: Node; heard: unknown[] }> {
    const town = new Town();
    const node = await town.settle(person(0), options);
    return { town, node, heard: node.heard() };
  }

  it('a replay, from wherever it comes', async () => {
    const { town, node, heard } = await innocent();
    const parcel = await parcelOf(town, origin);
    await push(node, rogue.did, parcel);
    await push(node, rogue.did, parcel);
    await push(node, liar.did, { ...parcel, hops: 3 });
    await town.clock.advance('119s');
    await push(node, rogue.did, parcel);
    expect(heard).toHaveLength(1);
    // Forgotten by now, but too old.
    await town.clock.advance('1m');
    await push(node, rogue.did, parcel);
    expect(heard).toHaveLength(1);
    expect(node.gossip.counts).toMatchObject({ accepted: 1, duplicates: 3, ignored: 1 });
  });

  it('the same message brought by two at once', async () => {
    const { town, node, heard } = await innocent();
    const parcel = await parcelOf(town, origin);
    await Promise.all([push(node, rogue.did, parcel), push(node, liar.did, parcel)]);
    expect(heard).toHaveLength(1);
  });

  it('altered bytes, an altered topic, a longer life, another name', async () => {
    const { town, node, heard } = await innocent();
    const parcel = await parcelOf(town, origin);
    const { message } = parcel;
    await push(node, rogue.did, { ...parcel, bytes: utf8('hellO') });
    for (const change of [
      { topic: 'other' },
      { priority: 'high' },
      { expiresAt: toInstant(town.clock.now() + 120_000) },
      { from: liar.did },
      { proof: { ...message.proof, signature: 'A'.repeat(86) } },
      { extra: 1 },
    ]) {
      await push(node, rogue.did, { ...parcel, message: { ...message, ...change } });
    }
    expect(heard).toHaveLength(0);
    expect(node.gossip.counts).toMatchObject({ accepted: 0, faults: 7 });
    // None of it stands in the way of the true one.
    await push(node, rogue.did, parcel);
    expect(heard).toHaveLength(1);
    expect(node.events).toEqual([
      {
        type: 'broadcast.refused',
        peer: rogue.did,
        data: expect.objectContaining({ code: 'SIGNATURE_INVALID' }) as unknown,
      },
    ]);
  });

  it('what is old, of the future, or not welcome', async () => {
    const welcomes = (did: Did, topic: string) => did !== liar.did && topic !== 'gloom';
    const { town, node, heard } = await innocent({ welcomes });
    const now = town.clock.now();
    const times = (from: number, to: number) => ({
      at: toInstant(now + from),
      expiresAt: toInstant(now + to),
    });
    await push(node, rogue.did, await parcelOf(town, origin, times(-200_000, -60_000)));
    await push(node, rogue.did, await parcelOf(town, origin, times(60_001, 120_000)));
    await push(node, rogue.did, await parcelOf(town, liar));
    await push(node, rogue.did, await parcelOf(town, origin, { topic: 'gloom' }));
    expect(node.gossip.counts).toMatchObject({ accepted: 0, ignored: 4, faults: 0 });
    // Clocks may differ by a minute.
    await push(node, rogue.did, await parcelOf(town, origin, times(-200_000, -59_999)));
    await push(node, rogue.did, await parcelOf(town, origin, times(60_000, 120_000)));
    expect(heard).toHaveLength(2);
  });

  it('what breaks a bound; the parcels beside it are taken', async () => {
    const { town, node, heard } = await innocent();
    const good = await parcelOf(town, origin);
    const bad = [
      await parcelOf(town, origin, { expiresAt: toInstant(town.clock.now() + 3_600_001) }),
      await parcelOf(town, origin, { expiresAt: toInstant(town.clock.now()) }),
      await parcelOf(town, origin, {}, new Uint8Array(65_537)),
      await parcelOf(town, origin, { padding: 'x'.repeat(4_000) } as never),
      { ...(await parcelOf(town, origin)), hops: 21 },
      { ...(await parcelOf(town, origin)), hops: 0 },
      null,
    ];
    await push(node, rogue.did, ...bad, good);
    expect(node.gossip.counts).toMatchObject({ accepted: 1, faults: 7 });
    expect(heard).toHaveLength(1);
    await expect(push(node, liar.did, ...new Array<unknown>(65).fill(good))).rejects.toEqual(
      code('SCHEMA_INVALID'),
    );
  });

  it('any foreign data is refused or ignored, never heard', async () => {
    const { town, node, heard } = await innocent();
    const genuine = await parcelOf(town, origin, { topic: 'fuzz' });
    const members = fc.record(
      Object.fromEntries(
        Object.entries(genuine.message).map(([key, value]) => [
          key,
          fc.oneof({ weight: 5, arbitrary: fc.constant(value as unknown) }, fc.anything()),
        ]),
      ),
      { requiredKeys: [] },
    );
    const parcel = fc.record(
      {
        message: fc.oneof(members, fc.anything()),
        bytes: fc.oneof(fc.constant<unknown>(hello), fc.uint8Array(), fc.anything()),
        hops: fc.oneof(fc.constant<unknown>(1), fc.anything()),
      },
      { requiredKeys: [] },
    );
    const body = fc.oneof(
      fc.anything(),
      fc.record(
        {
          parcels: fc.oneof(fc.array(fc.oneof(parcel, fc.anything())), fc.anything()),
          logs: fc.oneof(fc.constant([]), fc.array(fc.anything()), fc.anything()),
        },
        { requiredKeys: [] },
      ),
    );
    await fc.assert(
      fc.asyncProperty(body, fc.nat(1_000), async (foreign, minutes) => {
        await town.clock.advance(minutes * 60_000);
        for (const method of ['gossip.push', 'gossip.offer']) {
          const wrong: unknown = await node.answer(method, rogue.did, foreign).then(
            () => undefined,
            (error: unknown) => error,
          );
          if (wrong !== undefined) {
            expect(MeshError.is(wrong, 'SCHEMA_INVALID', 'OVERLOADED')).toBe(true);
          }
        }
      }),
    );
    expect(heard).toHaveLength(0);
  });
});

describe('a flood', () => {
  const [loud, quiet] = [person(30), person(31)] as const;
  const limits = {
    neighbour: { burst: 40, perSecond: 1 },
    origin: { burst: 20, perSecond: 1 },
  };

  it('is OVERLOADED for the neighbour it comes from; other neighbours are heard', async () => {
    const town = new Town();
    const node = await town.settle(person(0), { limits });
    const heard = node.heard();
    const crowd = Array.from({ length: 30 }, (_, i) => person(40 + i));
    const flood = await Promise.all(crowd.map((who) => parcelOf(town, who)));
    await expect(push(node, loud.did, ...flood)).rejects.toEqual(code('OVERLOADED'));
    // Two units each; a quarter of 40 is kept for high priority.
    expect(heard).toHaveLength(15);
    await push(node, quiet.did, await parcelOf(town, quiet));
    expect(heard).toHaveLength(16);
    expect(node.events.map(({ type, peer }) => [type, peer])).toEqual([
      ['broadcast.refused', loud.did],
    ]);
  });

  it('leaves room for high priority, which goes first', async () => {
    const town = new Town();
    const node = await town.settle(person(0), { limits });
    const heard = node.heard();
    const alarm = { topic: 'alarm', priority: 'high' } as const;
    const alarms = node.heard('alarm');
    const flood = await Promise.all(
      Array.from({ length: 30 }, (_, i) => parcelOf(town, person(40 + i))),
    );
    const first = await parcelOf(town, person(90), alarm);
    await expect(push(node, loud.did, ...flood, first)).rejects.toEqual(code('OVERLOADED'));
    expect([alarms.length, heard.length]).toEqual([1, 14]);
    await push(node, loud.did, await parcelOf(town, person(91), alarm));
    expect(alarms).toHaveLength(2);
  });

  it('of one origin leaves the others alone, and goes on at its measure', async () => {
    const town = new Town();
    const wide = { ...limits, neighbour: { burst: 1_000, perSecond: 100 } };
    const node = await town.settle(person(0), { limits: wide });
    const [heard, relay] = [node.heard(), person(32).did];
    const flood = await Promise.all(Array.from({ length: 30 }, () => parcelOf(town, loud)));
    const answer = (await push(node, relay, ...flood, await parcelOf(town, quiet))) as {
      refused: Uint8Array;
    };
    expect(heard.filter(({ from }) => from === loud.did)).toHaveLength(10);
    expect(heard.filter(({ from }) => from === quiet.did)).toHaveLength(1);
    expect(answer.refused).toHaveLength(20 * 16);
    await town.clock.advance('10s');
    await push(node, relay, ...flood);
    expect(heard.filter(({ from }) => from === loud.did)).toHaveLength(15);
  });

  it('of this node’s own is refused at its source, with half the measure others allow', async () => {
    const town = new Town();
    const [a, b] = (await town.people(2, { limits })) as [Node, Node];
    meet(a, b);
    const heard = b.heard();
    for (let i = 0; i < 5; i += 1) await a.gossip.broadcast('news', hello);
    await expect(a.gossip.broadcast('news', hello)).rejects.toEqual(code('OVERLOADED'));
    await town.clock.advance('1s');
    expect(heard).toHaveLength(5);
  });

  it('altered messages cost the neighbour more than true ones', async () => {
    const town = new Town();
    const node = await town.settle(person(0), { limits });
    const parcel = await parcelOf(town, quiet);
    await push(node, loud.did, { ...parcel, bytes: utf8('x') }, { ...parcel, bytes: utf8('y') });
    await expect(push(node, loud.did, parcel)).rejects.toEqual(code('OVERLOADED'));
  });

  it('what a burst makes too much is offered again and arrives', async () => {
    const town = new Town();
    const wide = { burst: 100_000, perSecond: 1_000 };
    const [a, b] = [
      await town.settle(person(0), { limits: { origin: wide } }),
      await town.settle(person(1), { limits: { neighbour: { burst: 100, perSecond: 20 } } }),
    ];
    meet(a, b);
    const heard = b.heard();
    for (let i = 0; i < 150; i += 1) await a.gossip.broadcast('news', hello, { ttl: '10m' });
    await town.clock.advance('5s');
    expect(heard.length).toBeLessThan(100);
    await town.clock.advance('2m');
    expect(heard).toHaveLength(150);
  });
});

describe('a subscription', () => {
  async function pair(): Promise<{ town: Town; a: Node; b: Node }> {
    const town = new Town();
    const [a, b] = (await town.people(2)) as [Node, Node];
    meet(a, b);
    return { town, a, b };
  }

  it('yields messages in the order they came', async () => {
    const { town, a, b } = await pair();
    const news = b.gossip.subscribe('news');
    for (const word of ['one', 'two', 'three']) {
      await a.gossip.broadcast('news', utf8(word));
      await town.clock.advance('1s');
    }
    const words: string[] = [];
    for await (const { bytes } of news) {
      words.push(new TextDecoder().decode(bytes));
      if (words.length === 3) break;
    }
    expect(words).toEqual(['one', 'two', 'three']);
  });

  it('forgets the oldest of more than 1,000 and counts them', async () => {
    const { town, a, b } = await pair();
    const news = b.gossip.subscribe('news');
    for (let i = 0; i < 1_003; i += 1) {
      await a.gossip.broadcast('news', utf8(String(i)));
      if (i % 100 === 99) await town.clock.advance('5s');
    }
    await town.clock.advance('5s');
    expect(news.dropped).toBe(3);
    const reader = news[Symbol.asyncIterator]();
    const first = await reader.next();
    expect(new TextDecoder().decode((first.value as { bytes: Uint8Array }).bytes)).toBe('3');
  });

  it('ends with its signal, with the loop, with the node', async () => {
    const { town, a, b } = await pair();
    const leaving = new AbortController();
    const ended: string[] = [];
    const read = async (name: string, signal?: AbortSignal): Promise<void> => {
      for await (const _ of b.gossip.subscribe('news', signal && { signal })) break;
      ended.push(name);
    };
    const reading = [read('signal', leaving.signal), read('gone', AbortSignal.abort())];
    leaving.abort();
    await Promise.all(reading);
    const looping = read('loop');
    const waiting = b.gossip.subscribe('weather')[Symbol.asyncIterator]().next();
    await a.gossip.broadcast('news', hello);
    await town.clock.advance('1s');
    await looping;
    expect(ended.sort()).toEqual(['gone', 'loop', 'signal']);
    await b.gossip.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  it('is not disturbed by a listener that throws; that one is logged', async () => {
    const town = new Town();
    const lines: unknown[] = [];
    const logger = { log: (...line: unknown[]) => void lines.push(line) };
    const node = await town.settle(person(0), { logger });
    node.gossip.on('news', () => {
      throw new MeshError('INTERNAL');
    });
    const heard = node.heard();
    await push(node, person(1).did, await parcelOf(town, person(1)));
    expect(heard).toHaveLength(1);
    expect(lines).toHaveLength(1);
  });

  it('a listener taken off hears nothing more, though it was added twice', async () => {
    const { town, a, b } = await pair();
    let calls = 0;
    const listener = (): void => void (calls += 1);
    const off = b.gossip.on('news', listener);
    b.gossip.on('news', listener);
    off();
    off();
    await a.gossip.broadcast('news', hello);
    await town.clock.advance('1s');
    expect(calls).toBe(1);
  });
});

describe('the end', () => {
  it('close() may be called twice, and everything after it is CLOSED', async () => {
    const town = new Town();
    const [a, b] = (await town.people(2)) as [Node, Node];
    meet(a, b);
    await a.gossip.broadcast('news', hello);
    await Promise.all([a.gossip.close(), a.gossip.close()]);
    await a.gossip[Symbol.asyncDispose]();
    await b.gossip.close();
    await town.clock.advance('1m');
    expect(town.clock.timers).toBe(0);
    await expect(a.gossip.broadcast('news', hello)).rejects.toEqual(code('CLOSED'));
    expect(() => a.gossip.subscribe('news')).toThrow(code('CLOSED'));
    await expect(push(a, b.did)).rejects.toEqual(code('CLOSED'));
  });
});
