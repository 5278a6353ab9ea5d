// What happens when a platform's own primitives judge otherwise than the rule, or do not judge at all.
import { ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, it } from 'vitest';
import { fromHex, toBase64url, utf8 } from '../../src/base/bytes.ts';
import { nobleCrypto } from '../../src/platform/noble-crypto.ts';
import { nodeCrypto } from '../../src/platform/node-crypto.ts';
import { nodeSignatures } from '../../src/platform/node-signatures.ts';
import { selfTests } from '../../src/platform/self-tests.ts';
import { type NativeSignatures, StrictVerifier } from '../../src/platform/strict-verifier.ts';
import { createWebCrypto } from '../../src/platform/web-crypto.ts';
import { type SubtleSignatures, webSignatures } from '../../src/platform/web-signatures.ts';
import type { CryptoProvider, SignatureKeyType } from '../../src/ports/crypto.ts';
import { thrown } from '../base/thrown.ts';

const lengths = { Ed25519: 32, 'P-256': 32, 'P-384': 48, 'P-521': 66, secp256k1: 32 } as const;
const types = Object.keys(lengths) as SignatureKeyType[];
const message = utf8('pay 5 credits to b');
const { subtle } = globalThis.crypto;

const secretOf = (type: SignatureKeyType, fill: number) =>
  new Uint8Array(lengths[type]).fill(fill).with(0, 0);

const keyOf = (type: SignatureKeyType, fill = 3) =>
  nobleCrypto.signingKey(secretOf(type, fill), type);

/** noble, and how often it was asked. */
function counted() {
  const asked = { times: 0 };
  const verify: CryptoProvider['verify'] = (...question) => {
    asked.times += 1;
    return nobleCrypto.verify(...question);
  };
  return { asked, verify };
}

const natives = [
  ['node:crypto', nodeSignatures as NativeSignatures<object>, types],
  [
    'WebCrypto',
    webSignatures(subtle) as NativeSignatures<object>,
    types.filter((type): boolean => type !== 'secp256k1'),
  ],
] as const;

