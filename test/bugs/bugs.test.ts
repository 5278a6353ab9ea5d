// A suite that has never seen a bug proves little: each of these is in the library for one run, and a law breaks.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bugs } from './bugs.ts';
import { mutated, programWith } from './mutant.ts';
import { withTable } from './table.ts';

const root = join(import.meta.dirname, '../..');
/** `npm run test:sim` looks for each anew, from the first seed; `npm test` shows it the seed that is known. */
const hunting = Number(process.env['PROPERTY_RUNS'] ?? 100) >= 1_000;
const huntedSeeds = 1_000;

describe('every bug', () => {
  it('fits the file that it is for, and has a name of its own', () => {
    for (const bug of bugs) {
      const source = readFileSync(join(root, bug.file), 'utf8');
      expect(mutated(source, bug)).not.toBe(source);
    }
    expect(new Set(bugs.map(({ name }) => name)).size).toBe(bugs.length);
    expect(bugs.length).toBeGreaterThanOrEqual(12);
  });

  it('no longer fits when the lines it changes are not there', () => {
    expect(() => mutated('', bugs[0]!)).toThrow(/has 0 times/);
  });

  it('stands in docs/testing.md', () => {
    const page = readFileSync(join(root, 'docs/testing.md'), 'utf8');
    expect(withTable(page, bugs)).toBe(page);
  });
});

describe('the library without a bug', () => {
  it('keeps every law under each of the seeds that show one', async () => {
    for (const name of ['weather', 'quarantine'] as const) {
      await using program = await programWith(undefined, name);
      const mine = bugs.filter(({ scenario = 'weather' }) => scenario === name);
      for (const seed of new Set(mine.map((bug) => bug.seed))) {
        expect(await program.run(seed), `${name}, seed ${String(seed)}`).toBeUndefined();
      }
    }
  }, 300_000);
});

describe.runIf(!hunting)('the law that is broken by', () => {
  it.each(bugs)(
    '$name is $caughtBy',
    async (bug) => {
      await using program = await programWith(bug);
      expect((await program.run(bug.seed))?.law).toBe(bug.caughtBy);
    },
    180_000,
  );
});

describe.runIf(hunting)('within 1,000 seeds', () => {
  it.each(bugs)(
    '$name breaks $caughtBy',
    async (bug) => {
      await using program = await programWith(bug);
      let law: string | undefined;
      for (let seed = 1; seed <= huntedSeeds && law !== bug.caughtBy; seed += 1) {
        law = (await program.run(seed))?.law;
      }
      expect(law).toBe(bug.caughtBy);
    },
    3_600_000,
  );
});
