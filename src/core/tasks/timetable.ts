/**
 * Follows one schedule by the clock, and remembers in the store up to where.
 * @module
 */
import { Lifetime } from '../../base/lifetime.ts';
import { packPacket, unpackPacket } from '../../base/packet.ts';
import { nextRun, type Schedule } from '../../base/schedule.ts';
import { integer, object } from '../../base/shape.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Revision, Store } from '../../ports/store.ts';
import { type Due, dueSince, heal } from './trigger-times.ts';

/** One run of a schedule. */
export interface TimetableRun {
  /** Epoch milliseconds. */
  readonly due?: number;
  readonly missed: number;
}

/** What a {@link Timetable} is given. */
export interface TimetableOptions {
  readonly schedule: Schedule;
  readonly catchUp: boolean;
  /** Where the position stands in the store. */
  readonly key: string;
  readonly clock: Clock;
  readonly store: Store;
  readonly run: (run: TimetableRun) => void;
  readonly missed: (count: number, since: number) => void;
  readonly failed: (error: unknown) => void;
}

/** The clock is looked at this often at least, so that a clock that was set is noticed. */
const lookEveryMs = 60_000;
/** How soon a position that could not be stored is tried again. */
const retryMs = 5_000;

const positionShape = object({ reached: integer() });

/** A schedule being followed. */
export class Timetable {
  readonly #options: TimetableOptions;
  readonly #lifetime = new Lifetime('the timetable');
  #reached = 0;
  #revision: Revision | null = null;
  #cancel: () => void = () => undefined;
  #looking: Promise<void> | undefined;

  constructor(options: TimetableOptions) {
    this.#options = options;
    this.#lifetime.own(() => {
      this.#cancel();
      return this.#looking;
    });
  }

  /** Goes on where the last run of the process left off. */
  start(): Promise<void> {
    return this.#look(this.#begin);
  }

  /** Ends it; where it stands is remembered. */
  close(): Promise<void> {
    return this.#lifetime.close();
  }

  /** Forgets where it stands. */
  async forget(): Promise<void> {
    const { store, key, failed } = this.#options;
    await store.write([{ del: key }]).catch(failed);
  }

  /** One look at the clock after the other. What fails is tried again soon: nothing was run yet. */
  #look(step: () => Promise<void>): Promise<void> {
    if (this.#lifetime.closed) return Promise.resolve();
    this.#looking = step()
      .then(
        () => this.#untilNext(),
        (error: unknown) => {
          this.#options.failed(error);
          return retryMs;
        },
      )
      .then((wait) => {
        if (wait === undefined || this.#lifetime.closed) return;
        this.#cancel = this.#options.clock.after(wait, () => {
          void this.#look(this.#revision === null ? this.#begin : this.#advance);
        });
      });
    return this.#looking;
  }

  readonly #begin = async (): Promise<void> => {
    await this.#read();
    await this.#advance();
  };

  /** Milliseconds until the next look; undefined when the schedule has no more times. */
  #untilNext(): number | undefined {
    const { schedule, clock } = this.#options;
    const now = clock.now();
    const next = nextRun(schedule, this.#reached);
    return next === undefined ? undefined : Math.min(Math.max(0, next - now), lookEveryMs);
  }

  async #read(): Promise<void> {
    const { store, key, clock } = this.#options;
    const entry = await store.get(key);
    if (entry !== undefined) {
      this.#reached = positionShape(unpackPacket(entry.value, key), key).reached;
      this.#revision = entry.revision;
      return;
    }
    // New: what was due before it existed was not missed.
    if (!(await this.#store(Math.floor(clock.now())))) await this.#read();
  }

  readonly #advance = async (): Promise<void> => {
    const { schedule, clock } = this.#options;
    const now = clock.now();
    const since = heal(this.#reached, now);
    const due = dueSince(schedule, since, now);
    if (due.reached === this.#reached || this.#lifetime.closed) return;
    // Stored before it runs, on the condition that nobody else has: two processes never both run for one time.
    if (await this.#store(Math.floor(due.reached))) this.#fire(due);
    else await this.#read();
  };

  #fire({ now, missed, since, reached }: Due): void {
    const { run, catchUp, missed: tellMissed } = this.#options;
    if (since !== undefined) tellMissed(missed, since);
    const due = now ?? (catchUp && missed > 0 ? reached : undefined);
    if (due !== undefined) run({ due, missed });
  }

  async #store(reached: number): Promise<boolean> {
    const { store, key } = this.#options;
    const { durable, conditional } = store.features;
    const commit = await store.write([{ put: key, value: packPacket({ reached }) }], {
      // After a power cut a time may be run again, or told as missed: cheaper than a flush for every tick.
      durable: durable === 'none' ? 'none' : 'process',
      ...(conditional && { if: [{ key, revision: this.#revision }] }),
    });
    if (!commit.ok) return false;
    this.#reached = reached;
    this.#revision = commit.revision;
    return true;
  }
}
