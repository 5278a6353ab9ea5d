/**
 * Which key of a did:mesh history counts when. Each instant since the first entry belongs to exactly one entry.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import { type DidUrl, splitDidUrl } from '../../../base/ids.ts';
import { fromMultikey } from '../../../base/multiformat.ts';
import type { PublicKey } from '../../../ports/crypto.ts';
import type { DidLog, DidLogEntry } from '../../../schema/did-log.ts';

/** The key of a Multikey; `KEY_INVALID` for one that cannot check signatures. */
export function signatureKey(multikey: string): PublicKey {
  const { type, publicKey } = fromMultikey(multikey);
  if (type !== 'X25519') return { type, publicKey };
  throw new MeshError('KEY_INVALID', { key: multikey, detail: 'it agrees, it does not sign' });
}

/**
 * `keys` as recovery keys. `KEY_INVALID`, which does not show them, for what could never take anything back: a secret given in place
 * of its key, say.
 */
export function recoveryKeysOf(keys: readonly string[]): readonly string[] {
  for (const key of keys) {
    try {
      signatureKey(key);
    } catch {
      const detail = 'not the Multikey of a key that signs';
      throw new MeshError('KEY_INVALID', { key: 'a recovery key', detail });
    }
  }
  return keys;
}

/** The entry in force at `at`; without `at` the newest. Undefined before the first. */
export function entryAt(log: DidLog, at: number | undefined): DidLogEntry | undefined {
  if (at === undefined) return log.at(-1);
  return log.findLast((entry) => Date.parse(entry.at) <= at);
}

/** From when on `key` is not to be believed; undefined when nobody said so. */
export function compromisedFrom(log: DidLog, key: string): number | undefined {
  const times = log.flatMap(({ compromised = [] }) =>
    compromised.filter((one) => one.key === key).map(({ from }) => Date.parse(from)),
  );
  return times.length === 0 ? undefined : Math.min(...times);
}

/** A key and its time: from the entry that has it to the next, or to the time from which on it is compromised. */
export interface KeyPeriod {
  readonly key: string;
  /** Epoch milliseconds. */
  readonly from: number;
  /** Epoch milliseconds, exclusive; undefined for a key of today. */
  readonly to: number | undefined;
}

/** The times of all keys of a checked `log`, oldest first. A key that was compromised before its time has an empty one. */
export function keyPeriods(log: DidLog): readonly KeyPeriod[] {
  return log.flatMap((entry, i) => {
    const from = Date.parse(entry.at);
    const next = log[i + 1];
    const replaced = next === undefined ? undefined : Date.parse(next.at);
    const end = entry.deactivated === true ? from : replaced;
    return entry.keys.map((key) => {
      const to = Math.min(end ?? Infinity, compromisedFrom(log, key) ?? Infinity);
      return { key, from, to: to === Infinity ? undefined : Math.max(from, to) };
    });
  });
}

/**
 * Keys of `log` that may have signed something: those valid at `at`; without a time all there ever were but those that are
 * compromised, since what they signed may be of any time.
 */
export function possibleSigners(log: DidLog, at: number | undefined): readonly PublicKey[] {
  return keyPeriods(log).flatMap(({ key }) => {
    if (at === undefined) return compromisedFrom(log, key) === undefined ? [signatureKey(key)] : [];
    return isKeyAt(log, key, at) ? [signatureKey(key)] : [];
  });
}

function isKeyAt(log: DidLog, key: string, at: number): boolean {
  try {
    signingKeyAt({ log, keyId: `${log[0]!.did}#${key}`, at });
    return true;
  } catch (error) {
    if (!MeshError.is(error)) throw error;
    return false;
  }
}

/** Which key is asked for. */
export interface KeyQuery {
  readonly log: DidLog;
  readonly keyId: DidUrl;
  /** Epoch milliseconds of an own clock or log; undefined: now. */
  readonly at: number | undefined;
  /** The entry that was the newest known here at `at`: nobody can go by news before they come. */
  readonly knownThen?: DidLogEntry | undefined;
  /** Whether the key may be one that was called compromised afterwards. Default false. */
  readonly orCompromised?: boolean;
}

/**
 * The key of a checked history, valid at `at` or now. Throws `DID_DEACTIVATED`, `KEY_REVOKED` for one that was replaced,
 * does not count yet or is compromised, `KEY_INVALID` for one that is in no entry.
 */
export function signingKeyAt(query: KeyQuery): PublicKey {
  const { log, keyId, at, knownThen, orCompromised = false } = query;
  const { did, fragment } = splitDidUrl(keyId);
  const entry = entryAt(log, at);
  if (!log.some(({ keys }) => keys.includes(fragment))) {
    throw new MeshError('KEY_INVALID', { key: fragment, detail: `no key of ${did}` });
  }
  const lost = compromisedFrom(log, fragment);
  if (!orCompromised && lost !== undefined && (at ?? Infinity) >= lost) {
    throw revoked(fragment, 'compromised');
  }
  // Within one millisecond nobody can tell what came first.
  const just = at === undefined ? undefined : entryAt(log, at - 1);
  if ([entry, just, knownThen].some((one) => isInForce(one, fragment))) {
    return signatureKey(fragment);
  }
  if (entry?.deactivated === true) throw new MeshError('DID_DEACTIVATED', { did });
  throw revoked(fragment, `no key of ${did} ${at === undefined ? 'now' : 'at that time'}`);
}

function isInForce(entry: DidLogEntry | undefined, key: string): boolean {
  return entry !== undefined && entry.deactivated !== true && entry.keys.includes(key);
}

function revoked(key: string, detail: string): MeshError {
  return new MeshError('KEY_REVOKED', { key, detail });
}

/** Changes with each entry of a history. */
export function epochOf(log: DidLog): string {
  const newest = log.at(-1);
  return newest === undefined ? '' : `${String(newest.version)}.${newest.proof.signature}`;
}
