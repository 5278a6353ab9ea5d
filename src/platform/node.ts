/**
 * Node.
 * @module
 */
import { MeshError } from '../base/errors.ts';
import type { Platform } from '../ports/platform.ts';
import { nodeCrypto } from './node-crypto.ts';
import { systemClock } from './system-clock.ts';
import { systemRandom } from './system-random.ts';

/** Node's ground (placeholder until its http and workers land). */
export const platform = {
  name: 'node',
  clock: systemClock,
  random: systemRandom,
  crypto: nodeCrypto,
  openStore: async (path: string) => (await import('../adapters/stores/sqlite.ts')).sqliteStore(path),
} as unknown as Platform;
void MeshError;
