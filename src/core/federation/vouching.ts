/**
 * When the keys of a DID change, the nodes connected in its name prove anew that they belong to it.
 * @module
 */
import { fromBase64url } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import { object } from '../../base/shape.ts';
import type { Clock } from '../../ports/clock.ts';
import { didLogShape } from '../../schema/did-log.ts';
import { attemptCall } from './caller.ts';
import { packMessage } from './inbox.ts';
import type { Keys } from './needs.ts';
import { checkNoiseKey, noiseKeyShape } from './noise-key.ts';
import type { Session } from './session.ts';

/** The method that asks a node to prove anew who it is. */
export const proveMethod = 'mesh.prove';
/** Time a node has for it; then its session ends, and a new handshake may begin. */
const proveMs = 5_000;

const answerShape = object({ proof: noiseKeyShape, log: didLogShape });

/** What a review works with. */
export interface VouchingGround {
  readonly clock: Clock;
  readonly keys: Keys;
  readonly signal: AbortSignal;
}

/** Ends `session` with `KEY_REVOKED` unless its key is vouched for by a key of today, or is within 5 s. */
export async function reviewVouching(session: Session, ground: VouchingGround): Promise<void> {
  const { keyId } = session.proof.proof;
  try {
    if ((await ground.keys.retired?.(keyId)) === true) await askProof(session, ground);
  } catch {
    const key = keyId.slice(keyId.indexOf('#') + 1);
    const detail = `no proof by a key of today within ${String(proveMs)} ms`;
    await session.leave(new MeshError('KEY_REVOKED', { key, detail }));
  }
}

async function askProof(session: Session, { clock, keys, signal }: VouchingGround): Promise<void> {
  const header = { method: proveMethod, deadlineMs: proveMs };
  const call = { carrier: session, header, body: packMessage(undefined), clock, signal };
  const { proof, log } = answerShape(await attemptCall(call), proveMethod);
  const { did } = session.peer;
  if (proof.did !== did)
    throw new MeshError('IDENTITY_MISMATCH', { expected: did, got: proof.did });
  if (log.length > 0) await keys.learn(log);
  // The static key that the handshake has proven, and no other.
  await checkNoiseKey(proof, fromBase64url(session.proof.staticKey), keys.verify, clock.now());
  session.proof = proof;
}
