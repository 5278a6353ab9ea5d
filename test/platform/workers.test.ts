import { spawnSync } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { inlineWorkers } from '../../src/platform/inline-workers.ts';
import { nodeWorkers } from '../../src/platform/node-workers.ts';
import type { WorkerPool } from '../../src/ports/worker-pool.ts';

const job = new URL('jobs/echo.ts', import.meta.url).href;
const noJob = new URL('jobs/no-job.ts', import.meta.url).href;
const pools: WorkerPool[] = [];
const using = (pool: WorkerPool): WorkerPool => {
  pools.push(pool);
  return pool;
};

afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
});

describe.each([
  ['inline', inlineWorkers],
  ['node', () => nodeWorkers(2)],
] as const)('%s workers', (_, make) => {
  it('run the default export of a module', async () => {
    const pool = using(make());
    expect(await pool.run(job, { say: [1, 'two', new Uint8Array(3)] })).toMatchObject({
      said: [1, 'two', new Uint8Array(3)],
    });
  });

  it('pass on what a job fails with', async () => {
    const pool = using(make());
    const params = { what: 'thing', id: 7 };
    await expect(pool.run(job, { fail: 'mesh' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      params,
    });
    await expect(pool.run(job, { fail: 'plain' })).rejects.toThrow();
    expect(await pool.run(job, { say: 'still here' })).toMatchObject({ said: 'still here' });
  });

  it('refuse a module that is no job', async () => {
    const running = using(make()).run(noJob, {});
    await expect(running).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      params: { argument: 'job' },
    });
  });

  it('give up on a signal, and go on', async () => {
    const pool = using(make());
    const fired = pool.run(job, {}, { signal: AbortSignal.abort() });
    await expect(fired).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await pool.run(job, { say: 1 })).toMatchObject({ said: 1 });
  });

  it('refuse jobs beyond the queue', async () => {
    const pool = using(make());
    const outcomes = await Promise.allSettled(
      Array.from({ length: 1_200 }, () => pool.run(job, {})),
    );
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThan(100);
    expect(refused[0]).toMatchObject({ reason: { code: 'OVERLOADED' } });
  });

  it('fail with CLOSED after close, which may be called twice', async () => {
    const pool = make();
    const waiting = Promise.allSettled([pool.run(job, {}), pool.run(job, {}), pool.run(job, {})]);
    await Promise.all([pool.close(), pool.close()]);
    await waiting;
    await expect(pool.run(job, {})).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('inline workers', () => {
  it('run on the thread that asks', async () => {
    const pool = using(inlineWorkers());
    expect(pool.size).toBe(1);
    const { threadId } = await import('node:worker_threads');
    expect(await pool.run(job, {})).toMatchObject({ threadId });
  });
});

describe('node workers', () => {
  it('run on other threads, as many as there are at most, and use them again', async () => {
    const pool = using(nodeWorkers(2));
    const runs = (await Promise.all(Array.from({ length: 8 }, () => pool.run(job, {})))) as {
      main: boolean;
      threadId: number;
    }[];
    expect(runs.every(({ main }) => !main)).toBe(true);
    expect(new Set(runs.map(({ threadId }) => threadId)).size).toBe(2);
  });

  it('end a running job on a signal, and fill its place', async () => {
    const pool = using(nodeWorkers(1));
    const stop = new AbortController();
    const stuck = pool.run(job, { forever: true }, { signal: stop.signal });
    const next = pool.run(job, { say: 'next' });
    stop.abort();
    await expect(stuck).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await next).toMatchObject({ said: 'next' });
  });

  it('do not keep a process alive that has nothing else to do', () => {
    const pool = new URL('../../src/platform/node-workers.ts', import.meta.url).href;
    const script = `import { nodeWorkers } from '${pool}'; await nodeWorkers().run('${job}', {}); console.log('done');`;
    const options = { encoding: 'utf8', timeout: 5_000 } as const;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], options);
    expect([child.stdout, child.status]).toEqual(['done\n', 0]);
  });

  it('survive a job that ends its thread', async () => {
    const pool = using(nodeWorkers(1));
    await expect(pool.run(job, { exit: true })).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(await pool.run(job, { say: 'next' })).toMatchObject({ said: 'next' });
  });

  it('refuse an input that cannot travel', async () => {
    const pool = using(nodeWorkers(1));
    const running = pool.run(job, { say: () => undefined });
    await expect(running).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      params: { argument: 'input' },
    });
    expect(await pool.run(job, { say: 'next' })).toMatchObject({ said: 'next' });
  });

  it('hand over what is to be transferred', async () => {
    const { buffer } = new Uint8Array(1_000);
    await using(nodeWorkers(1)).run(job, { say: buffer }, { transfer: [buffer] });
    expect(buffer.byteLength).toBe(0);
  });
});
