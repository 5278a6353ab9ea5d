// Every guard of `npm run check` and its scripts, seen to fail: each is run over a small house that is lawful but for one thing.
import { execFile } from 'node:child_process';
import {
  cpSync,
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
import { afterAll, describe, expect, it } from 'vitest';
import { root } from '../../scripts/doors.ts';

const patience = 30_000;
const houses: string[] = [];

afterAll(() => {
  for (const house of houses) rmSync(house, { recursive: true });
});

/** A folder with `files`, copies of the project's own `copied`, and the project's tools where it asks for them. */
function house(
  files: Readonly<Record<string, string>>,
  { copied = [], tools = false }: { copied?: readonly string[]; tools?: boolean } = {},
): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'guards-')));
  houses.push(folder);
  if (tools) symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const path of copied) cpSync(join(root, path), join(folder, path));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

interface Ended {
  readonly code: number;
  /** Both streams. */
  readonly said: string;
}

/** Runs a file with this very Node in `cwd`. */
function run(cwd: string, ...args: readonly string[]): Promise<Ended> {
  // The tools must not take a child for a part of this test run, nor colour what is read here.
  const { PATH, HOME } = process.env;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...args],
      { cwd, env: { PATH, HOME, NO_COLOR: '1' } },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, said: stdout + stderr });
      },
    );
  });
}

const script = (name: string) => join(root, 'scripts', `${name}.ts`);
const tool = (name: string) => realpathSync(join(root, 'node_modules/.bin', name));
const lastLine = ({ said }: Ended) => said.trimEnd().split('\n').at(-1);

describe('the licence scan', () => {
  const locked = (licence: string) => ({
    'package-lock.json': JSON.stringify({
      packages: {
        '': { name: 'house' },
        'node_modules/guest': { version: '1.0.0', license: 'MIT' },
      },
    }),
    'node_modules/guest/package.json': JSON.stringify({ name: 'guest', license: licence }),
  });

  it(
    'fails at a GPL package, by name, though the lockfile calls it MIT',
    async () => {
      expect(await run(house(locked('MIT')), script('licences'), '.')).toMatchObject({ code: 0 });
      const { code, said } = await run(house(locked('GPL-3.0-only')), script('licences'), '.');
      expect(code).toBe(1);
      expect(said).toBe(
        'guest 1.0.0 (node_modules/guest): GPL-3.0-only is not permitted for what users get\n',
      );
    },
    patience,
  );
});

describe('the front door', () => {
  const lawful = {
    'package.json': JSON.stringify({
      name: '@mesh/sdk',
      type: 'module',
      exports: { '.': { '@mesh/source': './src/index.ts' } },
    }),
    'package-lock.json': JSON.stringify({ packages: { '': { name: '@mesh/sdk' } } }),
    'src/index.ts': `export const load = () => import('./room.ts');`,
    'src/room.ts': 'export const room = 1;',
    'node_modules/ethers/package.json': '{ "name": "ethers", "main": "main.js" }',
    'node_modules/ethers/main.js': 'export const chain = 1;',
    'node_modules/multiformats/package.json': '{ "name": "multiformats", "main": "main.js" }',
    'node_modules/multiformats/main.js': 'export const debug = () => process.env.DEBUG;',
  };
  const ends = (changes: Readonly<Record<string, string>>) =>
    run(house({ ...lawful, ...changes }), script('front-door'), '.');

  it(
    'opens in a lawful house',
    async () => {
      expect(await ends({})).toMatchObject({ code: 0 });
    },
    patience,
  );

  it(
    'fails at a chain that a room loads on use, and at one that is only installed',
    async () => {
      const reached = await ends({ 'src/room.ts': `export * from 'ethers';` });
      expect(reached).toMatchObject({ code: 1 });
      expect(reached.said).toContain(
        'ethers is a chain (reached from the front door: node_modules/',
      );
      const packages = { 'node_modules/a/node_modules/ethers': { version: '6.0.0' } };
      const installed = await ends({ 'package-lock.json': JSON.stringify({ packages }) });
      expect(installed).toMatchObject({ code: 1 });
      expect(installed.said).toContain(
        'ethers is a chain (installed at node_modules/a/node_modules',
      );
    },
    patience,
  );

  it(
    'fails at an environment variable, in the library and in what it leans on',
    async () => {
      const own = await ends({ 'src/room.ts': 'export const home = process.env.HOME;' });
      expect(own).toEqual({ code: 1, said: 'src/room.ts:1 reads the environment\n' });
      const theirs = await ends({ 'src/room.ts': `export { debug } from 'multiformats';` });
      expect(theirs).toEqual({
        code: 1,
        said: 'node_modules/multiformats/main.js:1 reads the environment\n',
      });
    },
    patience,
  );
});

