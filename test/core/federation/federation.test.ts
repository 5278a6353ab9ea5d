import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MeshError } from '../../../src/base/errors.ts';
import { identityOf, linkPair, seededRandom, settle, type TestNode, World } from './rig.ts';

describe('Federation', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });
  afterEach(async () => {
    await world.close();
    for (const { federation } of world.nodes) {
      expect(federation.open()).toMatchObject({ sessions: 0, streams: 0, handshakes: 0 });
      expect(federation.sessions()).toEqual([]);
    }
    expect(world.clock.timers).toBe(0);
  });

  const types = (node: TestNode) => node.events.map(({ type }) => type);
  const echo = (node: TestNode) => {
    node.federation.handle('echo', ({ body }) => Promise.resolve(body));
  };

  describe('connecting', () => {
    it('answers a call of a peer, and knows who called', async () => {
      const [a, b] = [world.node('a'), world.node('b')];
      b.federation.handle('who', ({ from, to, body }) => Promise.resolve({ from, to, body }));
      await world.start();
      await a.federation.dial('fake:b', { expect: b.did });
      const answer = await a.federation.call(b.did, 'who', { vector: Float32Array.of(1, 2) });
      expect(answer).toEqual({ from: a.did, to: b.did, body: { vector: Float32Array.of(1, 2) } });
      await settle();
      expect(a.federation.peers()).toEqual([b.did]);
      expect(b.federation.peers()).toEqual([a.did]);
      expect(b.events[0]).toMatchObject({
        type: 'peer.connected',
        peer: a.did,
        data: { node: 'main' },
      });
    });

    it('does nothing before start()', () => {
      world.node('a', { peers: ['fake:b'] });
      expect(world.network.listeners.size).toBe(0);
      expect(world.clock.timers).toBe(0);
    });

    it('dials its configured peers at the start, and tells listeners of each', async () => {
      const [b, a] = [world.node('b'), world.node('a', { peers: ['fake:b'] })];
      const seen: string[] = [];
      a.federation.onPeer((peer) => seen.push(peer));
      await world.start();
      expect(seen).toEqual([b.did]);
      expect(a.federation.sessions()).toMatchObject([
        { did: b.did, node: 'main', state: 'active', endpoint: 'fake:b' },
      ]);
    });

    it('starts although its peers are away, and finds them when they come', async () => {
      const a = world.node('a', { peers: ['fake:b'] });
      await world.start();
      expect(a.federation.peers()).toEqual([]);
      const b = world.node('b');
      await b.federation.start();
      await world.clock.advance(30_000);
      expect(a.federation.peers()).toEqual([b.did]);
    });

    it('refuses somebody else than was expected', async () => {
      const [a] = [world.node('a'), world.node('b')];
      await world.start();
      const dialling = a.federation.dial('fake:b', { expect: identityOf(9).did });
      await expect(dialling).rejects.toMatchObject({ code: 'IDENTITY_MISMATCH' });
      expect(a.federation.sessions()).toEqual([]);
    });

    it('says when nobody answers, nobody is known, or no transport fits', async () => {
      const a = world.node('a');
      await world.start();
      await expect(a.federation.dial('fake:none')).rejects.toMatchObject({
        code: 'PEER_UNREACHABLE',
      });
      await expect(a.federation.dial('other:x')).rejects.toMatchObject({ code: 'UNSUPPORTED' });
      await expect(a.federation.connect(identityOf(9).did)).rejects.toMatchObject({
        code: 'PEER_UNREACHABLE',
      });
      await expect(a.federation.call(identityOf(9).did, 'x', 1)).rejects.toMatchObject({
        code: 'PEER_UNREACHABLE',
        retryable: true,
      });
    });

    it('connects by the address book when it is called', async () => {
      const b = world.node('b');
      echo(b);
      const a = world.node('a', {
        addressBook: { endpoints: (did) => (did === b.did ? ['fake:b'] : []) },
      });
      await world.start();
      const calls = [1, 2, 3].map((body) => a.federation.call(b.did, 'echo', body));
      expect(await Promise.all(calls)).toEqual([1, 2, 3]);
      expect(a.federation.stats().handshakes).toBe(1);
    });

    it('sends the first call in the flight of the last handshake message', async () => {
      const b = world.node('b');
      echo(b);
      const a = world.node('a', {
        introductions: false,
        addressBook: { endpoints: () => ['fake:b'] },
      });
      await world.start();
      let seenAtAnswer: string[] = [];
      const flights: string[] = [];
      world.network.wire = (frame, from) => {
        flights.push(from);
        return frame;
      };
      await a.federation.call(b.did, 'echo', 1).then(() => (seenAtAnswer = [...flights]));
      // Message 1, 2, 3, the call with the first ping, and the answer; nobody waited in between.
      expect(seenAtAnswer.slice(0, 4)).toEqual(['dialler', 'listener', 'dialler', 'dialler']);
    });

    it('does not connect to itself', async () => {
      const a = world.node('a', { peers: ['fake:a'] });
      await world.start();
      await expect(a.federation.dial('fake:a')).rejects.toMatchObject({ code: 'PEER_REJECTED' });
      expect(a.federation.peers()).toEqual([]);
    });

    it('serves several identities at one address, each apart', async () => {
      const [x, y] = [identityOf(21), identityOf(22)];
      const b = world.node('b', { identities: [x, y] });
      b.federation.handle('who', ({ to }) => Promise.resolve(to));
      const a = world.node('a', { addressBook: { endpoints: () => ['fake:b'] } });
      await world.start();
      expect(await a.federation.call(y.did, 'who', null)).toBe(y.did);
      expect(await a.federation.call(x.did, 'who', null)).toBe(x.did);
      expect(a.federation.peers()).toEqual([y.did, x.did]);
      a.federation.handle('from', ({ from }) => Promise.resolve(from));
      expect(await b.federation.call(a.did, 'from', null, { as: y.did })).toBe(y.did);
      expect(() => b.federation.call(a.did, 'from', null, { as: a.did })).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      );
    });

    it('counts handshakes, bytes and calls', async () => {
      const [a, b] = [world.node('a'), world.node('b')];
      echo(b);
      await world.start();
      await a.federation.dial('fake:b');
      await a.federation.call(b.did, 'echo', 'x'.repeat(1_000));
      await world.close();
      const stats = a.federation.stats();
      expect(stats).toMatchObject({ handshakes: 1, failedHandshakes: 0 });
      expect(stats.bytesOut).toBeGreaterThan(1_000);
      expect(stats.callsOut).toBeGreaterThanOrEqual(1);
      expect(b.federation.stats().callsIn).toBeGreaterThanOrEqual(1);
    });
  });

  describe('who gets in', () => {
    it('a peer the rule refuses is told the reason, and is never connected', async () => {
      const [a, b] = [world.node('a'), world.node('b')];
      b.federation.accept(() => {
        throw new MeshError('TRUST_TOO_LOW', {
          peer: a.did,
          score: 10,
          needed: 50,
          because: 'new',
        });
      });
      await world.start();
      const error: unknown = await a.federation.dial('fake:b').catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'PEER_REJECTED', params: { peer: b.did } });
      expect(String(error)).toContain('trust in');
      expect(types(b)).toEqual(['peer.refused']);
      expect([a.federation.peers(), b.federation.peers()]).toEqual([[], []]);
    });

    it('what a rule throws that is no MeshError stays here', async () => {
      const [a, b] = [world.node('a'), world.node('b')];
      b.federation.accept(() => Promise.reject(new Error('password is 123')));
      await world.start();
      const error: unknown = await a.federation.dial('fake:b').catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: 'PEER_REJECTED',
        params: { reason: 'not accepted here' },
      });
    });

    it('the dialling side has a say too', async () => {
      const [a, b] = [world.node('a'), world.node('b')];
      a.federation.accept(({ did }) => did !== b.did);
      await world.start();
      await expect(a.federation.dial('fake:b')).rejects.toMatchObject({ code: 'PEER_REJECTED' });
      await settle();
      expect(b.federation.peers()).toEqual([]);
    });

    it('nothing a peer says is heard while the rule is still thinking', async () => {
      const [a, b] = [world.node('a'), world.node('b')];
      let decide: (yes: boolean) => void = () => undefined;
      let heard = 0;
      b.federation.accept(() => new Promise((resolve) => (decide = resolve)));
      b.federation.handle('echo', () => Promise.resolve((heard += 1)));
      await world.start();
      const dialling = a.federation.dial('fake:b');
      await settle();
      const call = a.federation.call(b.did, 'echo', 1);
      await settle();
      expect([heard, b.federation.peers()]).toEqual([0, []]);
      expect(a.federation.sessions()).toMatchObject([{ state: 'connecting' }]);
      decide(true);
      await dialling;
      expect(await call).toBe(1);
    });

    it('disconnect() ends the sessions of a peer with the reason', async () => {
      const [a, b] = [world.node('a'), world.node('b')];
      await world.start();
      await a.federation.dial('fake:b');
      await settle();
      const reason = new MeshError('TRUST_TOO_LOW', {
        peer: a.did,
        score: 1,
        needed: 2,
        because: 'x',
      });
      await b.federation.disconnect(a.did, reason);
      await settle();
      expect(a.events.at(-1)).toMatchObject({ type: 'peer.lost', data: { code: 'TRUST_TOO_LOW' } });
      expect(b.federation.peers()).toEqual([]);
      expect(a.federation.sessions()).toMatchObject([{ did: b.did, state: 'suspended' }]);
    });

    it('a second live node of the same name is refused, and the first stays', async () => {
      const b = world.node('b');
      const first = world.node('a1', { seed: 50 });
      const second = world.node('a2', { seed: 50 });
      await world.start();
      await first.federation.dial('fake:b');
      const error = second.federation.dial('fake:b').catch((thrown: unknown) => thrown);
      await world.clock.advance(5_000);
      expect(await error).toMatchObject({ code: 'IDENTITY_CONFLICT', params: { node: 'main' } });
      expect(b.events.at(-1)).toMatchObject({
        type: 'peer.refused',
        data: { code: 'IDENTITY_CONFLICT' },
      });
      expect(b.federation.sessions()).toHaveLength(1);
      expect(first.federation.peers()).toEqual([b.did]);
    });

    it('a node that was restarted takes the place of its dead self after the probe', async () => {
      const b = world.node('b');
      const first = world.node('a1', { seed: 50 });
      await world.start();
      await first.federation.dial('fake:b');
      await settle();
      // The first falls silent without a word.
      const silent = new Set(world.network.links);
      for (const link of silent) link.wire = () => undefined;
      const second = world.node('a2', { seed: 50 });
      await second.federation.start();
      const dialling = second.federation.dial('fake:b');
      await world.clock.advance(2_500);
      await dialling;
      expect(b.federation.sessions()).toMatchObject([{ did: second.did, state: 'active' }]);
    });

    it('nodes of one organisation are told apart by name', async () => {
      const b = world.node('b');
      const one = world.node('a1', { seed: 50, node: 'one' });
      const two = world.node('a2', { seed: 50, node: 'two' });
      await world.start();
      await one.federation.dial('fake:b');
      await two.federation.dial('fake:b');
      await settle();
      expect(b.federation.sessions().map(({ node }) => node)).toEqual(['one', 'two']);
      expect(b.federation.peers()).toEqual([one.did]);
    });

    it('handshakes of strangers going on at a time are bounded', async () => {
      const b = world.node('b', { limits: { halfOpen: 4 } });
      await world.start();
      const accept = world.network.listeners.get('fake:b')!;
      const pairs = Array.from({ length: 6 }, () => linkPair());
      for (const [, theirs] of pairs) accept(theirs);
      await settle();
      expect(pairs.filter(([mine]) => mine.ended)).toHaveLength(2);
      expect(b.federation.open().handshakes).toBe(4);
      await world.clock.advance(10_000);
      expect(b.federation.open().handshakes).toBe(0);
      expect(b.federation.stats().failedHandshakes).toBe(6);
    });

    it('sessions at a time are bounded', async () => {
      const [b, a, c] = [
        world.node('b', { limits: { sessions: 1 } }),
        world.node('a'),
        world.node('c'),
      ];
      await world.start();
      await a.federation.dial('fake:b');
      await expect(c.federation.dial('fake:b')).rejects.toMatchObject({ code: 'OVERLOADED' });
      expect(b.federation.peers()).toEqual([a.did]);
    });
  });

  describe('two dials at once', () => {
    it('leave one session, the same on both sides, and lose no call', async () => {
      for (const [i, j] of [
        [1, 2],
        [2, 1],
      ] as const) {
        const here = new World();
        const b = here.node('b', { seed: i });
        const a = here.node('a', { seed: j });
        echo(a);
        echo(b);
        await here.start();
        const dials = [a.federation.dial('fake:b'), b.federation.dial('fake:a')];
        await settle();
        const calls = [a.federation.call(b.did, 'echo', 1), b.federation.call(a.did, 'echo', 2)];
        await here.clock.advance(100);
        await Promise.all(dials);
        expect(await Promise.all(calls)).toEqual([1, 2]);
        await here.clock.advance(3_000);
        const [x, y] = [a.federation.sessions(), b.federation.sessions()];
        expect(x).toMatchObject([{ state: 'active' }]);
        expect(y).toMatchObject([{ state: 'active' }]);
        expect(x[0]!.endpoint === 'fake:b').not.toBe(y[0]!.endpoint === 'fake:a');
        await here.close();
      }
    });

    it('settle however the messages of both are delayed', async () => {
      for (let seed = 1; seed <= 40; seed += 1) {
        const here = new World();
        const a = here.node('a', { addressBook: { endpoints: () => ['fake:b'] } });
        const b = here.node('b', { addressBook: { endpoints: () => ['fake:a'] } });
        const random = seededRandom(seed);
        // Each link has its own delay, so that the two handshakes interleave in every way.
        here.network.delay = () => Math.floor(random.next() * 40);
        echo(a);
        echo(b);
        await here.start();
        const dials = Promise.allSettled([
          a.federation.dial('fake:b'),
          b.federation.dial('fake:a'),
        ]);
        await here.clock.advance(40);
        const calls = Promise.all([
          a.federation.call(b.did, 'echo', 1),
          b.federation.call(a.did, 'echo', 2),
        ]).catch((error: unknown) => error);
        await here.clock.advance(6_000);
        expect(
          (await dials).map(({ status }) => status),
          `seed ${String(seed)}`,
        ).toEqual(['fulfilled', 'fulfilled']);
        expect(await calls, `seed ${String(seed)}`).toEqual([1, 2]);
        expect(a.federation.sessions()).toMatchObject([{ state: 'active' }]);
        expect(b.federation.sessions()).toMatchObject([{ state: 'active' }]);
        await here.close();
        // What was still on the wire.
        await here.clock.advance(50);
        expect(here.clock.timers).toBe(0);
      }
    });

    it('of one side share a session', async () => {
      const [a, b] = [world.node('a'), world.node('b')];
      await world.start();
      await Promise.all([a.federation.dial('fake:b'), a.federation.dial('fake:b')]);
      await a.federation.dial('fake:b');
      expect(b.federation.sessions()).toHaveLength(1);
      expect(types(a)).toEqual(['peer.connected']);
    });
  });

  describe('losing a session', () => {
    let a: TestNode;
    let b: TestNode;
    let runs: unknown[];
    beforeEach(async () => {
      [b, a] = [world.node('b'), world.node('a', { peers: ['fake:b'] })];
      runs = [];
      echo(b);
      b.federation.handle('slow', async ({ body }) => {
        runs.push(body);
        await world.clock.sleep(1_000);
        return 'done';
      });
      await world.start();
    });

    it('is noticed when the link ends, and mended', async () => {
      world.network.cut();
      await settle();
      expect(types(a)).toEqual(['peer.connected', 'peer.lost']);
      expect(a.federation.sessions()).toMatchObject([{ did: b.did, state: 'suspended' }]);
      await world.clock.advance(2_000);
      expect(a.federation.peers()).toEqual([b.did]);
      expect(types(a)).toEqual(['peer.connected', 'peer.lost', 'peer.connected']);
    });

    it('is noticed when the link falls silent', async () => {
      for (const link of world.network.links) link.wire = () => undefined;
      await world.clock.advance(26_000);
      expect(types(a).slice(0, 3)).toEqual(['peer.connected', 'peer.lost', 'peer.connected']);
    });

    it('does not happen to a quiet link that still answers', async () => {
      await world.clock.advance(600_000);
      expect(types(a)).toEqual(['peer.connected']);
      expect(a.federation.sessions()[0]!.rttMs).toBeDefined();
    });

    it('repeats a call under an idempotency key, which still runs once', async () => {
      const call = a.federation.call(b.did, 'slow', 1, { idempotencyKey: 'k' });
      await settle();
      world.network.cut();
      await world.clock.advance(5_000);
      expect(await call).toBe('done');
      expect(runs).toEqual([1]);
    });

    it('fails a call that may have been seen and must not run twice', async () => {
      const call = a.federation.call(b.did, 'slow', 1).catch((error: unknown) => error);
      await settle();
      world.network.cut();
      await settle();
      expect(await call).toMatchObject({ code: 'PEER_UNREACHABLE', retryable: true });
      await world.clock.advance(5_000);
      expect(runs).toEqual([1]);
    });

    it('repeats a call the carrier never took', async () => {
      for (const link of world.network.links) {
        link.wire = () => undefined;
        link.unsent = 1_000;
      }
      const call = a.federation.call(b.did, 'echo', 7);
      await settle();
      world.network.cut();
      await world.clock.advance(5_000);
      expect(await call).toBe(7);
    });

    it('repeats a call until its deadline and no longer', async () => {
      const call = a.federation
        .call(b.did, 'slow', 1, { idempotencyKey: 'k', timeoutMs: 3_000 })
        .catch((error: unknown) => error);
      await settle();
      world.network.listeners.clear();
      world.network.cut();
      await world.clock.advance(2_999);
      await world.clock.advance(2);
      expect(await call).toMatchObject({ code: 'TIMEOUT' });
    });

    it('fails a stream', async () => {
      b.federation.handleStream('wait', () => new Promise(() => undefined));
      const stream = await a.federation.openStream(b.did, 'wait', null);
      const result = stream.result.catch((error: unknown) => error);
      await settle();
      world.network.cut();
      expect(await result).toMatchObject({ code: 'PEER_UNREACHABLE' });
    });
  });

  describe('leaving', () => {
    it('lets calls finish while it drains, takes no new ones, and tells the peer', async () => {
      const [a, b] = [world.node('a'), world.node('b')];
      b.federation.handle('slow', async () => {
        await world.clock.sleep(100);
        return 'done';
      });
      await world.start();
      await a.federation.dial('fake:b');
      const call = a.federation.call(b.did, 'slow', 1);
      await settle();
      const closing = b.federation.close({ drainMs: 1_000 });
      await settle();
      const late = a.federation.call(b.did, 'slow', 2).catch((error: unknown) => error);
      await world.clock.advance(150);
      expect(await call).toBe('done');
      await closing;
      expect(await late).toMatchObject({ code: 'PEER_UNREACHABLE' });
      expect(a.events.find(({ type }) => type === 'peer.lost')).toMatchObject({
        data: { code: 'CLOSED' },
      });
    });

    it('ends calls that do not finish in time', async () => {
      const [a, b] = [world.node('a'), world.node('b')];
      b.federation.handle('never', () => new Promise(() => undefined));
      await world.start();
      await a.federation.dial('fake:b');
      const call = a.federation.call(b.did, 'never', 1).catch((error: unknown) => error);
      await settle();
      const closing = b.federation.close({ drainMs: 1_000 });
      await world.clock.advance(1_000);
      await closing;
      expect(await call).toMatchObject({ code: 'CLOSED' });
    });

    it('can be done twice, and before the start', async () => {
      const [a, b] = [world.node('a'), world.node('b')];
      await b.federation.close();
      await b.federation.close();
      await expect(b.federation.start()).rejects.toMatchObject({ code: 'CLOSED' });
      await a.federation.start();
      await Promise.all([a.federation.close(), a.federation.close({ drainMs: 5 })]);
      await a.federation[Symbol.asyncDispose]();
    });

    it('stops a start that is under way', async () => {
      const a = world.node('a', { peers: ['fake:none'] });
      const starting = a.federation.start().catch((error: unknown) => error);
      await settle();
      await a.federation.close();
      await starting;
      expect(world.network.listeners.size).toBe(0);
    });
  });

  describe('introductions', () => {
    it('one address is enough to find the rest', async () => {
      const nodes = ['hub', 'x', 'y', 'z'].map((name) =>
        world.node(name, name === 'hub' ? {} : { peers: ['fake:hub'] }),
      );
      await world.start();
      await world.clock.advance(5_000);
      for (const { federation, did } of nodes) {
        const others = nodes.map((node) => node.did).filter((one) => one !== did);
        expect(new Set(federation.peers())).toEqual(new Set(others));
        expect(federation.sessions()).toHaveLength(3);
      }
    });

    it('can be switched off', async () => {
      world.node('hub');
      const x = world.node('x', { peers: ['fake:hub'], introductions: false });
      const y = world.node('y', { peers: ['fake:hub'], introductions: false });
      await world.start();
      await world.clock.advance(5_000);
      expect(x.federation.peers()).not.toContain(y.did);
    });

    it('somebody else at an introduced address is not taken for the one that was named', async () => {
      const [hub, liar] = [world.node('hub', { introductions: false }), world.node('liar')];
      const named = identityOf(77).did;
      hub.federation.handle('mesh.introduce', () =>
        Promise.resolve([{ did: named, node: 'main', endpoints: ['fake:liar'] }]),
      );
      const x = world.node('x', { peers: ['fake:hub'] });
      await world.start();
      await world.clock.advance(60_000);
      expect(x.federation.peers()).toEqual([hub.did]);
      expect(liar.federation.peers()).toEqual([]);
    });

    it('are followed up to a limit', async () => {
      const hub = world.node('hub', { introductions: false });
      hub.federation.handle('mesh.introduce', () =>
        Promise.resolve(
          Array.from({ length: 60 }, (_, i) => ({
            did: identityOf(100 + i).did,
            node: 'main',
            endpoints: [`fake:n${String(i)}`],
          })),
        ),
      );
      let dials = 0;
      const dialled = new Set<string>();
      const transport = world.network.transport('fake:x', ['fake:hub']);
      const counting = {
        ...transport,
        dial: (...args: Parameters<typeof transport.dial>) => {
          dials += 1;
          dialled.add(args[0]);
          return transport.dial(...args);
        },
      };
      world.node('x', { transports: [counting], limits: { introduced: 10 } });
      await world.start();
      expect(dialled.size).toBe(10);
      // Addresses where nobody ever answers are given up.
      await world.clock.advance(600_000);
      const after = dials;
      await world.clock.advance(600_000);
      expect(dials).toBe(after);
    });
  });
});
