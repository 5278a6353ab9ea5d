import { utf8 } from '../../../src/base/bytes.ts';
import type { Did } from '../../../src/base/ids.ts';
import { multihashOf, toMultikey } from '../../../src/base/multiformat.ts';
import type { IdentityGround } from '../../../src/core/identity/index.ts';
import { entryHash } from '../../../src/core/identity/methods/did-log-rules.ts';
import { type Inception, incept, meshDidOf } from '../../../src/core/identity/methods/did-mesh.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import type { DidLogEntry } from '../../../src/schema/did-log.ts';
import { type Signed, sign } from '../../../src/schema/signed.ts';
import { toInstant } from '../../../src/schema/words.ts';
import { seededRandom } from '../../../src/testing/seeded-random.ts';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';

export const start = Date.UTC(2030, 0, 1);
export const clock = virtualClock(start);

/** The ground of one node. */
export function groundOf(seed: number | string): IdentityGround {
  return { clock, crypto: nodeCrypto, random: seededRandom(seed) };
}

export type Log = readonly Signed<DidLogEntry>[];

/** The key number `n`. */
export function keyOf(n: number) {
  const key = nodeCrypto.signingKey(new Uint8Array(32).fill(n));
  const multikey = toMultikey('Ed25519', key.publicKey);
  const signerFor = (did: Did) => ({
    keyId: `${did}#${multikey}` as const,
    sign: (message: Uint8Array) => Promise.resolve(nodeCrypto.sign(key, message)),
  });
  return { key, multikey, signerFor };
}

export const multikeys = (numbers: readonly number[]) => numbers.map((n) => keyOf(n).multikey);
export const commitments = (numbers: readonly number[]) =>
  multikeys(numbers).map((multikey) => multihashOf(utf8(multikey)));

/** Something that happens to an identifier, made of small numbers. */
export interface Step {
  readonly kind: 'rotate' | 'recover' | 'end' | 'compromise';
  /** Milliseconds since the entry before. */
  readonly after: number;
  /** Which earlier key is taken back, and from how long ago on. */
  readonly which: number;
  readonly ago: number;
}

/** Number of the recovery key of entry `version`. */
export const recoveryKey = (version: number) => 100 + version;

/**
 * A history made of `steps`: entry n has key n, commits to key n + 1, and has a recovery key of its own. What cannot follow an
 * end is left out.
 */
export async function grown(steps: readonly Step[]): Promise<Log> {
  const recoveryKeys = multikeys([recoveryKey(1)]);
  let log = await newLog({ at: toInstant(start - 1e9), recoveryKeys });
  let recovery = 1;
  for (const { kind, after, which, ago } of steps) {
    const before = log.at(-1)!;
    const version = log.length + 1;
    const recovers = kind === 'recover';
    if (before.deactivated === true && !recovers) continue;
    const at = toInstant(Date.parse(before.at) + after);
    const lost = { key: log[which % log.length]!.keys[0]!, from: toInstant(Date.parse(at) - ago) };
    const change: Partial<DidLogEntry> = {
      at,
      recovery: commitments([recoveryKey(recovers ? version : recovery)]),
      ...(kind === 'end' && { deactivated: true }),
      ...((kind === 'compromise' || recovers) && { compromised: [lost] }),
    };
    const signer = recovers ? recoveryKey(recovery) : version;
    log = await continued(log, { keys: [version], next: [version + 1], signer }, change);
    if (recovers) recovery = version;
  }
  return log;
}

/** A history of one entry, signed by key 1. */
export async function newLog(change: Partial<Inception> = {}): Promise<Log> {
  const inception = {
    petname: 'did:mesh:enterprise:acme' as const,
    at: toInstant(start - 10_000),
    keys: multikeys([1]),
    nextKeys: multikeys([2]),
    ...change,
  };
  return [await incept(inception, keyOf(1).signerFor(meshDidOf(inception)))];
}

/** `log` with an entry more: uses `keys`, commits to `next`, is signed by `signer`. */
export async function continued(
  log: Log,
  step: { keys: readonly number[]; next?: readonly number[]; signer?: number },
  change: Partial<DidLogEntry> = {},
): Promise<Log> {
  const before = log.at(-1)!;
  const entry: DidLogEntry = {
    format: 1,
    did: before.did,
    version: before.version + 1,
    previous: entryHash(before),
    at: toInstant(Date.parse(before.at) + 1_000),
    keys: multikeys(step.keys),
    next: commitments(step.next ?? []),
    ...change,
  };
  const signer = keyOf(step.signer ?? step.keys[0]!).signerFor(entry.did);
  return [...log, await sign('did-log', entry, signer)];
}
