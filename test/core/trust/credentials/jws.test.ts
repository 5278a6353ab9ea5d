import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toBase64url, utf8 } from '../../../../src/base/bytes.ts';
import { keyIdOf } from '../../../../src/base/compact-jws.ts';
import { MeshError } from '../../../../src/base/errors.ts';
import { parseJws, signJws } from '../../../../src/core/trust/credentials/jws.ts';
import { party } from '../rig.ts';

const alice = party('alice');
const signature = toBase64url(new Uint8Array(64));
const encode = (value: unknown): string => toBase64url(utf8(JSON.stringify(value)));
const header = { alg: 'EdDSA', typ: 'vc+jwt', cty: 'vc', kid: alice.signer.keyId };
const token = (head: unknown, payload: unknown = { a: 1 }): string =>
  `${encode(head)}.${encode(payload)}.${signature}`;

function checkOf(compact: string): unknown {
  try {
    keyIdOf(parseJws(compact, 'vc+jwt'));
    return undefined;
  } catch (error) {
    if (!MeshError.is(error, 'CREDENTIAL_INVALID')) throw error;
    return error.params['check'];
  }
}

describe('a compact JWS', () => {
  it('is read when its header is as expected', () => {
    expect(checkOf(token(header))).toBeUndefined();
    expect(parseJws(token(header), 'vc+jwt').payload).toEqual({ a: 1 });
  });

  it.each([
    ['alg none', { ...header, alg: 'none' }],
    ['another alg', { ...header, alg: 'HS256' }],
    ['an alg of another spelling', { ...header, alg: 'EDDSA' }],
    ['an alg that every object has', { ...header, alg: 'constructor' }],
    ['content of another type', { ...header, cty: 'JWT' }],
    ['no typ', { alg: 'EdDSA', kid: header.kid }],
    ['a presentation', { ...header, typ: 'vp+jwt' }],
    ['a typ in other case', { ...header, typ: 'VC+JWT' }],
    ['an unknown crit', { ...header, crit: ['exp'] }],
    ['an empty crit', { ...header, crit: [] }],
    ['jku', { ...header, jku: 'https://a.example/keys' }],
    ['x5u', { ...header, x5u: 'https://a.example/cert' }],
    ['x5c', { ...header, x5c: [] }],
    ['jwk', { ...header, jwk: { kty: 'OKP' } }],
    ['a payload that is no base64url', { ...header, b64: false }],
    ['a compressed payload', { ...header, zip: 'DEF' }],
    ['no kid', { alg: 'EdDSA', typ: 'vc+jwt' }],
    ['a kid that is no DID URL', { ...header, kid: 'key-1' }],
    ['a relative kid', { ...header, kid: '#key-1' }],
    ['a kid without fragment', { ...header, kid: alice.did }],
    ['a kid with an empty fragment', { ...header, kid: `${alice.did}#` }],
  ])('is refused by its header: %s', (_, head) => {
    expect(checkOf(token(head))).toBe('header');
  });

  const [first = '', second = ''] = token(header).split('.');
  it.each([
    ['nothing', ''],
    ['two parts', `${first}.${second}`],
    ['four parts', `${first}.${second}.${signature}.${signature}`],
    ['padding', `${first}=.${second}.${signature}`],
    ['white space', `${first}.${second}.${signature}\n`],
    ['a header that is no object', token([header])],
    ['a payload that is no object', token(header, 'a')],
    ['a payload that is no JSON', `${first}.${toBase64url(utf8('{'))}.${signature}`],
    ['a payload that is no UTF-8', `${first}.${toBase64url(Uint8Array.of(0xff))}.${signature}`],
    ['an empty signature', `${first}.${second}.`],
    ['a short signature', `${first}.${second}.${toBase64url(new Uint8Array(63))}`],
    ['a second spelling of the signature', `${first}.${second}.${signature.slice(0, -1)}B`],
    ['more than 64 KiB', token(header, { a: 'x'.repeat(65_536) })],
  ])('is refused by its form: %s', (_, compact) => {
    expect(checkOf(compact)).toBe('form');
  });

  it('never fails in another way than by being refused', () => {
    const part = fc.oneof(
      fc.base64String(),
      fc.string(),
      fc.json().map((json) => toBase64url(utf8(json))),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), (parts) => {
        expect(['form', 'header', undefined]).toContain(checkOf(parts.join('.')));
      }),
    );
  });

  it('that was signed here can be read here', async () => {
    const signed = await signJws({ hello: 'Grüße' }, 'vc+jwt', alice.signer);
    const read = parseJws(signed, 'vc+jwt');
    expect(read.header).toEqual(header);
    expect(read.payload).toEqual({ hello: 'Grüße' });
    expect(keyIdOf(read).did).toBe(alice.did);
  });

  it('longer than 64 KiB is not signed', async () => {
    const long = signJws({ a: 'x'.repeat(60_000) }, 'vc+jwt', alice.signer);
    await expect(long).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });
});
