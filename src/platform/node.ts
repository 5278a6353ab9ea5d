/**
 * Standing on Node: native cryptography, pinned HTTP, threads, SQLite.
 * @module
 */
import type { CryptoProvider } from '../ports/crypto.ts';
import type { Http } from '../ports/http.ts';
import type { Platform } from '../ports/platform.ts';
import { nodeWorkers } from './node-workers.ts';
import { streamCompression } from './stream-compression.ts';
import { systemClock } from './system-clock.ts';
import { systemRandom } from './system-random.ts';

/** The platform behind `#platform` on Node. */
export const platform: Platform = {
  name: 'node',
  clock: systemClock,
  random: systemRandom,
  crypto: nodeCrypto,
  signatures: nodeCrypto,
  compression: streamCompression,
  http: { send: async (request) => (await http()).send(request) },
  workers: nodeWorkers(),
  openStore: async (path) => (await import('../adapters/stores/sqlite.ts')).sqliteStore(path),
};

async function nodeCrypto(): Promise<CryptoProvider> {
  return (await import('./node-crypto.ts')).nodeCrypto;
}

let opened: Promise<Http> | undefined;

/** Node's own HTTP and DNS begin to work when they are imported, so they are imported when they are needed. */
function http(): Promise<Http> {
  opened ??= import('./node-http.ts').then(({ createNodeHttp }) => createNodeHttp());
  return opened;
}
