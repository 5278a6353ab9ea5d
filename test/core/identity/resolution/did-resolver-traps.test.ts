// What did-resolver 6 does with its cache (trap T13), beside what ours does. Should a newer one pass here, it became better.
import { type DIDCache, inMemoryCache, Resolver } from 'did-resolver';
import { describe, expect, it } from 'vitest';
import type { Did } from '../../../../src/base/ids.ts';
import { DidCache } from '../../../../src/core/identity/resolution/did-cache.ts';
import {
  type DidResolutionResult,
  fromDidResolver,
} from '../../../../src/core/identity/resolution/did-resolver.ts';
import { virtualClock } from '../../../../src/testing/virtual-clock.ts';
import { rejected } from '../../../base/thrown.ts';

const did: Did = 'did:example:a';
const found = (): DidResolutionResult => ({
  didResolutionMetadata: {},
  didDocument: { id: did, verificationMethod: [], alsoKnownAs: ['urn:a'] },
  didDocumentMetadata: {},
});

/** The same method behind both caches, and how often each asked it. */
function both(answer: () => DidResolutionResult = found) {
  const asked = { theirs: 0, ours: 0 };
  const method = (who: keyof typeof asked) => () => {
    asked[who] += 1;
    return Promise.resolve(answer());
  };
  const cache: DIDCache = inMemoryCache();
  const theirs = new Resolver({ example: method('theirs') as never }, { cache });
  const resolvers = [fromDidResolver({ example: method('ours') })];
  const clock = virtualClock();
  const ours = new DidCache({ clock, resolvers });
  return { asked, theirs, ours, clock };
}

describe('the cache of did-resolver, and ours (T13)', () => {
  it('asks as often as it is asked at one time; ours once', async () => {
    const { asked, theirs, ours } = both();
    const hundred = Array.from({ length: 100 });
    await Promise.all(hundred.map(() => theirs.resolve(did)));
    await Promise.all(hundred.map(() => ours.resolve(did)));
    expect(asked).toEqual({ theirs: 100, ours: 1 });
  });

  it('keeps a document for ever; ours for its time', async () => {
    const { asked, theirs, ours, clock } = both();
    for (let day = 0; day < 3; day += 1) {
      await theirs.resolve(did);
      await ours.resolve(did);
      await clock.advance('1d');
    }
    expect(asked).toEqual({ theirs: 1, ours: 3 });
  });

  it('hands everybody one document that anybody can change; ours cannot be', async () => {
    const { theirs, ours } = both();
    const first = (await theirs.resolve(did)).didDocument as { alsoKnownAs: string[] };
    first.alsoKnownAs[0] = 'urn:evil';
    expect((await theirs.resolve(did)).didDocument?.alsoKnownAs).toEqual(['urn:evil']);
    const { document } = await ours.resolve(did);
    expect(() => {
      (document.alsoKnownAs as string[])[0] = 'urn:evil';
    }).toThrow(TypeError);
    expect((await ours.resolve(did)).document.alsoKnownAs).toEqual(['urn:a']);
  });

  it('asks anew for each query; ours once for the DID', async () => {
    const { asked, theirs, ours } = both();
    for (const url of [did, `${did}?x=1`, `${did}?x=2`]) {
      await theirs.resolve(url);
      await ours.resolve(url as Did);
    }
    expect(asked.theirs).toBeGreaterThan(1);
    expect(asked.ours).toBe(1);
  });

  it('keeps a failure of the moment for ever; ours not at all', async () => {
    let down = true;
    const { theirs, ours } = both(() =>
      down
        ? {
            didResolutionMetadata: { error: 'internalError' },
            didDocument: null,
            didDocumentMetadata: {},
          }
        : found(),
    );
    await theirs.resolve(did);
    expect(await rejected(ours.resolve(did))).toMatchObject({ code: 'DID_UNREACHABLE' });
    down = false;
    expect((await theirs.resolve(did)).didResolutionMetadata.error).toBe('internalError');
    expect((await ours.resolve(did)).document.id).toBe(did);
  });
});
