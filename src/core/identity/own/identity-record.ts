/**
 * What a store holds of an identity: its history, and its keys in clear, sealed, or not at all.
 * @module
 */
import { type Bytes, fromBase64url, fromUtf8, toBase64url, utf8 } from '../../../base/bytes.ts';
import { MeshError } from '../../../base/errors.ts';
import type { Did } from '../../../base/ids.ts';
import {
  integer,
  object,
  optional,
  parseJson,
  refused,
  type Shape,
  text,
} from '../../../base/shape.ts';
import { type DidLog, didLogShape } from '../../../schema/did-log.ts';
import { did } from '../../../schema/words.ts';
import { type SealedBox, type Sealer, sealedBoxShape } from './secret-box.ts';

/** Where an identity stands in its store. */
export const storeKey = 'identity/self';

/** The secrets of the key in use and of the one committed to. */
export interface Seeds {
  readonly seed: Bytes;
  readonly nextSeed: Bytes;
}

/** What is kept. */
export interface IdentityRecord {
  readonly did: Did;
  readonly log: DidLog;
  /** Absent when somebody else holds the keys. */
  readonly seeds?: Seeds | undefined;
  /** Multikey of the key committed to, where somebody else holds it. */
  readonly nextKey?: string | undefined;
  /** Milliseconds between rotations. */
  readonly every?: number | undefined;
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

const seedsShape = object({ seed: seedShape, nextSeed: seedShape });
const recordShape = object({
  did,
  log: didLogShape,
  sealed: optional(sealedBoxShape),
  external: optional(text({ max: 128 })),
  every: optional(integer({ min: 1 })),
});

/** Bytes of a record. Its secrets are sealed when there is a `sealer`. */
export async function packRecord(
  { did: own, log, seeds, nextKey, every }: IdentityRecord,
  sealer: Sealer | undefined,
): Promise<Bytes> {
  const open = { format: 1, did: own, log, ...(every !== undefined && { every }) };
  if (seeds === undefined) return utf8(JSON.stringify({ ...open, external: nextKey ?? '' }));
  const secrets = { seed: toBase64url(seeds.seed), nextSeed: toBase64url(seeds.nextSeed) };
  if (sealer === undefined) return utf8(JSON.stringify({ ...open, ...secrets }));
  const sealed = await sealer.seal(utf8(JSON.stringify(secrets)), aboutOf(own, log));
  return utf8(JSON.stringify({ ...open, sealed }));
}

/** A record and how its secrets stood in the store. */
export interface ReadRecord extends IdentityRecord {
  readonly kept: 'clear' | 'sealed' | 'elsewhere';
}

/**
 * Reads a record. Throws `SCHEMA_INVALID` for what is none, `IDENTITY_LOCKED` when the passphrase is missing or is not the
 * one.
 */
export async function readRecord(
  value: Uint8Array,
  sealer: Sealer | undefined,
  wanted: 'all' | 'log only' = 'all',
): Promise<ReadRecord> {
  const json = fromUtf8(value, 'identity');
  const { did: own, log, sealed, external, every } = parseJson(json, recordShape, 'identity');
  const facts = { did: own, log, every };
  if (wanted === 'log only') return { ...facts, kept: 'elsewhere' };
  if (external !== undefined) {
    return { ...facts, nextKey: external === '' ? undefined : external, kept: 'elsewhere' };
  }
  if (sealed === undefined) {
    return { ...facts, seeds: parseJson(json, seedsShape, 'identity'), kept: 'clear' };
  }
  return { ...facts, seeds: await unseal(sealed, sealer, own, log), kept: 'sealed' };
}

async function unseal(
  sealed: SealedBox,
  sealer: Sealer | undefined,
  own: Did,
  log: DidLog,
): Promise<Seeds> {
  if (sealer === undefined) throw locked(own, 'a passphrase is needed');
  const secrets = await sealer.open(sealed, aboutOf(own, log));
  if (secrets === undefined) throw locked(own, 'the passphrase is another, or they were changed');
  return parseJson(fromUtf8(secrets, 'identity'), seedsShape, 'identity');
}

/** Sealed keys belong to one entry of one history. */
function aboutOf(own: Did, log: DidLog): string {
  return `mesh/identity/v1\n${own}\n${String(log.length)}\n${log.at(-1)?.proof.signature ?? ''}`;
}

function locked(own: Did, detail: string): MeshError {
  return new MeshError('IDENTITY_LOCKED', { did: own, detail });
}
