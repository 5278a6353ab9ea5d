/**
 * Writes the next entry of an own history.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import { splitDidUrl } from '../../../base/ids.ts';
import {
  type CompromisedKey,
  type DidLog,
  type DidLogEntry,
  didLogLimits,
  didLogShape,
} from '../../../schema/did-log.ts';
import { type Signed, sign } from '../../../schema/signed.ts';
import { toInstant } from '../../../schema/words.ts';
import { type OwnKey, signerFor } from '../own/own-key.ts';
import { clockSkewMs, commitmentTo, entryHash } from './did-log-rules.ts';
import { recoveryKeysOf } from './key-periods.ts';

/** A key that got into wrong hands. */
export interface CompromiseClaim {
  /** Its id, or its Multikey. */
  readonly key: string;
  /** From when on nothing it signed is to be believed. */
  readonly from: string | Date;
}

/** What the entry says. */
export interface EntryPlan {
  /** Multikeys in use from now on. */
  readonly keys: readonly string[];
  /** Multikeys to commit to. */
  readonly next: readonly string[];
  readonly reason: string | undefined;
  readonly compromised?: readonly CompromiseClaim[] | undefined;
  /** Multikeys to commit to for recovery. Default: those there are. */
  readonly recovery?: readonly string[] | undefined;
  readonly deactivated?: boolean | undefined;
}

/**
 * `log` with an entry more, signed by `key`. Throws `SCHEMA_INVALID` for a plan nobody could read, `KEY_INVALID` for recovery keys that are none, `CLOCK_INVALID` when `now` lies before the newest entry, and
 * `LIMIT_EXCEEDED` when the history is full; its last place is for a recovery or the end.
 */
export async function withEntry(
  log: DidLog,
  plan: EntryPlan,
  key: OwnKey,
  now: number,
  last = false,
): Promise<DidLog> {
  const before = log.at(-1)!;
  const room = didLogLimits.entries - (last ? 0 : 1);
  if (log.length >= room) {
    const what = `the history of ${before.did}`;
    throw new MeshError('LIMIT_EXCEEDED', { what, limit: room, got: log.length + 1 });
  }
  const entry = entryOf(before, plan, timeAfter(before, now));
  const signed = await sign('did-log', entry, signerFor(before.did, key));
  return [...log, ...didLogShape([signed], 'entry')];
}

function entryOf(before: Signed<DidLogEntry>, plan: EntryPlan, at: string): DidLogEntry {
  const named = plan.recovery && recoveryKeysOf(plan.recovery);
  const recovery = named?.map(commitmentTo) ?? before.recovery ?? [];
  const compromised = (plan.compromised ?? []).map((claim) => compromisedKey(claim));
  return {
    format: 1,
    did: before.did,
    version: before.version + 1,
    previous: entryHash(before),
    at,
    keys: plan.keys,
    next: plan.next.map(commitmentTo),
    ...(recovery.length > 0 && { recovery }),
    ...(compromised.length > 0 && { compromised }),
    ...(plan.reason !== undefined && { reason: plan.reason }),
    ...(plan.deactivated === true && { deactivated: true }),
  };
}

/** A clock that is a little behind is forgiven: time in a history never goes back. */
function timeAfter({ at }: DidLogEntry, now: number): string {
  if (now >= Date.parse(at)) return toInstant(now);
  if (now + clockSkewMs >= Date.parse(at)) return at;
  const detail = `the newest entry is of ${at}`;
  throw new MeshError('CLOCK_INVALID', { now: toInstant(now), detail });
}

function compromisedKey({ key, from }: CompromiseClaim): CompromisedKey {
  const at = from instanceof Date ? from.getTime() : Date.parse(from);
  if (Number.isNaN(at)) {
    const params = { argument: 'compromised.from', expected: 'a time', got: String(from) };
    throw new MeshError('INVALID_ARGUMENT', params);
  }
  return { key: key.includes('#') ? splitDidUrl(key).fragment : key, from: toInstant(at) };
}
