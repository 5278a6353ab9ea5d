/**
 * What SQLite and the file system report, in the store's words.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';

// Primary result codes of SQLite (https://sqlite.org/rescode.html).
const busy = new Set([5, 6]);
const corrupt = new Set([11, 26]);
const full = 13;

/** The error of `store` for whatever was thrown below it. */
export function storeError(thrown: unknown, store: string): MeshError {
  if (MeshError.is(thrown)) return thrown;
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  const options = { cause: thrown };
  if (isFull(thrown)) return new MeshError('STORE_FULL', { store }, options);
  if (corrupt.has(resultCode(thrown))) {
    return new MeshError('STORE_CORRUPT', { store, detail }, options);
  }
  const retryable = isBusy(thrown);
  return new MeshError('STORE_FAILED', { store, detail }, { ...options, retryable });
}

/** Whether another process holds the lock that was needed. */
export function isBusy(thrown: unknown): boolean {
  return busy.has(resultCode(thrown));
}

function isFull(thrown: unknown): boolean {
  return resultCode(thrown) === full || (thrown as { code?: unknown } | null)?.code === 'ENOSPC';
}

function resultCode(thrown: unknown): number {
  const code = (thrown as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code & 0xff : 0;
}
