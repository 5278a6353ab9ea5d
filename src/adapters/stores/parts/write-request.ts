/**
 * One call of `write`, checked and made independent of the caller's memory.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import type { Condition, Durability, Key, Op, WriteOptions } from '../../../ports/store.ts';
import { checkKey } from './keys.ts';

/** One operation; no value means delete. */
export interface Change {
  readonly key: Key;
  readonly value: Uint8Array | undefined;
  /** Milliseconds to live; undefined for ever. */
  readonly ttlMs: number | undefined;
  /** Of a delete: forget what ever stood there. */
  readonly purge?: boolean;
}

/** A write that passed the door. */
export interface WriteRequest {
  readonly changes: readonly Change[];
  readonly conditions: readonly Condition[];
  readonly durable: Durability | undefined;
}

const levels: readonly Durability[] = ['none', 'process', 'power'];

/** Checks `ops` and `options`; values are copied, since the caller may reuse its buffers before the commit. */
export function writeRequest(
  ops: readonly Op[],
  options: WriteOptions | undefined,
  reach: { readonly durable: Durability; readonly store: string },
): WriteRequest {
  const durable = options?.durable;
  if (durable !== undefined && levels.indexOf(durable) > levels.indexOf(reach.durable)) {
    throw new MeshError('UNSUPPORTED', { feature: `durability '${durable}'`, by: reach.store });
  }
  return {
    changes: ops.map(changeOf),
    conditions: (options?.if ?? []).map(({ key, revision }) => ({ key: checkKey(key), revision })),
    durable,
  };
}

function changeOf(op: Op): Change {
  if ('del' in op) {
    const deleted = { key: checkKey(op.del, 'del'), value: undefined, ttlMs: undefined };
    return op.purge === true ? { ...deleted, purge: true } : deleted;
  }
  const { value, ttlMs } = op;
  if (!(value instanceof Uint8Array)) {
    throw new MeshError('INVALID_ARGUMENT', { argument: 'value', expected: 'bytes', got: value });
  }
  if (ttlMs !== undefined && !(ttlMs > 0 && ttlMs <= Number.MAX_SAFE_INTEGER)) {
    const expected = 'milliseconds above 0';
    throw new MeshError('INVALID_ARGUMENT', { argument: 'ttlMs', expected, got: ttlMs });
  }
  return { key: checkKey(op.put, 'put'), value: Uint8Array.from(value), ttlMs };
}
