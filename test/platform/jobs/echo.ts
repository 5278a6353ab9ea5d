/** A job for the tests of the worker pools: does what its input says. */
import { isMainThread, threadId } from 'node:worker_threads';
import { MeshError } from '../../../src/base/errors.ts';

export interface Order {
  readonly say?: unknown;
  readonly fail?: 'mesh' | 'plain';
  readonly forever?: boolean;
  readonly exit?: boolean;
}

export default async function echo({ say, fail, forever, exit }: Order): Promise<object> {
  if (fail === 'mesh') throw new MeshError('NOT_FOUND', { what: 'thing', id: 7 });
  if (fail === 'plain') throw new TypeError('a bug');
  if (exit === true) process.exit(3);
  if (forever === true) await new Promise<never>(() => setInterval(() => undefined, 1_000));
  return { said: say, main: isMainThread, threadId };
}
