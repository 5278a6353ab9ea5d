// What the page works out before it draws: states, spans, messages, filters, places.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventsThrough } from '../../../src/testing/picture/page/filter.ts';
import { layoutOf } from '../../../src/testing/picture/page/layout.ts';
import { type MeshState, type Story, storyOf } from '../../../src/testing/picture/page/story.ts';
import { pictureData } from '../../../src/testing/picture/picture-data.ts';
import { type Told, traceOf } from './traces.ts';

const tell = (told: readonly Told[]): Story =>
  storyOf(pictureData(traceOf(told), '', undefined, 1_000));

const cut = { a: ['a/0'], b: ['b/0'], oneWay: false };
const story = tell([
  [0, 'a/0', 'node.booted', { life: 1 }],
  [1, 'b/0', 'node.booted', { life: 1 }],
  [2, 'a/0', 'peer.connected', { peer: 'b', peerNode: '0', handshakeMs: 1 }],
  [3, 'b/0', 'agent.registered', { name: 'till' }],
  [3, 'b/0', 'agent.changed', { name: 'till', state: 'active', before: 'registered' }],
  [10, 'a/0', 'task.sent', { task: 't1', taskType: 'pay', peer: 'b' }],
  [20, 'b/0', 'handler.began', { agent: 'till', task: 't1', caller: 'a' }],
  [30, '', 'fault.partition', cut],
  [31, 'a/0', 'message.dropped', { to: 'b/0', label: 'ping', why: 'partition' }],
  [40, 'b/0', 'fault.crash', { disk: 'kept' }],
  [50, '', 'fault.heal', cut],
  [60, 'b/0', 'node.booted', { life: 2 }],
  [70, 'a/0', 'fault.pause', { ms: 500 }],
  [5_000, 'b/0', 'message.delivered', { from: 'a/0', sentAt: 15, label: 'task.run' }],
]);

/** The state as plain data, as the story uses one object again and again. */
const plain = ({ nodes, cuts, weather }: MeshState): unknown =>
  structuredClone({ nodes: [...nodes], cuts, weather });

describe('the story', () => {
  it('knows who is up, who knows whom, and who works on what', () => {
    const { nodes, cuts } = story.stateAfter(7);
    expect(nodes.get('a/0')).toMatchObject({ up: true, life: 1 });
    expect([...nodes.get('a/0')!.sessions]).toEqual(['b/0']);
    expect([...nodes.get('a/0')!.asked.values()]).toEqual(['pay of b: t1']);
    expect([...nodes.get('b/0')!.agents]).toEqual([['till', 'active']]);
    expect([...nodes.get('b/0')!.running.values()]).toEqual(['till for a: t1']);
    expect(cuts).toEqual([cut]);
  });

  it('lets a crash end everything on a node', () => {
    const { nodes } = story.stateAfter(9);
    const { up, running, agents } = nodes.get('b/0')!;
    expect([up, running.size, agents.size]).toEqual([false, 0, 0]);
    expect(story.stateAfter(11)).toMatchObject({ cuts: [] });
    expect(story.stateAfter(11).nodes.get('b/0')).toMatchObject({ up: true, life: 2 });
  });

  it('gives the same state from wherever one comes', () => {
    const last = story.events.length - 1;
    const ways = fc.array(fc.integer({ min: -1, max: last }), { minLength: 1 });
    fc.assert(
      fc.property(ways, (way) => {
        for (const index of way) story.stateAfter(index);
        const at = way.at(-1)!;
        const afresh = storyOf(
          pictureData(
            traceOf(story.events.map(({ t, node, type, rest }) => [t, node, type, rest])),
            '',
            undefined,
            1_000,
          ),
        );
        expect(plain(story.stateAfter(at))).toEqual(plain(afresh.stateAfter(at)));
      }),
    );
  });

  it('finds the event of a time: the last at or before it', () => {
    expect([-1, 0, 2.5, 3, 9_999].map((t) => story.indexAt(t))).toEqual([-1, 0, 2, 4, 13]);
  });

  it('tells how long harm lasted', () => {
    expect(story.spans).toEqual([
      { lane: 'cut', start: 30, end: 50, text: 'a/0 | b/0' },
      { lane: 'down', start: 40, end: 60, text: 'b/0 is down' },
      { lane: 'pause', start: 70, end: 570, text: 'a/0 is paused' },
    ]);
  });

  it('has messages fly from sender to receiver, late ones on the last part of their way', () => {
    expect(story.flights).toEqual([
      { from: 'a/0', to: 'b/0', start: 31, end: 31, fate: 'dropped', idle: true },
      { from: 'a/0', to: 'b/0', start: 4_000, end: 5_000, fate: 'delivered', idle: false },
    ]);
  });
});

describe('the filter', () => {
  const through = (what: string, node = '', text = '', always = -1): readonly number[] =>
    eventsThrough(story.events, { what, node, text, always }).map(({ index }) => index);

  it('leaves messages out of the story, but for the one at which the run failed', () => {
    expect(through('all')).toHaveLength(14);
    expect(through('story')).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12]);
    expect(through('story', '', '', 8)).toContain(8);
  });

  it('takes kinds, types, nodes and words, and all of them together', () => {
    expect(through('kind:fault')).toEqual([7, 9, 10, 12]);
    expect(through('type:task.sent')).toEqual([5]);
    expect(through('kind:fault', 'a/0')).toEqual([7, 10, 12]);
    expect(through('all', '', ' TILL  t1')).toEqual([6]);
    expect(through('kind:message', 'b/0', 'ping')).toEqual([8]);
    expect(through('all', '', 'nowhere')).toEqual([]);
  });
});

describe('the layout', () => {
  it('gives every node a place of its own on the stage', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 8 }), (n, orgs) => {
        const names = Array.from({ length: n }, (_, i) => `org-${i % orgs}/${i}`);
        const places = [...layoutOf(names)];
        expect(places.map(([name]) => name).sort()).toEqual([...names].sort());
        for (const [i, [, a]] of places.entries()) {
          expect(Math.hypot(a.x, a.y)).toBeLessThanOrEqual(1.000_001);
          for (const [, b] of places.slice(i + 1)) {
            expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(0.1);
          }
        }
      }),
    );
  });
});
