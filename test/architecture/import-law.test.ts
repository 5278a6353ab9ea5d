// The import law with one violation planted per rule: a law nobody has seen bite is a comment.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** A house with one lawful file on each floor. */
const lawful = {
  'src/base/bytes.ts': `export { base58btc } from 'multiformats/bases/base58';`,
  'src/schema/task.ts': `export * from '../base/bytes.ts';`,
  'src/ports/store.ts': `export type { base58btc } from '../schema/task.ts';`,
  'src/core/trust/needs.ts': `export type { base58btc } from '../../ports/store.ts';`,
  'src/core/trust/index.ts': `export const jws = () => import('did-jwt');\nexport type * from './needs.ts';`,
  'src/core/audit/index.ts': `export { sha256 } from '@noble/hashes/sha2.js';`,
  'src/core/audit/entry.ts': `import type { Log } from './log.ts';\nexport interface Entry { log: Log }`,
  'src/core/audit/log.ts': `import type { Entry } from './entry.ts';\nexport interface Log { first: Entry }`,
  'src/adapters/stores/memory.ts': `export type * from '../../ports/store.ts';`,
  'src/adapters/transports/websocket.ts': `import type { WebSocket } from 'ws';\nexport const open = (): Promise<{ WebSocket: unknown }> => import('ws');\nexport type Socket = WebSocket;\nexport { once } from 'node:events';`,
  'src/adapters/transports/websocket/node.ts': `export { WebSocketServer } from 'ws';`,
  'src/platform/node.ts': `export { platform as name } from 'node:os';\nexport * from '../adapters/stores/memory.ts';`,
  'src/platform/web.ts': `export const name = () => 'web';`,
  'src/client/compose.ts': `export { name } from '#platform';\nexport { jws } from '../core/trust/index.ts';\nexport type * from '../adapters/stores/memory.ts';\nexport { EventEmitter } from 'eventemitter3';`,
  'src/extensions/ledger/index.ts': `export * from '../../base/bytes.ts';`,
  'src/extensions/billing/index.ts': `export * from '../ledger/index.ts';`,
  'src/bridges/a2a/index.ts': `export { jws } from '../../index.ts';\nexport * from 'node:http';\nexport type * from '../../schema/task.ts';`,
  'src/testing/index.ts': `export type * from '../adapters/stores/memory.ts';\nexport { jws } from '../client/compose.ts';`,
  'src/testing/node/index.ts': `export { fork } from 'node:child_process';`,
  'src/cli/mesh.ts': `export * from '../index.ts';\nexport { argv } from 'node:process';\nexport * from '../audit.ts';`,
  'src/audit.ts': `export * from './core/audit/index.ts';\nexport { name } from '#platform';`,
  'src/index.ts': `export { jws } from './client/compose.ts';\nexport type * from './adapters/stores/memory.ts';`,
} as const;

