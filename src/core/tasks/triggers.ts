/**
 * Sets agents to work at the times and at the events their triggers name: never twice at once, never silently not.
 * @module
 */
import { withDeadline } from '../../base/abort.ts';
import { type Duration, toMs } from '../../base/duration.ts';
import { MeshError, toMeshError } from '../../base/errors.ts';
import { Lifetime } from '../../base/lifetime.ts';
import { cidOfJson } from '../../base/multiformat.ts';
import { parseSchedule, type ScheduleSpec } from '../../base/schedule.ts';
import { isPlainObject, text } from '../../base/shape.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Store } from '../../ports/store.ts';
import type { MeshEvent } from '../../schema/mesh-event.ts';
import type { EventSource } from './needs.ts';
import { Timetable, type TimetableRun } from './timetable.ts';

/** What sets an agent to work: the time, or an event of the mesh selected by a pattern such as `task.*`. */
export type Trigger =
  | (ScheduleSpec & {
      /** Whether one run makes up for those that were missed. Default: no. */
      readonly catchUp?: boolean;
    })
  | { readonly on: string };

/** What a triggered run gets. */
export interface TriggerRun {
  readonly agent: string;
  readonly trigger: Trigger;
  /** When it was due, in epoch milliseconds; absent for events. The same for every process that might run it. */
  readonly due?: number;
  readonly event?: MeshEvent;
  /** Runs that were missed before this one. */
  readonly missed: number;
  /** Fires when the runner closes, and after `timeout`. */
  readonly signal: AbortSignal;
}

/** Options of {@link TriggerRunner}. */
export interface TriggerRunnerOptions {
  readonly clock: Clock;
  /** This room's own part of the store: remembers up to where each trigger has run. */
  readonly store: Store;
  readonly run: (run: TriggerRun) => Promise<unknown>;
  /** Told of runs that were left out, missed or failed: `TRIGGER_OVERLAP`, `TRIGGER_MISSED`, or what the run threw. */
  readonly report: (
    error: MeshError,
    about: { readonly agent: string; readonly trigger: Trigger },
  ) => void;
  /** Default: triggers by event are refused with `UNSUPPORTED`. */
  readonly events?: EventSource;
  /** How long one run may take. Default 1 hour. */
  readonly timeout?: Duration;
}

/** Triggers that one runner takes. */
const triggerLimit = 10_000;

const patternShape = text({ min: 1, max: 128 });

