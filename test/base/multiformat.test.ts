import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { CID } from 'multiformats/cid';
import * as Digest from 'multiformats/hashes/digest';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex, utf8 } from '../../src/base/bytes.ts';
import {
  cidOf,
  cidOfJson,
  fromMultibase,
  fromMultikey,
  type KeyType,
  multihashOf,
  toMultibase,
  toMultikey,
} from '../../src/base/multiformat.ts';
import { thrown } from './thrown.ts';

describe('multibase', () => {
  it.each([
    [utf8('Hello World!'), 'z2NEpo7TZRRrLZSi2U'],
    [
      utf8('The quick brown fox jumps over the lazy dog.'),
      'zUSm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z',
    ],
    [fromHex('0000287fb4cd'), 'z11233QC4'],
  ])('writes and reads the base58 vector of draft-msporny-base58', (bytes, text) => {
    expect(toMultibase(bytes)).toBe(text);
    expect(fromMultibase(text)).toEqual(bytes);
  });

  it.each(['', 'm aGk', 'mZm9v', 'z0', 'zO', 'zI', 'zl', 'z 1', 'Z11', `z${'1'.repeat(256)}`])(
    'refuses %j',
    (text) => {
      expect(thrown(() => fromMultibase(text, 'key'))).toMatchObject({
        code: 'SCHEMA_INVALID',
        params: { at: 'key' },
      });
    },
  );

  it('has one spelling for each value', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(fromMultibase(toMultibase(bytes))).toEqual(Uint8Array.from(bytes));
      }),
    );
    const unit = fc.constantFrom(...Array.from('z1289AZaz0OIl'));
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 20 }), (text) => {
        thrown(() => {
          expect(toMultibase(fromMultibase(text))).toBe(text);
        });
      }),
    );
  });
});

describe('Multikey', () => {
  // The did:key method, test vectors for Ed25519.
  it.each([
    [
      '3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29',
      'z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp',
    ],
    [
      '4cb5abf6ad79fbf5abbccafcc269d85cd2651ed4b885b5869f241aedf0a5ba29',
      'z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG',
    ],
    [
      '7422b9887598068e32c4448a949adb290d0f4e35b9e01b0ee5f1a1e600fe2674',
      'z6MknGc3ocHs3zdPiJbnaaqDi58NGb4pk1Sp9WxWufuXSdxf',
    ],
  ])('writes and reads the published Ed25519 key %s', (hex, multikey) => {
    expect(toMultikey('Ed25519', fromHex(hex))).toBe(multikey);
    expect(fromMultikey(multikey)).toEqual({ type: 'Ed25519', publicKey: fromHex(hex) });
  });

  it.each([
    ['X25519', 'z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F', /^[0-9a-f]{64}$/],
    ['secp256k1', 'zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme', /^0[23][0-9a-f]{64}$/],
    ['P-256', 'zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv', /^0[23][0-9a-f]{64}$/],
    [
      'P-384',
      'z82Lm1MpAkeJcix9K8TMiLd5NMAhnwkjjCBeWHXyu3U4oT2MVJJKXkcVBgjGhnLBn2Kaau9',
      /^0[23][0-9a-f]{96}$/,
    ],
    [
      'P-521',
      'z2J9gaYxrKVpdoG9A4gRnmpnRCcxU6agDtFVVBVdn1JedouoZN7SzcyREXXzWgt3gGiwpoHq7K68X4m32D8HgzG8wv3sY5j7',
      /^0[23]0[01][0-9a-f]{130}$/,
    ],
  ] as const)('reads the published did:key of kind %s', (type, multikey, form) => {
    const key = fromMultikey(multikey);
    expect(key.type).toBe(type);
    expect(toHex(key.publicKey)).toMatch(form);
    expect(toMultikey(type, key.publicKey)).toBe(multikey);
  });

  it.each([
    ['one byte too long', toMultikey('Ed25519', new Uint8Array(33))],
    ['one byte too short', toMultikey('P-256', new Uint8Array(32))],
    ['empty', 'z'],
    ['of an unknown kind', toMultibase(Uint8Array.of(0xee, 0x01, ...new Uint8Array(32)))],
    // 0xed as the overlong varint ed 81 00.
    ['with an overlong prefix', toMultibase(Uint8Array.of(0xed, 0x81, 0, ...new Uint8Array(31)))],
  ])('refuses a key that is %s', (_, multikey) => {
    expect(thrown(() => fromMultikey(multikey))).toMatchObject({ code: 'KEY_INVALID' });
  });

  it('tells every kind of key apart', () => {
    const lengths: Record<KeyType, number> = {
      Ed25519: 32,
      X25519: 32,
      secp256k1: 33,
      'P-256': 33,
      'P-384': 49,
      'P-521': 67,
    };
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(lengths) as KeyType[])),
        fc.uint8Array({ minLength: 67, maxLength: 67 }),
        (type, bytes) => {
          const publicKey = Uint8Array.from(bytes.subarray(0, lengths[type]));
          expect(fromMultikey(toMultikey(type, publicKey))).toEqual({ type, publicKey });
        },
      ),
    );
  });

  it('throws only MeshErrors for random text', () => {
    fc.assert(
      fc.property(fc.string(), fc.uint8Array({ maxLength: 80 }), (text, bytes) => {
        thrown(() => fromMultikey(text));
        thrown(() => fromMultikey(toMultibase(bytes)));
      }),
    );
  });
});

describe('content identifiers', () => {
  it('of raw bytes are those IPFS gives', () => {
    expect(cidOf(utf8('hello world'))).toBe(
      'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e',
    );
    expect(cidOf(new Uint8Array(0))).toBe(
      'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku',
    );
  });

  it('of JSON is that of the multiformats documentation', () => {
    expect(cidOfJson({ hello: 'world' })).toBe(
      'bagaaierasords4njcts6vs7qvdjfcvgnume4hqohf65zsfguprqphs3icwea',
    );
  });

  it('of JSON does not depend on the order of members', () => {
    expect(cidOfJson({ a: 1, b: [2] })).toBe(cidOfJson({ b: [2], a: 1 }));
    expect(cidOfJson({ a: 1 })).not.toBe(cidOfJson({ a: 2 }));
  });

  it('are those of the multiformats library', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.string(), (bytes, text) => {
        const digest = (of: Uint8Array) => Digest.create(0x12, sha256(of));
        expect(cidOf(bytes)).toBe(CID.createV1(0x55, digest(bytes)).toString());
        const json = utf8(JSON.stringify(text));
        expect(cidOfJson(text)).toBe(CID.createV1(0x0200, digest(json)).toString());
        expect(fromMultibase(multihashOf(bytes))).toEqual(digest(bytes).bytes);
      }),
    );
  });

  it('have the multihash of the multihash documentation', () => {
    expect(toHex(fromMultibase(multihashOf(utf8('Merkle–Damgård'))))).toBe(
      '122041dd7b6443542e75701aa98a0c235951a28a0d851b11564d20022ab11d2589a8',
    );
  });
});
