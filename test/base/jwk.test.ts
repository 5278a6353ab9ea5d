import { createECDH, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, it } from 'vitest';
import { fromHex, toBase64url, toHex } from '../../src/base/bytes.ts';
import { fromJwk, type PublicJwk, thumbprintOf, toJwk } from '../../src/base/jwk.ts';
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
    ['use', 'enc'],
    ['key_ops', ['sign']],
    ['key_ops', 'verify'],
    ['alg', 'ES384'],
    ['alg', 'none'],
    ['x', undefined],
    ['y', undefined],
    ['x', `${good.x!}=`],
    ['x', `${good.x!}AA`],
    ['y', 'A'.repeat(100_000)],
  ])('is refused with another %s', (member, value) => {
    const jwk = changed(good, [member], value) as PublicJwk;
    expect(thrown(() => fromJwk(jwk))).toMatchObject({ code: 'KEY_INVALID' });
  });

  it('may say that it is for signatures', () => {
    const said = { ...good, use: 'sig', key_ops: ['verify'], alg: 'ES256', kid: 'one' };
    expect(fromJwk(said)).toEqual(fromJwk(good));
  });

  it('is refused when a coordinate lacks a leading zero, or has one more: RFC 7518, section 6.2.1.2', () => {
    for (const { crv, node } of curves) {
      for (let tries = 0; tries < 2_000; tries += 1) {
        const ecdh = createECDH(node);
        const point = ecdh.generateKeys();
        const length = (point.length - 1) / 2;
        const [x, y] = [point.subarray(1, 1 + length), point.subarray(1 + length)];
        if (x[0] !== 0) continue;
        const padded = { kty: 'EC', crv, x: toBase64url(x), y: toBase64url(y) };
        expect(toHex(fromJwk(padded).publicKey)).toBe(ecdh.getPublicKey('hex', 'compressed'));
        for (const wrong of [x.subarray(1), Buffer.concat([Buffer.of(0), x])]) {
          const jwk = { ...padded, x: toBase64url(wrong) };
          expect(thrown(() => fromJwk(jwk))?.code).toBe('KEY_INVALID');
        }
        break;
      }
    }
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

describe('a JWK from a public key', () => {
  it('is the one that OpenSSL makes of it', () => {
    for (const { crv, node } of curves) {
      for (let i = 0; i < 8; i += 1) {
        const jwk = jwkOf(node) as PublicJwk;
        const key = fromJwk(jwk);
        expect(toJwk(key)).toEqual(jwk);
        expect(fromJwk(toJwk(key))).toEqual(key);
        expect(key.type).toBe(crv);
      }
    }
    for (const kind of ['ed25519', 'x25519'] as const) {
      const pair = kind === 'ed25519' ? generateKeyPairSync(kind) : generateKeyPairSync('x25519');
      const jwk = pair.publicKey.export({ format: 'jwk' }) as PublicJwk;
      expect(toJwk(fromJwk(jwk))).toEqual(jwk);
    }
  });

  it('is refused for bytes that are no key of the kind', () => {
    for (const [type, length] of [
      ['Ed25519', 31],
      ['X25519', 33],
      ['P-256', 33],
      ['P-521', 0],
    ] as const) {
      const publicKey = new Uint8Array(length);
      expect(thrown(() => toJwk({ type, publicKey }))?.code).toBe('KEY_INVALID');
    }
  });
});

describe('the thumbprint of a key', () => {
  it('is that of RFC 8037, appendix A.3', () => {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
    expect(thumbprintOf(jwk)).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
    expect(thumbprintOf(fromJwk(jwk))).toBe(thumbprintOf(jwk));
  });

  it('is that of RFC 7638, section 3.1', () => {
    const jwk = {
      kty: 'RSA',
      n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
      e: 'AQAB',
      alg: 'RS256',
      kid: '2011-04-29',
    };
    expect(thumbprintOf(jwk)).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
  });

  it.each([
    { kty: 'EC', crv: 'P-256', x: 'AA' },
    { kty: 'OKP', crv: 'Ed25519' },
    { kty: 'oct', k: 'AA' },
    { kty: 'toString' },
  ])('is refused for $kty without what its kind requires', (jwk) => {
    expect(thrown(() => thumbprintOf(jwk))?.code).toBe('KEY_INVALID');
  });

  it('is that of jose for every kind of key, whatever else the JWK says', async () => {
    for (const { node } of curves) {
      const jwk = jwkOf(node) as PublicJwk;
      const expected = await calculateJwkThumbprint(
        jwk as Parameters<typeof calculateJwkThumbprint>[0],
      );
      expect(thumbprintOf({ kid: 'one', use: 'sig', ...jwk })).toBe(expected);
      expect(thumbprintOf(fromJwk(jwk))).toBe(expected);
    }
  });

  const file = new URL('../../../shared/data/vc-jose-cose.public.jsonl.gz', import.meta.url);
  it.skipIf(!existsSync(file))('is the kid of the keys of W3C (skipped: no shared data)', () => {
    const lines = gunzipSync(readFileSync(file)).toString('utf8').trim().split('\n');
    const keys = lines
      .map((line) => JSON.parse(line) as { file: string; content: string })
      .filter(({ file: name }) => name.startsWith('vm-'))
      .map(({ content }) => (JSON.parse(content) as { publicKeyJwk: PublicJwk }).publicKeyJwk);
    expect(keys.length).toBeGreaterThan(3);
    for (const jwk of keys) expect(thumbprintOf(jwk)).toBe(jwk.kid);
  });
});
