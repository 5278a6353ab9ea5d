// What can be imported, what is built, and what is documented are one list.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { doors, root } from '../../scripts/doors.ts';
import buildConfig from '../../tsup.config.ts';

const all = doors();
const sources = all.map((door) => door.source).sort();

describe('the doors', () => {
  it('exist as sources', () => {
    expect(all.length).toBeGreaterThan(4);
    expect(sources.filter((source) => !existsSync(join(root, source)))).toEqual([]);
  });

  it('are built where the exports map says, since dist mirrors src', () => {
    for (const { source, built, types } of all) {
      const mirrored = source.replace(/^src\//, 'dist/').replace(/\.ts$/, '');
      expect([built, types]).toEqual([`${mirrored}.js`, `${mirrored}.d.ts`]);
    }
  });

  it('are what the build builds, and nothing else is but the two platforms', async () => {
    if (typeof buildConfig !== 'function') throw new Error('tsup.config.ts exports a function');
    const config = await buildConfig({});
    const { entry } = Array.isArray(config) ? { entry: undefined } : config;
    const platforms = ['src/platform/node.ts', 'src/platform/web.ts'];
    expect(Object.values(entry ?? {}).sort()).toEqual([...sources, ...platforms].sort());
  });

  it('are what the reference documents', () => {
    const { entryPoints } = JSON.parse(readFileSync(join(root, 'typedoc.json'), 'utf8')) as {
      entryPoints: string[];
    };
    expect(globSync(entryPoints, { cwd: root }).sort()).toEqual(sources);
  });

  it.each(sources)('begin with what they are for: %s', (source) => {
    const text = readFileSync(join(root, source), 'utf8');
    const opening = /^(?:\/\/.*\n)*\/\*\*([\s\S]*?)\*\//.exec(text)?.[1] ?? '';
    expect(opening).toContain('@module');
    const prose = opening.replaceAll(/@module|\*/g, '').trim();
    expect(prose.split(/\s+/).length).toBeGreaterThan(5);
  });

  it.each(sources)('name what they show: %s', (source) => {
    const text = readFileSync(join(root, source), 'utf8');
    expect(text).not.toMatch(/^export default|^export \*/m);
    expect(text).toMatch(/^export /m);
  });
});