describe('coverage', () => {
  it(
    'fails below the thresholds of vitest.config.ts, of which none is below 90 and 85',
    async () => {
      const branches = Array.from({ length: 20 }, (_, i) => `  if (n === ${i}) return '${i}';`);
      const folder = house(
        {
          'package.json': '{ "type": "module" }',
          'src/half.ts': `export function half(n: number): string {\n${branches.join('\n')}\n  return '';\n}\n`,
          'test/setup.ts': '',
          'test/half.test.ts': `import { expect, it } from 'vitest';\nimport { half } from '../src/half.ts';\nit('is tried once', () => { expect(half(0)).toBe('0'); });\n`,
        },
        { copied: ['vitest.config.ts'], tools: true },
      );
      const { code, said } = await run(folder, tool('vitest'), 'run', '--coverage');
      expect(said).toContain('1 passed');
      expect(code).toBe(1);
      const floors = [
        ...said.matchAll(/Coverage for (\w+) .* does not meet .*threshold \((\d+)%\)/g),
      ];
      const floorOf = (what: string) => Number(floors.find((floor) => floor[1] === what)?.[2]);
      expect(floorOf('lines')).toBeGreaterThanOrEqual(90);
      expect(floorOf('branches')).toBeGreaterThanOrEqual(85);
    },
    patience,
  );
});

describe('npm run bench -- --compare', () => {
  const bench = `
    const scripted = (name, role, figure) => ({ name, role, run: () => Promise.resolve(figure) });
    export default {
      what: 'A test.', unit: 'ms', better: 'less', peer: 'peer', rounds: 3,
      cases: [scripted('us', 'ours', 10), scripted('peer', 'peer', 20)],
    };`;
  const programs = ['run', 'harness', 'report', 'compare', 'tables'];
  const copied = programs.map((name) => `bench/${name}.ts`);
  const ends = (timesPeer: number) => {
    const rows = [{ name: 'us', role: 'ours', median: 1, min: 1, max: 1, timesPeer }];
    const results = [{ name: 'sample', peer: 'peer', rows }];
    const files = {
      'package.json': '{ "type": "module" }',
      'bench/sample.bench.ts': bench,
      'bench/results.json': JSON.stringify(results),
    };
    return run(house(files, { copied }), 'bench/run.ts', 'sample', '--compare');
  };

  it(
    'fails when a ratio fell by more than a tenth',
    async () => {
      expect(await ends(2.2)).toMatchObject({ code: 0 });
      const worse = await ends(2.3);
      expect(worse.code).toBe(1);
      expect(lastLine(worse)).toBe(`sample: 'us' fell from 2.30 to 2.00 times peer`);
    },
    patience,
  );

  it(
    'fails when there is nothing to compare with',
    async () => {
      const files = { 'package.json': '{ "type": "module" }', 'bench/sample.bench.ts': bench };
      const alone = await run(house(files, { copied }), 'bench/run.ts', 'sample', '--compare');
      expect(alone.code).toBe(1);
      expect(alone.said).toContain('nothing to compare with for sample');
    },
    patience,
  );
});

