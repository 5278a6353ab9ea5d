import { describe, expect, it } from 'vitest';
import { createTestMesh } from '../../../src/testing/index.ts';
import { culpritIn } from '../../../src/testing/simulation/guard.ts';

const root = '/home/me/mesh/src/';

function stack(...places: readonly string[]): string {
  return ['MeshError: x', ...places.map((place) => `    at work (${place}:10:5)`)].join('\n');
}

describe('the culprit of a stack', () => {
  it.each<[string, readonly string[], string | undefined]>([
    [
      'library code',
      ['file:///home/me/mesh/src/core/trust/score/score.ts'],
      'core/trust/score/score.ts',
    ],
    [
      'a dependency in its service',
      [
        '/home/me/mesh/node_modules/did-jwt/lib/index.js',
        '/home/me/mesh/src/core/trust/credentials/jws.ts',
      ],
      'core/trust/credentials/jws.ts',
    ],
    [
      'the library where it is installed',
      ['/home/me/mesh/src/base/ids.ts', '/home/me/mesh/test/a.test.ts'],
      'base/ids.ts',
    ],
    ['a test', ['/home/me/mesh/test/a.test.ts', '/home/me/mesh/src/client/gates.ts'], undefined],
    [
      'a runner',
      ['node:internal/timers', '/home/me/mesh/node_modules/vitest/dist/a.js'],
      undefined,
    ],
    ['the workshop', ['/home/me/mesh/src/testing/assert.ts'], undefined],
  ])('is %s', (_who, places, culprit) => {
    const found = culpritIn(stack(...places), root);
    if (culprit === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(culprit);
  });

  it('is nobody where the package cannot be told from the rest', () => {
    expect(culpritIn(stack('https://example.org/bundle.js'), undefined)).toBeUndefined();
  });
});

/** What a guard stands before. */
function guarded(): unknown[] {
  const members = [
    [globalThis, 'Date'],
    [globalThis, 'setTimeout'],
    [globalThis, 'setInterval'],
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
