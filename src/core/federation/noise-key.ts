/**
 * The bridge from a DID to a session: a document in which a DID's key vouches for the static Noise key of one node.
 * @module
 */
import { equalBytes, fromBase64url, toBase64url } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import { integer, object, type Shape, text } from '../../base/shape.ts';
import type { Signer } from '../../ports/signer.ts';
import {
  type ProofVerifier,
  proofShape,
  type Signed,
  sign,
  verifySigned,
} from '../../schema/signed.ts';
import { did, instant, name, toInstant } from '../../schema/words.ts';

/** Which static key a node of `did` uses, and for how long. */
export interface NoiseKey {
  readonly format: 1;
  readonly did: Did;
  /** X25519 public key, base64url. */
  readonly staticKey: string;
  /** Name of the node among its organisation's. */
  readonly node: string;
  readonly notBefore: string;
  readonly notAfter: string;
}

/** Difference between two clocks that is forgiven, in milliseconds. */
export const clockSkewMs = 60_000;

/** Parser of signed Noise keys. */
export const noiseKeyShape: Shape<Signed<NoiseKey>> = object({
  format: integer({ min: 1, max: 1 }),
  did,
  staticKey: text({ min: 43, max: 43 }),
  node: name,
  notBefore: instant,
  notAfter: instant,
  proof: proofShape,
}) as unknown as Shape<Signed<NoiseKey>>;

/** Signs that `staticKey` belongs to `node` of the signer's DID from `from` for `forMs`. */
export function signNoiseKey(
  about: { readonly did: Did; readonly node: string; readonly staticKey: Uint8Array },
  signer: Signer,
  from: number,
  forMs: number,
): Promise<Signed<NoiseKey>> {
  const { did: holder, node, staticKey } = about;
  const [notBefore, notAfter] = [toInstant(from), toInstant(from + forMs)];
  const key = toBase64url(staticKey);
  return sign(
    'noise-key',
    { format: 1, did: holder, staticKey: key, node, notBefore, notAfter },
    signer,
  );
}

/** Throws unless `key` vouches, now, for the static key the handshake has proven. */
export async function checkNoiseKey(
  key: Signed<NoiseKey>,
  proven: Uint8Array,
  verify: ProofVerifier,
  now: number,
): Promise<void> {
  if (!equalBytes(fromBase64url(key.staticKey, 'proof.staticKey'), proven)) {
    throw new MeshError('SIGNATURE_INVALID', { what: `the session key of ${key.did}` });
  }
  const started = Date.parse(key.notBefore) - clockSkewMs <= now;
  if (!started || Date.parse(key.notAfter) + clockSkewMs < now) {
    const detail = `valid from ${key.notBefore} to ${key.notAfter}`;
    throw new MeshError('KEY_INVALID', { key: `the session key of ${key.did}`, detail });
  }
  await verifySigned('noise-key', key, key.did, verify);
}