describe('npm run test:compliance', () => {
  const ends = (files: Readonly<Record<string, string>>) =>
    run(root, '--conditions=@mesh/source', script('compliance'), house(files));

  it(
    'fails at a wrong vector, with the counts on the last line',
    async () => {
      const vector = '{"protocol_name":"Noise_QQ_25519_ChaChaPoly_SHA256"}\n';
      const wrong = await ends({ 'noise.planted.jsonl': vector });
      expect(wrong.code).toBe(1);
      expect(wrong.said).toContain('skipped cedar: no vectors in ');
      expect(lastLine(wrong)).toBe('0 passed, 1 failed');
    },
    patience,
  );

  it(
    'fails when it ran nothing',
    async () => {
      const nothing = await ends({});
      expect([nothing.code, lastLine(nothing)]).toEqual([2, '0 passed, 0 failed']);
    },
    patience,
  );
});

describe('npm run test:smoke', () => {
  it(
    'refuses what is no region, and says what is one',
    async () => {
      const bad = await run(root, '--conditions=@mesh/source', script('smoke'), '--region', 'a b');
      expect(bad.code).toBe(2);
      expect(bad.said).toContain(`such as eu-west-1; 'a b' is not one`);
    },
    patience,
  );
});

describe('what a browser loads', () => {
  it(
    'fails above the limit',
    async () => {
      const [{ path, limit } = { path: '', limit: '' }] = JSON.parse(
        readFileSync(join(root, '.size-limit.json'), 'utf8'),
      ) as { path: string; limit: string }[];
      expect(limit).toBe('60 kB');
      const noise = Array.from({ length: 60_000 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 0);
      const folder = house(
        { [path.replace('*', 'planted')]: `export default [${noise.join()}];` },
        { copied: ['package.json', '.size-limit.json'], tools: true },
      );
      const { code, said } = await run(folder, tool('size-limit'));
      expect(code).toBe(1);
      expect(said).toContain('exceeded');
    },
    patience,
  );
});

describe('knip', () => {
  it(
    'fails at what nobody uses',
    async () => {
      const files = {
        'package.json': '{ "name": "house", "type": "module", "main": "src/index.ts" }',
        'knip.json': '{ "project": ["src/**/*.ts"] }',
        'src/index.ts': 'export const door = 1;',
      };
      const ends = (planted: object) => run(house({ ...files, ...planted }), tool('knip'));
      expect(await ends({})).toMatchObject({ code: 0 });
      const idle = await ends({ 'src/idle.ts': 'export const idle = 1;' });
      expect(idle.code).toBe(1);
      expect(idle.said).toContain('src/idle.ts');
    },
    patience,
  );
});

describe('npm run check', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Readonly<Record<string, string>>;
  };

  /** The commands a script comes down to. */
  function commands(name: string): readonly string[] {
    return (scripts[name] ?? '').split(' && ').flatMap((command) => {
      const inner = /^npm run (?:--silent )?([\w:]+)$/.exec(command)?.[1];
      return inner === undefined ? [command] : commands(inner);
    });
  }

  it('calls every guard', () => {
    const called = commands('check');
    const guards = [
      'depcruise src', // broken in import-law.test.ts
      'eslint .', // broken in replay-law.test.ts
      'node scripts/licences.ts',
      'node scripts/front-door.ts',
      'vitest run --coverage',
      'size-limit',
      'knip',
    ];
    expect(guards.filter((guard) => !called.includes(guard))).toEqual([]);
  });

  it('has the runs of its own that people start by name', () => {
    expect(scripts).toMatchObject({
      'test:integration': 'vitest run test/scenarios',
      'test:smoke': expect.stringContaining('scripts/smoke.ts') as string,
      'test:compliance': expect.stringContaining('scripts/compliance.ts') as string,
    });
  });
});
