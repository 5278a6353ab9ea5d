/**
 * What the close codes of WebSocket say about the end of a link (RFC 6455, section 7.4).
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import type { Endpoint } from '../../../ports/transport.ts';
import { broken } from '../parts/queued-link.ts';

/** Codes an end uses; `aborted` is ours, for platforms that cannot just drop a connection. */
export const closeCodes = {
  normal: 1000,
  unsupportedData: 1003,
  tooBig: 1009,
  aborted: 4000,
} as const;

/** 1000 normal, 1001 going away, 1005 no code given: the other end said goodbye. */
const clean = new Set([1000, 1001, 1005]);

/** 1006: the connection went away without a close frame. */
const abnormal = new Set<number>([1006, closeCodes.aborted]);

/** How a link to `remote` ended that was closed with `code`. */
export function endOf(code: number, remote: Endpoint): { clean: boolean; error?: Error } {
  if (clean.has(code)) return { clean: true };
  if (abnormal.has(code)) return { clean: false, error: broken(remote) };
  if (code === closeCodes.tooBig) {
    const params = { size: 'too many', limit: 'the other end' };
    return { clean: false, error: new MeshError('FRAME_TOO_LARGE', params) };
  }
  return { clean: false, error: protocolError(`it closed with code ${String(code)}`) };
}

/** The error of a text frame: links carry bytes. */
export function textFrame(): MeshError {
  return protocolError('it sent a text frame');
}

/** The error of a peer that is no WebSocket, or not a proper one. */
export function protocolError(detail: string, cause?: unknown): MeshError {
  return new MeshError('PROTOCOL_ERROR', { detail }, { cause });
}
