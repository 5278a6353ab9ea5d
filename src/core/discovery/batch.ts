/**
 * How records travel: some records, and once for each publisher the history that proves its keys, so that whoever
 * receives them from a third party can verify them alone.
 * @module
 */
import { fromHex, toHex } from '../../base/bytes.ts';
import { canonicalJson } from '../../base/canonical.ts';
import type { Did } from '../../base/ids.ts';
import { list, object, refused, type Shape, unknown } from '../../base/shape.ts';
import type { SignedAgentRecord } from '../../schema/agent-record.ts';
import { type DidLog, didLogShape } from '../../schema/did-log.ts';
import type { HeldRecord } from './held-record.ts';
import type { Keys } from './needs.ts';

/** Bounds on one batch. */
export const batchLimits = {
  records: 256,
  /** Bytes of its canonical JSON. */
  bytes: 524_288,
} as const;

/** Records on their way, with the histories of their publishers. */
export interface Batch {
  readonly records: readonly SignedAgentRecord[];
  readonly logs: readonly DidLog[];
}

/** A batch as it came: histories parsed, records not yet, since one bad record must not hold back the others. */
export interface ForeignBatch {
  readonly records: readonly unknown[];
  readonly logs: readonly DidLog[];
}

const keyBytes = 16;
const batchShape: Shape<ForeignBatch> = object({
  records: list(unknown, { max: batchLimits.records }),
  logs: list(didLogShape, { max: batchLimits.records }),
});

/** Reads a batch; `SCHEMA_INVALID` for what is malformed, has more than 256 records or more than 512 KiB. */
export function readBatch(foreign: unknown): ForeignBatch {
  const batch = batchShape(foreign, 'batch');
  const size = canonicalJson({ records: batch.records, logs: batch.logs }).length;
  if (size > batchLimits.bytes) throw refused('batch', 'at most 512 KiB', size);
  return batch;
}

/** The longest beginning of `records` that fits into one batch, at least one record. */
export async function packBatch(
  records: readonly HeldRecord[],
  logOf: Keys['logOf'],
): Promise<Batch> {
  const logs = new Map<Did, DidLog | undefined>();
  const packed: SignedAgentRecord[] = [];
  let size = 64;
  for (const { record, size: recordSize } of records.slice(0, batchLimits.records)) {
    const { meshId } = record;
    const log = logs.has(meshId) ? undefined : await logOf(meshId);
    size += recordSize + 1 + (log === undefined ? 0 : canonicalJson(log).length + 1);
    if (packed.length > 0 && size > batchLimits.bytes) break;
    if (!logs.has(meshId)) logs.set(meshId, log);
    packed.push(record);
  }
  return { records: packed, logs: [...logs.values()].filter((log) => log !== undefined) };
}

/** Keys of records as bytes, 16 each. */
export function packKeys(keys: readonly string[]): Uint8Array {
  return fromHex(keys.join(''));
}

/** Reads at most 256 keys; `SCHEMA_INVALID` otherwise. */
export const keysShape: Shape<readonly string[]> = (value, at) => {
  const whole = value instanceof Uint8Array && value.length % keyBytes === 0;
  if (!whole || value.length > keyBytes * batchLimits.records) {
    throw refused(at, 'at most 256 keys of 16 bytes', value);
  }
  return Array.from({ length: value.length / keyBytes }, (_, i) =>
    toHex(value.subarray(i * keyBytes, (i + 1) * keyBytes)),
  );
};
