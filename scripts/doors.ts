/**
 * The doors of the package, read from the exports map: what users can import, and the file behind each.
 * @module
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The root of the project. */
export const root = join(import.meta.dirname, '..');

/** One thing users can import. */
export interface Door {
  /** `@mesh/sdk/transports/memory` */
  readonly specifier: string;
  /** `src/adapters/transports/memory.ts` */
  readonly source: string;
  /** `dist/adapters/transports/memory.js` */
  readonly built: string;
  /** `dist/adapters/transports/memory.d.ts` */
  readonly types: string;
}

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** The package.json of `folder`, as it stands. */
export function manifest(folder = root): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** Every door of the package in `folder`, patterns expanded over the sources that are there. */
export function doors(folder = root): readonly Door[] {
  const { name, exports } = manifest(folder);
  return Object.entries(exports).flatMap(([path, target]) => {
    if (typeof target === 'string') return []; // './package.json'
    const pattern = target['@mesh/source'] ?? '';
    const [before = '', after] = pattern.split('*');
    const fill = (star: string) => ({
      specifier: `${name}${path.slice(1)}`.replace('*', star),
      source: pattern.replace('*', star).slice(2),
      built: (target['default'] ?? '').replace('*', star).slice(2),
      types: (target['types'] ?? '').replace('*', star).slice(2),
    });
    if (after === undefined) return [fill('')];
    return globSync(pattern, { cwd: folder })
      .map((file) => `./${file}`.slice(before.length, after === '' ? undefined : -after.length))
      .sort()
      .map(fill);
  });
}
