/**
 * What a runtime says of itself and of the runs it made: this module is bundled and called on every one.
 * @module
 */
import { platform } from '#platform';
import { replay } from './simulation.ts';

/** What one runtime made of some seeds. */
export interface RuntimeReport {
  /** The platform the bundle stands on there: `node` or `web`. */
  readonly platform: string;
  /** The version of Node, or what the browser calls itself. */
  readonly version: string;
  /** The hash of each seed's run. */
  readonly hashes: readonly string[];
}

/** Plays every seed, one after the other. */
export async function report(seeds: readonly number[]): Promise<RuntimeReport> {
  const version = typeof process === 'object' ? process.version : navigator.userAgent;
  const hashes: string[] = [];
  for (const seed of seeds) hashes.push(await replay(seed));
  return { platform: platform.name, version, hashes };
}
