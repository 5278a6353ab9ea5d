/**
 * What becomes of two sessions with the same node: a pure rule both sides apply with the same outcome.
 * @module
 */
import { compareText, type Did } from '../../base/ids.ts';

/** What the rule looks at. */
export interface SessionFacts {
  readonly local: { readonly did: Did; readonly node: string };
  readonly peer: { readonly did: Did; readonly node: string; readonly instance: string };
  /** Whether this side dialled. */
  readonly initiator: boolean;
}

/**
 * - `replace`: the new session takes the place of the old one.
 * - `probe-twin`: keep the old one if it still answers; the new one is a second dial of the same pair.
 * - `probe-impostor`: keep the old one if it still answers; then two live nodes bear one name.
 */
export type DuplicateVerdict = 'replace' | 'probe-twin' | 'probe-impostor';

/** Judges `fresh` while `held` is in its place. */
export function judgeDuplicate(held: SessionFacts, fresh: SessionFacts): DuplicateVerdict {
  if (held.peer.instance !== fresh.peer.instance) return 'probe-impostor';
  // The same side dialled again: it knows that it has lost the old one.
  if (held.initiator === fresh.initiator) return 'replace';
  // Both dialled: the session of the smaller name stays.
  return isSmallerInitiator(fresh) ? 'replace' : 'probe-twin';
}

function isSmallerInitiator({ local, peer, initiator }: SessionFacts): boolean {
  const order = compareText(local.did, peer.did) || compareText(local.node, peer.node);
  return order < 0 === initiator;
}
