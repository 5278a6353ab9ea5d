import { generateKeyPairSync, type KeyObject, sign as nativeSign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Bytes, toBase64url, toHex } from '../../../src/base/bytes.ts';
import { MeshError } from '../../../src/base/errors.ts';
import { toMultikey } from '../../../src/base/multiformat.ts';
import { Identity } from '../../../src/index.ts';
import { nobleCrypto } from '../../../src/platform/noble-crypto.ts';
import type { Signer } from '../../../src/ports/signer.ts';
import { signerConformance } from '../../../src/testing/index.ts';
import { but, caught } from './caught.ts';

/** A key of Node's, as a signer would hold it. */
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const raw = Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' }).subarray(-32));
const seed = Uint8Array.from(privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(-32));

const native: Signer = {
  algorithm: 'EdDSA',
  keyId: `did:key:${toMultikey('Ed25519', raw)}#${toMultikey('Ed25519', raw)}`,
  publicKey: raw,
  sign: async (message) => signatureOf(message, privateKey),
};

function signatureOf(message: Uint8Array, key: KeyObject): Bytes {
  return Uint8Array.from(nativeSign(null, message, key));
}

/** A signer with a session that can be closed. */
function session(signer: Signer): Signer & { close(): Promise<void> } {
  let open = true;
  return {
    ...signer,
    sign: async (message) => {
      if (!open) throw new MeshError('CLOSED', { what: 'the session' });
      return await signer.sign(message);
    },
    close: async () => {
      open = false;
    },
  };
}

