// The front door in a browser: no Node module, the web platform, and nothing heavy before it is used.
import { describe, expect, it } from 'vitest';
import { frontDoor, gzipped, webBundle } from '../../scripts/web-bundle.ts';

const fromSource = { conditions: ['@mesh/source'] };
const bundle = await webBundle(frontDoor, fromSource);
const chunks = [...bundle.first, ...bundle.later];
const modules = chunks.flatMap((chunk) => chunk.modules);

describe('the front door in a browser', () => {
  it('stands on the web platform', () => {
    expect(modules).toContain('src/platform/web.ts');
    expect(modules).not.toContain('src/platform/node.ts');
  });

  it('imports no Node module, first or later', () => {
    expect(chunks.flatMap((chunk) => chunk.outside)).toEqual([]);
  });

  it('loads at most 60 kB first', () => {
    expect(gzipped(bundle.first)).toBeLessThanOrEqual(60_000);
  });

  it('loads did-jwt on first use only', () => {
    const has = (list: typeof bundle.first) =>
      list.some((chunk) =>
        chunk.modules.some((module) => module.includes('node_modules/did-jwt/')),
      );
    expect(has(bundle.first)).toBe(false);
    expect(has(bundle.later)).toBe(true);
  });
});
