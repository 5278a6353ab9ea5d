import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Host, memoryStore } from '../../src/index.ts';
import {
  type ConformanceCase,
  createTestMesh,
  type TestMesh,
  type TestMeshOptions,
} from '../../src/testing/index.ts';
import { failure } from '../client/rig.ts';

export type { ConformanceCase };

/** A short life with some of everything; the same seed must lead to the same trace. */
async function life(seed: number, options: TestMeshOptions = {}): Promise<string> {
  await using mesh = await createTestMesh({ orgs: ['a', 'b'], seed, ...options });
  offer(mesh, 'b');
  await mesh.org('a').executeTask({ type: 'echo', data: 'hi' });
  await mesh.node('b').crash();
  await mesh.clock.advance('5s');
  await mesh.node('b').restart();
  await mesh.clock.advance('20s');
  await mesh.org('a').executeTask({ type: 'echo', data: 'again' });
  return mesh.trace().hash;
}

function offer(mesh: TestMesh, org: string): void {
  mesh
    .org(org)
    .createAgent({ name: 'echo', capabilities: ['echo'], handler: ({ input }) => input });
}

describe('a test mesh', () => {
  it('replays from its seed, and another seed is another run', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        expect(await life(seed)).toBe(await life(seed));
        expect(await life(seed)).not.toBe(await life(seed + 1));
      }),
      { numRuns: 3 },
    );
  }, 120_000);

  it('replays its storms', async () => {
    const storm = async (seed: number): Promise<string> => {
      await using mesh = await createTestMesh({ orgs: ['a', 'b', 'c'], seed, chaos: 'default' });
      await mesh.clock.advance('2m');
      return mesh.trace().hash;
    };
    for (const seed of [3, 4]) expect(await storm(seed)).toBe(await storm(seed));
  }, 120_000);

  it('tells of what went wrong in a turn once, to whoever waits first', async () => {
    const failing = {
      name: 'failing',
      start: (host: Host): void => {
        host.clock.after(1_000, () => {
          throw new Error('in a turn');
        });
      },
    };
    const mesh = await createTestMesh({ orgs: ['a'], client: { extensions: [failing] } });
    await expect(mesh.clock.advance('2s')).rejects.toThrow('in a turn');
    await mesh.close();
    expect(mesh.trace().count('node.failed')).toBe(1);
  });

  it('keeps the numbers of the others when an organisation is added', async () => {
    const keysOf = async (orgs: readonly string[]): Promise<string> => {
      await using mesh = await createTestMesh({ orgs, seed: 5 });
      return mesh.did('b');
    };
    expect(await keysOf(['a', 'b'])).toBe(await keysOf(['b', 'c', 'd']));
  });

  it('lets no time pass while nobody waits', async () => {
    await using mesh = await createTestMesh({ orgs: ['a', 'b'], seed: 1 });
    const before = mesh.clock.now();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(mesh.clock.now()).toBe(before);
    await mesh.clock.advance('30s');
    expect(mesh.clock.now()).toBe(before + 30_000);
  });

  it('lets time pass while a call is pending', async () => {
    await using mesh = await createTestMesh({ orgs: ['a', 'b'], seed: 1 });
    mesh.org('b').createAgent({
      name: 'sleeper',
      capabilities: ['sleep'],
      handler: async () => {
        await mesh.clock.sleep(20_000);
        return 'rested';
      },
    });
    const before = mesh.clock.now();
    expect((await mesh.org('a').executeTask({ type: 'sleep', data: 1 })).output).toBe('rested');
    expect(mesh.clock.now() - before).toBeGreaterThanOrEqual(20_000);
  });

  it('leaves handlers and tests their own clock', async () => {
    await using mesh = await createTestMesh({ orgs: ['a', 'b'], seed: 1 });
    mesh.org('b').createAgent({
      name: 'clock',
      capabilities: ['time'],
      handler: () => [Date.now(), new Date().getTime(), Math.random(), crypto.randomUUID()],
    });
    const { output } = await mesh.org('a').executeTask({ type: 'time', data: 1 });
    expect(output).toHaveLength(4);
  });

  it('catches library code that asks the machine for the time, with the place', async () => {
    const now = Date.now;
    const mesh = await createTestMesh({ orgs: ['a', 'b'], seed: 1 });
    mesh.org('b').createAgent({
      name: 'leak',
      capabilities: ['leak'],
      // Without a clock this store reads the system's.
      handler: async () => (await memoryStore().get('key')) ?? 'nothing',
    });
    await failure(mesh.org('a').executeTask({ type: 'leak', data: 1 }));
    const error = await failure(mesh.settle());
    expect(error.code).toBe('NOT_REPLAYABLE');
    expect(error.params['what']).toBe('Date.now');
    expect(error.params['at']).toContain('adapters/stores/memory.ts');
    await mesh.close();
    expect(Date.now).toBe(now);
  });

  it('names the handler that never settles', async () => {
    await using mesh = await createTestMesh({ orgs: ['a', 'b'], seed: 1 });
    mesh.org('b').createAgent({
      name: 'black-hole',
      capabilities: ['ask'],
      handler: () => new Promise(() => undefined),
    });
    await failure(mesh.org('a').executeTask({ type: 'ask', data: 1 }));
    expect(mesh.openHandles()).toEqual(["handler 'black-hole' of b/0"]);
    const error = await failure(mesh.settle('1m'));
    expect(error.code).toBe('TIMEOUT');
    expect(error.message).toContain("handler 'black-hole' of b/0");
  });

  it('says in its trace what a message was about', async () => {
    await using mesh = await createTestMesh({ orgs: ['a', 'b'], seed: 1 });
    offer(mesh, 'b');
    await mesh.org('a').executeTask({ type: 'echo', data: 'hi' });
    const trace = mesh.trace();
    expect(trace.count('message.sent', { node: 'a/0', to: 'b/0', label: 'task.run' })).toBe(1);
    expect(trace.count('message.sent', { node: 'b/0', to: 'a/0', label: 'task.run reply' })).toBe(
      1,
    );
    expect(mesh.network.bytes({ from: 'a', to: 'b', label: 'task.run' })).toBeGreaterThan(0);
    expect(mesh.network.bytes({ from: 'b', label: 'task.run' })).toBe(0);
    const json = JSON.parse(JSON.stringify(trace)) as ReturnType<typeof trace.toJSON>;
    expect(json).toMatchObject({ format: 1, seed: 1, hash: trace.hash, nodes: ['a/0', 'b/0'] });
    expect(json.events.map(({ seq }) => seq)).toEqual(json.events.map((_, i) => i));
  });

  it.each<[string, TestMeshOptions]>([
    ['orgs', {}],
    ['orgs', { orgs: ['a'], nodes: 3 }],
    ['orgs', { orgs: [] }],
    ['orgs', { orgs: ['a', 'a'] }],
    ['orgs', { orgs: ['No Spaces'] }],
    ['nodes', { nodes: 0 }],
    ['nodes', { nodes: 1.5 }],
    ['replicas', { orgs: ['a'], replicas: 0 }],
    ['seed', { orgs: ['a'], seed: 'seven' as unknown as number }],
    ['seed', { orgs: ['a'], seed: Number.NaN }],
    ['topology', { nodes: 3, topology: 'cloud' as 'ring' }],
    ['network.drop', { orgs: ['a'], network: { drop: 2 } }],
    ['network.latency', { orgs: ['a'], network: { latency: [9, 3] } }],
  ])('refuses a bad %s by name', async (argument, options) => {
    const { code, params } = await failure(createTestMesh(options));
    expect([code, params['argument']]).toEqual(['INVALID_ARGUMENT', argument]);
  });

  it('refuses verbs that make no sense, by the argument', async () => {
    await using mesh = await createTestMesh({ orgs: ['a', 'b', 'c'], seed: 1 });
    const { network } = mesh;
    const refusals: readonly (readonly [string, () => unknown])[] = [
      ['org', () => mesh.org('z')],
      ['index', () => mesh.node('a', 1)],
      ['a', () => network.partition([], ['b'])],
      ['a', () => network.partition(['z'], ['b'])],
      ['b', () => network.partition(['a', 'b'], ['b'])],
      ['name', () => network.isolate('z')],
      ['from', () => network.bytes({ from: 'z' })],
      [
        'ms',
        () => {
          mesh.node('a').pause(-1);
        },
      ],
      ['by', () => mesh.clock.advance(-1)],
      [
        'by',
        () => {
          mesh.node('a').skewClock('-1s');
        },
      ],
      ['node', () => mesh.node('a').restart()],
      [
        'i',
        () => {
          mesh.replace(7, { name: 'nobody' });
        },
      ],
      [
        'network.drop',
        () => {
          network.change({ drop: -1 });
        },
      ],
    ];
    for (const [argument, refused] of refusals) {
      const error = await failure(async () => {
        await refused();
      });
      expect([error.code, error.params['argument']]).toEqual(['INVALID_ARGUMENT', argument]);
    }
  });

  it('refuses a cut across another, and harm to a node that is down', async () => {
    await using mesh = await createTestMesh({ orgs: ['a', 'b', 'c'], seed: 1 });
    const cut = mesh.network.partition(['a'], ['b']);
    expect(() => mesh.network.isolate('a')).toThrow(/partition cuts/);
    cut.heal();
    cut.heal();
    mesh.network.isolate('a').heal();
    const node = mesh.node('b');
    await node.crash();
    expect(() => node.client).toThrow(expect.objectContaining({ code: 'CLOSED' }));
    expect((await failure(node.crash())).params['argument']).toBe('node');
    for (const verb of [
      () => {
        node.pause('1s');
      },
      () => {
        node.slow(5);
      },
      () => {
        node.skewClock('1s');
      },
      () => {
        node.fillDisk();
      },
      () => {
        node.failFlush();
      },
    ]) {
      expect(verb).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    }
  });
});
