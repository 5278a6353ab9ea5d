// Whose work we may use: SPDX expressions read as SPDX means them, manifests in every form, and our own dependencies.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { root } from '../../scripts/doors.ts';
import {
  exceptions,
  licenceOf,
  type Stated,
  statedIn,
  violations,
} from '../../scripts/licences.ts';
import { type LicenceExpression, parseLicence, permits } from '../../scripts/spdx.ts';

const ids = ['MIT', 'ISC', 'Apache-2.0', 'GPL-3.0-only', 'LicenseRef-ours'];

const { expression } = fc.letrec<{ expression: LicenceExpression }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small' },
    fc.record({
      kind: fc.constant('licence' as const),
      id: fc.constantFrom(...ids, 'GPL-2.0-only WITH Classpath-exception-2.0'),
      orLater: fc.constant(false),
    }),
    fc.record({
      kind: fc.constantFrom('AND' as const, 'OR' as const),
      parts: fc.array(tie('expression'), { minLength: 2, maxLength: 3 }),
    }),
  ),
}));

/** With parentheses around every part that has parts. */
function written(tree: LicenceExpression): string {
  if (tree.kind === 'licence') return tree.id;
  return tree.parts
    .map((part) => (part.kind === 'licence' ? part.id : `(${written(part)})`))
    .join(` ${tree.kind} `);
}

const mayUse = (text: string, ...allowed: readonly string[]) => {
  const tree = parseLicence(text);
  return tree === undefined ? undefined : permits(tree, new Set(allowed));
};

describe('parseLicence', () => {
  it('reads back every expression as it was written', () => {
    fc.assert(
      fc.property(expression, (tree) => {
        expect(parseLicence(written(tree))).toEqual(tree);
      }),
    );
  });

  it('binds AND closer than OR, as SPDX does', () => {
    expect(mayUse('MIT OR ISC AND GPL-3.0-only', 'MIT')).toBe(true);
    expect(mayUse('(MIT OR ISC) AND GPL-3.0-only', 'MIT')).toBe(false);
    expect(mayUse('GPL-3.0-only AND MIT OR ISC', 'ISC')).toBe(true);
  });

  it('refuses what is no expression', () => {
    const nonsense = [
      '',
      'AND',
      'MIT OR',
      'MIT ISC',
      '(MIT',
      'MIT)',
      '()',
      'MIT WITH',
      'MIT/ISC',
      'SEE LICENSE IN LICENSE.md',
    ];
    expect(nonsense.filter((text) => parseLicence(text) !== undefined)).toEqual([]);
  });

  it('survives any text', () => {
    const pieces = fc.constantFrom('MIT', ' ', 'AND', 'OR', 'WITH', '(', ')', '+', '€');
    const text = fc.oneof(
      fc.string(),
      fc.array(pieces).map((list) => list.join(' ')),
    );
    fc.assert(
      fc.property(text, (any) => {
        const tree = parseLicence(any);
        if (tree !== undefined) expect(permits(tree, new Set())).toBe(false);
      }),
    );
  });
});

describe('permits', () => {
  it('leaves the choice with OR and wants all with AND, whatever the nesting', () => {
    fc.assert(
      fc.property(expression, fc.subarray(ids), (tree, allowed) => {
        const known = new Set(allowed);
        const judge = (part: LicenceExpression): boolean => {
          if (part.kind === 'licence') return known.has(part.id);
          const verdicts = part.parts.map(judge);
          return part.kind === 'AND' ? !verdicts.includes(false) : verdicts.includes(true);
        };
        expect(permits(tree, known)).toBe(judge(tree));
      }),
    );
  });

  it('takes "or later" as leave to use this version, and an exception as a licence of its own', () => {
    expect(mayUse('Apache-2.0+', 'Apache-2.0')).toBe(true);
    expect(mayUse('Apache-2.0 WITH LLVM-exception', 'Apache-2.0')).toBe(false);
    expect(mayUse('MIT OR Apache-2.0 WITH LLVM-exception', 'MIT')).toBe(true);
  });
});

describe('licenceOf', () => {
  it('reads every form of manifest, and wants all of an old list', () => {
    expect(licenceOf({ license: 'MIT' })).toBe('MIT');
    expect(licenceOf({ license: { type: 'MIT', url: 'https://example.com' } })).toBe('MIT');
    expect(licenceOf({ licenses: [{ type: 'MIT' }, { type: 'GPL-2.0' }] })).toBe('MIT AND GPL-2.0');
    expect(licenceOf({})).toBeUndefined();
    expect(licenceOf({ license: null, licenses: 'MIT' })).toBeUndefined();
  });
});

describe('violations', () => {
  const one = (part: Partial<Stated>): readonly string[] => {
    const plain = { name: 'a', version: '1.0.0', path: 'node_modules/a', production: true };
    return violations([{ ...plain, licences: ['MIT'], ...part }]);
  };

  it('judges what users get more strictly than tools', () => {
    expect(one({ licences: ['Python-2.0'] })).toEqual([
      'a 1.0.0 (node_modules/a): Python-2.0 is not permitted for what users get',
    ]);
    expect(one({ licences: ['Python-2.0'], production: false })).toEqual([]);
    expect(one({ licences: ['AGPL-3.0-only'], production: false })).toHaveLength(1);
  });

  it('wants a statement, in SPDX, and every one to be permitted', () => {
    expect(one({ licences: [] })[0]).toContain('states no licence');
    expect(one({ licences: ['SEE LICENSE IN x'] })[0]).toContain('is no SPDX expression');
    expect(one({ licences: ['MIT', 'GPL-3.0-only'] })[0]).toContain('GPL-3.0-only');
  });

  it('excepts the named tool with the named licence, and nothing that users get', () => {
    const tool = { name: 'lightningcss-linux-x64-gnu', production: false };
    expect(one({ ...tool, licences: ['MPL-2.0'] })).toEqual([]);
    expect(one({ ...tool, licences: ['GPL-3.0-only'] })).toHaveLength(1);
    expect(one({ ...tool, licences: ['MPL-2.0'], production: true })).toHaveLength(1);
    expect(one({ name: 'lightningcssx', production: false, licences: ['MPL-2.0'] })).toHaveLength(
      1,
    );
  });
});

describe('our own dependencies', () => {
  const packages = statedIn(root);

  it('are all read, those of users and tools apart', () => {
    const names = packages.filter(({ production }) => production).map(({ name }) => name);
    expect(names).toContain('did-resolver'); // of did-jwt, so not in our own manifest
    expect(names).not.toContain('vitest');
    expect(packages.length).toBeGreaterThan(100);
  });

  it('are all permitted, and every exception is still needed', () => {
    expect(violations(packages)).toEqual([]);
    const idle = exceptions.filter(
      (each) => !packages.some(({ name }) => each.packages.test(name)),
    );
    expect(idle).toEqual([]);
  });
});
