/**
 * The keys of one organisation and the DID they prove.
 * @module
 */
import { type Bytes, fromBase64url, fromUtf8, toBase64url, utf8 } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import { type Did, type DidUrl, parseMeshDid } from '../../base/ids.ts';
import { toMultikey } from '../../base/multiformat.ts';
import { object, parseJson, refused, type Shape, text } from '../../base/shape.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider, SigningKey } from '../../ports/crypto.ts';
import type { Random } from '../../ports/random.ts';
import type { Signer } from '../../ports/signer.ts';
import type { Store } from '../../ports/store.ts';
import type { DidDocument } from '../../schema/did-document.ts';
import { type DidLog, didLogShape } from '../../schema/did-log.ts';
import { toInstant } from '../../schema/words.ts';
import {
  documentOf,
  type Inception,
  incept,
  meshDidOf,
  meshDocument,
  verifyDidLog,
} from './did-mesh.ts';

/** What an identity needs from the ground. */
export interface IdentityGround {
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: CryptoProvider;
}

/** How much stands behind a name: the holder's word, a web domain, a verified organisation. */
export type IdentityLevel = 'self-asserted' | 'domain' | 'organisation';

/** Options of `Identity.create`. */
export interface CreateIdentityOptions {
  /** Petname `did:mesh:<type>:<label>`, or `did:key` for a bare key. Default `did:mesh:app:local`. */
  readonly did?: string;
}

/** Options of `Identity.open`. */
export interface OpenIdentityOptions extends CreateIdentityOptions {
  /** Create it when the store holds none. Default false: `NOT_FOUND`. */
  readonly create?: boolean;
}

/** One public key of an identity and when it may sign. */
export interface IdentityKey {
  readonly id: DidUrl;
  readonly validFrom: string;
  readonly validTo?: string;
}

/** An organisation's DID with the keys behind it. Made by `Identity.create` or `Identity.open`. */
export class Identity {
  readonly did: Did;
  /** `self-asserted`: only the holder vouches for the label. */
  readonly level: IdentityLevel = 'self-asserted';
  /** Signs in the name of this identity. */
  readonly signer: Signer;
  /** The history that proves the DID; empty for did:key. */
  readonly log: DidLog;

  /** @internal */
  constructor(did: Did, signer: Signer, log: DidLog) {
    this.did = did;
    this.signer = signer;
    this.log = log;
  }

  /** Public keys, oldest first. */
  get keys(): readonly IdentityKey[] {
    if (this.log.length === 0) return [{ id: this.signer.keyId, validFrom: toInstant(0) }];
    return this.log.flatMap((entry, i) => {
      const ended = this.log[i + 1]?.at;
      const end = ended === undefined ? {} : { validTo: ended };
      return entry.keys.map((key) => ({
        id: `${this.did}#${key}` as const,
        validFrom: entry.at,
        ...end,
      }));
    });
  }

  /** Signature over `data` (text as UTF-8). */
  sign(data: string | Uint8Array): Promise<Bytes> {
    return this.signer.sign(typeof data === 'string' ? utf8(data) : data);
  }

  /** The DID document others get. */
  toDidDocument(): DidDocument {
    if (this.log.length > 0) return meshDocument(this.log);
    return documentOf(this.did, [toMultikey('Ed25519', this.signer.publicKey)]);
  }
}

/** A new identity that lives in memory. */
export async function createIdentity(
  ground: IdentityGround,
  options: CreateIdentityOptions = {},
): Promise<Identity> {
  return (await mint(ground, options)).identity;
}

const storeKey = 'identity/self';

/**
 * The identity kept in `store`, or a new one. The private keys stand in the store in clear: keep the store private.
 * Throws `NOT_FOUND` without `create`, `IDENTITY_MISMATCH` when the store belongs to another name.
 */
