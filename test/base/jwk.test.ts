import { createECDH, createPublicKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toBase64url, toHex } from '../../src/base/bytes.ts';
import { fromJwk, type PublicJwk } from '../../src/base/jwk.ts';
import { changed } from '../schema/rig.ts';
import { thrown } from './thrown.ts';

const curves = [
  { crv: 'P-256', node: 'prime256v1' },
  { crv: 'P-384', node: 'secp384r1' },
  { crv: 'P-521', node: 'secp521r1' },
  { crv: 'secp256k1', node: 'secp256k1' },
] as const;

const jwkOf = (node: string) =>
  generateKeyPairSync('ec', { namedCurve: node }).publicKey.export({ format: 'jwk' });

describe('a public key from a JWK', () => {
  it.each(curves)('is the compressed point that OpenSSL makes of it: $crv', ({ crv, node }) => {
    for (let i = 0; i < 8; i += 1) {
      const ecdh = createECDH(node);
      const point = ecdh.generateKeys();
      const length = (point.length - 1) / 2;
      const x = toBase64url(point.subarray(1, 1 + length));
      const y = toBase64url(point.subarray(1 + length));
      const key = fromJwk({ kty: 'EC', crv, x, y });
      expect(key.type).toBe(crv);
      expect(toHex(key.publicKey)).toBe(ecdh.getPublicKey('hex', 'compressed'));
    }
  });

  it('is the raw key for Ed25519: RFC 8037, appendix A.2', () => {
    const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';
    expect(toHex(fromJwk({ kty: 'OKP', crv: 'Ed25519', x }).publicKey)).toBe(
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    );
  });

  it('is the raw key for X25519: RFC 8037, appendix A.6', () => {
    const x = '3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08';
    expect(toHex(fromJwk({ kty: 'OKP', crv: 'X25519', x }).publicKey)).toBe(
      'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
    );
  });

  it.each(curves)('is refused when its coordinates do not belong together: $crv', ({ node }) => {
    const [a, b] = [jwkOf(node), jwkOf(node)];
    const mixed = { kty: 'EC', crv: a.crv!, x: a.x!, y: b.y! };
    expect(() => createPublicKey({ key: mixed, format: 'jwk' })).toThrow();
    expect(thrown(() => fromJwk(mixed))).toMatchObject({ code: 'KEY_INVALID' });
  });

  it('is refused when a coordinate is not below the modulus', () => {
    // p + x of a small x would be a second spelling of it.
    const x = toBase64url(fromHex(`ffffffff00000001${'00'.repeat(12)}${'ff'.repeat(12)}`));
    const y = toBase64url(new Uint8Array(32).fill(1));
    expect(thrown(() => fromJwk({ kty: 'EC', crv: 'P-256', x, y }))?.code).toBe('KEY_INVALID');
  });

  const good = jwkOf('prime256v1') as unknown as PublicJwk;
  it.each([
    ['d', toBase64url(new Uint8Array(32))],
    ['kty', 'RSA'],
    ['kty', 'OKP'],
    ['crv', 'P-257'],
    ['crv', '__proto__'],
    ['crv', undefined],
    ['crv', 'P-384'],
    ['x', undefined],
    ['y', undefined],
    ['x', `${good.x!}=`],
    ['x', `${good.x!}AA`],
    ['y', 'A'.repeat(100_000)],
  ])('is refused with another %s', (member, value) => {
    const jwk = changed(good, [member], value) as PublicJwk;
    expect(thrown(() => fromJwk(jwk))).toMatchObject({ code: 'KEY_INVALID' });
  });

  it('is a key or KEY_INVALID, whatever the members hold', () => {
    const value = fc.oneof(fc.string(), fc.constantFrom('EC', 'OKP', 'P-256', 'Ed25519', good.x!));
    const jwk = fc.record(
      { kty: value, crv: value, x: value, y: value },
      { requiredKeys: ['kty'] },
    );
    fc.assert(
      fc.property(jwk, (one) => {
        expect(thrown(() => fromJwk(one))?.code ?? 'KEY_INVALID').toBe('KEY_INVALID');
      }),
    );
  });
});
