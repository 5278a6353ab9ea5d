/**
 * The key pairs of an identity: made from chance and kept as seeds, or held by somebody else, such as an HSM.
 * @module
 */
import type { Bytes } from '../../../base/bytes.ts';
import { MeshError } from '../../../base/errors.ts';
import type { Did } from '../../../base/ids.ts';
import { toMultikey } from '../../../base/multiformat.ts';
import type { CryptoProvider } from '../../../ports/crypto.ts';
import type { Random } from '../../../ports/random.ts';
import type { KeySigner, Signer } from '../../../ports/signer.ts';

/** A key pair of ours. */
export interface OwnKey {
  readonly multikey: string;
  readonly signer: KeySigner;
  /** The secret, where this process holds it. */
  readonly seed?: Bytes;
}

/** A key that may not be at hand. */
export interface KeptKey {
  readonly multikey: string;
  readonly seed?: Bytes | undefined;
}

/**
 * Gives the key named by its Multikey; without a name a new one, which will be asked for again when the identity rotates to
 * it.
 */
export type NextSigner = (multikey?: string) => Promise<KeySigner>;

/** Where keys come from. */
export interface KeySource {
  /** A new key, named by `purpose`; undefined where none can be had. */
  make(purpose: string): Promise<OwnKey | undefined>;
  /** A key that was made before; throws `KEY_INVALID` when it cannot be found. */
  find(kept: KeptKey): Promise<OwnKey>;
  /** The key that a kept secret gives. */
  named(seed: Bytes): Promise<KeptKey>;
}

/** Key types of did:mesh: those whose signatures have 64 bytes. */
const types = { EdDSA: 'Ed25519', ES256: 'P-256', ES256K: 'secp256k1' } as const;

/** Keys made from chance: the two of the beginning one after the other, each later one by its name. */
export function seedSource(crypto: CryptoProvider, random: Random): KeySource {
  return {
    make: (purpose) => {
      const beginning = purpose === firstPurpose || purpose === secondPurpose;
      return seedKey(crypto, (beginning ? random : random.child(purpose)).bytes(32));
    },
    named: (seed) => seedKey(crypto, seed),
    find: async ({ multikey, seed }) => {
      const key = seed && (await seedKey(crypto, seed));
      if (key?.multikey === multikey) return key;
      throw unfound(multikey);
    },
  };
}

/** The Ed25519 key of a seed. */
export async function seedKey(crypto: CryptoProvider, seed: Bytes): Promise<OwnKey> {
  const key = await (crypto.keyPair?.(seed) ?? crypto.signingKey(seed));
  const sign = async (message: Uint8Array): Promise<Bytes> => await crypto.sign(key, message);
  const signer: KeySigner = { algorithm: 'EdDSA', publicKey: key.publicKey, sign };
  return { multikey: toMultikey('Ed25519', key.publicKey), signer, seed };
}

/** Keys that somebody else holds. */
export function foreignSource(signer: KeySigner, next: NextSigner | undefined): KeySource {
  const first = foreignKey(signer);
  let given = false;
  return {
    make: async (purpose) => {
      if (purpose === firstPurpose && !given) {
        given = true;
        return first;
      }
      return next && foreignKey(await next());
    },
    named: (seed) => Promise.resolve({ multikey: '', seed }),
    find: async ({ multikey }) => {
      if (first.multikey === multikey) return first;
      const key = next && foreignKey(await next(multikey));
      if (key?.multikey === multikey) return key;
      throw unfound(multikey);
    },
  };
}

/** Purposes of the keys an identity begins with. */
export const [firstPurpose, secondPurpose] = ['key-1', 'key-2'] as const;

/** `key` signing in the name of `did`. */
export function signerFor(did: Did, { multikey, signer }: OwnKey): Signer {
  return {
    algorithm: signer.algorithm,
    keyId: `${did}#${multikey}`,
    publicKey: signer.publicKey,
    sign: (message) => signer.sign(message),
  };
}

function foreignKey(signer: KeySigner): OwnKey {
  const { algorithm, publicKey } = signer;
  if (algorithm in types) {
    return { multikey: toMultikey(types[algorithm as keyof typeof types], publicKey), signer };
  }
  const detail = `did:mesh takes ${Object.keys(types).join(', ')}`;
  throw new MeshError('KEY_INVALID', { key: algorithm, detail });
}

function unfound(multikey: string): MeshError {
  return new MeshError('KEY_INVALID', { key: multikey, detail: 'nobody here holds it' });
}
