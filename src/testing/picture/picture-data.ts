/**
 * What a picture holds of a run: its events in short rows, and why it failed.
 * @module
 */
import type { TraceEvent, TraceJson } from '../simulation/trace.ts';
import { type Failure, leadingTo } from './failure.ts';

/** An event in short: `seq`, `t` in milliseconds, numbers of its type and node in their tables, and its other members. */
export type EventRow = readonly [
  seq: number,
  t: number,
  type: number,
  node: number,
  rest: Readonly<Record<string, unknown>>,
];

/** What the player in the page is given. */
export interface PictureData {
  readonly title: string;
  readonly seed: number;
  readonly hash: string;
  readonly nodes: readonly string[];
  readonly typeTable: readonly string[];
  /** All nodes, and the empty name of what concerns none. */
  readonly nodeTable: readonly string[];
  readonly rows: readonly EventRow[];
  /** What a viewer must know of what is not shown. */
  readonly notes: readonly string[];
  readonly failure?: PictureFailure;
}

/** Why the run failed, as the page tells it. */
export interface PictureFailure extends Failure {
  /** `seq` of the events that led to it, in order, the failing one last. */
  readonly because: readonly number[];
}

/** Texts in events are cut to this many characters. */
const longestText = 400;

/** The data of `trace`, with at most `limit` events. */
export function pictureData(
  trace: TraceJson,
  title: string,
  failure: Failure | undefined,
  limit: number,
): PictureData {
  const because = failure === undefined ? [] : leadingTo(trace.events, failure);
  const { kept, note } = keep(trace.events, limit, failure, new Set(because));
  const types = new Table();
  const nodes = new Table();
  const rows = kept.map(({ seq, t, type, node, ...rest }): EventRow => {
    return [seq, Math.round(t * 1_000) / 1_000, types.index(type), nodes.index(node), brief(rest)];
  });
  return {
    title,
    seed: trace.seed,
    hash: trace.hash,
    nodes: trace.nodes,
    typeTable: types.words,
    nodeTable: nodes.words,
    rows,
    notes: [...note, ...forgotten(trace)],
    ...(failure && { failure: { ...failure, because } }),
  };
}

function forgotten(trace: TraceJson): readonly string[] {
  if (trace.forgotten === 0) return [];
  return [`The trace was full: ${count(trace.forgotten)} later events are not in it.`];
}

/**
 * Keeps what tells most: first what led to the failure, then faults and the lives of nodes, then all but messages, links and
 * writes, then those; where only a part has room, the part nearest to the failure or, without one, to the beginning.
 */
function keep(
  events: readonly TraceEvent[],
  limit: number,
  failure: Failure | undefined,
  because: ReadonlySet<number>,
): { kept: readonly TraceEvent[]; note: readonly string[] } {
  if (events.length <= limit) return { kept: events, note: [] };
  const centre = failure?.seq ?? 0;
  const rank = ({ seq, type }: TraceEvent): number => (because.has(seq) ? 0 : rankOf(type));
  const kept = events
    .map((event) => ({ event, rank: rank(event), far: Math.abs(event.seq - centre) }))
    .sort((a, b) => a.rank - b.rank || a.far - b.far)
    .slice(0, limit)
    .map(({ event }) => event)
    .sort((a, b) => a.seq - b.seq);
  const where = failure === undefined ? 'the beginning' : 'the failure';
  const note =
    `Shows ${count(kept.length)} of ${count(events.length)} events: of messages and writes only those near ` +
    `${where}.`;
  return { kept, note: [note] };
}

function rankOf(type: string): number {
  if (/^(fault|node|mesh|invariant)\./.test(type)) return 1;
  return /^(message|link|store)\./.test(type) ? 3 : 2;
}

/** `rest` with long texts cut short; what JSON does not know is left out. */
function brief(rest: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, briefValue(value)]));
}

function briefValue(value: unknown): unknown {
  if (typeof value === 'number') return Math.round(value * 1_000) / 1_000;
  const text = typeof value === 'string' ? value : (JSON.stringify(value) as string | undefined);
  if (text === undefined) return undefined;
  return text.length > longestText ? `${text.slice(0, longestText)}…` : value;
}

function count(n: number): string {
  return n.toLocaleString('en');
}

/** Words that come again and again, by number. */
class Table {
  readonly words: string[] = [];
  readonly #numbers = new Map<string, number>();

  index(word: string): number {
    const known = this.#numbers.get(word);
    if (known !== undefined) return known;
    this.#numbers.set(word, this.words.length);
    return this.words.push(word) - 1;
  }
}
