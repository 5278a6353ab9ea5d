// The arithmetic behind every claim of speed: ratios point the right way, and a regression fails.
import { describe, expect, it } from 'vitest';
import { compare } from '../../bench/compare.ts';
import { type Bench, type Case, measure, median, type Result } from '../../bench/harness.ts';
import { refreshed, regressions, table } from '../../bench/report.ts';

/** A case that reports `figures`, one a round, after its round of warming up. */
function scripted(name: string, role: Case['role'], figures: readonly number[]): Case {
  let round = -1;
  return {
    name,
    role,
    run: () => {
      round += 1;
      return Promise.resolve(round === 0 ? 1e9 : (figures[round - 1] ?? Number.NaN));
    },
  };
}

function run(better: Bench['better'], ...cases: readonly Case[]): Promise<Result> {
  const bench: Bench = { what: 'A test.', unit: 'ms', better, peer: 'peer', rounds: 3, cases };
  return measure('sample', bench, { seed: 1, share: 1 });
}

const sample = (timesPeer: number): Result => ({
  name: 'sample',
  what: 'A test.',
  unit: 'ms',
  peer: 'peer',
  rounds: 3,
  machine: 'a machine',
  rows: [
    { name: 'us', role: 'ours', median: 1, min: 1, max: 1, timesPeer, timesLimit: 0.5 },
    { name: 'peer', role: 'peer', median: 1, min: 1, max: 1, timesPeer: 1, timesLimit: 0.4 },
  ],
});

describe('measure', () => {
  it('says how many times better than the peer, whichever way the unit runs', async () => {
    const cases = () => [
      scripted('us', 'ours', [2, 4, 8]),
      scripted('peer', 'peer', [4, 8, 16]),
      scripted('machine', 'limit', [1, 1, 1]),
    ];
    const less = await run('less', ...cases());
    expect(less.rows.map(({ timesPeer }) => timesPeer)).toEqual([2, 1, 8]);
    expect(less.rows[0]).toMatchObject({ median: 4, min: 2, max: 8, timesLimit: 0.25 });
    const more = await run('more', ...cases());
    expect(more.rows[0]).toMatchObject({ timesPeer: 0.5, timesLimit: 4 });
  });

  it('takes ratios within a round, so that a slow round slows both', async () => {
    const { rows } = await run(
      'less',
      scripted('us', 'ours', [1, 100, 1]),
      scripted('peer', 'peer', [2, 200, 2]),
    );
    expect(rows[0]?.timesPeer).toBe(2);
  });

  it('tears down what was set up, last first, when a case fails', async () => {
    const log: string[] = [];
    const logged = (name: string, fails = false): Case => ({
      ...scripted(name, 'ours', []),
      setup: async () => {
        if (fails) throw new Error('no server');
        log.push(`+${name}`);
      },
      teardown: async () => {
        log.push(`-${name}`);
      },
    });
    const running = run('less', logged('a'), logged('b'), logged('c', true));
    await expect(running).rejects.toThrow('no server');
    expect(log).toEqual(['+a', '+b', '-b', '-a']);
  });
});

describe('median', () => {
  it('is the middle, or the mean of the two in the middle', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });
});

describe('regressions', () => {
  it('lets a ratio vary by a tenth and reports what fell further', () => {
    expect(regressions(sample(2), sample(1.81))).toEqual([]);
    expect(regressions(sample(2), sample(3))).toEqual([]);
    expect(regressions(sample(2), sample(1.79))).toEqual([
      `sample: 'us' fell from 2.00 to 1.79 times peer`,
    ]);
  });

  it('compares ratios to the same peer only', () => {
    const other = { ...sample(3), peer: 'somebody slow' };
    expect(regressions(sample(2), other)).toEqual([
      'sample: ratios were to peer and are to somebody slow; --write first',
    ]);
  });

  it('reports a case that is no longer measured', () => {
    expect(regressions(sample(2), { ...sample(2), rows: [] })).toEqual([
      `sample: 'us' is no longer measured`,
    ]);
  });
});

describe('compare', () => {
  /** What `compare` says of these ratios, one a run, against a committed 2; and how many runs it took. */
  async function over(first: number, ...next: readonly number[]) {
    const left = next.map(sample);
    const worse = await compare(sample(2), sample(first), async () => left.shift()!);
    return { worse, runs: 1 + next.length - left.length };
  }

  it('is content with one run that is no worse', async () => {
    expect(await over(1.9, 1, 1)).toEqual({ worse: [], runs: 1 });
  });

  it('lets one bad run of three pass, and two fail', async () => {
    expect(await over(1, 2, 1.9)).toEqual({ worse: [], runs: 3 });
    expect(await over(1, 2, 1.2)).toEqual({
      worse: [`sample: 'us' fell from 2.00 to 1.20 times peer`],
      runs: 3,
    });
  });

  it('fails when a case is no longer measured, however often', async () => {
    const gone = { ...sample(2), rows: [] };
    expect(await compare(sample(2), gone, async () => gone)).toHaveLength(1);
  });

  it('fails when a ratio is no number', async () => {
    expect((await over(Number.NaN, Number.NaN, Number.NaN)).worse).toHaveLength(1);
  });
});

describe('the page of benchmarks', () => {
  it('gets a section for a new bench and refreshes it afterwards', () => {
    const first = refreshed('# Benchmarks\n', sample(2));
    expect(first).toContain('## sample');
    const second = refreshed(`${first}\nWords by hand.\n`, sample(3));
    expect(second).toContain('3.00');
    expect(second).not.toContain('2.00');
    expect(second).toContain('Words by hand.');
    expect(second.match(/## sample/g)).toHaveLength(1);
  });

  it('names the machine and the spread', () => {
    expect(table(sample(2))).toContain('a machine');
    expect(table(sample(2))).toContain('1.00 to 1.00');
  });
});
