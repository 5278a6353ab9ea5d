/**
 * Why a run failed, in terms of its trace: which event broke what, and what led there.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import type { TraceEvent, TraceJson } from '../simulation/trace.ts';

/** A failure with its place in the trace. */
export interface Failure {
  /** Name of the invariant, or the code of the error that ended the run. */
  readonly law: string;
  readonly detail: string;
  /** The event at which it was seen. */
  readonly seq: number;
  /** Virtual milliseconds. */
  readonly t: number;
  /** How to run it again, where known. */
  readonly replay?: string;
}

/** Events that the story of a failure tells at most. */
const longestStory = 30;

/** The members that tie events to one piece of work. */
const threads = ['task', 'key', 'receipt', 'round'] as const;

/**
 * What failed: `error`, as `assertInvariants`, `forSeeds` or anything else threw it, or without one the first event
 * `invariant.broken`. An error that names no event is seen at the last one.
 */
export function failureOf(trace: TraceJson, error: unknown): Failure | undefined {
  const last = trace.events.at(-1);
  if (last === undefined) return undefined;
  if (error === undefined) return recorded(trace);
  if (MeshError.is(error, 'SEED_FAILED') && error.cause !== undefined) {
    const cause = failureOf(trace, error.cause);
    return cause && { ...cause, replay: String(error.params['replay']) };
  }
  if (MeshError.is(error, 'INVARIANT_BROKEN')) {
    const { invariant, detail, prefix, replay } = error.params;
    const culprit = (prefix as readonly TraceEvent[] | undefined)?.at(-1) ?? last;
    const { seq, t } = culprit;
    return { law: String(invariant), detail: String(detail), seq, t, replay: String(replay) };
  }
  const { seq, t } = last;
  const law = MeshError.is(error) ? error.code : 'the run';
  return { law, detail: error instanceof Error ? error.message : shown(error), seq, t };
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  const json = JSON.stringify(value) as string | undefined;
  return json ?? typeof value;
}

function recorded({ events }: TraceJson): Failure | undefined {
  const event = events.find(({ type }) => type === 'invariant.broken');
  if (event === undefined) return undefined;
  const { seq, t } = events.find((each) => each.seq === event['by']) ?? event;
  return { law: String(event['invariant']), detail: String(event['detail']), seq, t };
}

/**
 * The events that led to `failure`, as `seq` in order: those of the same task, key or receipt, and the faults that struck
 * the nodes they happened on, or the street, from shortly before the first of them. Of a long story the first and the last third stay.
 */
export function leadingTo(events: readonly TraceEvent[], failure: Failure): readonly number[] {
  const end = events.findIndex(({ seq }) => seq === failure.seq);
  if (end < 0) return [];
  const past = events.slice(0, end + 1);
  const culprit = past[end]!;
  const ids = new Set(threads.map((name) => culprit[name]).filter(isName));
  for (const event of past) {
    for (const name of threads) {
      const id = event[name];
      if (isName(id) && id.length > 3 && failure.detail.includes(id)) ids.add(id);
    }
  }
  const work = past.filter((event) => threads.some((name) => ids.has(event[name] as string)));
  const nodes = new Set([culprit, ...work].map(({ node }) => node));
  const since = (work[0] ?? culprit).t - lookBackMs;
  const story = past.filter(
    (event) =>
      event === culprit ||
      work.includes(event) ||
      (event.t >= since && isFault(event) && (event.node === '' || nodes.has(event.node))),
  );
  const seqs = story.map(({ seq }) => seq);
  if (seqs.length <= longestStory) return seqs;
  const third = longestStory / 3;
  return [...seqs.slice(0, third), ...seqs.slice(-2 * third)];
}

/** A fault this long before the first event of the work may still have been the reason. */
const lookBackMs = 60_000;

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isFault({ type }: TraceEvent): boolean {
  return type.startsWith('fault.') || type === 'node.failed' || type === 'store.lost';
}
