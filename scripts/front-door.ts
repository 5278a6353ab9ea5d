/**
 * `node scripts/front-door.ts [FOLDER]`: what users get when they install the library and open its doors. Every package of theirs is one
 * admitted by name, none is a chain, an ML framework, a GUI or a storage engine, and no module reads an environment variable.
 * Exits 1 and names each that breaks this. See docs/decisions/0012-what-may-be-installed.md.
 * @module
 */
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build, type Metafile, type Platform } from 'esbuild';
import ts from 'typescript';
import { doors, manifest, root } from './doors.ts';
import { lockedPackages, packageOf } from './lockfile.ts';

/** Every package users get, and what it is for. A new one earns its line here in review. */
const admitted: Readonly<Record<string, string>> = {
  '@noble/ciphers': 'ChaCha20-Poly1305 and AES where the platform has none',
  '@noble/curves': 'Ed25519 and X25519 where the platform has none',
  '@noble/hashes': 'hashes that must answer at once',
  '@scure/base': 'of did-jwt: encodings',
  canonicalize: 'of did-jwt: JSON in one order',
  'did-jwt': 'credentials, loaded on first use',
  'did-resolver': 'of did-jwt: the type of a resolver',
  eventemitter3: 'the events of a client',
  multiformats: 'DIDs and content identifiers',
  uint8arrays: 'of did-jwt: bytes',
};

/** What no line above can admit: packages known to be what the library must not carry. */
const kinds: Readonly<Record<string, readonly RegExp[]>> = {
  'a chain': [
    /^(@ethersproject|@ethereumjs|@solana|@polkadot|@cosmjs|@mysten|@stellar|@hashgraph|@hyperledger|@openzeppelin|@walletconnect|@near-js|@tronweb3)\//,
    /^(ethers|web3|web3-.+|viem|wagmi|hardhat|truffle|ganache|bitcoinjs-lib|bitcore-lib|near-api-js|algosdk|stellar-sdk|tronweb|xrpl|fabric-network|fabric-gateway|tezos|@taquito\/.+)$/,
  ],
  'an ML framework': [
    /^(@tensorflow|@tensorflow-models|@huggingface|@xenova|@mlc-ai|@mediapipe)\//,
    /^(onnxruntime(-.+)?|brain\.js|ml5|synaptic|convnetjs|keras-js|neataptic|torch(-js)?|libtorch|mxnet|mljs|ml|node-llama-cpp|langchain|llamaindex|@langchain\/.+)$/,
  ],
  'a GUI': [
    /^(@angular|@emotion|@mui|@chakra-ui|@radix-ui|@vue|@sveltejs|@xterm|@electron)\//,
    /^(react|react-.+|preact|vue|svelte|solid-js|lit|lit-html|jquery|electron|nw|ink|blessed|d3|chart\.js|three|bootstrap|tailwindcss)$/,
  ],
  'a storage engine': [
    /^(@prisma|@libsql|@duckdb|@mikro-orm|@redis|@electric-sql|@planetscale|@neondatabase)\//,
    /^(level|classic-level|browser-level|memory-level|abstract-level|leveldown|levelup|rocksdb|lmdb|lmdb-store|sqlite|sqlite3|better-sqlite3|sql\.js|duckdb|pg|pg-.+|postgres|mysql|mysql2|mariadb|mongodb|mongoose|redis|ioredis|couchbase|cassandra-driver|neo4j-driver|nedb|pouchdb|pouchdb-.+|rxdb|lokijs|lowdb|idb|dexie|localforage|typeorm|sequelize|knex|drizzle-orm|prisma)$/,
  ],
};

/** Who may ask for the environment: programs that people start. */
const programs = /^src\/(cli|testing\/node)\//;

/** What the doors lead to on one platform. */
export interface Reach {
  /** Paths from the project's root of every module behind any door, loaded at once or on use. */
  readonly modules: readonly string[];
  /** The part of them that the front door leads to. */
  readonly behindFrontDoor: readonly string[];
}

