import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex, utf8 } from '../../src/base/bytes.ts';
import { nobleCrypto } from '../../src/platform/noble-crypto.ts';
import { nodeCrypto } from '../../src/platform/node-crypto.ts';
import type { HashName } from '../../src/ports/crypto.ts';
import { thrown } from '../base/thrown.ts';

const providers = [nodeCrypto, nobleCrypto];
const hashNames: readonly HashName[] = ['sha256', 'sha512', 'blake2s'];
const empty = new Uint8Array(0);
const anyBytes = fc.uint8Array({ maxLength: 300 });
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe.each(providers)('$name: hashes', (crypto) => {
  it.each([
    ['sha256', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'sha512',
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    ],
    ['blake2s', '508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982'],
  ] as const)('%s of "abc" is that of FIPS 180-4 or RFC 7693', (name, hex) => {
    expect(toHex(crypto.hash(name, utf8('abc')))).toBe(hex);
    expect(toHex(crypto.hash(name, utf8('a'), empty, utf8('bc')))).toBe(hex);
  });

  it.each([
    [
      '0b'.repeat(20),
      toHex(utf8('Hi There')),
      'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
      '87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854',
    ],
    [
      toHex(utf8('Jefe')),
      toHex(utf8('what do ya want for nothing?')),
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
      '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
    ],
    [
      'aa'.repeat(131),
      toHex(utf8('Test Using Larger Than Block-Size Key - Hash Key First')),
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
      '80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598',
    ],
  ])('HMAC holds to RFC 4231, key %s', (key, data, sha256, sha512) => {
    expect(toHex(crypto.hmac('sha256', fromHex(key), fromHex(data)))).toBe(sha256);
    expect(toHex(crypto.hmac('sha512', fromHex(key), fromHex(data)))).toBe(sha512);
  });

  it('HKDF holds to RFC 5869, appendix A.3', () => {
    expect(toHex(crypto.hkdf('sha256', empty, fromHex('0b'.repeat(22)), 42))).toBe(
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    );
  });
});

describe.each(providers)('$name: authenticated ciphers', (crypto) => {
  it.each([
    {
      source: 'RFC 8439, section 2.8.2',
      name: 'chacha20-poly1305',
      key: '808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f',
      nonce: '070000004041424344454647',
      associated: '50515253c0c1c2c3c4c5c6c7',
      plaintext: toHex(
        utf8(
          "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
        ),
      ),
      sealed:
        'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691',
    },
    {
      source: 'the GCM specification submitted to NIST, test case 13',
      name: 'aes-256-gcm',
      key: '00'.repeat(32),
      nonce: '00'.repeat(12),
      associated: '',
      plaintext: '',
      sealed: '530f8afbc74536b9a963b4f1c4cb738b',
    },
    {
      source: 'the GCM specification submitted to NIST, test case 16',
      name: 'aes-256-gcm',
      key: 'feffe9928665731c6d6a8f9467308308'.repeat(2),
      nonce: 'cafebabefacedbaddecaf888',
      associated: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
      plaintext:
        'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
      sealed:
        '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b',
    },
  ] as const)('seals and opens the vector of $source', (vector) => {
    const aead = crypto.aead(vector.name, fromHex(vector.key));
    const [nonce, associated] = [fromHex(vector.nonce), fromHex(vector.associated)];
    const sealed = aead.seal(nonce, associated, fromHex(vector.plaintext));
    expect(toHex(sealed)).toBe(vector.sealed);
    expect(aead.open(nonce, associated, sealed)).toEqual(fromHex(vector.plaintext));
  });

  it.each(['chacha20-poly1305', 'aes-256-gcm'] as const)(
    '%s opens nothing that was altered',
    (name) => {
      const aead = crypto.aead(name, new Uint8Array(32).fill(7));
      const nonce = new Uint8Array(12);
      fc.assert(
        fc.property(anyBytes, anyBytes, fc.nat(), fc.nat(7), (associated, plaintext, at, bit) => {
          const sealed = aead.seal(nonce, associated, plaintext);
          expect(aead.open(nonce, associated, sealed)).toEqual(Uint8Array.from(plaintext));
          expect(aead.open(new Uint8Array(12).fill(1), associated, sealed)).toBeUndefined();
          expect(aead.open(nonce, Uint8Array.of(...associated, 0), sealed)).toBeUndefined();
          sealed[at % sealed.length]! ^= 1 << bit;
          expect(aead.open(nonce, associated, sealed)).toBeUndefined();
          expect(
            aead.open(nonce, associated, sealed.subarray(0, at % sealed.length)),
          ).toBeUndefined();
        }),
      );
    },
  );

  it('keeps its own copy of the key', () => {
    const key = new Uint8Array(32).fill(1);
    const aead = crypto.aead('chacha20-poly1305', key);
    const before = aead.seal(new Uint8Array(12), empty, empty);
    key.fill(2);
    expect(aead.seal(new Uint8Array(12), empty, empty)).toEqual(before);
  });
});

