// `npm run sim`: its options, and that it plays the same run for the same seed.
import { describe, expect, it } from 'vitest';
import { playIn, playOut } from '../../scripts/sim.ts';

describe('npm run sim', () => {
  it('needs no options', () => {
    const play = { seed: 7, orgs: 3, lasts: '2m', chaos: 'story', fail: false };
    expect(playIn([])).toEqual({ play, out: 'sim-7.html' });
  });

  it('takes them all', () => {
    const line = '--seed -3 --orgs 25 --for 90s --chaos default --fail --out page.html';
    const play = { seed: -3, orgs: 25, lasts: '90s', chaos: 'default', fail: true };
    expect(playIn(line.replace('--seed -3', '--seed=-3').split(' '))).toEqual({
      play,
      out: 'page.html',
    });
  });

  it.each([
    ['--seed x', '--seed takes a whole number'],
    ['--seed=', '--seed takes a whole number'],
    ['--orgs 1', '--orgs takes 2 to 25'],
    ['--orgs 26', '--orgs takes 2 to 25'],
    ['--for soon', '--for takes a time'],
    ['--chaos much', '--chaos takes story, default or none'],
    ['--nonsense', '--nonsense'],
    ['more', 'more'],
  ])('refuses %s', (line, complaint) => {
    expect(playIn(line.split(' '))).toContain(complaint);
  });

  it.each(['story', 'default', 'none'] as const)(
    'plays the same run again: chaos %s',
    async (chaos) => {
      const play = { seed: 5, orgs: 2, lasts: '20s', chaos, fail: false } as const;
      const [first, second] = [await playOut(play), await playOut(play)];
      expect(first.failure).toBeUndefined();
      expect(first.events).toBeGreaterThan(300);
      expect(second.page).toBe(first.page);
      expect((await playOut({ ...play, seed: 6 })).page).not.toBe(first.page);
    },
    60_000,
  );

  it('breaks its law when asked to, and the page says how to see it again', async () => {
    const play = { seed: 5, orgs: 2, lasts: '20s', chaos: 'none', fail: true } as const;
    const { page, failure } = await playOut(play);
    expect(failure).toMatchObject({ code: 'INVARIANT_BROKEN' });
    expect(page).toContain('npm run sim -- --seed 5 --orgs 2 --for 20s --chaos none --fail');
  }, 60_000);
});