/** Follows every import, at once or on use, from every door of the package in `folder`. Optional peers are left to who installs them. */
export async function reach(folder: string, platform: Platform): Promise<Reach> {
  const entryPoints = doors(folder).map(({ source }) => source);
  const { metafile } = await build({
    entryPoints,
    absWorkingDir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform,
    conditions: ['@mesh/source', 'module'],
    external: ['node:*', ...Object.keys(manifest(folder).peerDependencies ?? {})],
    outdir: join(folder, 'dist'),
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  return {
    modules: Object.keys(metafile.inputs).sort(),
    behindFrontDoor: behind(metafile.inputs, 'src/index.ts'),
  };
}

function behind(inputs: Metafile['inputs'], entry: string): readonly string[] {
  const seen = new Set([entry]);
  for (const path of seen) {
    for (const { path: next, external } of inputs[path]?.imports ?? []) {
      if (external !== true && next in inputs) seen.add(next);
    }
  }
  return [...seen].sort();
}

/** Why users must not get the package `name`; undefined when they may. */
export function unwelcome(name: string): string | undefined {
  const kind = Object.keys(kinds).find((each) => kinds[each]!.some((known) => known.test(name)));
  if (kind !== undefined) return `is ${kind}`;
  return Object.hasOwn(admitted, name) ? undefined : 'is not admitted; see scripts/front-door.ts';
}

/**
 * The lines (from 1) of `code` on which the environment is read. Every way to it goes over a name that is `env`: `process.env`,
 * `Deno.env`, `import.meta.env`, `const { env } = process`, `import { env } from 'node:process'`; so the name is refused wherever
 * it stands, but for comments and longer texts.
 */
export function environmentReads(code: string): readonly number[] {
  if (!/\benv\b/.test(code)) return [];
  const source = ts.createSourceFile('module.ts', code, ts.ScriptTarget.Latest);
  const lines: number[] = [];
  const visit = (node: ts.Node): void => {
    if ((ts.isIdentifier(node) || ts.isStringLiteralLike(node)) && node.text === 'env') {
      lines.push(source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return lines;
}

/** What was looked at, and one line for everything that breaks the promise above. */
export interface Findings {
  readonly modules: number;
  readonly found: readonly string[];
}

/** Judges the package in `folder`: its lockfile, its sources, and all that they import on Node and in a browser. */
export async function judge(folder: string): Promise<Findings> {
  const platforms = await Promise.all([reach(folder, 'node'), reach(folder, 'browser')]);
  const opened = new Set(platforms.flatMap(({ behindFrontDoor }) => behindFrontDoor));
  const sources = globSync('src/**/*.ts', { cwd: folder });
  const modules = new Set([...sources, ...platforms.flatMap((each) => each.modules)]);
  return {
    modules: modules.size,
    found: [...carried(folder, [...opened]), ...asking(folder, [...modules].sort())],
  };
}

function carried(folder: string, modules: readonly string[]): readonly string[] {
  const installed = lockedPackages(folder)
    .filter(({ production }) => production)
    .map(({ name, path }) => ({ name, how: `installed at ${path}` }));
  const reached = modules.flatMap((path) => {
    const name = packageOf(path);
    return name === undefined ? [] : [{ name, how: `reached from the front door: ${path}` }];
  });
  const names = new Map([...reached, ...installed].map(({ name, how }) => [name, how]));
  return [...names].flatMap(([name, how]) => {
    const why = unwelcome(name);
    return why === undefined ? [] : [`${name} ${why} (${how})`];
  });
}

function asking(folder: string, modules: readonly string[]): readonly string[] {
  return modules
    .filter((path) => !programs.test(path))
    .flatMap((path) =>
      environmentReads(readFileSync(join(folder, path), 'utf8')).map(
        (line) => `${path}:${line} reads the environment`,
      ),
    );
}

async function main([folder = root]: readonly string[]): Promise<number> {
  const { found, modules } = await judge(resolve(folder));
  for (const line of found) console.error(line);
  if (found.length > 0) return 1;
  const packages = Object.keys(admitted).length;
  console.log(
    `front door: ${packages} packages, all admitted; ${modules} modules, none reads the environment`,
  );
  return 0;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
