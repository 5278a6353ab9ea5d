import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../src/base/shape.ts';
import { thrown } from '../base/thrown.ts';
import { otherSamples } from './other-samples.ts';
import { changed, placeOf, places } from './rig.ts';
import { signedSamples } from './signed-samples.ts';

const samples = [...signedSamples, ...otherSamples];

const anyJson = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>('', 'did:a:b', -1, 0.5, 1e300, null, [], {}, '\ud800', [[]]),
  fc.constant({ constructor: { name: { toString: 1 } } }),
);

describe.each(samples)('$kind', ({ shape, good, open, broken }) => {
  it('is accepted when it is good, and returned as it came', () => {
    expect(shape(good, 'doc')).toEqual(good);
  });

  it('keeps the members a newer peer has added', () => {
    const newer = changed(good, [...open, 'addedLater'], { deep: [1] });
    expect(shape(newer, 'doc')).toEqual(newer);
  });

  it.each(broken.map(([path, value]) => ({ at: `doc${placeOf(path)}`, path, value })))(
    'is refused, naming the place, when $at is broken',
    ({ at, path, value }) => {
      const error = thrown(() => shape(changed(good, path, value), 'doc'));
      expect(error?.code).toBe('SCHEMA_INVALID');
      // A broken item of a document may be named by what it lacks inside.
      expect(String(error?.params['at']).startsWith(at)).toBe(true);
    },
  );

  it('is refused with SCHEMA_INVALID, or accepted, whatever one place holds', () => {
    const place = fc.constantFrom(...places(good));
    fc.assert(
      fc.property(place, anyJson, (path, value) => {
        const error = thrown(() => shape(changed(good, path, value), 'doc'));
        expect(error?.code ?? 'SCHEMA_INVALID').toBe('SCHEMA_INVALID');
      }),
      { numRuns: 300 },
    );
  });

  it('is refused with SCHEMA_INVALID when it is anything else', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), (json) => {
        expect(thrown(() => parseJson(json, shape, 'doc'))?.code ?? 'SCHEMA_INVALID').toBe(
          'SCHEMA_INVALID',
        );
      }),
    );
    for (const value of [undefined, null, 1, 'x', new Map(), Symbol('x')]) {
      expect(thrown(() => shape(value, 'doc'))).toMatchObject({ code: 'SCHEMA_INVALID' });
    }
  });
});

describe('what differs between documents', () => {
  const sample = (kind: string) => samples.find((one) => one.kind === kind)!;

  it('a credential may name its issuer by an object, and gives back the DID', () => {
    const { shape, good } = sample('credential');
    const did = (good as { issuer: string }).issuer;
    const parsed = shape(changed(good, ['issuer'], { id: did, name: 'Acme' }), 'doc');
    expect((parsed as { issuer: unknown }).issuer).toBe(did);
    for (const issuer of [null, [], {}, { id: 'x' }]) {
      const error = thrown(() => shape(changed(good, ['issuer'], issuer), 'doc'));
      expect(error).toMatchObject({ code: 'SCHEMA_INVALID' });
    }
  });

  it('a task takes any zone, its exclusion, or any', () => {
    const { shape, good } = sample('task');
    for (const zone of ['EU', 'US', 'APAC', 'CA', 'ME']) {
      for (const sovereignty of [zone, `no-${zone}`, 'any']) {
        expect(shape(changed(good, ['sovereignty'], sovereignty), 'doc')).toBeDefined();
      }
    }
  });

  it('a proof keeps nothing that no signature covers', () => {
    const { shape, good } = sample('receipt');
    const parsed = shape(changed(good, ['proof', 'extra'], 'unsigned'), 'doc');
    expect(parsed).toEqual(good);
  });
});
