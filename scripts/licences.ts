/**
 * `node scripts/licences.ts [FOLDER]`: whether we may use what is installed. Each package is judged by what its manifest says and what the
 * lockfile says; exits 1 and names each that is not permitted. See docs/decisions/0012-what-may-be-installed.md.
 * @module
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './doors.ts';
import { type LockedPackage, lockedPackages } from './lockfile.ts';
import { parseLicence, permits } from './spdx.ts';

/** Users of the library get these, so they ask for no more than what Apache-2.0 asks: keep the notice. */
const shipped: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
]);

/** Tools never leave the repository; still, none may put terms on what it touches. */
const tools: ReadonlySet<string> = new Set([...shipped, 'BlueOak-1.0.0', 'Python-2.0', 'Zlib']);

/** A licence that is on no list and still right for these packages. */
export interface LicenceException {
  readonly packages: RegExp;
  /** As the package states it. */
  readonly licence: string;
  readonly reason: string;
}

/** Holds for tools only: what users get has no exceptions. */
export const exceptions: readonly LicenceException[] = [
  {
    packages: /^lightningcss(-[a-z0-9-]+)?$/,
    licence: 'MPL-2.0',
    reason:
      'vite, which vitest runs on, brings it to minify CSS: we have none, change none of its files and pass none on.',
  },
];

/** A package and every licence statement there is about it. */
export interface Stated extends Pick<LockedPackage, 'name' | 'version' | 'path' | 'production'> {
  readonly licences: readonly string[];
}

/** One line for each of `packages` that may not be used. */
export function violations(packages: readonly Stated[]): readonly string[] {
  return packages.flatMap((each) => {
    const why = complaint(each);
    return why === undefined ? [] : [`${each.name} ${each.version} (${each.path}): ${why}`];
  });
}

function complaint({ name, licences, production }: Stated): string | undefined {
  if (licences.length === 0) return 'states no licence';
  const [allowed, use] = production ? [shipped, 'what users get'] : [tools, 'tools'];
  for (const licence of licences) {
    const expression = parseLicence(licence);
    if (expression === undefined) return `'${licence}' is no SPDX expression`;
    if (!permits(expression, allowed) && (production || !excepted(name, licence)))
      return `${licence} is not permitted for ${use}`;
  }
  return undefined;
}

function excepted(name: string, licence: string): boolean {
  return exceptions.some((each) => each.licence === licence && each.packages.test(name));
}

/** What a manifest says: today's `license`, and the forms of old packages, of which every licence listed must do. */
export function licenceOf(manifest: {
  readonly license?: unknown;
  readonly licenses?: unknown;
}): string | undefined {
  const { license, licenses } = manifest;
  const list = Array.isArray(licenses) ? (licenses as readonly unknown[]) : [];
  const names = [license, ...list].map(nameOf).filter((name) => name !== undefined);
  return names.length === 0 ? undefined : names.join(' AND ');
}

function nameOf(licence: unknown): string | undefined {
  if (typeof licence === 'string') return licence;
  const { type } = (licence ?? {}) as { type?: unknown };
  return typeof type === 'string' ? type : undefined;
}

/** What is locked in `folder`, with the statements of the lockfile and of the manifests that are installed here. */
export function statedIn(folder: string): readonly Stated[] {
  return lockedPackages(folder).map((each) => {
    const file = join(folder, each.path, 'package.json');
    // Builds for other machines are locked and not installed; what the registry said has to do.
    const manifest = existsSync(file)
      ? licenceOf(JSON.parse(readFileSync(file, 'utf8')) as object)
      : undefined;
    const statements = [each.licence, manifest].filter((licence) => licence !== undefined);
    return { ...each, licences: [...new Set(statements)] };
  });
}

function main([folder = root]: readonly string[]): number {
  const packages = statedIn(folder);
  const found = violations(packages);
  for (const line of found) console.error(line);
  if (found.length > 0) return 1;
  const given = packages.filter(({ production }) => production).length;
  console.log(
    `licences: ${given} packages for users, ${packages.length - given} tools, all permitted`,
  );
  return 0;
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2));
