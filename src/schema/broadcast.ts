/**
 * A message to everybody, signed by whom it is from; it travels from peer to peer with its bytes beside it.
 * @module
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { toHex } from '../base/bytes.ts';
import type { Did } from '../base/ids.ts';
import { integer, object, oneOf, refused, type Shape, text } from '../base/shape.ts';
import { proofShape, type Signed, signingInput } from './signed.ts';
import { did, instant, name } from './words.ts';

/** Bounds of a broadcast. */
export const broadcastLimits = {
  /** Bytes of content. */
  bytes: 65_536,
  /** The longest life. */
  ttlMs: 3_600_000,
} as const;

/** `high` goes first wherever there is too much to do. */
export type BroadcastPriority = 'high' | 'normal';

/** What the origin signs. */
export interface Broadcast {
  readonly format: 1;
  readonly from: Did;
  readonly topic: string;
  readonly priority: BroadcastPriority;
  readonly at: string;
  /** At most one hour after `at`. */
  readonly expiresAt: string;
  /** Keeps two messages of the same content apart. */
  readonly nonce: string;
  /** CID of the bytes. */
  readonly payload: string;
}

/** A broadcast as it travels. */
export type SignedBroadcast = Signed<Broadcast>;

const members = object({
  format: integer({ min: 1, max: 1 }),
  from: did,
  topic: name,
  priority: oneOf('high', 'normal'),
  at: instant,
  expiresAt: instant,
  nonce: text({ min: 16, max: 64 }),
  payload: text({ min: 10, max: 128 }),
  proof: proofShape,
}) as unknown as Shape<SignedBroadcast>;

/** Parser of signed broadcasts. */
export const broadcastShape: Shape<SignedBroadcast> = (value, at) => {
  const message = members(value, at);
  const lives = Date.parse(message.expiresAt) - Date.parse(message.at);
  if (lives <= 0 || lives > broadcastLimits.ttlMs) {
    throw refused(`${at}.expiresAt`, 'within an hour after `at`', message.expiresAt);
  }
  return message;
};

/**
 * The name of a broadcast: 32 hexadecimal digits of the SHA-256 of what is signed. Nobody can give another message the
 * same name, and one message has the same name under whichever signature.
 */
export function broadcastId(message: SignedBroadcast): string {
  return toHex(sha256(signingInput('broadcast', message)).subarray(0, 16));
}
