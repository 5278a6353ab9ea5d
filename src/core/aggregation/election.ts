/**
 * Who leads a round: an order of participants that every node computes alike and nobody can choose.
 * Rendezvous hashing (Thaler and Ravishankar, 1998): when one leaves, the order of the others stays.
 * @module
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { toHex, utf8 } from '../../base/bytes.ts';
import { compareText, type Did } from '../../base/ids.ts';

/** Where `participant` stands in `round`: the lowest place leads. */
export function placeOf(round: string, participant: Did): string {
  return toHex(sha256(utf8(`${round}\n${participant}`)));
}

/** `participants` of `round`, best rank first; duplicates count once. */
export function ranking(round: string, participants: Iterable<Did>): readonly Did[] {
  return [...new Set(participants)]
    .map((did) => ({ did, place: placeOf(round, did) }))
    .sort((a, b) => compareText(a.place, b.place))
    .map(({ did }) => did);
}
