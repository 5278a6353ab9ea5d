import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../src/base/errors.ts';
import { judge, majority, type RoleState, releasedBy } from '../../../src/core/roles/grant.ts';
import { isSettled, survey } from '../../../src/core/roles/survey.ts';
import { memoryStore, type Node, Town, watch } from './rig.ts';

const code = (expected: string): Error => expect.objectContaining({ code: expected }) as Error;
const ttl = 3_000;

/** A town of `count` started nodes. */
async function townOf(count: number, options = {}): Promise<{ town: Town; nodes: Node[] }> {
  const town = new Town();
  const nodes = Array.from({ length: count }, () => town.settle(options));
  for (const node of nodes) await node.roles.start();
  return { town, nodes };
}

/** What `promise` comes to while `ms` pass. */
async function within<T>(town: Town, ms: number, promise: Promise<T>): Promise<T> {
  const settled = promise.then(
    (value) => () => value,
    (error: unknown) => () => {
      throw error as Error;
    },
  );
  await town.clock.advance(ms);
  return (await Promise.race([settled, Promise.resolve(undefined)]))!();
}

describe('a role of one node', () => {
  it('is held with growing epochs, renewed for as long as its holder lives', async () => {
    const { town, nodes } = await townOf(1);
    const [node] = nodes as [Node];
    const first = await node.hold({ ttl });
    expect(first.epoch).toBe(1);
    await town.clock.advance('10m');
    expect(first.lost.aborted).toBe(false);
    await first.release();
    expect(first.lost.reason).toMatchObject({
      code: 'ROLE_LOST',
      params: { role: 'leader', epoch: 1 },
    });
    expect((await node.hold({ ttl })).epoch).toBe(2);
    expect(node.life.events.map(({ type }) => type)).toEqual(['role.taken', 'role.taken']);
  });

  it('is refused to a second, who is told by whom it is held', async () => {
    const { nodes } = await townOf(1);
    const [node] = nodes as [Node];
    await node.hold({ ttl });
    await expect(node.roles.hold('leader', { ttl })).rejects.toMatchObject({
      code: 'ROLE_TAKEN',
      retryable: true,
      params: { role: 'leader', holder: node.did, epoch: 1 },
    });
    expect((await node.roles.hold('publisher', { ttl })).epoch).toBe(1);
  });

  it('goes to the standby when it is released', async () => {
    const { town, nodes } = await townOf(1);
    const [node] = nodes as [Node];
    const first = await node.hold({ ttl });
    const second = watch(node.hold({ ttl, standby: true }));
    await town.clock.advance('1m');
    expect(second.value).toBeUndefined();
    await first.release();
    await town.clock.advance('2s');
    expect(second.value?.epoch).toBe(2);
  });

  it('is not held again after a crash before the lease of the crashed is over, then with a higher epoch', async () => {
    const { town, nodes } = await townOf(1);
    const [node] = nodes as [Node];
    await node.hold({ ttl });
    await town.clock.advance('10s');
    await node.restart();
    const again = watch(node.hold({ ttl, standby: true }));
    await expect(node.roles.hold('leader', { ttl })).rejects.toEqual(code('ROLE_TAKEN'));
    await town.clock.advance(ttl - 10);
    expect(again.value).toBeUndefined();
    await town.clock.advance(ttl / 2);
    expect(again.value?.epoch).toBe(2);
  });
});

describe('processes that share a store', () => {
  it('hold a role one at a time; a standby takes over when the holder dies', async () => {
    const town = new Town();
    const store = memoryStore({ clock: town.clock });
    const [a, b] = [0, 1].map(() => town.settle({ did: 'did:key:one', store })) as [Node, Node];
    const first = await a.hold({ ttl });
    const second = watch(b.hold({ ttl, standby: true }));
    await town.clock.advance('1m');
    expect([first.lost.aborted, second.value]).toEqual([false, undefined]);
    a.kill();
    await town.clock.advance(ttl * 1.5);
    expect(second.value?.epoch).toBe(2);
    await expect(b.roles.check('leader', 1)).rejects.toMatchObject({
      code: 'ROLE_EPOCH_STALE',
      params: { role: 'leader', epoch: 1, current: 2 },
    });
  });
});

