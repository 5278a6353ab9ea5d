import { Resolver } from 'did-resolver';
import type { Did } from '../src/base/ids.ts';
import { DidCache } from '../src/core/identity/resolution/did-cache.ts';
import { systemClock } from '../src/platform/system-clock.ts';
import type { Bench } from './harness.ts';

const did: Did = 'did:web:acme.example';
const document = {
  '@context': [],
  id: did,
  verificationMethod: [],
  authentication: [],
  assertionMethod: [],
};
const peer = 'did-resolver 6 with its cache';
const callers = 100;

/** How often a fetch of 5 ms was made for all callers. */
async function fetches(open: (fetched: () => Promise<void>) => () => Promise<unknown>) {
  let count = 0;
  const fetched = async (): Promise<void> => {
    count += 1;
    await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const resolve = open(fetched);
  await Promise.all(Array.from({ length: callers }, resolve));
  return count;
}

const bench: Bench = {
  what: '100 callers ask for one DID at the same time, and nobody has asked before.',
  unit: 'fetches',
  better: 'less',
  peer,
  rounds: 3,
  cases: [
    {
      name: 'our cache of DIDs',
      role: 'ours',
      run: () =>
        fetches((fetched) => {
          const resolver = {
            methods: ['web'],
            resolve: async () => {
              await fetched();
              return { document, ageMs: 0, deactivated: false };
            },
          };
          const cache = new DidCache({ clock: systemClock, resolvers: [resolver] });
          return () => cache.resolve(did);
        }),
    },
    {
      name: peer,
      role: 'peer',
      run: () =>
        fetches((fetched) => {
          const web = async () => {
            await fetched();
            return {
              didDocument: document,
              didDocumentMetadata: {},
              didResolutionMetadata: {},
            };
          };
          const resolver = new Resolver({ web }, { cache: true });
          return () => resolver.resolve(did);
        }),
    },
  ],
};
export default bench;
