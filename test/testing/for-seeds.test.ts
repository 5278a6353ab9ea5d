import { describe, expect, it } from 'vitest';
import { MeshError } from '../../src/index.ts';
import {
  createTestMesh,
  type DrawnFault,
  type ForSeedsOptions,
  forSeeds,
  type Invariant,
} from '../../src/testing/index.ts';
import { failure } from '../client/rig.ts';

/** A law that two kinds of faults break together. */
const noTwoPauses: Invariant = {
  name: 'no-two-pauses',
  begin: () => {
    const paused = new Set<string>();
    return ({ type, node }) => {
      if (type === 'fault.pause') paused.add(node);
      return paused.size === 2 ? `${[...paused].join(' and ')} were paused` : undefined;
    };
  },
};

async function stormy(seed: number): Promise<void> {
  await using mesh = await createTestMesh({
    orgs: ['a', 'b'],
    seed,
    chaos: 'default',
    invariants: [noTwoPauses],
  });
  await mesh.clock.advance('3m');
  mesh.assertInvariants();
}

describe('many seeds', () => {
  it('stop at the one that fails, and leave of its faults those that are needed', async () => {
    const lines: string[] = [];
    const options: ForSeedsOptions = { report: (line) => lines.push(line) };
    const error = await failure(forSeeds(50, stormy, options));
    expect(error.code).toBe('SEED_FAILED');
    const needed = error.params['drawn'] as readonly DrawnFault[];
    expect(needed.map(({ kind }) => kind)).toEqual(['pause', 'pause']);
    const { seed, replay } = error.params;
    const faults = needed.map(({ id }) => id);
    expect(replay).toBe(
      `forSeeds(1, body, { from: ${String(seed)}, faults: [${faults.join(', ')}] })`,
    );
    expect(MeshError.is(error.cause, 'INVARIANT_BROKEN')).toBe(true);
    expect(lines.at(0)).toContain(`seed ${String(seed)} fails`);
    expect(lines.slice(-4, -1).join('\n')).toMatch(/needs 2 faults[^]* pause of [^]* pause of /);
    expect(lines.at(-1)).toBe(`replay: ${String(replay)}`);
    // The replay it prints fails in the same way; without one of the faults it does not.
    const from = Number(seed);
    const again = await failure(forSeeds(1, stormy, { from, faults, shrinkRuns: 0 }));
    expect((again.cause as MeshError).params['invariant']).toBe('no-two-pauses');
    await forSeeds(1, stormy, { from, faults: faults.slice(1) });
  }, 120_000);

  it('say the command a runner gives them', async () => {
    const replay = (seed: number, faults: readonly number[] | undefined): string =>
      `SEED=${String(seed)} FAULTS=${String(faults)} npm test`;
    const body = (seed: number): Promise<void> =>
      seed === 3 ? Promise.reject(new Error('three')) : Promise.resolve();
    const error = await failure(forSeeds(5, body, { replay }));
    expect(error.message).toContain('seed 3 fails: three');
    expect(error.params['replay']).toBe('SEED=3 FAULTS=undefined npm test');
  });

  it('are at least one', async () => {
    expect((await failure(forSeeds(0, () => Promise.resolve()))).params['argument']).toBe('n');
  });
});

describe('a law that was broken', () => {
  it('is told with its name, the seed, the events up to there and a replay', async () => {
    const noEcho: Invariant = {
      name: 'no-echo',
      begin: () => (event) => (event.type === 'task.executed' ? 'somebody echoed' : undefined),
    };
    await using mesh = await createTestMesh({ orgs: ['a', 'b'], seed: 9, invariants: [noEcho] });
    mesh.org('b').createAgent({ name: 'echo', capabilities: ['echo'], handler: () => 'echo' });
    mesh.assertInvariants();
    await mesh.org('a').executeTask({ type: 'echo', data: 1 });
    await mesh.clock.advance('1m');
    const error = await failure(() => {
      mesh.assertInvariants();
    });
    expect(error.code).toBe('INVARIANT_BROKEN');
    expect(error.params).toMatchObject({
      invariant: 'no-echo',
      detail: 'somebody echoed',
      seed: 9,
      replay: 'createTestMesh({ seed: 9 })',
    });
    const prefix = error.params['prefix'] as readonly { type: string }[];
    expect(prefix.at(-1)!.type).toBe('task.executed');
    expect(prefix.filter(({ type }) => type === 'task.executed')).toHaveLength(1);
  });
});
