// What users get: only packages that were let in by name, and nothing that asks the machine for its environment.
import { describe, expect, it } from 'vitest';
import { root } from '../../scripts/doors.ts';
import { environmentReads, judge, reach, unwelcome } from '../../scripts/front-door.ts';
import { packageOf } from '../../scripts/lockfile.ts';

describe('environmentReads', () => {
  const reads = [
    'process.env.HOME',
    `process['env']`,
    'process?.env',
    'globalThis.process.env',
    'const { env } = process;',
    'const { env: settings } = process;',
    `import { env } from 'node:process';`,
    `import { env as settings } from 'node:process';`,
    `import * as machine from 'node:process'; machine.env;`,
    `process.getBuiltinModule('node:process').env`,
    `Reflect.get(process, 'env')`,
    'Deno.env.get(name)',
    'Bun.env',
    'import.meta.env.MODE',
    'process[`env`]',
  ];

  it.each(reads)('sees %s', (code) => {
    expect(environmentReads(`// one line before\n${code}`)).toEqual([2]);
  });

  it('sees none where the word is only said', () => {
    const innocent = [
      '// process.env is not read here',
      `'process.env'`,
      'environment.name',
      'const environment = 1;',
      '/* env */',
    ];
    expect(innocent.flatMap(environmentReads)).toEqual([]);
  });
});

describe('unwelcome', () => {
  it('names what a package is that the library must not carry', () => {
    const kinds = {
      ethers: 'is a chain',
      '@solana/web3.js': 'is a chain',
      'onnxruntime-web': 'is an ML framework',
      '@tensorflow/tfjs': 'is an ML framework',
      'react-dom': 'is a GUI',
      'better-sqlite3': 'is a storage engine',
      'classic-level': 'is a storage engine',
    };
    for (const [name, why] of Object.entries(kinds)) expect(unwelcome(name)).toBe(why);
  });

  it('lets in nobody who is not on the list, whatever the name', () => {
    expect(unwelcome('left-pad')).toContain('is not admitted');
    expect(unwelcome('constructor')).toContain('is not admitted');
    expect(unwelcome('did-jwt')).toBeUndefined();
  });
});

describe('packageOf', () => {
  it('is the innermost package of a path, scope and all', () => {
    const paths = {
      'node_modules/a/main.js': 'a',
      'node_modules/@noble/hashes/sha2.js': '@noble/hashes',
      'node_modules/a/node_modules/@b/c': '@b/c',
      '../elsewhere/node_modules/a/b.js': 'a',
      'src/index.ts': undefined,
      'src/my_node_modules/a.ts': undefined,
    };
    for (const [path, name] of Object.entries(paths)) expect(packageOf(path)).toBe(name);
  });
});

describe('our own front door', () => {
  it('leads on Node to the platform and to credentials, and to no peer', async () => {
    const { behindFrontDoor, modules } = await reach(root, 'node');
    expect(behindFrontDoor).toContain('src/platform/node.ts');
    expect(modules).toContain('src/adapters/transports/websocket.ts');
    expect(behindFrontDoor).not.toContain('src/adapters/transports/websocket.ts');
    const packages = new Set(behindFrontDoor.map(packageOf));
    expect(packages).toContain('did-jwt');
    expect(packages).not.toContain('ws');
  });

  it('carries nothing unwelcome and reads no environment', async () => {
    const { found, modules } = await judge(root);
    expect(found).toEqual([]);
    expect(modules).toBeGreaterThan(200);
  });
});
