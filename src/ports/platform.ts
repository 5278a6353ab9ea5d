/**
 * The ground the house stands on: what Node and browsers do differently. `#platform` names the one in use.
 * @module
 */
import type { Clock } from './clock.ts';
import type { Compression } from './compression.ts';
import type { CryptoProvider } from './crypto.ts';
import type { Http } from './http.ts';
import type { Random } from './random.ts';
import type { Store } from './store.ts';
import type { WorkerPool } from './worker-pool.ts';

/** What a platform offers. Nothing in it starts before it is used. */
export interface Platform {
  readonly name: 'node' | 'web';
  readonly clock: Clock;
  readonly random: Random;
  /** Loads the whole provider on first use: plain-TypeScript curves weigh as much as the rest of the front door. */
  crypto(): Promise<CryptoProvider>;
  /** The same provider, which may still have to be completed: enough to make key pairs, to sign, and to verify. */
  signatures(): Promise<CryptoProvider>;
  readonly compression: Compression;
  readonly http: Http;
  readonly workers: WorkerPool;
  /** The durable store behind `store: './folder'`. */
  openStore(path: string): Promise<Store>;
}