describe.each(natives)('a strict verifier over %s', (_, native, known) => {
  it.each(types)('gives the verdicts of the self-tests, whoever judges: %s', async (type) => {
    const verifier = new StrictVerifier(native, nobleCrypto);
    expect(selfTests(type).some(({ holds }) => !holds)).toBe(true);
    for (let round = 0; round < 2; round += 1) {
      for (const { name, key, message: said, signature, holds } of selfTests(type)) {
        expect([name, await verifier.verify(key, said, signature)]).toEqual([name, holds]);
        expect([name, await nobleCrypto.verify(key, said, signature)]).toEqual([name, holds]);
      }
    }
  });

  it.each(types)('trusts it with the kinds it knows, and with no other: %s', async (type) => {
    const fallback = counted();
    const verifier = new StrictVerifier(native, fallback);
    const key = keyOf(type);
    const signature = await nobleCrypto.sign(key, message);
    expect(await verifier.isTrusted(type)).toBe(known.includes(type));
    expect(await verifier.verify(key, message, signature)).toBe(true);
    expect(fallback.asked.times).toBe(known.includes(type) ? 0 : 1);
  });

  it.each([
    ['says yes to everything', () => true],
    ['says no to everything', () => false],
    [
      'says yes later to everything',
      async () => {
        await Promise.resolve();
        return true;
      },
    ],
    [
      'throws',
      () => {
        throw new Error('not today');
      },
    ],
    ['rejects', () => Promise.reject(new Error('not today'))],
  ])('asks noble in place of one that %s', async (__, lie) => {
    for (const type of types) {
      const fallback = counted();
      const verifier = new StrictVerifier({ ...native, verify: lie }, fallback);
      const key = keyOf(type);
      const signature = await nobleCrypto.sign(key, message);
      expect(await verifier.verify(key, message, signature)).toBe(true);
      expect(await verifier.verify(key, utf8('pay 9'), signature)).toBe(false);
      expect(await verifier.isTrusted(type)).toBe(false);
      expect(fallback.asked.times).toBe(2);
    }
  });

  it('asks noble in place of one that takes the cofactored equation for the rule', async () => {
    const loose: NativeSignatures<object> = {
      importKey: ({ publicKey }) => publicKey,
      verify: (___, key, said, signature) => ed25519.verify(signature, said, key as Uint8Array),
    };
    const fallback = counted();
    const verifier = new StrictVerifier(loose, fallback);
    const twisted = selfTests('Ed25519').find(({ name }) => name === 'R with torsion')!;
    expect(ed25519.verify(twisted.signature, twisted.message, twisted.key.publicKey)).toBe(true);
    expect(await verifier.verify(twisted.key, twisted.message, twisted.signature)).toBe(false);
    expect(await verifier.isTrusted('Ed25519')).toBe(false);
  });

  it('asks noble when one that passed fails later', async () => {
    for (const type of known) {
      let failing = false;
      const moody: NativeSignatures<object> = {
        importKey: (key) => native.importKey(key),
        verify: (...question) => {
          if (failing) throw new Error('not today');
          return native.verify(...question);
        },
      };
      const fallback = counted();
      const verifier = new StrictVerifier(moody, fallback);
      const key = keyOf(type);
      const signature = await nobleCrypto.sign(key, message);
      expect(await verifier.verify(key, message, signature)).toBe(true);
      failing = true;
      expect(await verifier.verify(key, message, signature)).toBe(true);
      expect(await verifier.verify(key, message.with(0, 0), signature)).toBe(false);
      expect(fallback.asked.times).toBe(2);
    }
  });

  it('asks noble about a key that it cannot import', async () => {
    const known256 = selfTests('P-256')[0]!.key.publicKey.join();
    const choosy: NativeSignatures<object> = {
      importKey: (key) => {
        if (key.publicKey.join() === known256) return native.importKey(key);
        throw new Error('not this one');
      },
      verify: (...question) => native.verify(...question),
    };
    const fallback = counted();
    const verifier = new StrictVerifier(choosy, fallback);
    const key = keyOf('P-256');
    const signature = await nobleCrypto.sign(key, message);
    expect(await verifier.verify(key, message, signature)).toBe(true);
    expect([await verifier.isTrusted('P-256'), fallback.asked.times]).toEqual([true, 1]);
  });

  it('reads message and signature at the call', async () => {
    for (const type of types) {
      for (const warm of [false, true]) {
        const verifier = new StrictVerifier(native, nobleCrypto);
        const key = keyOf(type);
        const [said, signature] = [message.slice(), await nobleCrypto.sign(key, message)];
        if (warm) await verifier.verify(key, said, signature);
        const verdict = verifier.verify(key, said, signature);
        said.fill(0);
        signature.fill(0);
        expect([type, warm, await verdict]).toEqual([type, warm, true]);
      }
    }
  });

  it('refuses keys and signatures of any other length, however long', async () => {
    const verifier = new StrictVerifier(native, nobleCrypto);
    for (const type of types) {
      const key = keyOf(type);
      const signature = await nobleCrypto.sign(key, message);
      for (const length of [0, 1, 31, 64, 65, 1_000_000]) {
        const publicKey = new Uint8Array(length).fill(2);
        expect(await verifier.verify({ type, publicKey }, message, signature)).toBe(false);
        if (length === signature.length) continue;
        expect(await verifier.verify(key, message, publicKey)).toBe(false);
      }
    }
  });
});

describe('a provider over node:crypto', () => {
  it('answers at once', () => {
    for (const type of types) {
      const key = nodeCrypto.signingKey(secretOf(type, 1), type);
      const signature = nodeCrypto.sign(key, message) as Uint8Array;
      expect(nodeCrypto.verify(key, message, signature)).toBe(true);
    }
  });

  it('signs with keys that noble made, and with its own', async () => {
    for (const type of types) {
      expect(await nodeCrypto.sign(keyOf(type), message)).toEqual(
        await nobleCrypto.sign(keyOf(type), message),
      );
    }
  });

  it('writes the low s on secp256k1, always', async () => {
    const key = nodeCrypto.signingKey(new Uint8Array(32).fill(8), 'secp256k1');
    for (let i = 0; i < 32; i += 1) {
      const said = Uint8Array.of(i);
      expect(await nobleCrypto.verify(key, said, await nodeCrypto.sign(key, said))).toBe(true);
    }
  });
});

