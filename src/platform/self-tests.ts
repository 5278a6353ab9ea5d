/**
 * Signatures whose verdict is known, for asking a provider before it is believed.
 * @module
 */
import { fromHex, utf8 } from '../base/bytes.ts';
import type { PublicKey, SignatureKeyType } from '../ports/crypto.ts';

/** One question and its answer. */
export interface SelfTest {
  readonly name: string;
  readonly key: PublicKey;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  /** The verdict of the strict rule. */
  readonly holds: boolean;
}

/** Name, verdict, public key, text that was signed, signature. */
type Row = readonly [name: string, holds: boolean, key: string, said: string, signature: string];

/** What to ask about keys of a kind. Each list has a signature that holds and one that does not. */
export function selfTests(type: SignatureKeyType): readonly SelfTest[] {
  return rows[type].map(([name, holds, key, said, signature]) => ({
    name,
    key: { type, publicKey: fromHex(key) },
    message: utf8(said),
    signature: fromHex(signature),
    holds,
  }));
}

const pay = 'pay 5 credits to b';
/** The base point times 123,456,789; alone, and with a point of order 8 added. */
const honest = '17ffad8068dc0de9935d36636f3ad1b5de6de3413b12388e453b05f2a4c1d3db';
const mixed = 'd63c01223147541df4e170763e9e2788a8bf5971f52a93c5829dbe6f5ff6bba9';
/** The base point times 987,654,321; alone, and with the same point added. */
const nonce = '7db0dc9222f3c183457ddde4c708de8e5ea6bf3d5c4404cca14b32729a05c32a';
const twisted = '6999d5cb5126005c325892f1c6eab824b310708befff12fbaf45dda050cb12f0';
const order8 = 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a';
const identity = `01${'00'.repeat(31)}`;
const zero = '00'.repeat(32);

const p256 = '0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6';
const sample256 =
  'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8';
const p384 =
  '02ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc13';
const sample384 =
  '94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe4699ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8';
const p521 =
  '0301894550d0785932e00eaa23b694f213f8c3121f86dc97a04e5a7167db4e5bcd371123d46e45db6b5d5370a7f20fb633155d38ffa16d2bd761dcac474b9a2f5023a4';
const sample512 =
  '00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e25a1ee9017b5d450606add152b534931d7d4e8455cc91f9b15bf05ec36e377fa00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af282623eaa63e5b5c0723d8b8c37ff0777b1a20f8ccb1dccc43997f1ee0e44da4a67a';
const generator = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
const satoshi = '934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8';
const satoshiLow = '2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5';
const satoshiHigh = 'dbbd3162d46e9f9bef7feb87c16dc13b4f6568a87f4e83f728e2443ba586675c';

const rows: Readonly<Record<SignatureKeyType, readonly Row[]>> = {
  // The eight on which libraries differ: Taming the many EdDSAs (2020), computed here for other keys.
  Ed25519: [
    [
      'an honest signature',
      true,
      honest,
      pay,
      `${nonce}7947cb30ddf2cfa419374cb4b8dee4dcb222b634fa344f8e1de7d280e858b20f`,
    ],
    [
      'S + L',
      false,
      honest,
      pay,
      `${nonce}661bc18df755e2fcefd3435797d8c3f1b222b634fa344f8e1de7d280e858b21f`,
    ],
    ['key and R the identity, S = 0', false, identity, pay, identity + zero],
    ['a key of order 8, R the identity', false, order8, pay, identity + zero],
    [
      'a mixed-order key, only the cofactored equation holds',
      false,
      mixed,
      'message 0',
      `${nonce}7f30bd2eee47b8eba91c20b55c4d0490493a41f1a7984b8f1484c02c017c1004`,
    ],
    [
      'a mixed-order key, the cofactorless equation holds too',
      false,
      mixed,
      'message 4',
      `${nonce}6d80b1e772c5763c4896dc818bc3f5a13d90926597df3d4aadaec0b2899eda0a`,
    ],
    [
      'R with torsion',
      false,
      honest,
      pay,
      `${twisted}e3611de0447b814ed36cae8312c482a97a45fe76762a7cd0c02d83b1d3056d01`,
    ],
    ['a non-canonical key, y = p + 1', false, `ee${'ff'.repeat(30)}7f`, pay, identity + zero],
  ],
  // RFC 6979, appendices A.2.5 to A.2.7, with the hash that JWS uses; the s of the first is the higher of the two.
  'P-256': [
    ['a signature with the high s', true, p256, 'sample', sample256],
    ['of another text', false, p256, 'simple', sample256],
  ],
  'P-384': [
    ['a signature', true, p384, 'sample', sample384],
    ['of another text', false, p384, 'simple', sample384],
  ],
  'P-521': [
    ['a signature', true, p521, 'sample', sample512],
    ['of another text', false, p521, 'simple', sample512],
  ],
  // The secret 1 and the nonce of RFC 6979, as implementations for Bitcoin print them.
  secp256k1: [
    ['a signature', true, generator, 'Satoshi Nakamoto', satoshi + satoshiLow],
    ['its twin with the high s', false, generator, 'Satoshi Nakamoto', satoshi + satoshiHigh],
    ['of another text', false, generator, 'Satoshi', satoshi + satoshiLow],
  ],
};
