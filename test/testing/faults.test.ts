// Each verb of harm, seen by what it does.
import { describe, expect, it } from 'vitest';
import { createTestMesh, type FrameFault, type TestMesh } from '../../src/testing/index.ts';
import { failure } from '../client/rig.ts';

/** Two organisations; `b` echoes, and writes down what it was asked. */
async function pair(seed = 1): Promise<TestMesh & { asked: unknown[] }> {
  const mesh = await createTestMesh({ orgs: ['a', 'b'], seed });
  const asked: unknown[] = [];
  mesh.org('b').createAgent({
    name: 'echo',
    capabilities: ['echo'],
    handler: ({ input }) => {
      asked.push(input);
      return input;
    },
  });
  await mesh.settle();
  return Object.assign(mesh, { asked });
}

function ask(mesh: TestMesh, data: unknown, timeout: `${number}s` = '10s') {
  return mesh.org('a').executeTask({ type: 'echo', data: data }, { timeout });
}

describe('a partition', () => {
  it('lets nothing through until it is healed', async () => {
    await using mesh = await pair();
    const cut = mesh.network.partition(['a'], ['b']);
    await failure(ask(mesh, 1));
    expect(mesh.asked).toEqual([]);
    cut.heal();
    await mesh.clock.advance('40s');
    expect((await ask(mesh, 2)).output).toBe(2);
  });

  it('of one way lets the question through, not the answer', async () => {
    await using mesh = await pair();
    mesh.network.partition(['b'], ['a'], { oneWay: true });
    await failure(ask(mesh, 1));
    expect(mesh.asked).toEqual([1]);
  });

  it('shorter than a session is patient costs no session', async () => {
    await using mesh = await pair();
    const cut = mesh.network.isolate('b');
    await mesh.clock.advance('4s');
    cut.heal();
    await mesh.clock.advance('30s');
    expect(mesh.trace().count('peer.lost')).toBe(0);
  });

  it('ends the session of both sides when it lasts', async () => {
    await using mesh = await pair();
    mesh.network.isolate('b');
    await mesh.clock.advance('60s');
    expect(mesh.trace().count('peer.lost', { node: 'a/0' })).toBe(1);
    expect(mesh.trace().count('peer.lost', { node: 'b/0' })).toBe(1);
  });
});

describe('a crash', () => {
  it('of the process is told at once, of the power only by silence', async () => {
    const lostAfter = async (power: boolean): Promise<number> => {
      await using mesh = await pair();
      await mesh.node('b').crash({ power });
      await mesh.clock.advance('60s');
      return mesh.trace().first('peer.lost', { node: 'a/0' })!.afterMs;
    };
    expect(await lostAfter(false)).toBeLessThan(1_000);
    expect(await lostAfter(true)).toBeGreaterThan(5_000);
  });

  it('ends what the test was waiting for there', async () => {
    await using mesh = await pair();
    mesh.network.isolate('b');
    const asking = ask(mesh, 1);
    await mesh.clock.advance('1s');
    await mesh.node('a').crash();
    expect((await failure(asking)).code).toBe('CLOSED');
    expect(mesh.openHandles()).toEqual([]);
  });

  it('keeps the disk, or loses it', async () => {
    const keyAfter = async (disk: 'kept' | 'lost'): Promise<string> => {
      await using mesh = await pair();
      await mesh.org('a').executeTask({ type: 'echo', data: 1 }, { idempotencyKey: 'k' });
      await mesh.node('b').crash({ disk });
      await mesh.node('b').restart();
      await mesh.clock.advance('40s');
      await mesh.org('a').executeTask({ type: 'echo', data: 1 }, { idempotencyKey: 'k' });
      mesh.assertInvariants();
      return mesh.asked.join();
    };
    expect(await keyAfter('kept')).toBe('1');
    expect(await keyAfter('lost')).toBe('1,1');
  });

  it('can hit a node in the moment it has done something', async () => {
    await using mesh = await pair();
    mesh.when('handler.began', { node: 'b/0' }, () => void mesh.node('b').crash({ power: true }));
    const options = { idempotencyKey: 'k', timeout: '5m' } as const;
    const asking = mesh.org('a').executeTask({ type: 'echo', data: 1 }, options);
    await mesh.clock.advance('5s');
    await mesh.node('b').restart();
    // It began and nobody knows how far it came: it is not begun again.
    expect((await failure(asking)).code).toBe('TASK_UNCERTAIN');
    expect(mesh.asked).toEqual([1]);
    mesh.assertInvariants();
  });
});