export async function openIdentity(
  ground: IdentityGround,
  store: Store,
  options: OpenIdentityOptions = {},
): Promise<Identity> {
  const kept = await store.get(storeKey);
  if (kept !== undefined) return restore(ground, kept.value, options);
  if (options.create !== true) {
    throw new MeshError('NOT_FOUND', { what: 'the identity', id: options.did ?? storeKey });
  }
  const { identity, secrets } = await mint(ground, options);
  const value = utf8(
    JSON.stringify({ format: 1, did: identity.did, ...secrets, log: identity.log }),
  );
  const condition = [{ key: storeKey, revision: null }];
  const commit = await store.write([{ put: storeKey, value }], { if: condition });
  // Somebody else created it in between: theirs is the one.
  return commit.ok ? identity : openIdentity(ground, store, options);
}

interface Secrets {
  readonly seed: string;
  readonly nextSeed: string;
}

async function mint(
  ground: IdentityGround,
  { did = 'did:mesh:app:local' }: CreateIdentityOptions,
): Promise<{ identity: Identity; secrets: Secrets }> {
  const random = ground.random.child('identity');
  const [seed, nextSeed] = [random.bytes(32), random.bytes(32)];
  const secrets = { seed: toBase64url(seed), nextSeed: toBase64url(nextSeed) };
  const key = ground.crypto.signingKey(seed);
  const multikey = toMultikey('Ed25519', key.publicKey);
  if (did === 'did:key') {
    return {
      identity: new Identity(
        `did:key:${multikey}`,
        signerOf(ground, `did:key:${multikey}`, key),
        [],
      ),
      secrets,
    };
  }
  const petname = asPetname(did);
  const next = toMultikey('Ed25519', ground.crypto.signingKey(nextSeed).publicKey);
  const at = toInstant(ground.clock.now());
  const inception: Inception = { petname, at, keys: [multikey], nextKeys: [next] };
  const signer = signerOf(ground, meshDidOf(inception), key);
  const log = [await incept(inception, signer)];
  return { identity: new Identity(meshDidOf(inception), signer, log), secrets };
}

async function restore(
  ground: IdentityGround,
  value: Uint8Array,
  { did: wanted }: OpenIdentityOptions,
): Promise<Identity> {
  const kept = parseJson(fromUtf8(value), keptShape, 'identity');
  const key = ground.crypto.signingKey(kept.seed);
  const multikey = toMultikey('Ed25519', key.publicKey);
  const newest = kept.log.at(-1);
  const own = newest?.did ?? `did:key:${multikey}`;
  const petname = own.slice(0, own.lastIndexOf(':'));
  if (wanted !== undefined && wanted !== own && wanted !== petname) {
    throw new MeshError('IDENTITY_MISMATCH', { expected: wanted, got: own });
  }
  if (newest?.keys.includes(multikey) === false) {
    const detail = 'its key is not a key of its log';
    throw new MeshError('STORE_CORRUPT', { store: storeKey, detail });
  }
  if (kept.log.length > 0) await verifyDidLog(kept.log, ground.crypto, ground.clock.now());
  return new Identity(own, signerOf(ground, own, key), kept.log);
}

/** 32 secret bytes; what stands there instead is never shown, since it may be most of a secret. */
const seedShape: Shape<Bytes> = (value, at) => {
  try {
    const seed = fromBase64url(text({ max: 64 })(value, at));
    if (seed.length === 32) return seed;
  } catch {
    // Refused below, without the cause, which would show it.
  }
  throw refused(at, 'a seed of 32 bytes', 'something else');
};

const keptShape = object({ seed: seedShape, nextSeed: seedShape, log: didLogShape });

function signerOf({ crypto }: IdentityGround, did: Did, key: SigningKey): Signer {
  return {
    algorithm: 'EdDSA',
    keyId: `${did}#${toMultikey('Ed25519', key.publicKey)}`,
    publicKey: key.publicKey,
    sign: async (message) => await crypto.sign(key, message),
  };
}

function asPetname(did: string): Did {
  const { type, label, scid } = parseMeshDid(did);
  if (scid !== undefined) {
    const detail = 'a new identity gets its own last segment';
    throw new MeshError('DID_INVALID', { did, detail });
  }
  return `did:mesh:${type}:${label}`;
}