/** Runs the triggers of agents. */
export class TriggerRunner implements AsyncDisposable {
  readonly #options: TriggerRunnerOptions;
  readonly #timeoutMs: number;
  readonly #lifetime = new Lifetime('the triggers');
  readonly #live = new Set<string>();
  readonly #runs = new Set<Promise<void>>();
  /** Positions are read and forgotten in the order in which triggers came and went. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: TriggerRunnerOptions) {
    this.#options = options;
    this.#timeoutMs = toMs(options.timeout ?? '1h', 'timeout');
    this.#lifetime.own(() => this.#settled());
  }

  /**
   * Follows `triggers` of `agent` until the result is called, which also forgets up to where they ran; a run that is
   * going on then comes to its end. Throws `INVALID_ARGUMENT`, `ALREADY_EXISTS`, `UNSUPPORTED`, `OVERLOADED`, and then
   * follows none of them.
   */
  add(agent: string, triggers: readonly Trigger[]): () => void {
    this.#lifetime.assertOpen();
    const stops: (() => void)[] = [];
    const stop = (): void => {
      for (const one of stops.splice(0)) one();
    };
    try {
      for (const trigger of triggers) stops.push(this.#follow(agent, trigger));
    } catch (error) {
      stop();
      throw error;
    }
    return stop;
  }

  /** Follows no trigger any more, and aborts what is running. Where triggers stood is remembered. */
  close(): Promise<void> {
    return this.#lifetime.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #follow(agent: string, trigger: Trigger): () => void {
    const key = keyOf(agent, trigger);
    if (this.#live.has(key)) {
      throw new MeshError('ALREADY_EXISTS', { what: 'trigger', id: nameOf(trigger) });
    }
    if (this.#live.size >= triggerLimit) {
      throw new MeshError('OVERLOADED', { what: 'the triggers', limit: triggerLimit });
    }
    const stop = 'on' in trigger ? this.#listen(agent, trigger) : this.#watch(agent, trigger, key);
    this.#live.add(key);
    return () => {
      this.#live.delete(key);
      stop();
    };
  }

  #listen(agent: string, trigger: Extract<Trigger, { on: string }>): () => void {
    const { events } = this.#options;
    if (events === undefined) {
      throw new MeshError('UNSUPPORTED', { feature: 'a trigger by event', by: 'this runner' });
    }
    const once = this.#oneAtATime(agent, trigger);
    const off = events.on(patternShape(trigger.on, 'trigger.on'), (event) => {
      if (!this.#lifetime.closed) once({ event, missed: 0 });
    });
    const forget = this.#lifetime.own(off);
    return () => {
      forget();
      off();
    };
  }

  #watch(agent: string, trigger: Exclude<Trigger, { on: string }>, key: string): () => void {
    const { clock, store, report } = this.#options;
    const about = { agent, trigger };
    const timetable = new Timetable({
      schedule: parseSchedule(trigger),
      catchUp: trigger.catchUp ?? false,
      key,
      clock,
      store,
      run: this.#oneAtATime(agent, trigger),
      missed: (count, since) => {
        const params = { trigger: nameOf(trigger), agent, count, since };
        report(new MeshError('TRIGGER_MISSED', params), about);
      },
      failed: (error) => {
        report(toMeshError(error, `trigger ${nameOf(trigger)}`), about);
      },
    });
    const forget = this.#lifetime.own(() => timetable.close());
    this.#inTurn(() => timetable.start());
    return () => {
      forget();
      void timetable.close();
      this.#inTurn(() => timetable.forget());
    };
  }

  #inTurn(work: () => Promise<void>): void {
    this.#turn = this.#turn.then(work);
  }

  /** Runs of one trigger, of which the next is left out while one is going on; who was left out is counted. */
  #oneAtATime(
    agent: string,
    trigger: Trigger,
  ): (run: TimetableRun & { event?: MeshEvent }) => void {
    let going: { readonly since: number; skipped: number } | undefined;
    const overlap = (skipped: number, since: number): void => {
      const params = { trigger: nameOf(trigger), agent, skipped, since };
      this.#options.report(new MeshError('TRIGGER_OVERLAP', params), { agent, trigger });
    };
    return (what) => {
      if (going !== undefined) {
        going.skipped += 1;
        // Told when it begins and when it is over, however many there were in between.
        if (going.skipped === 1) overlap(1, going.since);
        return;
      }
      const current = { since: this.#options.clock.now(), skipped: 0 };
      going = current;
      const run = this.#run({ ...what, agent, trigger }).finally(() => {
        going = undefined;
        this.#runs.delete(run);
        if (current.skipped > 1) overlap(current.skipped, current.since);
      });
      this.#runs.add(run);
    };
  }

  async #run(about: Omit<TriggerRun, 'signal'>): Promise<void> {
    const { clock, run, report } = this.#options;
    const { agent, trigger } = about;
    const what = `the run of trigger ${nameOf(trigger)} of '${agent}'`;
    try {
      const { signal } = this.#lifetime;
      await withDeadline(clock, this.#timeoutMs, { what, signal }, async (inner) => {
        await run({ ...about, signal: inner });
      });
    } catch (error) {
      if (this.#lifetime.closed) return;
      report(toMeshError(error, what), { agent, trigger });
    }
  }

  async #settled(): Promise<void> {
    await this.#turn;
    await Promise.all(this.#runs);
  }
}

/** The place of a trigger in the store: the same after a restart, another when its times change. */
function keyOf(agent: string, trigger: Trigger): string {
  const { catchUp: _, ...spec } = trigger as { catchUp?: boolean };
  return `trigger/${cidOfJson([agent, spec])}`;
}

/** A trigger in words. */
function nameOf(trigger: Trigger): string {
  if (!isPlainObject(trigger)) return String(trigger);
  return Object.entries(trigger)
    .filter(([name]) => name !== 'catchUp')
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');
}
