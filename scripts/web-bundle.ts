/**
 * What a browser loads: a door bundled as an application's bundler would, cut into what must be there first and what comes on use.
 * Run: `node scripts/web-bundle.ts` writes each bundle to web-bundle/, where size-limit weighs it, and prints what it weighs.
 * `--modules` adds what each module has of it.
 * @module
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Metafile } from 'esbuild';
import { root } from './doors.ts';

/** One file of a bundle. */
export interface Chunk {
  readonly name: string;
  readonly contents: Uint8Array;
  /** Bytes after gzip. */
  readonly gzip: number;
  /** The modules in it, as paths from the project's root. */
  readonly modules: readonly string[];
  /** Bytes before gzip that each module has in it. */
  readonly shares: Readonly<Record<string, number>>;
  /** What it imports from outside the bundle, e.g. `node:fs`. */
  readonly outside: readonly string[];
}

/** A bundle: `first` loads with the page, `later` on first use. */
export interface WebBundle {
  readonly first: readonly Chunk[];
  readonly later: readonly Chunk[];
}

/** Options of {@link webBundle}. */
export interface WebBundleOptions {
  /** Conditions of exports maps beside the browser's own, e.g. `@mesh/source` for what is not built yet. */
  readonly conditions?: readonly string[];
}

/** What an application begins with; a bundler leaves out what it does not name. */
export const frontDoor = `export { MeshClient, MeshError } from '@mesh/sdk';`;

/**
 * The identity + trust part by itself: the two rooms on WebCrypto, and the clock, chance and compression they ask for; the store and the street
 * are handed in. It has no door of its own, since a client loads it with the other rooms, so it is taken from the sources.
 */
export const identityAndTrust = `
export { createIdentity, openIdentity, KeyRing } from './src/core/identity/index.ts';
export { TrustEngine } from './src/core/trust/index.ts';
export { streamCompression } from './src/platform/stream-compression.ts';
export { systemClock } from './src/platform/system-clock.ts';
export { systemRandom } from './src/platform/system-random.ts';
export { createWebCrypto } from './src/platform/web-crypto.ts';`;

/** Bundles `code` (a module that imports what is to be weighed) for browsers. */
export async function webBundle(code: string, options: WebBundleOptions = {}): Promise<WebBundle> {
  const result = await build({
    stdin: { contents: code, resolveDir: root, loader: 'ts' },
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    external: ['node:*'],
    outdir: join(root, 'web-bundle'),
    absWorkingDir: root,
    metafile: true,
    write: false,
    logLevel: 'error',
    conditions: ['module', ...(options.conditions ?? [])],
  });
  const { outputs } = result.metafile;
  const first = reachable(outputs, entryOf(outputs));
  const chunks = result.outputFiles.map((file) => {
    const path = relative(root, file.path);
    return {
      path,
      name: basename(path),
      contents: file.contents,
      gzip: gzipSync(file.contents, { level: 9 }).length,
      modules: Object.keys(outputs[path]?.inputs ?? {}),
      shares: sharesOf(outputs[path]?.inputs ?? {}),
      outside: (outputs[path]?.imports ?? []).filter((i) => i.external === true).map((i) => i.path),
    };
  });
  return {
    first: chunks.filter(({ path }) => first.has(path)),
    later: chunks.filter(({ path }) => !first.has(path)),
  };
}

/** Bytes of `chunks` after gzip. */
export function gzipped(chunks: readonly Chunk[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.gzip, 0);
}

function entryOf(outputs: Metafile['outputs']): string {
  // Modules that are loaded on use are entries too.
  const entry = Object.keys(outputs).find((path) => outputs[path]?.entryPoint === '<stdin>');
  if (entry === undefined) throw new Error('the bundle has no entry');
  return entry;
}

/** `entry` and what it imports statically, in turn. */
function reachable(outputs: Metafile['outputs'], entry: string): ReadonlySet<string> {
  const seen = new Set([entry]);
  for (const path of seen) {
    for (const { path: next, kind } of outputs[path]?.imports ?? []) {
      if (kind === 'import-statement' && next in outputs) seen.add(next);
    }
  }
  return seen;
}

function sharesOf(inputs: Metafile['outputs'][string]['inputs']): Record<string, number> {
  return Object.fromEntries(
    Object.entries(inputs).map(([module, { bytesInOutput }]) => [module, bytesInOutput]),
  );
}

/** Writes `bundle` to `folder` of web-bundle/ and says what it weighs. */
function write(folder: string, { first, later }: WebBundle, modules: boolean): void {
  const out = join(root, 'web-bundle', folder);
  rmSync(out, { recursive: true, force: true });
  for (const [when, chunks] of Object.entries({ first, later })) {
    for (const chunk of chunks) {
      const path = join(out, when, chunk.name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, chunk.contents);
      console.log(`${when.padEnd(5)} ${String(chunk.gzip).padStart(7)} B gzip  ${chunk.name}`);
      if (modules) writeShares(chunk);
    }
  }
  const [now, all] = [gzipped(first), gzipped([...first, ...later])];
  console.log(`${folder}: ${String(now)} B gzip first, ${String(all)} B in all\n`);
}

/** What each module has of a chunk, as its share of the bytes after gzip; compressed alone it would weigh more. */
function writeShares({ contents, gzip, shares }: Chunk): void {
  const byWeight = Object.entries(shares).sort(([, a], [, b]) => b - a);
  for (const [module, bytes] of byWeight.filter(([, each]) => each > 0)) {
    const share = Math.round((bytes / contents.length) * gzip);
    console.log(`      ${String(share).padStart(7)} of ${String(bytes).padStart(6)} B  ${module}`);
  }
}

if (import.meta.main) {
  const modules = process.argv.includes('--modules');
  write('front-door', await webBundle(frontDoor), modules);
  const fromSource = { conditions: ['@mesh/source'] };
  write('identity-trust', await webBundle(identityAndTrust, fromSource), modules);
}
