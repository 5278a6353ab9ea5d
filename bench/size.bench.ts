import {
  frontDoor,
  gzipped,
  identityAndTrust,
  type WebBundleOptions,
  webBundle,
} from '../scripts/web-bundle.ts';
import type { Bench, Case } from './harness.ts';

const peer = 'libp2p + noise + yamux';

/** The gzipped kilobytes of what `code` needs in a browser. */
function weighed(
  name: string,
  role: Case['role'],
  code: string,
  part: 'first' | 'all',
  options: WebBundleOptions = {},
): Case {
  let kB = Number.NaN;
  return {
    name,
    role,
    async setup() {
      const { first, later } = await webBundle(code, options);
      kB = gzipped(part === 'first' ? first : [...first, ...later]) / 1_000;
    },
    run: () => Promise.resolve(kB),
  };
}

const libp2p = [
  `export { createLibp2p } from 'libp2p';`,
  `export { noise } from '@chainsafe/libp2p-noise';`,
  `export { yamux } from '@chainsafe/libp2p-yamux';`,
].join('\n');

const bench: Bench = {
  what: 'What a browser downloads: bundled by esbuild, minified, gzip level 9.',
  unit: 'kB',
  better: 'less',
  peer,
  rounds: 3,
  cases: [
    weighed('MeshClient, before the first call', 'ours', frontDoor, 'first'),
    weighed('MeshClient, with all that loads on use', 'ours', frontDoor, 'all'),
    weighed('identity and trust, for the first verdict', 'ours', identityAndTrust, 'first', {
      conditions: ['@mesh/source'],
    }),
    weighed(peer, 'peer', libp2p, 'all'),
    weighed('did-jwt', 'peer', `export * from 'did-jwt';`, 'all'),
  ],
};
export default bench;
