import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../src/adapters/stores/memory.ts';
import { toBase64url, utf8 } from '../../src/base/bytes.ts';
import { MeshError } from '../../src/base/errors.ts';
import { checkDisclosures, sdJwtParts } from '../../src/bridges/sd-jwt-vc/disclosures.ts';
import {
  type SdJwtVcExpectation,
  type SdJwtVcOptions,
  type SdJwtVcRequest,
  sdJwtVc,
} from '../../src/bridges/sd-jwt-vc/index.ts';
import { KeyRing } from '../../src/core/identity/key-ring.ts';
import { nodeCrypto } from '../../src/platform/node-crypto.ts';
import type { Signer } from '../../src/ports/signer.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { party } from '../core/trust/rig.ts';

const clock = virtualClock();
const now = Math.floor(clock.now() / 1_000);
const alice = party('alice');
const bob = party('bob');
const keys = new KeyRing({ clock, crypto: nodeCrypto, store: memoryStore({ clock }) });
const options: SdJwtVcOptions = { keys, crypto: nodeCrypto, clock, random: seededRandom('salts') };
const door = sdJwtVc(options);

const vct = 'https://acme.example/iso14001';
const request: SdJwtVcRequest = {
  vct,
  claims: { name: 'Bob Ltd', grade: 'A', sites: 3, country: 'DE' },
  disclosable: ['name', 'grade', 'sites'],
  holder: bob.signer.keyId,
};
const binding = { nonce: 'n-1', audience: 'did:web:verifier.example' };
const expected: SdJwtVcExpectation = { vct, binding };

const show = async (disclose: readonly string[] = ['grade'], wanted = request) =>
  door.present(await door.issue(wanted, alice.signer), { ...binding, disclose }, bob.signer);

async function verdict(token: string, wanted = expected, by = door): Promise<string> {
  const { valid, because } = await by.verify(token, wanted);
  return valid ? 'ok' : because!.check;
}

/** A compact token with any payload. */
async function signed(
  payload: object,
  by: Pick<Signer, 'keyId' | 'sign'>,
  header: object = {},
): Promise<string> {
  const full = { alg: 'EdDSA', typ: 'dc+sd-jwt', kid: by.keyId, ...header };
  const parts = [full, payload].map((part) => toBase64url(utf8(JSON.stringify(part))));
  return `${parts.join('.')}.${toBase64url(await by.sign(utf8(parts.join('.'))))}`;
}

const bare = { iss: alice.did, vct, exp: now + 100, cnf: { kid: bob.signer.keyId } };

/** A token with a key binding of any content. */
async function bound(
  payload: object,
  change: object = {},
  header: object = {},
  disclosures: readonly string[] = [],
) {
  const shown = `${[await signed(payload, alice.signer), ...disclosures].join('~')}~`;
  const sd_hash = toBase64url(nodeCrypto.hash('sha256', utf8(shown)));
  const claims = { iat: now, aud: binding.audience, nonce: binding.nonce, sd_hash, ...change };
  return `${shown}${await signed(claims, bob.signer, { typ: 'kb+jwt', ...header })}`;
}

const disclosureOf = (...parts: readonly unknown[]) => toBase64url(utf8(JSON.stringify(parts)));
const digestOf = (text: string) => toBase64url(nodeCrypto.hash('sha256', utf8(text)));

