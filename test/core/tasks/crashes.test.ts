// Processes die between any two writes. What was accepted is done all the same, once, from where it was left.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../src/base/errors.ts';
import type { TaskContext, TaskEntry, TaskOutcome } from '../../../src/core/tasks/index.ts';
import { TaskBook } from '../../../src/core/tasks/index.ts';
import { seededRandom } from '../../../src/testing/seeded-random.ts';
import { type Answer, ann, type Mortal, mortal, never, request, rigOf } from './rig.ts';

type Step = 'work' | 'checkpoint' | 'wait' | 'suspend';

interface Plan {
  readonly steps: readonly Step[];
  readonly fails: boolean;
}

interface Death {
  readonly writes: number;
  readonly after: boolean;
}

const step = fc.constantFrom<Step>('work', 'checkpoint', 'wait', 'suspend');
const plan = fc.record<Plan>({
  steps: fc.array(step, { maxLength: 5 }),
  fails: fc.boolean(),
});
const death = fc.record<Death>({ writes: fc.nat(14), after: fc.boolean() });

const leaseMs = 3_000;

/** What the outside saw of all processes together. */
class Witness {
  readonly accepted = new Set<string>();
  readonly running = new Map<string, { readonly process: Mortal; readonly stop: AbortSignal }>();
  readonly checkpoints = new Map<string, number>();
  readonly told = new Map<string, TaskOutcome<Answer>>();
  readonly faults: string[] = [];

  begins(id: string, process: Mortal, stop: AbortSignal): void {
    const other = this.running.get(id);
    if (other !== undefined && !other.process.dead && !other.stop.aborted) {
      this.faults.push(`${id} runs twice`);
    }
    this.running.set(id, { process, stop });
  }

  ends(id: string, process: Mortal): void {
    if (this.running.get(id)?.process === process) this.running.delete(id);
  }

  tell(id: string, outcome: TaskOutcome<Answer>): void {
    const before = this.told.get(id);
    if (before !== undefined && JSON.stringify(before) !== JSON.stringify(outcome)) {
      this.faults.push(`${id} was told differently`);
    }
    this.told.set(id, outcome);
  }
}

async function live(
  plans: readonly Plan[],
  lives: readonly (readonly Death[])[],
  attempts: number,
): Promise<{ witness: Witness; states: readonly (string | undefined)[]; open: number }> {
  const { clock, store } = rigOf();
  const witness = new Witness();
  let started = 0;

  const processOf = ({ writes, after }: Death): { book: TaskBook<Answer>; process: Mortal } => {
    const process = mortal(store, writes, after);
    /** Resolves as `promise` does, unless the process has died meanwhile. */
    const here = async <T>(promise: Promise<T>): Promise<T> => {
      const value = await promise;
      return process.dead ? never : value;
    };
    const run = async (entry: TaskEntry, context: TaskContext): Promise<Answer> => {
      const { steps, fails } = plans[Number(entry.task)]!;
      witness.begins(entry.id, process, context.signal);
      try {
        let at = context.resumed === undefined ? 0 : context.resumed.bytes[0]!;
        if (at < (witness.checkpoints.get(entry.id) ?? 0)) {
          witness.faults.push(`${entry.id} lost a checkpoint`);
        }
        for (; at < steps.length; at += 1) {
          const what = steps[at]!;
          await here(clock.sleep(1_000, context.signal));
          if (what === 'work') continue;
          await here(context.checkpoint(Uint8Array.of(at + 1)));
          witness.checkpoints.set(entry.id, at + 1);
          if (what === 'wait') context.suspend({ until: '2s' });
          if (what === 'suspend') context.suspend();
        }
        if (fails) throw new MeshError('TASK_FAILED', { task: entry.task });
        return { output: Number(entry.task) };
      } finally {
        if (!process.dead) witness.ends(entry.id, process);
      }
    };
    const book = new TaskBook<Answer>({
      store: process.store,
      clock,
      random: seededRandom((started += 1)),
      run,
      attempts,
      lease: leaseMs,
      concurrency: 2,
    });
    return { book, process };
  };

  const ids = new Map<number, string>();
  const drive = async (books: readonly TaskBook<Answer>[], ms: number): Promise<void> => {
    for (const book of books) {
      plans.forEach((_, i) => {
        // A caller asks again until it is told that its task is stored, and then waits for it.
        const asked = book.submit(request(String(i)), { from: ann, agent: 'adder' });
        asked
          .then(async ({ id }) => {
            witness.accepted.add(id);
            ids.set(i, id);
            witness.tell(id, await book.wait(id));
          })
          .catch(() => undefined);
      });
    }
    for (let passed = 0; passed < ms; passed += 1_000) {
      await clock.advance(1_000);
      for (const book of books) {
        void book
          .list({ state: 'suspended' })
          .then((tasks) => Promise.all(tasks.map(({ id }) => book.resume(id))))
          .catch(() => undefined);
      }
    }
  };

  for (const deaths of lives) {
    const processes = deaths.map(processOf);
    await drive(
      processes.map(({ book }) => book),
      8_000,
    );
    for (const { process } of processes) process.kill();
  }
  const { book } = processOf({ writes: Number.POSITIVE_INFINITY, after: false });
  await drive([book], 60_000);
  const states = await Promise.all(plans.map((_, i) => book.state(ids.get(i) ?? '')));
  const open = (await book.list({ limit: 1_000 })).filter(({ state }) =>
    ['queued', 'running', 'waiting', 'suspended'].includes(state),
  ).length;
  const closing = book.close();
  await clock.advance(10_000);
  await closing;
  return { witness, states, open };
}

describe('durable tasks, when processes die between any two writes', () => {
  it('end in exactly one final state, are never run twice at once, and lose no checkpoint', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(plan, { minLength: 1, maxLength: 3 }),
        fc.array(fc.array(death, { minLength: 1, maxLength: 2 }), { maxLength: 4 }),
        async (plans, lives) => {
          const { witness, states, open } = await live(plans, lives, 1_000);
          expect(witness.faults).toEqual([]);
          expect(open).toBe(0);
          expect(states).toEqual(plans.map(({ fails }) => (fails ? 'failed' : 'done')));
          expect(witness.told.size).toBe(plans.length);
          for (const outcome of witness.told.values()) {
            if (outcome.state === 'failed') expect(outcome.error.code).toBe('TASK_FAILED');
          }
        },
      ),
    );
  }, 120_000);

  it('are given up after as many attempts as were allowed, and say so', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(death, { minLength: 1, maxLength: 1 }), { maxLength: 5 }),
        async (lives) => {
          const plans = [{ steps: ['work', 'work', 'checkpoint', 'work'] as const, fails: false }];
          const { witness, states } = await live(plans, lives, 2);
          expect(witness.faults).toEqual([]);
          const [outcome] = witness.told.values();
          expect(['done', 'failed']).toContain(states[0]);
          if (outcome?.state !== 'failed') return;
          expect(outcome.error).toMatchObject({
            code: 'TASK_INTERRUPTED',
            params: { attempts: 2 },
          });
          expect(lives.length).toBeGreaterThanOrEqual(2);
        },
      ),
    );
  }, 120_000);
});
