/**
 * Did this identity sign that?
 * @module
 */
import { utf8 } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import { type Did, didMethod } from '../../base/ids.ts';
import type { PublicKey } from '../../ports/crypto.ts';
import { type DidLog, didLogShape } from '../../schema/did-log.ts';
import { verifyDidLog } from './methods/did-mesh.ts';
import { possibleSigners, signatureKey } from './methods/key-periods.ts';
import type { IdentityGround } from './own/identity-ledger.ts';

/** Options of `Identity.verify`. */
export interface VerifyOptions {
  /** The history of a did:mesh. Default: that of an identity this process has opened. */
  readonly log?: DidLog | undefined;
  /** When the signed data is known to have been there, by a clock or log of your own: the key of that time must have signed. */
  readonly at?: Date | string | undefined;
}

/** Whether `signature` of `data` is by a key of `did`. Throws `DID_UNREACHABLE` without its history, `DID_INVALID` for a wrong one. */
export async function verifyData(
  { crypto, clock }: Pick<IdentityGround, 'crypto' | 'clock'>,
  did: Did,
  data: string | Uint8Array,
  signature: Uint8Array,
  { log, at }: VerifyOptions,
): Promise<boolean> {
  const keys = await signersOf(did, log, timeOf(at), { crypto, clock });
  const message = typeof data === 'string' ? utf8(data) : data;
  for (const key of keys) {
    if (await crypto.verify(key, message, signature)) return true;
  }
  return false;
}

async function signersOf(
  did: Did,
  log: DidLog | undefined,
  at: number | undefined,
  { crypto, clock }: Pick<IdentityGround, 'crypto' | 'clock'>,
): Promise<readonly PublicKey[]> {
  const method = didMethod(did);
  if (method === 'key') return [signatureKey(did.slice('did:key:'.length))];
  if (method !== 'mesh') throw new MeshError('DID_METHOD_UNKNOWN', { method });
  if (log === undefined) {
    throw new MeshError('DID_UNREACHABLE', { did, detail: 'pass its history as `log`' });
  }
  const checked = didLogShape(log, 'log');
  await verifyDidLog(checked, crypto, clock.now());
  if (checked[0]?.did !== did)
    throw new MeshError('DID_INVALID', { did, detail: 'not the history of it' });
  return possibleSigners(checked, at);
}

function timeOf(at: Date | string | undefined): number | undefined {
  if (at === undefined) return undefined;
  const ms = at instanceof Date ? at.getTime() : Date.parse(at);
  if (!Number.isNaN(ms)) return ms;
  throw new MeshError('INVALID_ARGUMENT', { argument: 'at', expected: 'a time', got: String(at) });
}
