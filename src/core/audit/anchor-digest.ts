/**
 * What of a log is anchored.
 * @module
 */
import { type Bytes, utf8 } from '../../base/bytes.ts';
import type { Sha256 } from './chain.ts';

/** The digest an anchor is given for the log `log` up to entry `index`, whose hash is `hash`. */
export function anchorDigest(
  { log, index, hash }: { readonly log: string; readonly index: number; readonly hash: string },
  crypto: Sha256,
): Bytes {
  return crypto.hash('sha256', utf8(`mesh/audit-anchor/v1\n${log}\n${String(index)}\n${hash}`));
}
