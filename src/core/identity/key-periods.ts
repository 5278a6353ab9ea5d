/**
 * Which key of a did:mesh history counts when. Each instant since the first entry belongs to exactly one entry.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import { type DidUrl, splitDidUrl } from '../../base/ids.ts';
import { fromMultikey } from '../../base/multiformat.ts';
import type { PublicKey } from '../../ports/crypto.ts';
import type { DidLog, DidLogEntry } from '../../schema/did-log.ts';

/** The key of a Multikey; `KEY_INVALID` for one that cannot check signatures. */
export function signatureKey(multikey: string): PublicKey {
  const { type, publicKey } = fromMultikey(multikey);
  if (type !== 'X25519') return { type, publicKey };
  throw new MeshError('KEY_INVALID', { key: multikey, detail: 'it agrees, it does not sign' });
}

/** The entry in force at `at`; without `at` the newest. Undefined before the first. */
export function entryAt(log: DidLog, at: number | undefined): DidLogEntry | undefined {
  if (at === undefined) return log.at(-1);
  return log.findLast((entry) => Date.parse(entry.at) <= at);
}

/**
 * The key `keyId` of a checked `log`, valid at `at` or now. Throws `DID_DEACTIVATED`, `KEY_REVOKED` for one that was replaced
 * or does not count yet, `KEY_INVALID` for one that is in no entry.
 */
export function signingKeyAt(log: DidLog, keyId: DidUrl, at: number | undefined): PublicKey {
  const { did, fragment } = splitDidUrl(keyId);
  const entry = entryAt(log, at);
  if (entry?.deactivated === true) throw new MeshError('DID_DEACTIVATED', { did });
  if (entry?.keys.includes(fragment) === true) return signatureKey(fragment);
  if (log.some(({ keys }) => keys.includes(fragment))) {
    const when = at === undefined ? 'now' : 'at that time';
    throw new MeshError('KEY_REVOKED', { key: fragment, detail: `no key of ${did} ${when}` });
  }
  throw new MeshError('KEY_INVALID', { key: fragment, detail: `no key of ${did}` });
}

/** Changes with each entry of a history. */
export function epochOf(log: DidLog): string {
  const newest = log.at(-1);
  return newest === undefined ? '' : `${String(newest.version)}.${newest.proof.signature}`;
}
