import { describe, expect, it } from 'vitest';
import { createTestMesh } from '../../../src/testing/index.ts';
import { culpritIn } from '../../../src/testing/simulation/guard.ts';

const home = '/home/me/node_modules/@mesh/sdk';

function stack(...places: readonly string[]): string {
  return ['MeshError: x', ...places.map((place) => `    at work (${place}:10:5)`)].join('\n');
}

describe.each([
  ['its sources', `${home}/src`, `${home}/src/testing/simulation/guard.ts`, 'client/gates.ts'],
  ['what was built', `${home}/dist`, `${home}/dist/testing/index.js`, 'house-1A2B.js'],
])('the culprit of a stack, where the package is %s,', (_form, root, workshop, file) => {
  const library = `file://${root}/${file}`;
  const dependency = '/home/me/node_modules/did-jwt/lib/index.js';

  it.each<[string, readonly string[], string | undefined]>([
    ['library code', [library], file],
    ['a dependency in its service', [dependency, library], file],
    ['the library on behalf of a test', [library, '/home/me/a.test.ts'], file],
    ['a test that the library has called', ['/home/me/a.test.ts', library], undefined],
    ['a test in a folder with a space', ['/home/me/my work/a.test.ts', library], undefined],
    ['a runner', ['node:internal/timers', '/home/me/node_modules/vitest/dist/a.js'], undefined],
    ['the workshop', [`${root}/testing/assert.ts`, library], undefined],
    ['nobody', [], undefined],
  ])('is %s', (_who, places, culprit) => {
    // The guard itself is at the top of every stack it takes.
    const found = culpritIn(stack(`file://${workshop}`, workshop, ...places), workshop);
    if (culprit === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(culprit);
  });
});

describe('the place of the package', () => {
  it('is not known in a bundle, where nobody can be told from others', () => {
    for (const bundle of ['https://example.org/bundle.js', '/home/me/app/dist/harness.js']) {
      expect(culpritIn(stack(bundle, bundle), bundle)).toBeUndefined();
    }
  });
});

/** What a guard stands before. */
function guarded(): unknown[] {
  const members = [
    [globalThis, 'Date'],
    [globalThis, 'setTimeout'],
    [globalThis, 'setInterval'],
    [globalThis, 'setImmediate'],
    [AbortSignal, 'timeout'],
    [globalThis, 'CompressionStream'],
    [globalThis, 'DecompressionStream'],
    [globalThis, 'fetch'],
    [Math, 'random'],
    [crypto, 'getRandomValues'],
    [crypto, 'randomUUID'],
    [performance, 'now'],
  ] as const;
  return members.map(([owner, name]) => Reflect.get(owner, name) as unknown);
}

describe('the guard', () => {
  it('is gone with the last mesh, and everything is as it was', async () => {
    const before = guarded();
    const one = await createTestMesh({ orgs: ['a'], seed: 1 });
    const other = await createTestMesh({ orgs: ['b'], seed: 1 });
    guarded().forEach((now, i) => {
      expect(now).not.toBe(before[i]);
    });
    await one.close();
    guarded().forEach((now, i) => {
      expect(now).not.toBe(before[i]);
    });
    expect(new Date(0)).toBeInstanceOf(Date);
    await other.close();
    guarded().forEach((now, i) => {
      expect(now).toBe(before[i]);
    });
  });
});