/** rule -> the files that break it, each in one way. */
const planted: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'no-circles': {
    'src/core/audit/chicken.ts': `export * from './egg.ts';`,
    'src/core/audit/egg.ts': `export * from './chicken.ts';`,
  },
  'imports-resolve': { 'src/base/lost.ts': `export * from './nowhere.ts';` },
  'base-knows-nobody': { 'src/base/upstairs.ts': `export * from '../schema/task.ts';` },
  'schema-knows-base': { 'src/schema/upstairs.ts': `export type * from '../ports/store.ts';` },
  'ports-know-words': { 'src/ports/upstairs.ts': `export * from '../core/audit/index.ts';` },
  'rooms-have-no-door-to-each-other': {
    'src/core/audit/neighbour.ts': `export type * from '../trust/index.ts';`,
    'src/core/trust/neighbour.ts': `export * from '../audit/index.ts';`,
    'src/core/trust/upstairs.ts': `export * from '../../client/compose.ts';`,
  },
  'adapters-know-ports': {
    'src/adapters/stores/machine.ts': `export * from '../../core/audit/index.ts';`,
    'src/adapters/stores/cousin.ts': `export * from '../transports/websocket.ts';`,
  },
  'client-enters-by-the-doors': {
    'src/client/window.ts': `export type * from '../core/trust/needs.ts';`,
    'src/client/plug.ts': `export * from '../adapters/transports/websocket.ts';`,
  },
  'platform-has-one-door': {
    'src/client/ground.ts': `export * from '../platform/node.ts';`,
  },
  'platform-stands-on-the-ground': {
    'src/platform/upstairs.ts': `export * from '../core/audit/index.ts';`,
  },
  'extensions-live-outside': {
    'src/extensions/billing/inside.ts': `export * from '../../core/audit/index.ts';`,
    'src/extensions/billing/window.ts': `export * from '../ledger/book.ts';`,
    'src/extensions/ledger/book.ts': `export const book = 1;`,
  },
  'bridges-use-the-front-door': {
    'src/bridges/a2a/window.ts': `export * from '../../client/compose.ts';`,
  },
  'workshop-is-self-contained': {
    'src/testing/room.ts': `export * from '../core/audit/index.ts';`,
  },
  'bell-uses-public-doors': { 'src/cli/inside.ts': `export * from '../client/compose.ts';` },
  'audit-is-checked-without-a-client': { 'src/audit.ts': `export * from './client/compose.ts';` },
  'front-door-shows-only-doors': {
    'src/index.ts': `export * from './extensions/ledger/index.ts';`,
  },
  'ground-floor-is-neutral': {
    'src/base/emitter.ts': `export { EventEmitter } from 'eventemitter3';`,
    'src/schema/node.ts': `export { cpus } from 'node:os';`,
  },
  'ports-are-words-only': { 'src/ports/hash.ts': `export * from '@noble/hashes/sha2.js';` },
  'front-door-adds-nothing': { 'src/index.ts': `export * from 'eventemitter3';` },
  'client-needs-an-emitter': {
    'src/client/curves.ts': `export * from '@noble/curves/ed25519.js';`,
  },
  'workshop-needs-no-test-runner': {
    'src/testing/runner.ts': `export { it } from 'vitest';`,
    'src/testing/disk.ts': `export { readFile } from 'node:fs/promises';`,
  },
  'house-runs-anywhere': {
    'src/core/trust/disk.ts': `export const read = () => import('node:fs');`,
    'src/extensions/ledger/disk.ts': `export { readFile } from 'fs/promises';`,
  },
  'optional-peers-only-in-adapters-and-bridges': {
    'src/core/trust/socket.ts': `export const open = () => import('ws');`,
  },
  'peers-load-on-first-use': {
    'src/adapters/transports/eager.ts': `export { WebSocket } from 'ws';`,
  },
  'heavy-libraries-load-on-first-use': {
    'src/core/trust/eager.ts': `export { createJWS } from 'did-jwt';`,
  },
  'shipped-code-declares-what-it-uses': {
    'src/core/trust/dev.ts': `export { z } from 'zod';`,
    'src/adapters/stores/undeclared.ts': `export const open = () => import('cborg');`,
  },
};

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

let house: string;

beforeAll(() => {
  house = mkdtempSync(join(tmpdir(), 'import-law-'));
  for (const file of ['package.json', 'tsconfig.json', '.dependency-cruiser.cjs']) {
    copyFileSync(join(root, file), join(house, file));
  }
  symlinkSync(join(root, 'node_modules'), join(house, 'node_modules'));
});

afterAll(() => {
  rmSync(house, { recursive: true });
});

/** What the law says about a house with these files. */
function judge(files: Readonly<Record<string, string>>): readonly Violation[] {
  rmSync(join(house, 'src'), { recursive: true, force: true });
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(house, file)), { recursive: true });
    writeFileSync(join(house, file), text);
  }
  const bin = realpathSync(join(root, 'node_modules/.bin/depcruise'));
  const report = execFileSync(process.execPath, [bin, 'src', '--output-type', 'json'], {
    cwd: house,
    encoding: 'utf8',
    maxBuffer: 64e6,
  });
  return (JSON.parse(report) as { summary: { violations: Violation[] } }).summary.violations;
}

describe('the import law', () => {
  it('finds nothing in a lawful house', () => {
    expect(judge(lawful)).toEqual([]);
  }, 30_000);

  it('names each violation by its rule', () => {
    const inFiles = Object.fromEntries(
      Object.entries(planted)
        .flatMap(([, files]) => Object.entries(files))
        .filter(([file]) => file !== 'src/index.ts'),
    );
    const doors = Object.values(planted).map((files) => files['src/index.ts']);
    const front = [lawful['src/index.ts'], ...doors.filter((door) => door !== undefined)].join(
      '\n',
    );
    const violations = judge({ ...lawful, ...inFiles, 'src/index.ts': front });

    const missed = Object.entries(planted).flatMap(([rule, files]) =>
      Object.keys(files)
        .filter((file) => !(file in innocent))
        .filter(
          (file) => !violations.some((found) => found.from === file && found.rule.name === rule),
        )
        .map((file) => `${rule}: ${file}`),
    );
    expect(missed).toEqual([]);
  }, 30_000);

  it('has a planted violation for every rule', () => {
    const law = readFileSync(join(root, '.dependency-cruiser.cjs'), 'utf8');
    const rules = [...law.matchAll(/(?:name: |(?:floor|outside)\(\s*)'([a-z-]+)'/g)].map(
      (match) => match[1],
    );
    expect(rules.length).toBeGreaterThan(20);
    expect(Object.keys(planted).sort()).toEqual([...rules].sort());
  });
});

/** Files a violation needs to exist, which break nothing themselves. */
const innocent: Readonly<Record<string, true>> = {
  'src/core/audit/egg.ts': true, // a circle is reported once, from one of its files
  'src/extensions/ledger/book.ts': true,
};
