// What no test can have meant is refused by name, also where no compiler has looked.
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../src/index.ts';
import { chaos, createTestMesh, forSeeds, storeConformance } from '../../src/testing/index.ts';
import { failure } from '../client/rig.ts';

const lawless = (): undefined => undefined;

describe('a test mesh refuses', () => {
  it.each<[argument: string, options: unknown]>([
    ['options', null],
    ['orgs', { orgs: 'abc' }],
    ['orgs', { orgs: [null] }],
    ['judges', { orgs: ['a'], judges: 'a' }],
    ['seed', { orgs: ['a'], seed: '7' }],
    ['network.latency', { orgs: ['a'], network: { latency: 5 } }],
    ['network', { orgs: ['a'], network: { loss: 0.1 } }],
    ['disk.syncMs', { orgs: ['a'], disk: { syncMs: '1s' } }],
    ['crypto', { orgs: ['a'], crypto: 'real' }],
    ['chaos', { orgs: ['a'], chaos: true }],
    ['traceLimit', { orgs: ['a'], traceLimit: -1 }],
    ['invariants', { orgs: ['a'], invariants: { name: 'x', begin: lawless } }],
    ['invariants', { orgs: ['a'], invariants: [lawless] }],
    ['invariants', { orgs: ['a'], invariants: [{ name: 'receipt-kept', begin: lawless }] }],
  ])('%s: %o', async (argument, options) => {
    const error = await failure(createTestMesh(options as never));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.params['argument']).toBe(argument);
  });

  it('verbs that make no sense', async () => {
    await using mesh = await createTestMesh({ orgs: ['a', 'b'] });
    const { network } = mesh;
    const attempts: readonly [argument: string, attempt: () => unknown][] = [
      ['a', () => network.partition('a' as never, ['b'])],
      [
        'network',
        () => {
          network.change({ loss: 1 } as never);
        },
      ],
      [
        'how',
        () => {
          network.corrupt('a', 'b', 'melt' as never);
        },
      ],
      ['disk', () => mesh.node('b').crash({ disk: 'gone' as never })],
      [
        'direction',
        () => {
          mesh.node('b').skewClock('1s', 'back' as never);
        },
      ],
      [
        'behaviour',
        () => {
          mesh.replace(0, {} as never);
        },
      ],
      ['where.node', () => mesh.when('handler.began', { node: 'b' }, lawless)],
      [
        'node',
        () => {
          mesh.note('b', 'seen');
        },
      ],
      ['plan', () => mesh.run({} as never)],
    ];
    for (const [argument, attempt] of attempts) {
      const error = await failure(async () => {
        await attempt();
      });
      expect([argument, error.code]).toEqual([argument, 'INVALID_ARGUMENT']);
      expect(error.params['argument']).toBe(argument);
    }
    expect(mesh.trace().count('fault.*')).toBe(0);
  });

  it('to go on after its end, rather than to wait for ever', async () => {
    const mesh = await createTestMesh({ orgs: ['a'] });
    await mesh.close();
    for (const late of [
      () => mesh.clock.advance('1s'),
      () => mesh.settle(),
      () => mesh.gossip('hello'),
    ]) {
      expect((await failure(late())).code).toBe('CLOSED');
    }
  });
});

it('a node on its way back when the mesh closes does not come to life any more', async () => {
  const mesh = await createTestMesh({ orgs: ['a', 'b'] });
  await mesh.node('a').crash();
  const restarting = failure(mesh.node('a').restart());
  await mesh.close();
  expect((await restarting).code).toBe('CLOSED');
  expect(mesh.openHandles()).toEqual([]);
});

it('what is done in the moment of an event fails the test, not the library that told of it', async () => {
  await using mesh = await createTestMesh({ orgs: ['a', 'b'] });
  mesh
    .org('b')
    .createAgent({ name: 'echo', capabilities: ['echo'], handler: ({ input }) => input });
  mesh.when('handler.began', { node: 'b/0' }, () => {
    throw new Error('mine');
  });
  expect((await mesh.org('a').executeTask({ type: 'echo', data: 1 })).output).toBe(1);
  await expect(mesh.settle()).rejects.toThrow('mine');
});

it('many seeds, plans and kits refuse what they cannot use', async () => {
  const body = (): Promise<void> => Promise.resolve();
  const attempts: readonly [argument: string, attempt: () => unknown][] = [
    ['body', () => forSeeds(1, undefined as never)],
    ['from', () => forSeeds(1, body, { from: 1.5 })],
    ['faults', () => forSeeds(1, body, { faults: [-1] })],
    ['shrinkRuns', () => forSeeds(1, body, { shrinkRuns: -1 })],
    ['replay', () => forSeeds(1, body, { replay: 'npm test' as never })],
    ['steps', () => chaos.plan([{}] as never)],
    ['node', () => chaos.crash('b')],
    ['timeoutMs', () => storeConformance(() => memoryStore(), { timeoutMs: -1 })],
  ];
  for (const [argument, attempt] of attempts) {
    const error = await failure(async () => {
      await attempt();
    });
    expect([error.code, error.params['argument']]).toEqual(['INVALID_ARGUMENT', argument]);
  }
});