describe('an SD-JWT VC', () => {
  it('shows what its holder discloses, and no more', async () => {
    const token = await show(['grade']);
    const { valid, issuer, claims } = await door.verify(token, expected);
    expect({ valid, issuer }).toEqual({ valid: true, issuer: alice.did });
    expect(claims).toMatchObject({ vct, grade: 'A', country: 'DE' });
    expect(claims).not.toHaveProperty('name');
    expect(claims).not.toHaveProperty('_sd');
    expect(token).not.toContain(toBase64url(utf8('Bob')).slice(0, 3));
  });

  it('shows any choice of claims', async () => {
    const names = ['name', 'grade', 'sites'] as const;
    await fc.assert(
      fc.asyncProperty(fc.subarray([...names]), async (disclose) => {
        const { claims } = await door.verify(await show(disclose), expected);
        expect(names.filter((name) => name in claims!)).toEqual(disclose);
      }),
      { numRuns: 8 },
    );
  });

  it('may be bound to a key by value', async () => {
    const holder = { type: 'Ed25519', publicKey: bob.signer.publicKey } as const;
    expect(await verdict(await show([], { ...request, holder }))).toBe('ok');
    const other = { type: 'Ed25519', publicKey: alice.signer.publicKey } as const;
    expect(await verdict(await show([], { ...request, holder: other }))).toBe('signature');
  });

  it('may be shown by anybody where the verifier says so', async () => {
    const credential = await door.issue(request, alice.signer);
    expect(await verdict(credential, { vct, binding: false })).toBe('ok');
    expect(await verdict(credential)).toBe('binding');
  });

  it('is refused after any changed character', async () => {
    const token = await show();
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: token.length - 1 }), fc.base64String(), async (at, text) => {
        const other = (text[0] ?? 'A').replace('+', '-').replace('/', '_');
        if (token[at] === other) return;
        expect(await verdict(`${token.slice(0, at)}${other}${token.slice(at + 1)}`)).not.toBe('ok');
      }),
    );
  });

  it('is refused in no other way than by a verdict, whatever arrives', async () => {
    const part = fc.oneof(
      fc.base64String(),
      fc.json().map((json) => toBase64url(utf8(json))),
      fc.constant('~'),
      fc.constant('.'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part), async (parts) => {
        expect(['form', 'header']).toContain(await verdict(parts.join('')));
      }),
    );
    const names = ['_sd', '_sd_alg', 'cnf', 'status', 'iat', 'nbf', 'exp', 'vct', 'iss'];
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom(...names), fc.jsonValue()), async (change) => {
        expect(await verdict(await bound({ ...bare, ...change }))).toBeTypeOf('string');
      }),
    );
    expect(await verdict(7 as never)).toBe('form');
  });

  it.each([
    ['another kind of statement', { vct: 'other' }, 'claims'],
    ['no kind of statement', { vct: undefined }, 'claims'],
    ['another issuer than its key', { iss: bob.did }, 'issuer'],
    ['an issuer that is no DID', { iss: 'https://acme.example' }, 'issuer'],
    ['an end that has come', { exp: now }, 'time'],
    ['a beginning to come', { nbf: now + 1 }, 'time'],
    ['an end in words', { exp: 'never' }, 'claims'],
    ['another hash', { _sd_alg: 'sha-512' }, 'claims'],
    ['a status nobody looks up', { status: {} }, 'status'],
    ['no key to be bound to', { cnf: undefined }, 'binding'],
    [
      'a key that does not sign',
      { cnf: { jwk: { kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43) } } },
      'key',
    ],
    ['a key that is none', { cnf: { jwk: { kty: 'RSA' } } }, 'key'],
    ['a key its holder does not have', { cnf: { kid: `${bob.did}#${alice.multikey}` } }, 'key'],
  ])('is refused with %s', async (_, change, check) => {
    expect(await verdict(await bound({ ...bare, ...change }))).toBe(check);
  });

  it.each([
    ['another nonce', { nonce: 'n-2' }, {}, 'binding'],
    ['another audience', { aud: 'did:web:other.example' }, {}, 'binding'],
    ['another content', { sd_hash: 'AAAA' }, {}, 'binding'],
    ['an old signature', { iat: now - 301 }, {}, 'binding'],
    ['a signature to come', { iat: now + 61 }, {}, 'binding'],
    ['no time', { iat: undefined }, {}, 'binding'],
    ['another type', {}, { typ: 'JWT' }, 'header'],
    ['no algorithm', {}, { alg: 'none' }, 'header'],
    ['another algorithm', {}, { alg: 'ES256' }, 'key'],
  ])('is refused with a key binding of %s', async (_, change, header, check) => {
    expect(await verdict(await bound(bare))).toBe('ok');
    expect(await verdict(await bound(bare, change, header))).toBe(check);
  });

  it.each([
    ['another type', { typ: 'vc+jwt' }],
    ['something critical', { crit: ['exp'] }],
    ['a key of its own', { jwk: {} }],
    ['no key', { kid: undefined }],
  ])('is refused with %s in its header', async (_, header) => {
    const token = `${await signed(bare, alice.signer, header)}~`;
    expect(await verdict(token, { vct, binding: false })).toBe('header');
  });

  it('goes by its status where somebody looks it up', async () => {
    const status = { status_list: { uri: 'https://a.example/1', idx: 4 } };
    const token = await show([], { ...request, status });
    const answers = ['its issuer has revoked it', undefined];
    const asked: unknown[] = [];
    const by = sdJwtVc({
      ...options,
      status: (...question) => {
        asked.push(question);
        return Promise.resolve(answers.shift());
      },
    });
    expect(await verdict(token)).toBe('status');
    expect(await verdict(token, expected, by)).toBe('status');
    expect(await verdict(token, expected, by)).toBe('ok');
    expect(asked[0]).toEqual([status, alice.did]);
    const broken = sdJwtVc({ ...options, status: () => Promise.reject(new Error('offline')) });
    expect(await verdict(token, expected, broken)).toBe('status');
  });

  it('is refused where the key may not be used', async () => {
    const error = new MeshError('DID_DEACTIVATED', { did: alice.did });
    const strict = sdJwtVc({ ...options, keys: { keyOf: () => Promise.reject(error) } });
    expect(await verdict(await show(), expected, strict)).toBe('key');
  });

  it.each([
    ['a claim of the form', { claims: { iss: 'x' } }, 'claims'],
    ['a disclosable claim that is not there', { disclosable: ['age'] }, 'disclosable'],
    ['no kind', { vct: '' }, 'vct'],
  ])('is not issued with %s', async (_, change, argument) => {
    await expect(door.issue({ ...request, ...change }, alice.signer)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      params: { argument },
    });
  });
});