/** Signers with one fault each, the law that catches it, and what the kit says. */
const faults: [fault: string, law: string, said: RegExp, make: () => Signer][] = [
  [
    'names an algorithm nobody knows',
    'algorithm, keyId and publicKey have their form',
    /algorithm must be one of EdDSA, ES256, .*, got RS256/,
    () => but(native, { algorithm: 'RS256' as never }),
  ],
  [
    'names the algorithm of another kind of key',
    'algorithm, keyId and publicKey have their form',
    /the bytes of publicKey: expected 33, got 32/,
    () => but(native, { algorithm: 'ES256' }),
  ],
  [
    'hands out a key in a wrapping',
    'algorithm, keyId and publicKey have their form',
    /the bytes of publicKey: expected 32, got 44/,
    () =>
      but(native, {
        publicKey: Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' })),
      }),
  ],
  [
    'has no key in its keyId',
    'algorithm, keyId and publicKey have their form',
    /keyId must be a DID with a fragment, got did:web:acme.example/,
    () => but(native, { keyId: 'did:web:acme.example' as never }),
  ],
  [
    'names another key than it has',
    'a keyId that spells a key out spells publicKey',
    /the key in keyId: expected/,
    () => {
      const other = toMultikey('Ed25519', seed);
      return but(native, { keyId: `did:key:${other}#${other}` });
    },
  ],
  [
    'changes its keyId',
    'algorithm, keyId and publicKey stay what they are',
    /what is read/,
    () => {
      let reads = 0;
      return Object.defineProperty({ ...native }, 'keyId', {
        get: () => `did:web:acme.example#key-${String((reads += 1))}`,
      });
    },
  ],
  [
    'signs a hash of the message',
    'a signature holds under publicKey by the strict rule',
    /the signature must hold under publicKey/,
    () =>
      but(native, {
        sign: async (message) => {
          const hash = new Uint8Array(await crypto.subtle.digest('SHA-512', message.slice()));
          return signatureOf(hash, privateKey);
        },
      }),
  ],
  [
    'gives text for bytes',
    'a signature holds under publicKey by the strict rule',
    /the signature must be a Uint8Array/,
    () => but(native, { sign: async (m) => toHex(await native.sign(m)) as never }),
  ],
  [
    'gives a signature in a wrapping',
    'a signature holds under publicKey by the strict rule',
    /must have 64 bytes, but has 66/,
    () => but(native, { sign: async (m) => Uint8Array.of(0, 0, ...(await native.sign(m))) }),
  ],
  [
    'salts its signatures',
    'the same message gives the same signature (RFC 8032), another message another one',
    /the second signature/,
    () => {
      let calls = 0;
      return but(native, {
        sign: async (message) => {
          const signature = await native.sign(message);
          signature[0]! ^= calls += 1;
          return signature;
        },
      });
    },
  ],
  [
    'uses its nonce twice',
    'the same message gives the same signature (RFC 8032), another message another one',
    /must not share the R/,
    () =>
      but(native, {
        sign: async (message) => {
          const signature = await native.sign(message);
          signature.fill(7, 0, 32);
          return signature;
        },
      }),
  ],
  [
    'cannot sign nothing',
    'an empty message can be signed',
    /sign of nothing|no bytes|RangeError|empty/,
    () =>
      but(native, {
        sign: async (message) => {
          if (message.length === 0) throw new RangeError('an empty message');
          return await native.sign(message);
        },
      }),
  ],
  [
    'cuts long messages off',
    'a message of 1 MiB can be signed',
    /the signature of 1 MiB must hold/,
    () => but(native, { sign: (message) => native.sign(message.subarray(0, 65_536)) }),
  ],
  [
    'signs the buffer around the message',
    'a message may lie inside a larger buffer',
    /the signature of a part must hold/,
    () => but(native, { sign: (message) => native.sign(new Uint8Array(message.buffer)) }),
  ],
  [
    'mixes up calls made at once',
    'of many signatures at once each is of its own message',
    /signature 1 of 64 must hold/,
    () => {
      let latest = new Uint8Array();
      return but(native, {
        sign: async (message) => {
          latest = Uint8Array.from(message);
          await Promise.resolve();
          return await native.sign(latest);
        },
      });
    },
  ],
  [
    'reads the message late',
    'the message is read at the call, and left alone',
    /the signature of a buffer used again must hold/,
    () =>
      but(native, {
        sign: async (message) => {
          await new Promise((resolve) => setImmediate(resolve));
          return await native.sign(message);
        },
      }),
  ],
  [
    'wipes the message when it has signed',
    'the message is read at the call, and left alone',
    /the message after the call/,
    () =>
      but(native, {
        sign: async (message) => {
          const signature = signatureOf(message, privateKey);
          message.fill(0);
          return signature;
        },
      }),
  ],
  [
    'hands out one buffer again and again',
    'a signature belongs to whoever asked for it',
    /a signature after the next one/,
    () => {
      const buffer = new Uint8Array(64);
      return but(native, {
        sign: async (message) => {
          buffer.set(await native.sign(message));
          return buffer;
        },
      });
    },
  ],
  [
    'throws at once',
    'what is no message is refused by the promise, never thrown at once',
    /sign must not throw at once, but threw a TypeError/,
    () => but(native, { sign: (message) => Promise.resolve(signatureOf(message, privateKey)) }),
  ],
  [
    'signs what is no message',
    'what is no message is refused by the promise, never thrown at once',
    /what is no message must not be signed/,
    () =>
      but(native, {
        sign: (message) =>
          native.sign(Uint8Array.from((message as Uint8Array | [] | undefined) ?? [])),
      }),
  ],
  [
    'hangs',
    'a signature holds under publicKey by the strict rule',
    /sign did not happen within/,
    () => but(native, { sign: () => new Promise(() => undefined) }),
  ],
  [
    'signs on after close',
    'after close every method of a signer fails with CLOSED',
    /sign of a signer after close must fail with CLOSED, but it succeeded/,
    () => ({ ...session(native), sign: (message) => native.sign(message) }),
  ],
  [
    'closes only once',
    'a second close of a signer changes nothing',
    /closed already/,
    () => {
      let open = true;
      const close = async (): Promise<void> => {
        if (!open) throw new Error('closed already');
        open = false;
      };
      return { ...native, close } as Signer;
    },
  ],
];

