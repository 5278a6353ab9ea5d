/**
 * What `npm ci` installs, read from package-lock.json.
 * @module
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One installed package. The same name can be installed twice, at different paths. */
export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  /** `node_modules/a/node_modules/b` */
  readonly path: string;
  /** What the registry said its licence is. */
  readonly licence: string | undefined;
  /** Whether users of the library get it too, or only who works on the library. */
  readonly production: boolean;
}

interface Entry {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
}

/** Every package of `folder`/package-lock.json but the project itself. Throws an Error when there is no lockfile that lists packages. */
export function lockedPackages(folder: string): readonly LockedPackage[] {
  const file = join(folder, 'package-lock.json');
  const { packages } = JSON.parse(readFileSync(file, 'utf8')) as {
    packages?: Readonly<Record<string, Entry>>;
  };
  if (packages === undefined) throw new Error(`${file} lists no packages; npm 7 or later does`);
  return Object.entries(packages)
    .filter(([path, { link }]) => path !== '' && link !== true)
    .map(([path, entry]) => ({
      // A package can be installed under another name; then the entry has the real one.
      name: entry.name ?? packageOf(path) ?? path,
      version: entry.version ?? '?',
      path,
      licence: entry.license,
      production: entry.dev !== true,
    }));
}

/** `@noble/hashes` for `node_modules/x/node_modules/@noble/hashes/sha2.js`; undefined for a path of our own. */
export function packageOf(path: string): string | undefined {
  return /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
}