describe('disclosures', () => {
  const grade = disclosureOf('salt', 'grade', 'A');
  const item = disclosureOf('salt', 'DE');

  function refusedWith(payload: object, disclosures: readonly string[]): unknown {
    try {
      checkDisclosures(payload as Readonly<Record<string, unknown>>, disclosures, digestOf);
      return undefined;
    } catch (error) {
      return MeshError.is(error) ? error.params['check'] : error;
    }
  }

  it('have the digest that RFC 9901 gives', () => {
    // Section 4.2.3.
    expect(
      digestOf('WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0'),
    ).toBe('X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0');
  });

  it('are taken where each is referred to once', () => {
    const inner = disclosureOf('salt', 'site', { _sd: [digestOf(grade)] });
    const payload = { _sd: [digestOf(inner), 'decoy'], list: [{ '...': digestOf(item) }, 1] };
    expect(refusedWith(payload, [inner, grade, item])).toBeUndefined();
    expect(refusedWith(payload, [inner, grade])).toBeUndefined();
  });

  it.each([
    ['one that nothing refers to', {}, [grade], 'claims'],
    ['one twice', { _sd: [digestOf(grade)] }, [grade, grade], 'claims'],
    ['a digest twice', { _sd: [digestOf(grade), digestOf(grade)] }, [grade], 'claims'],
    ['a decoy twice', { _sd: ['decoy', 'decoy'] }, [], 'claims'],
    [
      'one in two places',
      { a: [{ '...': digestOf(item) }, { '...': digestOf(item) }] },
      [item],
      'claims',
    ],
    ['one in the place of a claim', { grade: 'B', _sd: [digestOf(grade)] }, [grade], 'claims'],
    ['an item as a claim', { _sd: [digestOf(item)] }, [item], 'claims'],
    ['a claim as an item', { list: [{ '...': digestOf(grade) }] }, [grade], 'claims'],
    ['an item with more to it', { list: [{ '...': digestOf(item), a: 1 }] }, [item], 'claims'],
    ['digests that are no list', { a: { _sd: {} } }, [], 'claims'],
    ['a digest that is a number', { _sd: [7] }, [], 'claims'],
    ['no JSON', {}, ['AAAA'], 'form'],
    ['no base64url', {}, ['*'], 'form'],
    ['no array', {}, [toBase64url(utf8('{}'))], 'form'],
    ['no salt', {}, [disclosureOf(7, 'a', 'b')], 'form'],
    ['no name', {}, [disclosureOf('salt', 7, 'b')], 'form'],
    ['too much', {}, [disclosureOf('salt', 'a', 'b', 'c')], 'form'],
  ])('are refused with %s', (_, payload, disclosures, check) => {
    expect(refusedWith(payload, disclosures)).toBe(check);
  });

  it.each(openNames())('are refused in the place of %s', (name) => {
    const disclosure = disclosureOf('salt', name, 'x');
    expect(refusedWith({ _sd: [digestOf(disclosure)] }, [disclosure])).toBe('claims');
  });

  it('are refused at the second reference, not followed from each', () => {
    // Each refers to the next one twice: whoever followed every reference would visit 2^30 of them.
    let inner = disclosureOf('salt', 'end');
    const chain = [inner];
    for (let level = 0; level < 30; level += 1) {
      const reference = { '...': digestOf(inner) };
      inner = disclosureOf('salt', [reference, reference]);
      chain.push(inner);
    }
    expect(refusedWith({ list: [{ '...': digestOf(inner) }] }, chain)).toBe('claims');
  });

  it('are refused when they are too many or too deep', () => {
    expect(() => sdJwtParts(`a.b.c~${'x~'.repeat(129)}`)).toThrow(MeshError);
    expect(() => sdJwtParts('a.b.c')).toThrow(MeshError);
    let deep: unknown = 1;
    for (let i = 0; i < 40; i += 1) deep = [deep];
    expect(refusedWith({ deep }, [])).toBe('form');
  });
});

function openNames(): string[] {
  return ['iss', 'nbf', 'exp', 'cnf', 'vct', 'status', '_sd', '...'];
}