describe('a role among three nodes', () => {
  it('is held with two of them, and lost in time without', async () => {
    const { town, nodes } = await townOf(3);
    const [a, b, c] = nodes as [Node, Node, Node];
    const among = town.dids;
    const lease = await within(town, 100, a.hold({ ttl, among }));
    c.kill();
    await town.clock.advance('1m');
    expect(lease.lost.aborted).toBe(false);
    b.kill();
    await town.clock.advance(ttl);
    expect(lease.lost.reason).toMatchObject({ code: 'ROLE_LOST' });
    expect(a.life.events.at(-1)).toMatchObject({
      type: 'role.lost',
      data: { role: 'leader', epoch: 1, code: 'ROLE_LOST' },
    });
    await expect(within(town, ttl * 2, a.roles.hold('leader', { ttl, among }))).rejects.toEqual(
      code('ROLE_NO_MAJORITY'),
    );
  });

  it('may be held by one who has no word in it', async () => {
    const { town, nodes } = await townOf(4);
    const lease = await within(
      town,
      100,
      nodes[3]!.hold({ ttl, among: town.dids.slice(0, 3), standby: true }),
    );
    expect(lease.epoch).toBe(1);
  });

  it('of several who ask at once, one gets it and the others after it', async () => {
    const { town, nodes } = await townOf(3);
    const among = town.dids;
    const asking = nodes.map((node) => watch(node.hold({ ttl, among, standby: true })));
    for (let turn = 1; turn <= 3; turn += 1) {
      await town.clock.advance('20s');
      expect(town.taken).toHaveLength(turn);
      expect(town.live).toHaveLength(1);
      await within(town, 1_000, town.taken.at(-1)!.lease.release());
    }
    expect(asking.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
    const epochs = town.taken.map(({ lease }) => lease.epoch);
    expect(epochs).toEqual(epochs.toSorted((x, y) => x - y));
  });

  it('is not kept from others by one who asked in vain', async () => {
    const { town, nodes } = await townOf(4);
    const [a, b, c, d] = nodes as [Node, Node, Node, Node];
    for (const { life } of [b, c]) {
      const answer = life.answer.bind(life);
      life.answer = (method, from, body) =>
        method === 'roles.claim'
          ? Promise.reject(new MeshError('OVERLOADED'))
          : answer(method, from, body);
    }
    const among = [a, b, c].map(({ did }) => did);
    await expect(within(town, 5_000, d.roles.hold('leader', { ttl, among }))).rejects.toEqual(
      code('ROLE_NO_MAJORITY'),
    );
    // Asked five times, granted by one of three each time, and given back.
    expect(await a.life.answer('roles.look', d.did, { role: 'leader' })).toEqual({
      epoch: 5,
      waitMs: 0,
    });
  });

  it('is lost before anybody else can have it, though clocks run at different speeds', async () => {
    const rate = fc.double({ min: 0.98, max: 1.02, noNaN: true });
    const delay = fc.integer({ min: 1, max: 900 });
    await fc.assert(
      fc.asyncProperty(rate, rate, delay, fc.nat(3_000), async (slow, fast, ms, held) => {
        const town = new Town();
        let cut = false;
        town.weather = (from, to) => {
          const holders = from === town.dids[0] || to === town.dids[0];
          if (cut && holders) return 'lost';
          // Requests arrive at once and answers late: the worst for one who counts from the answer.
          return holders ? (to === town.dids[0] ? ms : 0) : 0;
        };
        const [a, b, c] = [town.settle({ rate: slow }), town.settle({ rate: fast })].concat(
          town.settle({ rate: fast }),
        ) as [Node, Node, Node];
        const among = town.dids;
        for (const node of [a, b, c]) await node.roles.start();
        const lease = await within(town, 2_500, a.hold({ ttl, among }));
        await town.clock.advance(held);
        cut = true;
        // One after another asks, so that the role is taken at the first moment at which it can be.
        let next: ReturnType<typeof watch> | undefined;
        for (let i = 0; i < 1_000 && next?.value === undefined; i += 1) {
          next = watch(b.hold({ ttl, among }));
          await town.clock.advance(5);
        }
        expect(next?.value).toMatchObject({ epoch: 2 });
        expect(lease.lost.aborted).toBe(true);
      }),
      { numRuns: 15 },
    );
  });
});

describe('an old epoch', () => {
  it('is refused by everyone who knows of a newer one, and the newest is remembered over a restart', async () => {
    const { nodes } = await townOf(1);
    const [node] = nodes as [Node];
    await node.roles.check('leader', 4);
    await node.roles.check('leader', 4);
    await node.roles.check('leader', 7);
    const stale = expect.objectContaining({
      code: 'ROLE_EPOCH_STALE',
      params: { role: 'leader', epoch: 4, current: 7 },
    }) as Error;
    await expect(node.roles.check('leader', 4)).rejects.toEqual(stale);
    await node.restart();
    await expect(node.roles.check('leader', 4)).rejects.toEqual(stale);
    await node.roles.check('publisher', 4);
    expect((await node.hold({ ttl })).epoch).toBe(8);
  });

  it('renews nothing: who was overtaken hears it and stops', async () => {
    const { town, nodes } = await townOf(1);
    const [node] = nodes as [Node];
    const lease = await node.hold({ ttl });
    await node.roles.check('leader', 2);
    await town.clock.advance(ttl / 2);
    expect(lease.lost.aborted).toBe(true);
  });

  it('checking one gives a lease no more time', async () => {
    const town = new Town();
    const store = memoryStore({ clock: town.clock });
    const [a, b] = [0, 1].map(() => town.settle({ did: 'did:key:one', store })) as [Node, Node];
    await b.roles.start();
    await a.hold({ ttl });
    await expect(b.roles.hold('leader', { ttl })).rejects.toEqual(code('ROLE_TAKEN'));
    a.kill();
    await town.clock.advance(ttl - 50);
    await b.roles.check('leader', 2);
    await town.clock.advance(60);
    expect((await b.hold({ ttl })).epoch).toBe(3);
  });
});

describe('what is refused', () => {
  it.each([
    [{ ttl: 99 }, 'INVALID_ARGUMENT'],
    [{ ttl: '61m' }, 'INVALID_ARGUMENT'],
    [{ ttl, among: [] }, 'INVALID_ARGUMENT'],
    [{ ttl, among: Array.from({ length: 32 }, (_, i) => `did:key:${i}`) }, 'INVALID_ARGUMENT'],
    [{ ttl, among: ['nobody'] }, 'DID_INVALID'],
    [{ ttl, role: '' }, 'SCHEMA_INVALID'],
    [{ ttl, signal: AbortSignal.abort() }, 'ABORTED'],
  ] as const)('hold %j', async (wrong, expected) => {
    const { nodes } = await townOf(1);
    const { role = 'leader', ...options } = wrong as { role?: string; ttl: number };
    await expect(nodes[0]!.roles.hold(role, options)).rejects.toEqual(code(expected));
  });

  it.each([0, -1, 1.5, Number.NaN])('the epoch %d', async (epoch) => {
    const { nodes } = await townOf(1);
    await expect(nodes[0]!.roles.check('leader', epoch)).rejects.toEqual(code('INVALID_ARGUMENT'));
  });

  it('claims of those who may not hold the role; this node’s own are not asked for', async () => {
    const asked: string[] = [];
    const mayHold = (peer: string, role: string): boolean => {
      asked.push(`${peer} ${role}`);
      return false;
    };
    const { town, nodes } = await townOf(2, { mayHold });
    const [a, b] = nodes as [Node, Node];
    await expect(
      within(town, 5_000, a.roles.hold('leader', { ttl, among: [b.did] })),
    ).rejects.toEqual(code('ROLE_NO_MAJORITY'));
    for (const method of ['look', 'claim', 'release']) {
      const body = { role: 'leader', epoch: 1, lease: 'l', ttlMs: ttl };
      await expect(b.life.answer(`roles.${method}`, a.did, body)).rejects.toEqual(
        code('POLICY_DENIED'),
      );
    }
    expect(asked).toEqual(new Array(4).fill(`${a.did} leader`));
    expect((await b.hold({ ttl })).epoch).toBe(1);
  });

  it('a release of somebody else’s lease', async () => {
    const { town, nodes } = await townOf(2);
    const [a, b] = nodes as [Node, Node];
    await b.hold({ ttl });
    await b.life.answer('roles.release', a.did, { role: 'leader', epoch: 1, lease: 'guess' });
    await town.clock.advance('1m');
    expect(town.live).toHaveLength(1);
  });

  it('a role that would be one too many, unless it is known', async () => {
    const { nodes } = await townOf(2);
    const [a, b] = nodes as [Node, Node];
    const claim = (role: string, epoch: number): Promise<unknown> =>
      b.life.answer('roles.claim', a.did, { role, epoch, lease: 'l', ttlMs: ttl });
    for (let i = 0; i < 1_000; i += 1) await claim(`role ${i}`, 1);
    await expect(claim('one more', 1)).rejects.toEqual(code('OVERLOADED'));
    await expect(b.roles.check('another', 1)).rejects.toEqual(code('OVERLOADED'));
    expect(await claim('role 1', 1)).toEqual({ state: 'granted' });
  });

  it('a store without conditional writes', async () => {
    const store = memoryStore();
    const features = { ...store.features, conditional: false };
    const blunt = {
      features,
      get: store.get.bind(store),
      write: store.write.bind(store),
      scan: store.scan.bind(store),
    };
    const node = new Town().settle({ store: blunt });
    await expect(node.roles.hold('leader', { ttl })).rejects.toEqual(code('UNSUPPORTED'));
  });

  it('any foreign data, as such', async () => {
    const { nodes } = await townOf(2);
    const [a, b] = nodes as [Node, Node];
    const member = fc.oneof(fc.anything(), fc.constantFrom<unknown>('leader', 1, 'lease', ttl));
    const body = fc.oneof(
      fc.anything(),
      fc.record(
        { role: member, epoch: member, lease: member, ttlMs: member },
        { requiredKeys: [] },
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('roles.look', 'roles.claim', 'roles.release'),
        body,
        async (method, foreign) => {
          const wrong: unknown = await b.life.answer(method, a.did, foreign).then(
            () => undefined,
            (error: unknown) => error,
          );
          if (wrong !== undefined) expect(MeshError.is(wrong, 'SCHEMA_INVALID')).toBe(true);
        },
      ),
    );
  });

  it('an answer that is none counts as no word', async () => {
    const { town, nodes } = await townOf(2);
    const [a, b] = nodes as [Node, Node];
    b.life.answer = () => Promise.resolve({ state: 'certainly', epoch: -1, waitMs: 0 });
    await expect(
      within(town, 5_000, a.roles.hold('leader', { ttl, among: [b.did] })),
    ).rejects.toEqual(code('ROLE_NO_MAJORITY'));
  });
});

describe('the end', () => {
  it('of its signal releases the role, or ends the wait', async () => {
    const { town, nodes } = await townOf(1);
    const [node] = nodes as [Node];
    const [holding, waiting] = [new AbortController(), new AbortController()];
    const lease = await node.hold({ ttl, signal: holding.signal });
    const second = watch(node.hold({ ttl, standby: true, signal: waiting.signal }));
    await town.clock.advance('1s');
    waiting.abort();
    await town.clock.advance(1);
    expect(second.error).toEqual(code('ABORTED'));
    holding.abort();
    expect(lease.lost.aborted).toBe(true);
    await town.clock.advance(1);
    expect((await node.hold({ ttl })).epoch).toBe(2);
  });

  it('of the room releases what is held and ends all waiting; nothing is left behind', async () => {
    const { town, nodes } = await townOf(2);
    const [a, b] = nodes as [Node, Node];
    const among = [b.did];
    const lease = await within(town, 100, a.hold({ ttl, among }));
    const waiting = watch(a.hold({ ttl, among, standby: true }));
    await town.clock.advance('5s');
    const closing = a.roles.close();
    expect(lease.lost.aborted).toBe(true);
    await within(town, 5_000, Promise.all([closing, a.roles[Symbol.asyncDispose]()]));
    expect(waiting.error).toEqual(code('CLOSED'));
    expect((await b.hold({ ttl })).epoch).toBe(2);
    await b.roles.close();
    await town.clock.advance('1s');
    expect(town.clock.timers).toBe(0);
    await expect(a.roles.hold('leader', { ttl })).rejects.toEqual(code('CLOSED'));
    await expect(a.roles.check('leader', 1)).rejects.toEqual(code('CLOSED'));
  });
});

describe('the rules', () => {
  const claim = fc.record({
    epoch: fc.integer({ min: 1, max: 5 }),
    lease: fc.constantFrom('x', 'y', 'z'),
    holder: fc.constant('did:key:a' as const),
    ttlMs: fc.constant(ttl),
  });
  const step = fc.record({ claim, live: fc.boolean(), release: fc.boolean() });

  it('an epoch is granted to one lease only, epochs never fall, and a live lease gives way to none', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let state: RoleState = { role: 'leader', seen: 0 };
        const leases = new Map<number, string>();
        for (const { claim: asked, live, release } of steps) {
          const before = state;
          if (release) state = releasedBy(state, asked) ?? state;
          const verdict = judge(state, live && state.grant?.released === false, asked);
          if ('refused' in verdict) continue;
          const { epoch, lease } = verdict.granted.grant!;
          expect(epoch).toBeGreaterThanOrEqual(before.seen);
          expect(leases.get(epoch) ?? lease).toBe(lease);
          if (live && state.grant?.released === false) expect(state.grant.lease).toBe(lease);
          leases.set(epoch, lease);
          state = verdict.granted;
        }
      }),
    );
  });

  it('two majorities share a member', () => {
    for (let size = 1; size <= 31; size += 1) {
      expect(2 * majority(size)).toBeGreaterThan(size);
      expect(majority(size)).toBeLessThanOrEqual(size);
    }
  });

  it('a survey that is settled does not change with more answers', () => {
    const look = fc.record({ epoch: fc.nat(9), waitMs: fc.constantFrom(0, 0, 5, 9) });
    fc.assert(
      fc.property(fc.array(look, { minLength: 1, maxLength: 9 }), fc.nat(4), (looks, silent) => {
        const size = looks.length + silent;
        const all = survey(looks, size);
        for (let heard = 0; heard <= looks.length; heard += 1) {
          const some = looks.slice(0, heard);
          if (isSettled(some, size)) expect(survey(some, size).state).toBe(all.state);
        }
      }),
    );
  });
});
