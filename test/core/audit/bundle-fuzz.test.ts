// Whatever comes in place of a bundle: a result, soon, and never a throw.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AnyBundle, verifyAuditLog, verifyInclusion } from '../../../src/audit.ts';
import { utf8 } from '../../../src/base/bytes.ts';
import type { AuditBundle } from '../../../src/core/audit/index.ts';
import { all, auditRig, fill } from './audit-rig.ts';

async function sample() {
  const { audit } = auditRig();
  await audit.append('task', { a: 1, b: 'x' }, { subject: 'user:1', personal: ['b'] });
  await fill(audit, 3);
  const proof = await audit.prove(1);
  const bundle = await audit.export({ reveal: true });
  return { bundle, text: (await all(audit.exportLines({ reveal: true }))).join(''), proof };
}

const check = (bundle: unknown) => verifyAuditLog(bundle as AnyBundle);

/** Paths to every value inside `value`. */
function pathsIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [
    path,
    ...Object.entries(value).flatMap(([key, member]) => pathsIn(member, [...path, key])),
  ];
}

function replaced(value: unknown, [first, ...rest]: readonly string[], by: unknown): unknown {
  if (first === undefined) return by;
  if (Array.isArray(value)) {
    return (value as unknown[]).map((item, i) =>
      String(i) === first ? replaced(item, rest, by) : item,
    );
  }
  const object = value as Record<string, unknown>;
  return { ...object, [first]: replaced(object[first], rest, by) };
}

const junk = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(undefined, Number.NaN, Infinity, 2 ** 60, -1, '', '\ud800', [], {}, new Map()),
  fc.string({ maxLength: 80 }),
  fc.uint8Array({ maxLength: 80 }),
);

describe('the parser of bundles', () => {
  it('takes anything at all for a bundle that is not intact', async () => {
    await fc.assert(
      fc.asyncProperty(junk, async (value) => {
        expect(await check(value)).toMatchObject({ intact: false, complete: false });
        expect(await verifyInclusion(value as never)).toMatchObject({ included: false });
      }),
      { numRuns: 200 },
    );
  });

  it('finds any value that is another', async () => {
    const { bundle, proof } = await sample();
    const paths = pathsIn(bundle).filter((path) => path.length > 0);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), junk, async (path, value) => {
        const changed = replaced(bundle, path, value) as AuditBundle;
        const same = JSON.stringify(changed) === JSON.stringify(bundle);
        const { intact, because } = await check(changed);
        // Fewer heads or keys show less, and change nothing of what is shown.
        const spare = ['heads', 'keys', 'witnesses', 'anchors', 'didLogs'].includes(path[0]!);
        if (!same && !spare) expect({ path, intact }).toEqual({ path, intact: false });
        expect(intact || (because ?? '') !== '').toBe(true);
      }),
      { numRuns: 400 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...pathsIn(proof).filter(([first]) => first !== 'didLog')),
        junk,
        async (path, value) => {
          const changed = replaced(proof, path, value) as typeof proof;
          if (JSON.stringify(changed) === JSON.stringify(proof)) return;
          expect({ path, ...(await verifyInclusion(changed)) }).toMatchObject({ included: false });
        },
      ),
      { numRuns: 200 },
    );
  });

  it('finds any byte of the entries that is another, in lines cut anywhere', async () => {
    const { text } = await sample();
    const bytes = utf8(text);
    const from = text.indexOf('{"entry"');
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: from, max: bytes.length - 1 }),
        fc.nat({ max: 7 }),
        fc.nat({ max: bytes.length }),
        async (at, bit, cut) => {
          const changed = Uint8Array.from(bytes);
          changed[at]! ^= 1 << bit;
          const chunks = [changed.slice(0, cut), changed.slice(cut)];
          const { intact } = await check(chunks);
          // A line feed more or less between lines is the same bundle.
          const lines = (whole: Uint8Array) =>
            new TextDecoder()
              .decode(whole)
              .split('\n')
              .filter((line) => line.trim() !== '');
          if (lines(changed).join() !== lines(bytes).join())
            expect({ at, intact }).toEqual({ at, intact: false });
        },
      ),
      { numRuns: 300 },
    );
  });

  it('gives up on a line that does not end, whatever is still to come', async () => {
    let chunks = 0;
    const endless = (function* () {
      for (;;) {
        chunks += 1;
        yield 'x'.repeat(65_536);
      }
    })();
    expect(await check(endless)).toMatchObject({ intact: false });
    expect(chunks).toBeLessThan(64);
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(await check(deep)).toMatchObject({ intact: false });
    const { bundle } = await sample();
    const nested = {
      ...bundle.entries[0]!,
      body: JSON.parse(deep.slice(99_000, -99_000)) as unknown,
    };
    expect(await check({ ...bundle, entries: [nested] })).toMatchObject({ intact: false });
  });

  it('gives up on keys, words and histories without end', async () => {
    const { bundle } = await sample();
    const keys = Array.from({ length: 100_001 }, () => bundle.keys[0]!);
    expect(await check({ ...bundle, keys })).toMatchObject({ intact: false });
  });
});
