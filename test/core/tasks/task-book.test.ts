import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../src/base/bytes.ts';
import { MeshError, type MeshErrorCode } from '../../../src/base/errors.ts';
import { packPacket } from '../../../src/base/packet.ts';
import { bookId, type TaskContext, type TaskEntry } from '../../../src/core/tasks/index.ts';
import { type Answer, ann, bob, mortal, request, rigOf, storeWith } from './rig.ts';

const by = { from: ann, agent: 'adder' };

function code(expected: MeshErrorCode, params: object = {}): object {
  const some: unknown = expect.objectContaining(params);
  return expect.objectContaining({ code: expected, params: some }) as object;
}

/** Runners under the test's hand: one for each run, in order. */
function handWork() {
  const runs: {
    entry: TaskEntry;
    context: TaskContext;
    done: (answer: Answer) => void;
    fail: (error: unknown) => void;
  }[] = [];
  const run = (entry: TaskEntry, context: TaskContext): Promise<Answer> =>
    new Promise((done, fail) => {
      runs.push({ entry, context, done, fail });
    });
  return { runs, run };
}

describe('the task book', () => {
  it('runs a task and remembers how it ended', async () => {
    const rig = rigOf();
    await using book = rig.book();
    const task = await book.submit(request('t1', { data: Float32Array.of(1, 2) }), by);
    expect(task).toMatchObject({ task: 't1', type: 'math.add', agent: 'adder', from: ann });
    expect(await book.wait(task.id)).toEqual({
      state: 'done',
      result: { output: Float32Array.of(1, 2) },
    });
    expect(await book.get(task.id)).toMatchObject({ state: 'done', attempt: 1 });
    expect(await book.state('other')).toBeUndefined();
  });

  it('keeps what a handler threw as it may be told, and nothing of its stack', async () => {
    const rig = rigOf();
    await using book = rig.book({
      run: async () => {
        throw new TypeError('secret');
      },
    });
    const { id } = await book.submit(request('t1'), by);
    const outcome = await book.wait(id);
    expect(outcome).toMatchObject({ state: 'failed', error: { code: 'INTERNAL' } });
    expect(JSON.stringify(outcome)).not.toContain('secret');
  });

  it('fails a task whose result cannot be kept', async () => {
    const rig = rigOf();
    await using book = rig.book({ run: async () => ({ output: () => 1 }) });
    const { id } = await book.submit(request('t1'), by);
    expect(await book.wait(id)).toMatchObject({ state: 'failed' });
  });

  it('takes the same id of the same caller once, before and after it is done', async () => {
    const rig = rigOf();
    const { runs, run } = handWork();
    await using book = rig.book({ run });
    const [one, two] = await Promise.all([
      book.submit(request('t1'), by),
      book.submit(request('t1'), { ...by, agent: 'other' }),
    ]);
    expect(two.id).toBe(one.id);
    await rig.clock.advance(0);
    expect(runs).toHaveLength(1);
    runs[0]!.done({ output: 1 });
    await book.wait(one.id);
    expect(await book.submit(request('t1'), by)).toMatchObject({ id: one.id, state: 'done' });
    expect(runs).toHaveLength(1);
  });

  it('knows a repeated call by its idempotency key, whatever id it has', async () => {
    const rig = rigOf();
    await using book = rig.book();
    const one = await book.submit(request('t1', { idempotencyKey: 'k' }), by);
    const two = await book.submit(request('t2', { idempotencyKey: 'k' }), by);
    expect(two.id).toBe(one.id);
    expect(bookId(ann, request('k'))).not.toBe(bookId(ann, request('t1', { idempotencyKey: 'k' })));
  });

  it('keeps callers apart who use the same id', async () => {
    const rig = rigOf();
    await using book = rig.book();
    const one = await book.submit(request('t1', { data: 1 }), by);
    const two = await book.submit(request('t1', { data: 2 }), { ...by, from: bob });
    expect(await book.wait(one.id)).toMatchObject({ result: { output: 1 } });
    expect(await book.wait(two.id)).toMatchObject({ result: { output: 2 } });
  });

  it('refuses an id that was used for something else', async () => {
    const rig = rigOf();
    await using book = rig.book();
    await book.submit(request('t1', { data: 1 }), by);
    await expect(book.submit(request('t1', { data: 2 }), by)).rejects.toEqual(
      code('INVALID_ARGUMENT', { argument: 'task.id' }),
    );
  });

  it('refuses what is no task, and a store that cannot keep two writers apart', async () => {
    const rig = rigOf();
    await using book = rig.book();
    await expect(book.submit(request(''), by)).rejects.toEqual(code('SCHEMA_INVALID'));
    await expect(book.submit(request('t'), { ...by, agent: '' })).rejects.toEqual(
      code('SCHEMA_INVALID'),
    );
    const weak = storeWith(rig.store, { features: { ...rig.store.features, conditional: false } });
    await expect(rig.book({ store: weak }).start()).rejects.toEqual(code('UNSUPPORTED'));
    expect(() => rig.book({ concurrency: 0 })).toThrow(
      code('INVALID_ARGUMENT', { argument: 'concurrency' }),
    );
  });

  it('runs as many at once as it may, in order, and refuses more than it can hold', async () => {
    const rig = rigOf();
    const { runs, run } = handWork();
    await using book = rig.book({ run, concurrency: 2, limit: 3, grace: 1 });
    for (const id of ['t1', 't2', 't3']) await book.submit(request(id), by);
    await rig.clock.advance(0);
    expect(runs.map(({ entry }) => entry.task)).toEqual(['t1', 't2']);
    await expect(book.submit(request('t4'), by)).rejects.toEqual(code('OVERLOADED', { limit: 3 }));
    await book.submit(request('t3'), by);
    runs[0]!.done({ output: 1 });
    await rig.clock.advance(0);
    expect(runs.map(({ entry }) => entry.task)).toEqual(['t1', 't2', 't3']);
    for (const { done } of runs) done({ output: 1 });
    await rig.clock.advance(0);
  });

  it('starts the next as soon as one ends, without waiting for the clock', async () => {
    const rig = rigOf();
    await using book = rig.book({ store: mortal(rig.store).store, concurrency: 2 });
    const ids = Array.from({ length: 20 }, (_, i) => `t${String(i)}`);
    const submitted = ids.map((id) => book.submit(request(id), by));
    await rig.clock.advance(0);
    await Promise.all(submitted);
    const listing = book.list({ state: 'done' });
    await rig.clock.advance(0);
    expect(await listing).toHaveLength(20);
  });

  it('starts what came while it was starting something else', async () => {
    const rig = rigOf();
    const { runs, run } = handWork();
    await using book = rig.book({ store: mortal(rig.store).store, run, grace: 0 });
    const first = book.submit(request('t1'), by);
    await rig.clock.advance(0);
    await first;
    await Promise.all(['t2', 't3', 't4'].map((id) => book.submit(request(id), by)));
    await rig.clock.advance(0);
    expect(runs).toHaveLength(4);
    const closing = book.close();
    await rig.clock.advance(1);
    await closing;
  });

  it('counts submissions on their way, so that a burst does not pass the bound', async () => {
    const rig = rigOf();
    const { run } = handWork();
    await using book = rig.book({ run, limit: 3, grace: 0 });
    const burst = Array.from({ length: 8 }, (_, i) => book.submit(request(`t${String(i)}`), by));
    const settled = await Promise.allSettled(burst);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    const closing = book.close();
    await rig.clock.advance(1);
    await closing;
  });

  it('leaves a task queued while its agent takes none, and looks again when told to', async () => {
    const rig = rigOf();
    let active = false;
    const asked: number[] = [];
    await using book = rig.book({
      mayStart: ({ agent }, running) => {
        asked.push(running);
        return agent === 'adder' && active;
      },
    });
    const { id } = await book.submit(request('t1'), by);
    await rig.clock.advance('1m');
    expect(await book.state(id)).toBe('queued');
    active = true;
    book.look();
    expect(await book.wait(id)).toMatchObject({ state: 'done' });
    expect(asked).toContain(0);
  });

  it('lists tasks by state, oldest first', async () => {
    const rig = rigOf();
    const { runs, run } = handWork();
    await using book = rig.book({ run, concurrency: 1, grace: 0 });
    for (const id of ['t1', 't2', 't3']) {
      await book.submit(request(id), by);
      await rig.clock.advance(10);
    }
    runs[0]!.done({ output: 1 });
    await rig.clock.advance(0);
    const listed = async (options: Parameters<typeof book.list>[0]): Promise<string[]> =>
      (await book.list(options)).map(({ task }) => task);
    expect(await listed({})).toEqual(['t1', 't2', 't3']);
    expect(await listed({ state: 'done' })).toEqual(['t1']);
    expect(await listed({ state: 'running' })).toEqual(['t2']);
    expect(await listed({ limit: 2 })).toEqual(['t1', 't2']);
    await expect(book.list({ state: 'odd' as never })).rejects.toEqual(code('SCHEMA_INVALID'));
    expect(Object.keys((await book.list())[0]!)).not.toContain('owner');
    const closing = book.close();
    await rig.clock.advance(1);
    await closing;
  });

  describe('waiting', () => {
    it('ends at its timeout, at its signal and with the book; the task goes on', async () => {
      const rig = rigOf();
      const { runs, run } = handWork();
      const book = rig.book({ run });
      const { id } = await book.submit(request('t1'), by);
      const abort = new AbortController();
      const waits = [
        book.wait(id, { timeoutMs: 100 }),
        book.wait(id, { signal: abort.signal }),
        book.wait(id),
      ].map((wait) => wait.catch((error: unknown) => (MeshError.is(error) ? error.code : 'other')));
      await rig.clock.advance(100);
      abort.abort();
      expect(await waits[0]).toBe('TASK_TIMEOUT');
      expect(await waits[1]).toBe('ABORTED');
      expect(await book.state(id)).toBe('running');
      runs[0]!.fail(new Error('stopped'));
      await book.close();
      expect(await waits[2]).toBe('CLOSED');
    });

    it('for what was never submitted says so', async () => {
      const rig = rigOf();
      await using book = rig.book();
      await expect(book.wait('nothing')).rejects.toEqual(code('NOT_FOUND'));
    });

    it('is told of a task that another process has ended', async () => {
      const rig = rigOf();
      const { run } = handWork();
      await using idle = rig.book({ run, mayStart: () => false });
      await using busy = rig.book();
      const { id } = await idle.submit(request('t1'), by);
      const outcome = idle.wait(id);
      await busy.start();
      await rig.clock.advance('5s');
      expect(await outcome).toMatchObject({ state: 'done' });
    });
  });

  describe('cancelling', () => {
    it('ends a task at once, stops its runner with the reason, and stays', async () => {
      const rig = rigOf();
      const { runs, run } = handWork();
      await using book = rig.book({ run });
      const { id } = await book.submit(request('t1'), by);
      const told = book.wait(id);
      await rig.clock.advance(0);
      const cancelled = { state: 'cancelled', reason: 'too slow' };
      expect(await book.cancel(id, 'too slow')).toEqual(cancelled);
      expect(await told).toEqual(cancelled);
      expect(runs[0]!.context.signal.reason).toEqual(
        code('TASK_CANCELLED', { reason: 'too slow' }),
      );
      await expect(runs[0]!.context.checkpoint(utf8('late'))).rejects.toEqual(
        code('TASK_CANCELLED'),
      );
      runs[0]!.done({ output: 1 });
      await rig.clock.advance('1m');
      expect(await book.wait(id)).toEqual(cancelled);
      expect(await book.cancel(id, 'again')).toEqual(cancelled);
      expect(rig.events).toContainEqual({
        type: 'task.cancelled',
        data: { task: 't1', type: 'math.add', reason: 'too slow' },
      });
    });

    it('does not change what is done, and says what is not there', async () => {
      const rig = rigOf();
      await using book = rig.book();
      const { id } = await book.submit(request('t1'), by);
      await book.wait(id);
      expect(await book.cancel(id)).toMatchObject({ state: 'done' });
      await expect(book.cancel('nothing')).rejects.toEqual(code('NOT_FOUND'));
    });
  });

  describe('suspending', () => {
    it('gives a task up until it is resumed, over a restart, and goes on from the checkpoint', async () => {
      const rig = rigOf();
      const seen: unknown[] = [];
      const run = async ({ task }: TaskEntry, context: TaskContext): Promise<Answer> => {
        seen.push([context.resumed, context.input]);
        if (context.resumed === undefined) {
          await context.checkpoint(utf8('half'));
          return context.suspend();
        }
        return { output: task };
      };
      const first = rig.book({ run });
      const { id } = await first.submit(request('t1'), by);
      await rig.clock.advance('1h');
      expect(await first.get(id)).toMatchObject({
        state: 'suspended',
        checkpoint: { version: 0, size: 4, attempt: 1 },
      });
      await first.close();
      await using second = rig.book({ run });
      await rig.clock.advance('1h');
      expect(await second.state(id)).toBe('suspended');
      expect(await second.resume(id, { approved: true })).toMatchObject({ state: 'queued' });
      expect(await second.wait(id)).toEqual({ state: 'done', result: { output: 't1' } });
      const resumed = { bytes: utf8('half'), version: 0, attempt: 1 };
      expect(seen).toEqual([
        [undefined, undefined],
        [resumed, { approved: true }],
      ]);
      expect(rig.events.map(({ type }) => type)).toEqual(['task.suspended', 'task.resumed']);
    });

    it('until a time goes on then, at the millisecond, or earlier when resumed', async () => {
      const rig = rigOf();
      const { runs, run } = handWork();
      await using book = rig.book({ run });
      const start = rig.clock.now();
      const suspendAt = async (until: number | string): Promise<void> => {
        await rig.clock.advance(0);
        const { context, fail } = runs.at(-1)!;
        try {
          context.suspend({ until });
        } catch (error) {
          fail(new MeshError('TASK_FAILED', {}, { cause: error }));
        }
        await rig.clock.advance(0);
      };
      const { id } = await book.submit(request('t1'), by);
      await suspendAt('90s');
      expect(await book.get(id)).toMatchObject({ state: 'waiting', due: start + 90_000 });
      await rig.clock.advance(89_999);
      expect(runs).toHaveLength(1);
      await rig.clock.advance(1);
      expect(runs).toHaveLength(2);
      await suspendAt(new Date(start + 3_600_000).toISOString());
      expect(await book.get(id)).toMatchObject({ state: 'waiting', due: start + 3_600_000 });
      await book.resume(id);
      await rig.clock.advance(0);
      expect(runs).toHaveLength(3);
      expect(await book.get(id)).toMatchObject({ state: 'running', attempt: 1 });
      expect(() => runs[2]!.context.suspend({ until: '2030-13-01T00:00:00.000Z' })).toThrow(
        code('SCHEMA_INVALID'),
      );
      expect(() => runs[2]!.context.suspend({ until: 'soon' })).toThrow(code('INVALID_ARGUMENT'));
      runs[2]!.done({ output: 1 });
      await book.wait(id);
    });

    it('that was due while the process was down goes on at the start', async () => {
      const rig = rigOf();
      const first = rig.book({ run: async (_, context) => context.suspend({ until: '10s' }) });
      const { id } = await first.submit(request('t1'), by);
      await rig.clock.advance(0);
      await first.close();
      await rig.clock.advance('1h');
      await using second = rig.book();
      expect(await second.wait(id, { timeoutMs: 1 })).toMatchObject({ state: 'done' });
    });

    it('is not done by an error of that code from elsewhere', async () => {
      const rig = rigOf();
      await using book = rig.book({
        run: async () => {
          throw new MeshError('TASK_SUSPENDED', { task: 't1' });
        },
      });
      const { id } = await book.submit(request('t1'), by);
      expect(await book.wait(id)).toMatchObject({
        state: 'failed',
        error: { code: 'TASK_SUSPENDED' },
      });
    });

    it('is undone when the handler catches it and finishes', async () => {
      const rig = rigOf();
      const run = async (_: TaskEntry, context: TaskContext): Promise<Answer> => {
        try {
          return context.suspend();
        } catch {
          return { output: 'after all' };
        }
      };
      await using book = rig.book({ run });
      const { id } = await book.submit(request('t1'), by);
      expect(await book.wait(id)).toMatchObject({ state: 'done' });
    });

    it('and resuming keep to the states', async () => {
      const rig = rigOf();
      const { runs, run } = handWork();
      await using book = rig.book({ run });
      const { id } = await book.submit(request('t1'), by);
      await rig.clock.advance(0);
      await expect(book.resume(id)).rejects.toEqual(
        code('STATE_CONFLICT', { state: 'running', move: 'wake' }),
      );
      runs[0]!.done({ output: 1 });
      await book.wait(id);
      await expect(book.resume(id)).rejects.toEqual(code('STATE_CONFLICT', { state: 'done' }));
      await expect(book.resume('nothing')).rejects.toEqual(code('NOT_FOUND'));
      await expect(book.resume(id, 'x'.repeat(70_000))).rejects.toEqual(code('LIMIT_EXCEEDED'));
    });
  });

  describe('a checkpoint', () => {
    it('may have 1 MiB and no byte more', async () => {
      const rig = rigOf();
      const { runs, run } = handWork();
      await using book = rig.book({ run });
      const { id } = await book.submit(request('t1'), by);
      await rig.clock.advance(0);
      const { context, done } = runs[0]!;
      await context.checkpoint(new Uint8Array(1 << 20));
      await expect(context.checkpoint(new Uint8Array((1 << 20) + 1))).rejects.toEqual(
        code('LIMIT_EXCEEDED', { limit: 1 << 20 }),
      );
      await expect(context.checkpoint('text' as never)).rejects.toEqual(code('INVALID_ARGUMENT'));
      await expect(context.checkpoint(utf8('x'), { version: -1 })).rejects.toEqual(
        code('SCHEMA_INVALID'),
      );
      expect(await book.get(id)).toMatchObject({ checkpoint: { size: 1 << 20 } });
      done({ output: 1 });
      await book.wait(id);
      await expect(context.checkpoint(utf8('late'))).rejects.toEqual(code('ABORTED'));
    });

    it('is what was given last, however many were under way', async () => {
      const rig = rigOf();
      const run = async (_: TaskEntry, context: TaskContext): Promise<Answer> => {
        if (context.resumed !== undefined) return { output: context.resumed.bytes };
        for (let i = 0; i < 5; i += 1) void context.checkpoint(Uint8Array.of(i));
        return context.suspend({ until: 0 });
      };
      await using book = rig.book({ run });
      const { id } = await book.submit(request('t1'), by);
      expect(await book.wait(id)).toMatchObject({ result: { output: Uint8Array.of(4) } });
    });

    it('of a newer version than the agent reads keeps the task until one comes that does', async () => {
      const rig = rigOf();
      const newer = rig.book({
        checkpointVersion: () => 2,
        run: async (_, context) => {
          await context.checkpoint(utf8('v2'));
          return context.suspend({ until: '10s' });
        },
      });
      const { id } = await newer.submit(request('t1'), by);
      await rig.clock.advance(0);
      await newer.close();
      const older = rig.book({ checkpointVersion: () => 1 });
      await older.start();
      await rig.clock.advance('1m');
      const params = { task: 't1', agent: 'adder', found: 2, supported: 1 };
      expect(await older.get(id)).toMatchObject({
        state: 'suspended',
        problem: { code: 'CHECKPOINT_VERSION', params },
        checkpoint: { version: 2 },
      });
      expect(rig.reports).toContainEqual(code('CHECKPOINT_VERSION', params));
      await expect(older.resume(id)).rejects.toEqual(code('CHECKPOINT_VERSION', params));
      await older.close();
      await using again = rig.book({
        checkpointVersion: () => 2,
        run: async (_, { resumed }) => ({ output: resumed?.bytes }),
      });
      expect(await again.wait(id)).toEqual({ state: 'done', result: { output: utf8('v2') } });
      expect(await again.get(id)).not.toHaveProperty('problem');
    });

    it('cannot be written in a version that its own agent could not read', async () => {
      const rig = rigOf();
      await using book = rig.book({
        run: async (_, context) => {
          await context.checkpoint(utf8('v1'), { version: 1 });
          return { output: 1 };
        },
      });
      const { id } = await book.submit(request('t1'), by);
      expect(await book.wait(id)).toMatchObject({ error: { code: 'CHECKPOINT_VERSION' } });
    });
  });

  describe('two processes', () => {
    it('do not both run a task; who is cut off from the store gives it up before the other takes it', async () => {
      const rig = rigOf();
      const cut = mortal(rig.store);
      const [here, there] = [handWork(), handWork()];
      const first = rig.book({ store: cut.store, run: here.run });
      const { id } = await first.submit(request('t1'), by);
      await rig.clock.advance(0);
      await using second = rig.book({ run: there.run });
      await second.start();
      await rig.clock.advance('10m');
      expect(there.runs).toHaveLength(0);
      cut.kill();
      const { signal } = here.runs[0]!.context;
      while (there.runs.length === 0) {
        expect(rig.clock.monotonic()).toBeLessThan(700_000);
        await rig.clock.advance('1s');
      }
      expect(signal.aborted).toBe(true);
      expect(there.runs[0]!.entry).toMatchObject({ attempt: 2, state: 'running' });
      there.runs[0]!.done({ output: 'second' });
      expect(await second.wait(id)).toMatchObject({ result: { output: 'second' } });
      const closing = first.close();
      await rig.clock.advance('1m');
      await closing;
    });

    it('write nothing any more once the task was taken over, however long they slept', async () => {
      const rig = rigOf();
      // A process that was stopped: no timer of its fires, so it does not know.
      const frozen = { ...rig.clock, after: () => () => undefined };
      const [here, there] = [handWork(), handWork()];
      const first = rig.book({ clock: frozen, run: here.run });
      const { id } = await first.submit(request('t1'), by);
      await using second = rig.book({ run: there.run });
      await second.start();
      await rig.clock.advance('1m');
      expect(there.runs).toHaveLength(1);
      await expect(here.runs[0]!.context.checkpoint(utf8('late'))).rejects.toEqual(code('ABORTED'));
      here.runs[0]!.done({ output: 'first' });
      await rig.clock.advance('1s');
      expect(await second.get(id)).toMatchObject({ state: 'running', attempt: 2 });
      expect(await second.get(id)).not.toHaveProperty('checkpoint');
      there.runs[0]!.done({ output: 'second' });
      expect(await second.wait(id)).toMatchObject({ result: { output: 'second' } });
      await first.close();
    });

    it('hand a task over at once when one closes, which does not count as an attempt', async () => {
      const rig = rigOf();
      const { runs, run } = handWork();
      const first = rig.book({ run });
      const { id } = await first.submit(request('t1'), by);
      await rig.clock.advance(0);
      const { context, fail } = runs[0]!;
      context.signal.addEventListener('abort', () => {
        fail(context.signal.reason);
      });
      await context.checkpoint(utf8('half'));
      await first.close();
      await using second = rig.book({
        run: async ({ attempt }, { resumed }) => ({ output: [attempt, resumed?.bytes] }),
      });
      expect(await second.wait(id, { timeoutMs: 1 })).toMatchObject({
        result: { output: [1, utf8('half')] },
      });
    });

    it('keep a task of a runner that does not stop from the other, until its lease is over', async () => {
      const rig = rigOf();
      const { run } = handWork();
      const first = rig.book({ run, grace: '2s' });
      const { id } = await first.submit(request('t1'), by);
      await rig.clock.advance(0);
      const closing = first.close();
      await rig.clock.advance('2s');
      await closing;
      await using second = rig.book();
      const waiting = second.wait(id);
      await rig.clock.advance('14s');
      expect(await second.state(id)).toBe('running');
      await rig.clock.advance('10s');
      expect(await waiting).toMatchObject({ state: 'done' });
    });

    it('agree on a task that one of them has cancelled while the other runs it', async () => {
      const rig = rigOf();
      const { runs, run } = handWork();
      await using first = rig.book({ run });
      await using second = rig.book({ run });
      const { id } = await first.submit(request('t1'), by);
      await rig.clock.advance(0);
      await second.cancel(id, 'elsewhere');
      await rig.clock.advance('5s');
      expect(runs[0]!.context.signal.aborted).toBe(true);
      expect(await first.wait(id)).toEqual({ state: 'cancelled', reason: 'elsewhere' });
    });
  });

  describe('remembers', () => {
    it('what is over for as long as was set, then forgets it', async () => {
      const rig = rigOf();
      await using book = rig.book({ retention: { age: '1h' } });
      const { id } = await book.submit(request('t1'), by);
      await book.wait(id);
      await rig.clock.advance('59m');
      expect(await book.state(id)).toBe('done');
      await rig.clock.advance('2m');
      expect(await book.state(id)).toBeUndefined();
    });

    it('only so many, the newest', async () => {
      const rig = rigOf();
      await using book = rig.book({ retention: { count: 2 } });
      for (let i = 0; i < 5; i += 1) {
        const { id } = await book.submit(request(`t${String(i)}`), by);
        await book.wait(id);
        await rig.clock.advance(10);
      }
      await rig.clock.advance('2m');
      expect((await book.list()).map(({ task }) => task)).toEqual(['t3', 't4']);
    });

    it('nothing of a task that is over but what came of it', async () => {
      const rig = rigOf();
      await using book = rig.book({
        run: async (_, context) => {
          await context.checkpoint(utf8('half'));
          return { output: 1 };
        },
      });
      const { id } = await book.submit(request('t1'), by);
      await book.wait(id);
      const keys: string[] = [];
      for await (const { key } of rig.store.scan({})) keys.push(key);
      expect(keys).toEqual([`final/${id}`, `outcome/${id}`]);
    });
  });

  describe('whatever the store does', () => {
    it('stores an outcome that was refused at first before anybody is told', async () => {
      const rig = rigOf();
      let refuse = 3;
      const store = storeWith(rig.store, {
        write: (ops, options) => {
          const ends = ops.some((op) => 'put' in op && op.put.startsWith('final/'));
          if (ends && (refuse -= 1) >= 0) {
            return Promise.reject(new MeshError('STORE_FAILED', { store: 's', detail: 'd' }));
          }
          return rig.store.write(ops, options);
        },
      });
      await using book = rig.book({ store });
      const { id } = await book.submit(request('t1'), by);
      const told = book.wait(id);
      await rig.clock.advance(0);
      expect(await book.state(id)).toBe('running');
      await rig.clock.advance('10s');
      expect(await told).toMatchObject({ state: 'done' });
      expect(rig.reports.map((error) => error.code)).toEqual(Array(3).fill('STORE_FAILED'));
    });

    it('fails a task whose request was damaged, and passes over rows that are none', async () => {
      const rig = rigOf();
      let open = false;
      await using book = rig.book({ mayStart: () => open });
      const { id } = await book.submit(request('t1'), by);
      await rig.store.write([
        { put: `request/${id}`, value: utf8('rubbish') },
        { put: 'open/rubbish', value: utf8('rubbish') },
        { put: 'open/newer', value: packPacket({ format: 2 }) },
      ]);
      open = true;
      const told = book.wait(id);
      await rig.clock.advance('10s');
      expect(await told).toMatchObject({ state: 'failed', error: { code: 'SCHEMA_INVALID' } });
      const codes = new Set(rig.reports.map((error) => error.code));
      expect(codes).toEqual(new Set(['STORE_CORRUPT', 'STORE_VERSION', 'SCHEMA_INVALID']));
      expect(await rig.store.get('open/newer')).toBeDefined();
    });
  });

  it('does nothing before it is started, and leaves no timer behind', async () => {
    const rig = rigOf();
    const { run } = handWork();
    const book = rig.book({ run });
    expect(rig.clock.timers).toBe(0);
    await book.submit(request('t1'), by);
    const { id } = await book.submit(request('t2'), by);
    const waiting = book.wait(id, { timeoutMs: 60_000 }).catch(() => undefined);
    await rig.clock.advance('5s');
    expect(rig.clock.timers).toBeGreaterThan(0);
    const closing = book.close();
    await rig.clock.advance('3s');
    await Promise.all([closing, waiting, book.close()]);
    expect(rig.clock.timers).toBe(0);
    await expect(book.submit(request('t3'), by)).rejects.toEqual(code('CLOSED'));
    await expect(book.get(id)).rejects.toEqual(code('CLOSED'));
  });
});
