// No library code asks the machine for time, chance, or the outside world: each way to do so, written once and seen refused.
import { join } from 'node:path';
import { ESLint, Linter } from 'eslint';
import { beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const floors = ['base', 'schema', 'ports', 'core/trust', 'client', 'extensions/ledger'];
const lawRules = ['no-restricted-globals', 'no-restricted-properties', 'no-restricted-syntax'];

const forbidden = [
  'Date.now()',
  'new Date()',
  'Date()',
  'performance.now()',
  'setTimeout(run, 5)',
  'setInterval(run, 5)',
  'setImmediate(run)',
  'globalThis.setTimeout(run, 5)',
  'AbortSignal.timeout(5)',
  'Math.random()',
  'crypto.randomUUID()',
  'crypto.getRandomValues(bytes)',
  'globalThis.crypto.subtle',
  `fetch('https://peer.example')`,
  `new WebSocket('wss://peer.example')`,
  `new XMLHttpRequest()`,
  `new Worker('job.js')`,
  `localStorage.getItem('key')`,
  `indexedDB.open('mesh')`,
  'process.env.HOME',
  `Buffer.from('bytes')`,
  `console.log('hello')`,
  'navigator.onLine',
  `(() => { throw new Error('no code'); })()`,
  `(() => { throw new TypeError('no code'); })()`,
];

const allowed = [
  'new Date(clock.now())',
  'clock.now()',
  'random.next()',
  'structuredClone(value)',
  'queueMicrotask(run)',
  'Math.max(1, 2)',
  `new MeshError('CLOSED')`,
  `(() => { throw new MeshError('CLOSED'); })()`,
  `new TextEncoder().encode('bytes')`,
  'new AbortController()',
];

const rulesOf = new Map<string, Linter.RulesRecord>();

beforeAll(async () => {
  const eslint = new ESLint({ cwd: root });
  for (const floor of [...floors, 'platform', 'adapters/stores', 'testing']) {
    const config = (await eslint.calculateConfigForFile(join(root, `src/${floor}/planted.ts`))) as {
      rules: Linter.RulesRecord;
    };
    const law = Object.entries(config.rules).filter(([name]) => lawRules.includes(name));
    rulesOf.set(floor, Object.fromEntries(law));
  }
}, 30_000);

function complaints(floor: string, expression: string): readonly string[] {
  const config: Linter.Config = { files: ['**/*.ts'], rules: rulesOf.get(floor) ?? {} };
  const code = `export const planted = (run, bytes, clock, random, value) => ${expression};`;
  return new Linter()
    .verify(code, [config], `src/${floor}/planted.ts`)
    .map(({ message }) => message);
}

describe('the law of replay', () => {
  it.each(floors)('refuses every way to ask the machine in src/%s', (floor) => {
    const missed = forbidden.filter((expression) => complaints(floor, expression).length === 0);
    expect(missed).toEqual([]);
  });

  it.each(floors)('leaves pure code in src/%s alone', (floor) => {
    expect(allowed.flatMap((expression) => complaints(floor, expression))).toEqual([]);
  });

  it('lets the platform and the adapters touch the machine', () => {
    for (const floor of ['platform', 'adapters/stores', 'testing']) {
      expect(complaints(floor, 'Date.now()')).toEqual([]);
    }
  });
});
