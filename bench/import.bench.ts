import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Bench, type Case, median } from './harness.ts';

const run = promisify(execFile);
const here = import.meta.dirname;
const peer = 'libp2p + tcp + noise + yamux';

/** Milliseconds until `code` has been imported by a process that has imported nothing before. */
function imported(name: string, role: Case['role'], code: string): Case {
  let folder: string;
  return {
    name,
    role,
    setup() {
      folder = mkdtempSync(join(here, '.import-')); // inside the package, so that @mesh/sdk is the built package itself
      writeFileSync(join(folder, 'module.mjs'), code);
      const timed = `const begin = performance.now(); await import('./module.mjs'); console.log(performance.now() - begin); process.exit();`;
      writeFileSync(join(folder, 'timed.mjs'), timed);
      return Promise.resolve();
    },
    async run(share) {
      const each: number[] = [];
      for (let i = 0; i < Math.max(2, 5 * share); i += 1) {
        const { stdout } = await run(process.execPath, [join(folder, 'timed.mjs')], { env: {} });
        each.push(Number(stdout));
      }
      return median(each);
    },
    teardown() {
      rmSync(folder, { recursive: true });
      return Promise.resolve();
    },
  };
}

const libp2p = [
  `export { createLibp2p } from 'libp2p';`,
  `export { tcp } from '@libp2p/tcp';`,
  `export { noise } from '@chainsafe/libp2p-noise';`,
  `export { yamux } from '@chainsafe/libp2p-yamux';`,
].join('\n');

const bench: Bench = {
  what: 'Cold import in a fresh process, files in the page cache, without the start of Node itself.',
  unit: 'ms',
  better: 'less',
  peer,
  rounds: 9,
  cases: [
    imported('@mesh/sdk', 'ours', `export * from '@mesh/sdk';`),
    imported(peer, 'peer', libp2p),
    imported('did-jwt', 'peer', `export * from 'did-jwt';`),
    imported('an empty module', 'limit', 'export {};'),
  ],
};
export default bench;
