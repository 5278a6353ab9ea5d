/**
 * Packs the package and uses it from outside, as somebody who installed it would: every door in plain Node, one class across doors,
 * a guarded simulation, and the browser's platform in a browser's bundle. Run after `npm run build`; part of `npm run check:package`.
 * @module
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { doors, manifest, root } from './doors.ts';

const { name, dependencies } = manifest();
const project = mkdtempSync(join(tmpdir(), 'try-package-'));
try {
  install();
  doorsOpen();
  platformsDiffer();
  simulationsAreGuarded();
  await browserBundles();
  console.log(`${name} works from outside: ${doors().length} doors, two platforms`);
} finally {
  rmSync(project, { recursive: true });
}

/** The tarball and nothing but its declared dependencies: what is missing from either shows here. */
function install(): void {
  const home = join(project, 'node_modules', name);
  mkdirSync(home, { recursive: true });
  const packed = run(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', project],
    root,
  );
  const [tarball] = JSON.parse(packed) as { filename: string }[];
  run('tar', ['-xzf', join(project, tarball?.filename ?? ''), '-C', home, '--strip-components=1']);
  for (const dependency of Object.keys(dependencies)) {
    const link = join(project, 'node_modules', dependency);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'node_modules', dependency), link);
  }
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }\n');
}

/** Each door is imported in plain Node; an error thrown behind one door is recognised behind the others. */
function doorsOpen(): void {
  const specifiers = JSON.stringify(doors().map(({ specifier }) => specifier));
  node(`
    import assert from 'node:assert/strict';
    const { MeshError } = await import('${name}');
    assert.equal(new MeshError('CLOSED', { what: 'it' }).code, 'CLOSED');
    for (const door of ${specifiers}) {
      const shown = await import(door);
      assert.ok(Object.keys(shown).length > 0, door + ' shows nothing');
      if ('MeshError' in shown) assert.equal(shown.MeshError, MeshError, door + ' has a MeshError of its own');
    }
    await assert.rejects(import('${name}/core/trust/index.js'), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' });
  `);
  for (const { specifier, types } of doors()) {
    const file = join(project, 'node_modules', name, types);
    if (!existsSync(file)) throw new Error(`${specifier} has no types in the package`);
  }
}

/** The same import is Node's ground in Node and the web's ground elsewhere, decided by the package's own imports map. */
function platformsDiffer(): void {
  const home = join(project, 'node_modules', name);
  writeFileSync(join(home, 'probe.js'), `export { platform } from '#platform';\n`);
  const probe = join(home, 'probe.js');
  node(`
    import assert from 'node:assert/strict';
    const { platform } = await import(${JSON.stringify(probe)});
    assert.equal(platform.name, 'node');
  `);
}

/** In a simulation, code of the package as it was built may not ask the machine for chance; that of the user may. */
function simulationsAreGuarded(): void {
  const probe = `export const probe = {
    name: 'probe',
    start: (host) => void host.clock.after(1_000, () => Math.random()),
  };`;
  const inside = join(project, 'node_modules', name, 'dist/probe.js');
  const outside = join(project, 'probe.js');
  for (const file of [inside, outside]) writeFileSync(file, probe);
  node(`
    import assert from 'node:assert/strict';
    import { createTestMesh } from '${name}/testing';
    for (const file of ${JSON.stringify([inside, outside])}) {
      const { probe } = await import(file);
      const mesh = await createTestMesh({ orgs: ['a'], client: { extensions: [probe] } });
      const passing = mesh.clock.advance('2s');
      if (file.includes('dist')) await assert.rejects(passing, { code: 'NOT_REPLAYABLE' });
      else await passing;
      await mesh.close();
    }
  `);
}

/** A bundler for browsers finds everything, takes the web's ground, and meets no Node module. */
async function browserBundles(): Promise<void> {
  const { metafile } = await build({
    stdin: { contents: `export * from '${name}';`, resolveDir: project },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    outdir: join(project, 'bundle'),
    metafile: true,
    write: false,
    logLevel: 'error',
  });
  const inputs = Object.keys(metafile.inputs).filter((path) => path.includes('/platform/'));
  if (inputs.some((path) => path.endsWith('node.js')) || inputs.length === 0) {
    throw new Error(`a browser's bundle stands on ${inputs.join(', ') || 'no platform'}`);
  }
}

function node(code: string): void {
  run(process.execPath, ['--input-type=module', '--eval', code], project);
}

function run(command: string, args: readonly string[], cwd = project): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
