import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { utf8 } from '../../../../src/base/bytes.ts';
import { canonicalJson } from '../../../../src/base/canonical.ts';
import { MeshError } from '../../../../src/base/errors.ts';
import { multihashOf, toMultikey } from '../../../../src/base/multiformat.ts';
import { incept, verifyDidLog } from '../../../../src/core/identity/index.ts';
import { meshDidOf, meshDocument } from '../../../../src/core/identity/methods/did-mesh.ts';
import { nobleCrypto } from '../../../../src/platform/noble-crypto.ts';
import { nodeCrypto } from '../../../../src/platform/node-crypto.ts';
import { didDocumentShape } from '../../../../src/schema/did-document.ts';
import { type DidLogEntry, didLogShape } from '../../../../src/schema/did-log.ts';
import { sign } from '../../../../src/schema/signed.ts';
import { toInstant } from '../../../../src/schema/words.ts';
import { rejected } from '../../../base/thrown.ts';
import { changed, type Path, places } from '../../../schema/rig.ts';
import { commitments, continued, keyOf, type Log, multikeys, newLog, start } from '../rig.ts';

const check = (log: Log) => rejected(verifyDidLog(log, nodeCrypto, start));

/** Parses and checks what came from outside. */
async function checkForeign(foreign: unknown) {
  const parsing = async () => {
    await verifyDidLog(didLogShape(foreign, 'log'), nodeCrypto, start);
  };
  return rejected(parsing());
}

let log: Log = [];
beforeAll(async () => {
  const first = await newLog();
  const second = await continued(first, { keys: [2], next: [3, 4] });
  log = await continued(second, { keys: [3, 4], next: [5], signer: 4 });
});

describe('a did:mesh identifier', () => {
  it('is the hash of its first entry, written with a placeholder', async () => {
    const [{ proof: _, ...entry }] = (await newLog()) as [Log[number]];
    const template = { ...entry, did: 'did:mesh:enterprise:acme:{SCID}' };
    const scid = multihashOf(utf8(`mesh/did-scid/v1\n${canonicalJson(template)}`));
    expect(entry.did).toBe(`did:mesh:enterprise:acme:${scid}`);
  });

  it('differs as soon as anything of its beginning differs', () => {
    const base = {
      petname: 'did:mesh:a:b',
      at: toInstant(0),
      keys: multikeys([1]),
      nextKeys: [],
    } as const;
    const dids = [
      base,
      { ...base, petname: 'did:mesh:a:c' },
      { ...base, at: toInstant(1) },
      { ...base, keys: multikeys([2]) },
      { ...base, nextKeys: multikeys([2]) },
    ].map((inception) => meshDidOf(inception as typeof base));
    expect(new Set(dids).size).toBe(5);
  });
});

