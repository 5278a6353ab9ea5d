// The page as text: self-contained, safe whatever a trace says, and honest about what it leaves out.
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { simulationPicture, type TraceJson } from '../../../src/testing/index.ts';
import type { PictureData } from '../../../src/testing/picture/picture-data.ts';
import { traceOf } from './traces.ts';

/** What the page will read. */
function dataIn(page: string): PictureData {
  const json = /<script type="application\/json" id="run">([^]*?)<\/script>/.exec(page)![1]!;
  return JSON.parse(json) as PictureData;
}

/** The page with data and heading taken out: the same for every trace. */
function frameOf(page: string): string {
  return page
    .replace(/(id="run">)[^]*?(<\/script>)/, '$1$2')
    .replace(/<title>[^<]*<\/title>/, '')
    .replace(/<header>[^]*?<\/header>/, '');
}

const evil = '</script><img src=x onerror="alert(1)"><!--<script>';

describe('the picture', () => {
  it('needs nothing from outside, and would not get it', () => {
    const page = simulationPicture(traceOf([[0, 'a/0', 'node.booted', { life: 1 }]]));
    expect(page).toContain(`content="default-src 'none'; script-src 'nonce-picture'`);
    expect(page).not.toMatch(/https?:|\bsrc=|url\(|@import|\bimport\(|<link/);
    expect(page.match(/<script/g)).toHaveLength(2);
  });

  it('shows foreign text as text', () => {
    const trace = traceOf([[0, evil, `x.${evil}`, { [evil]: evil, list: [evil] }]], [evil]);
    const page = simulationPicture({ ...trace, hash: evil }, { title: evil, failure: evil });
    expect(page).not.toContain('<img');
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    const { rows, nodes, title, failure } = dataIn(page);
    expect({ title, nodes, rest: rows[0]![4], detail: failure!.detail }).toEqual({
      title: evil,
      nodes: [evil],
      rest: { [evil]: evil, list: [evil] },
      detail: evil,
    });
  });

  it('has the same frame whatever the trace says, and every event comes back', () => {
    const frame = frameOf(simulationPicture(traceOf([[0, '', 'mesh.ready']])));
    const word = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(evil, ']]>', '<!--', '--!>', '__proto__', '\u2028', '\0', '\ud800'),
    );
    const told = fc.tuple(
      fc.nat(1_000),
      word,
      word,
      fc.dictionary(
        word,
        fc.oneof(word, fc.nat(), fc.boolean(), fc.constant(null), fc.array(word)),
        { maxKeys: 4 },
      ),
    );
    fc.assert(
      fc.property(fc.array(told, { maxLength: 8 }), word, (events, title) => {
        const trace = traceOf(events);
        const page = simulationPicture(trace, { title });
        expect(frameOf(page)).toBe(frame);
        const { rows, typeTable, nodeTable } = dataIn(page);
        const seen = rows.map(([seq, t, type, node]) => [seq, t, typeTable[type], nodeTable[node]]);
        const was = trace.events.map(({ seq, t, type, node }) => [seq, t, type, node]);
        expect(seen).toEqual(JSON.parse(JSON.stringify(was)));
      }),
    );
  });

  it('carries code that stands on its own: nothing from the modules it was written in', () => {
    const page = simulationPicture(traceOf([[0, '', 'mesh.ready']]));
    const script = /<script nonce="picture">([^]*?)<\/script>/.exec(page)![1]!;
    const parts = `({${/getElementById\('run'\)\.textContent\), \{([^]*)\}\);/.exec(script)![1]!}})`;
    const functions = runInNewContext(parts) as {
      storyOf: (data: PictureData) => { end: number; stateAfter: (i: number) => unknown };
      layoutOf: (names: readonly string[]) => Map<string, unknown>;
      eventsThrough: (events: readonly unknown[], filter: object) => readonly unknown[];
    };
    const story = functions.storyOf(dataIn(page));
    expect(story.end).toBe(0);
    expect(story.stateAfter(0)).toBeDefined();
    expect(functions.layoutOf(['a/0', 'b/0']).size).toBe(2);
    expect(
      functions.eventsThrough([], { what: 'all', node: '', text: '', always: -1 }),
    ).toHaveLength(0);
    expect(script).not.toMatch(/__vi_|__vite_|__name\b/);
  });

  it('leaves out messages first and says so, but never what led to the failure', () => {
    const ping = { to: 'b/0', label: 'ping' };
    const trace = traceOf([
      [0, 'a/0', 'message.sent', { ...ping, task: 't-first' }],
      [0, 'b/0', 'trust.changed', { peer: 'a', score: 1 }],
      ...Array.from({ length: 500 }, (_, i) => [i, 'a/0', 'message.sent', ping] as const),
      [501, 'a/0', 'fault.crash', { disk: 'kept' }],
      ...Array.from({ length: 500 }, (_, i) => [502 + i, 'b/0', 'message.sent', ping] as const),
      [1_100, 'b/0', 'invariant.broken', { invariant: 'law', detail: 'no', task: 't-first' }],
    ]);
    const { rows, notes, failure, typeTable } = dataIn(simulationPicture(trace, { maxEvents: 10 }));
    const seqs = rows.map(([seq]) => seq);
    expect(rows).toHaveLength(10);
    expect(failure!.because).toEqual([0, 502, 1_003]);
    expect(seqs).toEqual(expect.arrayContaining([0, 1, 502, 1_003]));
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    expect(rows.filter(([, , type]) => typeTable[type] === 'fault.crash')).toHaveLength(1);
    expect(notes).toEqual([
      'Shows 10 of 1,004 events: of messages and writes only those near the failure.',
    ]);
  });

  it('says what the trace itself has forgotten, and cuts long texts', () => {
    const trace: TraceJson = {
      ...traceOf([[0, 'a/0', 'x', { text: 'y'.repeat(10_000) }]]),
      forgotten: 1_234,
    };
    const { notes, rows } = dataIn(simulationPicture(trace));
    expect(notes).toEqual(['The trace was full: 1,234 later events are not in it.']);
    expect(rows[0]![4]['text']).toBe(`${'y'.repeat(400)}…`);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses to show %s events', (maxEvents) => {
    expect(() => simulationPicture(traceOf([]), { maxEvents })).toThrow("'maxEvents'");
  });

  it('is there for a run in which nothing happened', () => {
    expect(dataIn(simulationPicture(traceOf([]))).rows).toEqual([]);
  });
});
