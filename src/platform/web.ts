/**
 * Standing in a browser, or on any other platform with `fetch` and `crypto`.
 * @module
 */
import { MeshError } from '../base/errors.ts';
import { loadOnce } from '../base/load-once.ts';
import type { Platform } from '../ports/platform.ts';
import { inlineWorkers } from './inline-workers.ts';
import { streamCompression } from './stream-compression.ts';
import { systemClock } from './system-clock.ts';
import { systemRandom } from './system-random.ts';
import { createWebHttp } from './web-http.ts';

const signatures = loadOnce(async () => (await import('./web-crypto.ts')).createWebCrypto());

/** The platform behind `#platform` everywhere but on Node. */
export const platform: Platform = {
  name: 'web',
  clock: systemClock,
  random: systemRandom,
  crypto: loadOnce(async () => {
    const provider = await signatures();
    await provider.complete?.();
    return provider;
  }),
  signatures,
  compression: streamCompression,
  http: createWebHttp(),
  workers: inlineWorkers(),
  openStore: () => {
    const feature = 'a durable store (there is none over IndexedDB yet)';
    return Promise.reject(new MeshError('UNSUPPORTED', { feature, by: 'the web platform' }));
  },
};