describe('a machine', () => {
  it('that stalls does nothing, and then all at once', async () => {
    await using mesh = await pair();
    mesh.node('b').pause('3s');
    const before = mesh.clock.now();
    await ask(mesh, 1);
    expect(mesh.clock.now() - before).toBeGreaterThanOrEqual(3_000);
    expect(mesh.clock.now() - before).toBeLessThan(4_000);
  });

  it('that is slow takes longer', async () => {
    await using mesh = await pair();
    const took = async (): Promise<number> => {
      const before = mesh.clock.now();
      await ask(mesh, 1);
      return mesh.clock.now() - before;
    };
    const fast = await took();
    mesh.node('b').slow(100);
    expect(await took()).toBeGreaterThan(fast + 100);
    mesh.node('b').slow(0);
    expect(await took()).toBeLessThan(100);
  });

  it('with a wrong clock dates its receipts wrongly, and keeps its deadlines', async () => {
    await using mesh = await pair();
    mesh.node('b').skewClock('30s', 'behind');
    const { receipt } = await ask(mesh, 1);
    const truth = Date.UTC(2030, 0, 1) + mesh.clock.now();
    expect(truth - Date.parse(receipt.at)).toBeGreaterThan(29_000);
    mesh.node('b').skewClock('30s');
    expect(Date.parse((await ask(mesh, 1)).receipt.at) - truth).toBeGreaterThan(29_000);
  });

  it('with a full disk refuses, and works again when there is room', async () => {
    await using mesh = await pair();
    mesh.node('b').fillDisk();
    expect((await failure(ask(mesh, 1))).code).toBe('TASK_FAILED');
    mesh.node('b').fillDisk(false);
    expect((await ask(mesh, 2)).output).toBe(2);
  });

  it('that cannot flush does not claim that it has', async () => {
    await using mesh = await pair();
    mesh.node('b').failFlush();
    await failure(ask(mesh, 1));
    mesh.node('b').failFlush(false);
    expect((await ask(mesh, 2)).output).toBe(2);
  });
});

describe('the weather', () => {
  it('delays what it loses, and loses nothing for good', async () => {
    await using mesh = await pair();
    mesh.network.change({ drop: 0.3, duplicate: 0.2, reorder: 0.5, tail: 0.2 });
    for (let i = 0; i < 20; i += 1) expect((await ask(mesh, i)).output).toBe(i);
    expect(mesh.trace().count('message.dropped', { why: 'loss', again: true })).toBeGreaterThan(5);
    expect(mesh.asked).toHaveLength(20);
  });

  it.each<FrameFault>(['flip', 'cut', 'repeat', 'swap', 'swallow'])(
    'of a carrier that may not %s a frame ends the session, and the task is done all the same',
    async (how) => {
      await using mesh = await pair();
      mesh.network.corrupt('a', 'b', how);
      const options = { idempotencyKey: 'k', timeout: '5m' } as const;
      const { output } = await mesh.org('a').executeTask({ type: 'echo', data: 1 }, options);
      expect(output).toBe(1);
      await mesh.clock.advance('30s');
      expect(mesh.trace().count('message.corrupted', { how })).toBe(1);
      expect(mesh.trace().count('peer.lost', { node: 'b/0' })).toBe(1);
      expect(mesh.asked).toEqual([1]);
      mesh.assertInvariants();
    },
  );
});

describe('a liar', () => {
  it('that is silent reaches nobody', async () => {
    await using mesh = await createTestMesh({ nodes: 3, seed: 1 });
    mesh.replace(1, { name: 'silent', speak: () => [] });
    await mesh.settle();
    await mesh.clock.advance('60s');
    expect(mesh.org('n0').federation.peers()).toEqual([mesh.did('n2')]);
  });
});