/** Ways to show a private key. */
const leaks: [how: string, at: RegExp, make: () => Signer][] = [
  ['a member', /as a member, at \.seed/, () => ({ ...native, seed }) as Signer],
  ['a hidden member', /at \.d/, () => Object.defineProperty({ ...native }, 'd', { value: seed })],
  ['a symbol', /at \.Symbol\(key\)/, () => ({ ...native, [Symbol('key')]: toBase64url(seed) })],
  [
    'an accessor of its class',
    /at \.secret/,
    () => {
      class Leaky {
        readonly algorithm = native.algorithm;
        readonly keyId = native.keyId;
        readonly publicKey = native.publicKey;
        readonly sign = (message: Uint8Array): Promise<Bytes> => native.sign(message);
        get secret(): string {
          return toHex(seed);
        }
      }
      return new Leaky();
    },
  ],
  [
    'a PKCS #8 file in its options',
    /at \.options\.pem/,
    () => {
      const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
      return { ...native, options: { pem } } as Signer;
    },
  ],
  [
    'an entry of a map',
    /at \.keys\.entries/,
    () => ({ ...native, keys: new Map([['main', [...seed]]]) }) as Signer,
  ],
  ['a number', /at \.d/, () => ({ ...native, d: BigInt(`0x${toHex(seed)}`) }) as Signer],
  ['a key of Node', /at \.key\.export\(\)\.d/, () => ({ ...native, key: privateKey }) as Signer],
  [
    'a key of WebCrypto that can be exported',
    /at \.key/,
    () => {
      const key = { type: 'private', extractable: true, algorithm: { name: 'Ed25519' } };
      return { ...native, key } as Signer;
    },
  ],
  ['its text', /as text/, () => ({ ...native, toString: () => `key ${toBase64url(seed)}` })],
  [
    'its JSON',
    /as JSON/,
    () => ({ ...native, toJSON: () => ({ jwk: { d: toBase64url(seed) } }) }) as Signer,
  ],
  [
    'what an inspector is told',
    /as an inspector/,
    () => ({
      ...native,
      [Symbol.for('nodejs.util.inspect.custom')]: () => `Signer <${toHex(seed)}>`,
    }),
  ],
  [
    'its errors',
    /as an error/,
    () =>
      but(native, {
        sign: async (message: Uint8Array | undefined) => {
          if (message === undefined) throw new Error(`cannot sign with ${toHex(seed)}`);
          return await native.sign(message);
        },
      }),
  ],
];

const secrecy =
  'the private key does not show: not as a member, in JSON, under an inspector, or in an error';

describe('the conformance kit of signers', () => {
  describe.each([
    ['the signer of an identity', async () => (await Identity.create()).signer],
    ['the signer of a bare key', async () => (await Identity.create({ did: 'did:key' })).signer],
    ["a signer over Node's crypto", () => native],
    ['a signer that can be closed', () => session(native)],
  ] as const)('passes %s', (_, make) => {
    for (const { name, run } of signerConformance(make)) it(name, run);
  });

  it.each(faults)('catches a signer that %s', async (_, law, said, make) => {
    const cases = signerConformance(make, { timeoutMs: 400 });
    const found = await caught(cases.filter(({ name }) => name === law));
    expect(found.get(law)).toMatch(said);
  });

  it.each(leaks)('catches a private key that shows as %s', async (_, at, make) => {
    const found = await caught(signerConformance(make));
    expect([...found.keys()]).toEqual([secrecy]);
    expect(found.get(secrecy)).toMatch(at);
  });

  it('lets another provider judge', async () => {
    expect(await caught(signerConformance(() => native, { crypto: nobleCrypto }))).toEqual(
      new Map(),
    );
    const strict = but(nobleCrypto, { verify: () => false });
    const found = await caught(signerConformance(() => native, { crypto: strict }));
    expect([...found.keys()]).toContain('an empty message can be signed');
  });

  it('has a name for every law, and no name twice', () => {
    const names = signerConformance(() => native).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('closes what it was given, even when a law is broken', async () => {
    let open = 0;
    const make = (): Signer => {
      open += 1;
      const signer = session(but(native, { publicKey: new Uint8Array(32) }));
      let counted = true;
      return {
        ...signer,
        close: async () => {
          if (counted) open -= 1;
          counted = false;
          await signer.close();
        },
      } as Signer;
    };
    expect((await caught(signerConformance(make))).size).toBeGreaterThan(5);
    expect(open).toBe(0);
  });
});
