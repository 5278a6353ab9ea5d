/**
 * Standing on Node: native cryptography, pinned HTTP, threads, SQLite.
 * @module
 */
import { sqliteStore } from '../adapters/stores/sqlite.ts';
import type { Platform } from '../ports/platform.ts';
import { nodeCrypto } from './node-crypto.ts';
import { createNodeHttp } from './node-http.ts';
import { nodeWorkers } from './node-workers.ts';
import { systemClock } from './system-clock.ts';
import { systemRandom } from './system-random.ts';

/** The platform behind `#platform` on Node. */
export const platform: Platform = {
  name: 'node',
  clock: systemClock,
  random: systemRandom,
  crypto: nodeCrypto,
  http: createNodeHttp(),
  workers: nodeWorkers(),
  openStore: (path) => Promise.resolve(sqliteStore(path)),
};
