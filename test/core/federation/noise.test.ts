import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../src/base/bytes.ts';
import { NoiseHandshake } from '../../../src/core/federation/noise.ts';
import { noiseSuite } from '../../../src/core/federation/noise-suite.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import { seededRandom } from './rig.ts';

const random = seededRandom(7);
const suite = noiseSuite('Noise_XX_25519_ChaChaPoly_SHA256');
const side = (initiator: boolean, prologue = 'p') =>
  new NoiseHandshake({
    crypto: nodeCrypto,
    suite,
    initiator,
    prologue: utf8(prologue),
    staticKey: nodeCrypto.agreementKey(random.bytes(32)),
    ephemeral: random,
  });

function handshaken() {
  const [a, b] = [side(true), side(false)];
  b.read(a.write());
  a.read(b.write());
  b.read(a.write());
  return [a.split(), b.split()] as const;
}

describe('Noise names', () => {
  it.each([
    'Noise_XX_25519_ChaChaPoly_SHA3',
    'Noise_XX_448_ChaChaPoly_SHA256',
    'Noise_XN_25519_ChaChaPoly_SHA256',
    'Noise_XX_25519_constructor_SHA256',
    'Noise_NNpsk9_25519_ChaChaPoly_SHA256',
    'XX',
    '',
  ])("'%s' is not supported, and says so", (name) => {
    expect(() => noiseSuite(name)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
  });

  it('a psk modifier puts its token where section 9.4 says', () => {
    const { pattern } = noiseSuite('Noise_XXpsk0+psk3_25519_AESGCM_BLAKE2s');
    expect(pattern.messages).toEqual([
      ['psk', 'e'],
      ['e', 'ee', 's', 'es'],
      ['s', 'se', 'psk'],
    ]);
  });
});

describe('NoiseHandshake', () => {
  it('gives both sides the same hash and ciphers that fit', () => {
    const [a, b] = handshaken();
    expect(a.handshakeHash).toEqual(b.handshakeHash);
    expect(b.receive.open(a.send.seal(utf8('hello')))).toEqual(utf8('hello'));
    expect(a.receive.open(b.send.seal(utf8('hi')))).toEqual(utf8('hi'));
  });

  it('fails when the prologues differ', () => {
    const [a, b] = [side(true, 'mesh/1'), side(false, 'mesh/2')];
    b.read(a.write());
    const second = b.write();
    expect(() => a.read(second)).toThrow(expect.objectContaining({ code: 'HANDSHAKE_FAILED' }));
  });

  it('refuses a low-order ephemeral key, which would give the secret away', () => {
    const b = side(false);
    b.read(new Uint8Array(32));
    expect(() => b.write()).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
  });

  it('refuses to be used out of turn, or again after a failure', () => {
    const [a, b] = [side(true), side(false)];
    expect(() => a.read(new Uint8Array(32))).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    expect(() => a.split()).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    expect(() => b.read(new Uint8Array(3))).toThrow(
      expect.objectContaining({ code: 'HANDSHAKE_FAILED' }),
    );
    expect(() => b.write()).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });
});

describe('CipherState', () => {
  it('opens each message once and in order', () => {
    const [a, b] = handshaken();
    const [first, second] = [a.send.seal(utf8('1')), a.send.seal(utf8('2'))];
    expect(b.receive.open(second)).toBeUndefined();
    expect(b.receive.open(first)).toEqual(utf8('1'));
    expect(b.receive.open(first)).toBeUndefined();
    expect(b.receive.open(second)).toEqual(utf8('2'));
  });

  it('goes on after both sides have changed the key, and not when one has', () => {
    const [a, b] = handshaken();
    b.receive.open(a.send.seal(utf8('1')));
    a.send.rekey();
    const sealed = a.send.seal(utf8('2'));
    expect(b.receive.open(sealed)).toBeUndefined();
    b.receive.rekey();
    expect(b.receive.open(sealed)).toEqual(utf8('2'));
    expect(b.receive.counter).toBe(2);
  });
});
