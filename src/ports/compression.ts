/**
 * GZIP (RFC 1952), in which lists of yes and no travel.
 * @module
 */
import type { Bytes } from '../base/bytes.ts';

/** Packs bytes and unpacks them. */
export interface Compression {
  /** `bytes`, packed. */
  gzip(bytes: Bytes): Promise<Bytes>;
  /**
   * What was packed; it comes from others. Rejects with `LIMIT_EXCEEDED` above `maxBytes`, before more than that is unpacked, and with
   * any error for what is no GZIP.
   */
  gunzip(packed: Bytes, maxBytes: number): Promise<Bytes>;
}
