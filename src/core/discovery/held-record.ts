/**
 * A record as a node holds it: read from foreign data, measured, named by its content, in order of precedence.
 * @module
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { type Bytes, toHex, utf8 } from '../../base/bytes.ts';
import { canonicalJson } from '../../base/canonical.ts';
import { MeshError } from '../../base/errors.ts';
import { compareText } from '../../base/ids.ts';
import { agentId, agentRecordShape, type SignedAgentRecord } from '../../schema/agent-record.ts';
import { signingInput } from '../../schema/signed.ts';

/** Bounds on one record. */
export const recordLimits = {
  /** Bytes of its canonical JSON, proof included. */
  bytes: 32_768,
  /** From `issuedAt` to `expiresAt`: 30 days. */
  ttlMs: 30 * 86_400_000,
} as const;

/** A well-formed record with its names. */
export interface HeldRecord {
  readonly record: SignedAgentRecord;
  /** First 16 bytes of SHA-256 of the agent's id, in hexadecimal. */
  readonly key: string;
  /** First 16 bytes of SHA-256 of what the signature covers. */
  readonly fingerprint: Bytes;
  /** Bytes of its canonical JSON. */
  readonly size: number;
  readonly expiresMs: number;
}

/**
 * Reads a record. Says nothing of its signature or of the time. Throws `SCHEMA_INVALID`, or `RECORD_INVALID` for an id
 * that does not follow from its parts, a life longer than 30 days or more than 32 KiB.
 */
export function readRecord(foreign: unknown): HeldRecord {
  const record = agentRecordShape(foreign, 'record');
  const { id, meshId, node, name } = record;
  if (id !== agentId(meshId, node, name)) throw recordInvalid(id, 'the id is not of its parts');
  const life = Date.parse(record.expiresAt) - Date.parse(record.issuedAt);
  if (life <= 0 || life > recordLimits.ttlMs) {
    throw recordInvalid(id, 'it must live for more than nothing and at most 30 days');
  }
  const size = utf8(canonicalJson(record)).length;
  if (size > recordLimits.bytes) throw recordInvalid(id, `it has ${String(size)} bytes`);
  return {
    record,
    key: keyOf(id),
    fingerprint: sha256(signingInput('agent-record', record)).slice(0, 16),
    size,
    expiresMs: Date.parse(record.expiresAt),
  };
}

/** The key of an agent's id. */
export function keyOf(id: string): string {
  return toHex(sha256(utf8(id)).subarray(0, 16));
}

/** How an incoming record stands to the one held under the same id. */
export type Standing = 'newer' | 'same' | 'older' | 'contradicts';

/** Compares two versions of one agent's record. The same sequence with different content contradicts. */
export function standingOf(incoming: HeldRecord, held: HeldRecord | undefined): Standing {
  if (held === undefined) return 'newer';
  const difference = incoming.record.sequence - held.record.sequence;
  if (difference !== 0) return difference > 0 ? 'newer' : 'older';
  return toHex(incoming.fingerprint) === toHex(held.fingerprint) ? 'same' : 'contradicts';
}

/**
 * Which of two contradicting records stays, the same on every node: the one that withdraws the agent, then the one with
 * the smaller fingerprint.
 */
export function prevails(one: HeldRecord, other: HeldRecord): boolean {
  const withdrawn = Number(one.record.withdrawn === true) - Number(other.record.withdrawn === true);
  if (withdrawn !== 0) return withdrawn > 0;
  return compareText(toHex(one.fingerprint), toHex(other.fingerprint)) < 0;
}

/** The error of a record that was refused. */
export function recordInvalid(id: string, detail: string): MeshError {
  return new MeshError('RECORD_INVALID', { id, detail });
}
