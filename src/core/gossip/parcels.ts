/**
 * How broadcasts travel from one peer to the next.
 * @module
 */
import { fromHex, toHex } from '../../base/bytes.ts';
import { canonicalJson } from '../../base/canonical.ts';
import type { Did } from '../../base/ids.ts';
import { integer, list, object, refused, type Shape, unknown } from '../../base/shape.ts';
import { broadcastLimits, broadcastShape, type SignedBroadcast } from '../../schema/broadcast.ts';
import { type DidLog, didLogShape } from '../../schema/did-log.ts';
import type { HeldMessage } from './held-messages.ts';

/** Bounds on one push and one offer. */
export const parcelLimits = {
  parcels: 64,
  /** Bytes of content in one push. */
  bytes: 524_288,
  /** Nodes a message may pass. */
  hops: 20,
  /** Ids in one offer. */
  ids: 4_096,
} as const;

/** A message on its way. */
export interface Parcel {
  readonly message: SignedBroadcast;
  readonly bytes: Uint8Array;
  /** Nodes passed, the one that receives it included. Not signed: it grows on the way. */
  readonly hops: number;
}

/** What `gossip.push` carries; parcels are read one by one, since one bad parcel must not hold back the others. */
export interface Push {
  readonly parcels: readonly unknown[];
  readonly logs: readonly unknown[];
}

/** What can be read of a foreign parcel before it is checked. */
export const pushShape: Shape<Push> = object({
  parcels: list(unknown, { max: parcelLimits.parcels }),
  logs: list(unknown, { max: parcelLimits.parcels }),
});

/** Canonical characters of a message, unknown members included. */
const messageCharacters = 4_096;
const idBytes = 16;

const contentShape: Shape<Uint8Array> = (value, at) => {
  if (value instanceof Uint8Array && value.length <= broadcastLimits.bytes) return value;
  throw refused(at, `at most ${String(broadcastLimits.bytes)} bytes`, value);
};

const parcelMembers = object({
  message: broadcastShape,
  bytes: contentShape,
  hops: integer({ min: 1, max: parcelLimits.hops }),
});

/** Parser of parcels. */
export const parcelShape: Shape<Parcel> = (value, at) => {
  const { message, bytes, hops } = parcelMembers(value, at);
  if (canonicalJson(message).length > messageCharacters) {
    throw refused(`${at}.message`, `at most ${String(messageCharacters)} characters`, 'more');
  }
  return { message, bytes, hops };
};

/** Parser of up to 4,096 ids of 16 bytes each. */
export const idsShape: Shape<readonly string[]> = (value, at) => {
  const whole = value instanceof Uint8Array && value.length % idBytes === 0;
  if (!whole || value.length > idBytes * parcelLimits.ids) {
    throw refused(at, `at most ${String(parcelLimits.ids)} ids of ${String(idBytes)} bytes`, value);
  }
  return Array.from({ length: value.length / idBytes }, (_, i) =>
    toHex(value.subarray(i * idBytes, (i + 1) * idBytes)),
  );
};

/** Ids as bytes. */
export function packIds(ids: readonly string[]): Uint8Array {
  return fromHex(ids.join(''));
}

/** The first of `messages` that fit into one push, high priority first, each ready for its next hop. */
export function packParcels(messages: readonly HeldMessage[]): readonly HeldMessage[] {
  const rank = ({ message }: HeldMessage): number => (message.priority === 'high' ? 0 : 1);
  const packed: HeldMessage[] = [];
  let bytes = 0;
  for (const held of messages.toSorted((a, b) => rank(a) - rank(b))) {
    bytes += held.bytes.length;
    const full = packed.length >= parcelLimits.parcels || bytes > parcelLimits.bytes;
    if (packed.length > 0 && full) break;
    packed.push(held);
  }
  return packed;
}

/** Parser of the history a push carries for `did`; undefined when it is no history. */
export function readLog(foreign: unknown): { readonly did: Did; readonly log: DidLog } | undefined {
  try {
    const log = didLogShape(foreign, 'log');
    const did = log[0]?.did;
    return did === undefined ? undefined : { did, log };
  } catch {
    return undefined;
  }
}
