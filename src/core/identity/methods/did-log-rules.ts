/**
 * What an entry of a did:mesh history may say after those before it; see docs/protocol/did-mesh.md, "Read". Signatures and the
 * identifier's hash are checked elsewhere.
 * @module
 */
import { utf8 } from '../../../base/bytes.ts';
import { canonicalBytes } from '../../../base/canonical.ts';
import { splitDidUrl } from '../../../base/ids.ts';
import { multihashOf } from '../../../base/multiformat.ts';
import type { DidLog, DidLogEntry } from '../../../schema/did-log.ts';
import type { Signed } from '../../../schema/signed.ts';

/** A clock elsewhere may be this far ahead of ours, in milliseconds. */
export const clockSkewMs = 60_000;

/** What an entry shows of a key before the key itself is shown. */
export function commitmentTo(multikey: string): string {
  return multihashOf(utf8(multikey));
}

/** The name by which the next entry refers to this one. */
export function entryHash(entry: Signed<DidLogEntry>): string {
  return multihashOf(canonicalBytes(entry));
}

/** Whether `entry` is signed by a recovery key that `before` names. */
export function isRecovery(entry: Signed<DidLogEntry>, before: DidLogEntry | undefined): boolean {
  const { fragment } = splitDidUrl(entry.proof.keyId);
  return before?.recovery?.includes(commitmentTo(fragment)) === true;
}

/** Whether `part` is the beginning of `whole`; signatures stand for entries, since each covers all before it. */
export function isPrefix(part: DidLog, whole: DidLog): boolean {
  if (part.length > whole.length) return false;
  return part.every((entry, i) => entry.proof.signature === whole[i]?.proof.signature);
}

/** What is wrong with `entry` after the checked entries `earlier`; undefined when nothing is. */
export function entryProblem(
  entry: Signed<DidLogEntry>,
  earlier: DidLog,
  now: number,
): string | undefined {
  const before = earlier.at(-1);
  return (
    (entry.keys.length === 0 ? 'has no key' : undefined) ??
    timeProblem(entry, before, now) ??
    (before === undefined ? firstProblem(entry) : linkProblem(entry, before)) ??
    signerProblem(entry, before) ??
    keysProblem(entry, earlier) ??
    compromiseProblem(entry, earlier)
  );
}

function timeProblem(
  { at }: DidLogEntry,
  before: DidLogEntry | undefined,
  now: number,
): string | undefined {
  if (Date.parse(at) > now + clockSkewMs) return 'lies in the future';
  if (before !== undefined && Date.parse(at) < Date.parse(before.at)) {
    return 'is older than its predecessor';
  }
  return undefined;
}

function firstProblem({ version, previous, compromised }: DidLogEntry): string | undefined {
  if (version !== 1 || previous !== undefined) return 'is not a first entry';
  return compromised === undefined ? undefined : 'takes back keys, but is the first';
}

function linkProblem(entry: DidLogEntry, before: Signed<DidLogEntry>): string | undefined {
  if (entry.did !== before.did || entry.version !== before.version + 1) return 'does not follow';
  return entry.previous === entryHash(before) ? undefined : 'names another predecessor';
}

/** Ordinary entries are signed by one of their own keys, all of which were committed to; recovering ones by a recovery key. */
function signerProblem(
  entry: Signed<DidLogEntry>,
  before: DidLogEntry | undefined,
): string | undefined {
  const { did, fragment } = splitDidUrl(entry.proof.keyId);
  if (did !== entry.did) return 'is not signed by its keys';
  if (isRecovery(entry, before)) {
    const again = entry.recovery?.includes(commitmentTo(fragment)) === true;
    return again ? 'keeps a recovery key that is spent' : undefined;
  }
  if (!entry.keys.includes(fragment)) return 'is not signed by its keys';
  return before === undefined ? undefined : ordinaryProblem(entry, before);
}

function ordinaryProblem(entry: DidLogEntry, before: DidLogEntry): string | undefined {
  if (before.deactivated === true) return 'follows the end';
  if (!entry.keys.every((key) => before.next.includes(commitmentTo(key)))) {
    return 'uses a key that was not committed to';
  }
  const kept = before.recovery ?? [];
  const same = kept.length === 0 || String(entry.recovery) === String(kept);
  return same ? undefined : 'changes the recovery keys without one of them';
}

/** Each key serves in one entry only, so the time of each key is one span. */
function keysProblem({ keys }: DidLogEntry, earlier: DidLog): string | undefined {
  const used = earlier.flatMap((one) => one.keys);
  const fresh = new Set(keys).size === keys.length && !keys.some((key) => used.includes(key));
  return fresh ? undefined : 'uses a key again';
}

function compromiseProblem(
  { at, compromised = [] }: DidLogEntry,
  earlier: DidLog,
): string | undefined {
  const used = new Set(earlier.flatMap(({ keys }) => keys));
  if (!compromised.every(({ key }) => used.has(key))) return 'takes back a key that never was one';
  const ahead = compromised.some(({ from }) => Date.parse(from) > Date.parse(at));
  return ahead ? 'takes back a key from a time to come' : undefined;
}