describe('a provider over WebCrypto', () => {
  it('signs as the others do, and keeps a key that cannot be read', async () => {
    for (const type of types) {
      const secrets: CryptoKey[] = [];
      const spied: SubtleSignatures = {
        importKey: (async (...words: Parameters<SubtleCrypto['importKey']>) => {
          const key = await subtle.importKey(...words);
          if (key.type === 'private') secrets.push(key);
          return key;
        }) as SubtleCrypto['importKey'],
        sign: (...words) => subtle.sign(...words),
        verify: (...words) => subtle.verify(...words),
      };
      const web = createWebCrypto(spied);
      await web.complete?.();
      const key = web.signingKey(secretOf(type, 5), type);
      const signatures = [await web.sign(key, message), await web.sign(key, message)];
      for (const signature of signatures) {
        expect(await nodeCrypto.verify(key, message, signature)).toBe(true);
      }
      expect(secrets.map(({ extractable }) => extractable)).toEqual(
        type === 'secp256k1' ? [] : [false],
      );
    }
  });

  it('does all with noble where there is no SubtleCrypto, as on a page without TLS', async () => {
    const web = createWebCrypto({} as SubtleSignatures);
    for (const type of types) {
      const key = await web.keyPair!(secretOf(type, 5), type);
      const signature = await web.sign(key, message);
      expect(await web.verify(key, message, signature)).toBe(true);
      expect(await web.verify(key, fromHex('00'), signature)).toBe(false);
    }
  });

  it('makes the key pairs that noble makes, by itself, and lets noble make those it gets wrong', async () => {
    const seed = secretOf('Ed25519', 5);
    const { publicKey } = nobleCrypto.signingKey(seed);
    const asked: string[] = [];
    const spied = (x?: string): SubtleSignatures => ({
      importKey: ((...words: Parameters<SubtleCrypto['importKey']>) =>
        subtle.importKey(...words)) as SubtleCrypto['importKey'],
      sign: (...words) => subtle.sign(...words),
      verify: (...words) => subtle.verify(...words),
      exportKey: (async (format: 'jwk', key: CryptoKey) => {
        asked.push(format);
        return { ...(await subtle.exportKey(format, key)), ...(x !== undefined && { x }) };
      }) as SubtleCrypto['exportKey'],
    });
    const honest = createWebCrypto(spied());
    expect((await honest.keyPair!(seed)).publicKey).toEqual(publicKey);
    expect(thrown(() => honest.signingKey(seed))).toMatchObject({ code: 'NOT_STARTED' });
    const other = toBase64url(nobleCrypto.signingKey(secretOf('Ed25519', 6)).publicKey);
    const lying = createWebCrypto(spied(other));
    expect((await lying.keyPair!(seed)).publicKey).toEqual(publicKey);
    expect(asked).toEqual(['jwk', 'jwk']);
  });

  it('hashes by SHA-256 at once, and does the rest when it is complete', async () => {
    const web = createWebCrypto();
    const [one, two] = [fromHex('00ff'), fromHex('01')];
    expect(web.hash('sha256', one, two)).toEqual(nodeCrypto.hash('sha256', one, two));
    const rest = [
      (crypto: CryptoProvider) => crypto.hash('sha512', one, two),
      (crypto: CryptoProvider) => crypto.hmac('sha256', one, two),
      (crypto: CryptoProvider) => crypto.agreementKey(new Uint8Array(32).fill(3)).publicKey,
      (crypto: CryptoProvider) =>
        crypto.aead('aes-256-gcm', new Uint8Array(32)).seal(new Uint8Array(12), one, two),
    ];
    for (const ask of rest) {
      expect(thrown(() => ask(web))).toMatchObject({ code: 'NOT_STARTED' });
    }
    await web.complete?.();
    for (const ask of rest) expect(ask(web)).toEqual(ask(nobleCrypto));
  });
});