describe.each(providers)('$name: X25519', (crypto) => {
  it.each([
    [
      'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
      'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
      'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
    ],
    [
      '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
      'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493',
      '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
    ],
    [
      '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a',
      'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
      '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
    ],
  ])('agrees as in RFC 7748, sections 5.2 and 6.1: %s', (secret, theirs, shared) => {
    expect(toHex(crypto.agree(crypto.agreementKey(fromHex(secret)), fromHex(theirs)))).toBe(shared);
  });

  it('derives the public keys of RFC 7748, section 6.1', () => {
    const alice = '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a';
    const bob = '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb';
    const publicKeys = [alice, bob].map((seed) => crypto.agreementKey(fromHex(seed)).publicKey);
    expect(publicKeys.map(toHex)).toEqual([
      '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
      'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
    ]);
  });

  it.each([
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    `ec${'ff'.repeat(30)}7f`,
    `ed${'ff'.repeat(30)}7f`,
    `ee${'ff'.repeat(30)}7f`,
  ])('refuses the low-order point %s', (point) => {
    const key = crypto.agreementKey(new Uint8Array(32).fill(5));
    expect(thrown(() => crypto.agree(key, fromHex(point)))).toMatchObject({ code: 'KEY_INVALID' });
  });

  it.each([0, 31, 33, 64])('refuses keys of %d bytes, secret and public ones', (length) => {
    const bytes = new Uint8Array(length).fill(9);
    const key = crypto.agreementKey(new Uint8Array(32));
    const uses = [
      () => crypto.agree(key, bytes),
      () => crypto.agreementKey(bytes),
      () => crypto.signingKey(bytes),
      () => crypto.aead('aes-256-gcm', bytes),
      () => crypto.aead('chacha20-poly1305', bytes),
    ];
    for (const use of uses) expect(thrown(use)).toMatchObject({ code: 'KEY_INVALID' });
  });
});

describe('both providers', () => {
  it('hash, authenticate, seal and agree alike', () => {
    fc.assert(
      fc.property(bytes32, bytes32, anyBytes, anyBytes, (seed, other, a, b) => {
        const [node, noble] = providers.map((crypto) => {
          const aeads = (['chacha20-poly1305', 'aes-256-gcm'] as const).map((name) =>
            crypto.aead(name, seed).seal(other.subarray(0, 12), a, b),
          );
          const { publicKey } = crypto.agreementKey(other);
          const shared = crypto.agree(crypto.agreementKey(seed), publicKey);
          const hashes = hashNames.flatMap((name) => [
            crypto.hash(name, a, b),
            crypto.hmac(name, a, b),
            crypto.hkdf(name, a, b, 64),
          ]);
          return [...aeads, ...hashes, publicKey, shared, crypto.signingKey(seed).publicKey].map(
            toHex,
          );
        });
        expect(node).toEqual(noble);
      }),
      { numRuns: 50 },
    );
  });
});
