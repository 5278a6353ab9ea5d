// The page a run leaves behind: whole, quiet, and deaf to whatever text its organisations put into it.
import { assert, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RunReport, renderReport } from '../../examples/digit-clinic/report.ts';
import { sampleRun } from './sample-run.ts';

const page = renderReport(sampleRun);

/** Tags that are open at the end of `text`, or the first that closes what was not open. */
function unbalanced(text: string): readonly string[] {
  const alone = /^(meta|br|!doctype)$/i;
  const open: string[] = [];
  for (const [, slash, name = '', own] of text.matchAll(/<(\/?)([!a-z][\w]*)[^>]*?(\/?)>/gi)) {
    if (alone.test(name) || own === '/') continue;
    if (slash === '') open.push(name);
    else if (open.pop() !== name) return [`</${name}>`];
  }
  return open;
}

const small: RunReport = {
  title: 'Nothing happened',
  startedAt: '2026-01-01T00:00:00Z',
  ms: 0,
  organisations: [],
  rounds: [],
  search: [],
  reading: { images: 0, accuracy: 0, receipts: 0, msPerTask: 0, by: {} },
  trust: [],
  timeline: [],
  table: [],
};

describe('the report', () => {
  it('shows every part of the story', () => {
    for (const heading of [
      'Learning together',
      'Digits for the lab',
      'Who trusts whom',
      'A licence ends',
      'What happened when',
      'In figures',
    ]) {
      expect(page).toContain(`<h2>${heading}</h2>`);
    }
    for (const { name, did } of sampleRun.organisations) {
      expect(page).toContain(name);
      expect(page).toContain(did);
    }
    expect(page).toContain('73 receipts kept, 0 broken');
    expect(page).toContain('4 (a 9)');
  });

  it('loads nothing and runs nothing', () => {
    expect(page).not.toMatch(
      /<script|<link|<img|<iframe|\b(src|href)=|url\((?!#)|@import|\bon[a-z]+=/i,
    );
    expect(page.replaceAll(/ws:\/\/127\.0\.0\.1:\d+/g, '')).not.toMatch(/\b(https?|wss?):\/\//);
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  });

  it('is well-formed, and no figure went missing', () => {
    expect(unbalanced(page)).toEqual([]);
    expect(page).not.toMatch(/NaN|Infinity|undefined|\[object/);
  });

  it('takes any text as text', () => {
    assert(
      property(string(), string({ unit: 'grapheme' }), (word, message) => {
        const evil = `</style></svg><script>${word}"'><img src=x onerror=${message}>`;
        const told = renderReport({
          ...sampleRun,
          title: evil,
          organisations: sampleRun.organisations.map((each) => ({ ...each, did: evil })),
          search: [{ name: evil, score: 1, why: [evil] }],
          trust: sampleRun.trust.map((each) => ({
            ...each,
            state: evil,
            factors: each.factors.map((factor) => ({ ...factor, because: evil })),
          })),
          revocation: { who: evil, ms: 1, nodes: 1, gate: evil, code: evil, message: evil },
          timeline: [{ at: 0, who: 'lab', what: evil, kind: 'note' }],
          table: [[evil], [evil]],
        });
        expect(told).not.toContain('<script');
        expect(told).not.toContain('<img');
        expect(unbalanced(told)).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('stands with next to nothing to show, with one round, and with forty', () => {
    const rounds = (count: number) =>
      Array.from({ length: count }, (_, i) => ({
        round: i + 1,
        ms: 900,
        global: 0.9,
        clinics: { 'clinic-1': 0.9 },
      }));
    for (const run of [
      small,
      { ...sampleRun, rounds: rounds(1) },
      { ...sampleRun, rounds: rounds(40) },
    ]) {
      const told = renderReport(run);
      expect(unbalanced(told)).toEqual([]);
      expect(told).not.toMatch(/NaN|Infinity|undefined/);
    }
  });

  it('stays a page when ten thousand things happened', () => {
    const timeline = Array.from({ length: 10_000 }, (_, i) => ({
      at: i,
      who: 'lab',
      what: 'a note',
      kind: 'note' as const,
    }));
    const told = renderReport({ ...sampleRun, timeline });
    expect(told).toContain('and 9700 more');
    expect(told.length).toBeLessThan(2_000_000);
  });
});