describe('a history', () => {
  it('of one entry and of several verifies on either provider', async () => {
    for (const part of [log.slice(0, 1), log.slice(0, 2), log]) {
      expect(await check(part)).toBeUndefined();
      expect(await rejected(verifyDidLog(part, nobleCrypto, start))).toBeUndefined();
      expect(await checkForeign(JSON.parse(JSON.stringify(part)))).toBeUndefined();
    }
  });

  it('gives the document of its newest entry', () => {
    const document = meshDocument(log);
    const ids = multikeys([3, 4]).map((key) => `${log[0]!.did}#${key}`);
    expect(document.verificationMethod.map(({ id }) => id)).toEqual(ids);
    expect(document.assertionMethod).toEqual(ids);
    expect(didDocumentShape(document, 'doc')).toEqual(document);
  });

  it('is refused after any change of any field of any entry', async () => {
    const inside = places(log).filter((path) => path.length > 1);
    const others = fc.oneof(
      fc.constantFrom<unknown>(undefined, null, 0, 2, true, '', [], ...multikeys([1, 9])),
      fc.constantFrom<unknown>(log[0]!.at, log[1]!.previous, log[2]!.proof, log[0]!.keys),
      fc.jsonValue({ maxDepth: 1 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom<Path>(...inside), others, async (path, value) => {
        const altered = changed(log, path, value);
        fc.pre(JSON.stringify(altered) !== JSON.stringify(log));
        expect(await checkForeign(altered)).toBeInstanceOf(MeshError);
      }),
      { numRuns: 400 },
    );
  });

  it('is refused after an unknown member was added to any entry', async () => {
    for (const i of [0, 1, 2]) {
      const altered = changed(log, [i, 'addedLater'], 1);
      expect(await checkForeign(altered)).toMatchObject({ code: 'DID_INVALID' });
    }
  });

  it('is refused after any change of one byte of its text', async () => {
    const text = JSON.stringify(log);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(text.length - 1),
        fc.integer({ min: 32, max: 126 }),
        async (at, code) => {
          const altered = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
          let foreign: unknown;
          try {
            foreign = JSON.parse(altered);
          } catch {
            return;
          }
          fc.pre(JSON.stringify(foreign) !== text);
          expect(await checkForeign(foreign)).toBeInstanceOf(MeshError);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('is refused when entries are swapped, left out at the front, or repeated', async () => {
    const [one, two, three] = log as [Log[number], Log[number], Log[number]];
    for (const part of [
      [],
      [two],
      [two, three],
      [one, three],
      [one, two, two],
      [two, one],
      [one, one],
    ]) {
      expect(await check(part)).toMatchObject({ code: 'DID_INVALID' });
    }
  });
});

describe('the next entry', () => {
  const next = (change: Partial<DidLogEntry>, step = { keys: [2], next: [3] as number[] }) =>
    newLog()
      .then((first) => continued(first, step, change))
      .then(check);

  it('may only use keys that the one before committed to', async () => {
    const first = await newLog({ nextKeys: multikeys([2, 3]) });
    expect(await check(await continued(first, { keys: [2] }))).toBeUndefined();
    expect(await check(await continued(first, { keys: [3, 2] }))).toBeUndefined();
    for (const keys of [[9], [2, 9], [1], [1, 2]]) {
      const error = await check(await continued(first, { keys, signer: keys.at(-1)! }));
      expect(error?.message).toMatch(/entry 2 uses a key that was not committed to$/);
    }
  });

  it('may not come at all when nothing was committed to', async () => {
    const first = await newLog({ nextKeys: [] });
    expect(await check(await continued(first, { keys: [1] }))).toMatchObject({
      code: 'DID_INVALID',
    });
  });

  it('is signed by one of its own keys, so a stolen old key is of no use', async () => {
    const first = await newLog();
    for (const signer of [1, 9]) {
      const error = await check(await continued(first, { keys: [2], signer }));
      expect(error?.message).toMatch(/entry 2 is not signed by its keys$/);
    }
  });

  it.each([
    ['names another predecessor', { previous: commitments([1])[0]! }],
    ['does not follow', { version: 3 }],
    ['does not follow', { version: 1 }],
    ['is older than its predecessor', { at: toInstant(start - 10_001) }],
    ['has no key', { keys: [] }],
    ['lies in the future', { at: toInstant(start + 60_001) }],
    ['does not follow', { did: 'did:mesh:enterprise:other:zQm' }],
  ] as const)('is refused when it %s', async (detail, change) => {
    expect((await next(change))?.message).toContain(detail);
  });

  it('may be as far ahead as clocks may differ', async () => {
    expect(await next({ at: toInstant(start + 60_000) })).toBeUndefined();
  });

  it('may end the identifier, and nothing follows the end', async () => {
    const ended = await newLog().then((first) =>
      continued(first, { keys: [2], next: [3] }, { deactivated: true }),
    );
    expect(await check(ended)).toBeUndefined();
    const after = await check(await continued(ended, { keys: [3] }));
    expect(after?.message).toMatch(/entry 3 follows the end$/);
  });
});

describe('the first entry', () => {
  it('cannot be written by somebody else under the same DID, however well it is signed', async () => {
    const { proof: _, ...entry } = log[0]!;
    const stranger = keyOf(9).signerFor(entry.did);
    const forged = await sign('did-log', { ...entry, keys: multikeys([9]) }, stranger);
    expect((await check([forged]))?.message).toMatch(/not the hash of its log$/);
  });

  const base = { petname: 'did:mesh:a:b', at: toInstant(0), nextKeys: [] } as const;

  it('is signed by its own key under its own DID', async () => {
    const inception = { ...base, keys: multikeys([1]) };
    const did = meshDidOf(inception);
    const other = keyOf(1).signerFor('did:mesh:a:c');
    expect(await check([await incept(inception, keyOf(9).signerFor(did))])).toBeDefined();
    expect(await check([await incept(inception, other)])).toMatchObject({ code: 'DID_INVALID' });
  });

  it.each([
    ['is no Multikey', 'zQm'],
    ['cannot sign', toMultikey('X25519', new Uint8Array(32).fill(9))],
  ])('is refused with DID_INVALID when the key it is signed with %s', async (_, key) => {
    const inception = { ...base, keys: [key] };
    const signer = {
      ...keyOf(1).signerFor('did:a:b'),
      keyId: `${meshDidOf(inception)}#${key}` as const,
    };
    expect(await check([await incept(inception, signer)])).toMatchObject({ code: 'DID_INVALID' });
  });

  it('is refused when it claims a predecessor or another number, even under its own hash', async () => {
    for (const change of [{ version: 2 }, { previous: 'zQm' }]) {
      const template = { format: 1, did: 'did:mesh:a:b:{SCID}', version: 1, at: base.at } as const;
      const entry = { ...template, keys: multikeys([1]), next: [], ...change };
      const scid = multihashOf(utf8(`mesh/did-scid/v1\n${canonicalJson(entry)}`));
      const did = `did:mesh:a:b:${scid}` as const;
      const first = await sign('did-log', { ...entry, did }, keyOf(1).signerFor(did));
      expect((await check([first]))?.message).toMatch(/is not a first entry$/);
    }
  });

  it('is refused for a DID of another method or without a last segment', async () => {
    for (const did of ['did:key:z6Mk', 'did:mesh:enterprise:acme'] as const) {
      expect(await check([{ ...log[0]!, did }])).toMatchObject({ code: 'DID_INVALID' });
    }
  });
});
