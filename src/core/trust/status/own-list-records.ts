/**
 * What an issuer keeps of its status lists and of the credentials in them.
 * @module
 */
import type { Bytes } from '../../../base/bytes.ts';
import type { Did } from '../../../base/ids.ts';
import { packPacket, unpackPacket } from '../../../base/packet.ts';
import {
  integer,
  number,
  object,
  optional,
  refused,
  type Shape,
  text,
} from '../../../base/shape.ts';
import type { Op } from '../../../ports/store.ts';
import { did, instant } from '../../../schema/words.ts';
import { keyPart } from '../store-names.ts';
import { minEntries } from './bitstring.ts';

/** A credential this node has issued. */
export interface IssuedCredential {
  readonly id: string;
  readonly subject: Did;
  readonly type: string;
  readonly list: number;
  /** Its place for revocation. */
  readonly index: number;
  /** Its place for suspension; undefined for one that was issued without. */
  readonly suspension?: number;
  readonly revoked?: Judgement;
  readonly suspended?: Judgement;
}

/** When an issuer took a credential back, and why. */
export interface Judgement {
  readonly at: string;
  readonly reason: string;
}

/** What became of a credential this node has issued. */
export interface JudgedCredential {
  readonly credential: string;
  readonly subject: Did;
  readonly type: string;
  readonly state: 'standing' | 'suspended' | 'revoked';
  readonly reason?: string;
}

/** A list as its issuer keeps it: `used` marks the indexes given out, `bits` those that are set. */
export interface OwnList {
  readonly n: number;
  readonly used: Bytes;
  readonly bits: Bytes;
  /** Epoch milliseconds since which the list signed last holds. */
  readonly from: number;
  readonly token: string;
}

/** Where the lists are kept. */
export const listPrefix = 'own-list/';

/** Key of list `n`. */
export function listKey(n: number): string {
  return `${listPrefix}${String(n).padStart(9, '0')}`;
}

/** Key of the credential `id`. */
export function issuedKey(id: string): string {
  return `issued/${keyPart(id)}`;
}

const judgementShape = object({ at: instant, reason: text() });

/** Parser of {@link IssuedCredential}. */
export const issuedShape = object({
  id: text({ max: 500 }),
  subject: did,
  type: text({ max: 200 }),
  list: integer(),
  index: integer({ max: minEntries - 1 }),
  suspension: optional(integer({ max: minEntries - 1 })),
  revoked: optional(judgementShape),
  suspended: optional(judgementShape),
});

const bitsShape: Shape<Bytes> = (value, at) => {
  if (value instanceof Uint8Array && value.length * 8 === minEntries) return value as Bytes;
  throw refused(at, `${String(minEntries)} bits`, value);
};

const listShape = object({
  n: integer(),
  used: bitsShape,
  bits: bitsShape,
  from: number(),
  token: text({ max: 65_536 }),
});

/** Reads an {@link OwnList}. */
export function parseList(value: Uint8Array, at: string): OwnList {
  return listShape(unpackPacket(value, at), at);
}

/** A write of a list. */
export function putList({ n, used, bits, from, token }: OwnList): Op {
  return { put: listKey(n), value: packPacket({ n, used, bits, from, token }) };
}
