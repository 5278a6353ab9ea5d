/**
 * The sessions of a node: at most one for each pair of own identity and foreign node.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import type { Session } from './session.ts';

/** Looks sessions up by who they connect. */
export class PeerTable {
  readonly #byNode = new Map<string, Session>();
  readonly #byPeer = new Map<string, Set<Session>>();
  readonly #arrivals = new Set<(session: Session) => void>();

  get size(): number {
    return this.#byNode.size;
  }

  /** The session of own identity `local` with node `node` of `peer`. */
  at(local: Did, peer: Did, node: string): Session | undefined {
    return this.#byNode.get(key(local, peer, node));
  }

  /** The usable session of `local` with any node of `peer` that has the least to do. */
  pick(local: Did, peer: Did): Session | undefined {
    let best: Session | undefined;
    for (const session of this.#byPeer.get(key(local, peer)) ?? []) {
      if (session.usable && (best === undefined || session.streams < best.streams)) best = session;
    }
    return best;
  }

  all(): IterableIterator<Session> {
    return this.#byNode.values();
  }

  /** Puts `session` in, in place of any other with the same node. */
  add(session: Session): void {
    const { local, peer } = session;
    const held = this.at(local, peer.did, peer.node);
    if (held !== undefined) this.remove(held);
    this.#byNode.set(key(local, peer.did, peer.node), session);
    const name = key(local, peer.did);
    const sessions = this.#byPeer.get(name) ?? new Set();
    this.#byPeer.set(name, sessions.add(session));
    for (const listener of [...this.#arrivals]) listener(session);
  }

  /** Takes `session` out, if it is in. */
  remove(session: Session): void {
    const { local, peer } = session;
    if (this.at(local, peer.did, peer.node) !== session) return;
    this.#byNode.delete(key(local, peer.did, peer.node));
    const name = key(local, peer.did);
    const sessions = this.#byPeer.get(name);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#byPeer.delete(name);
  }

  /** Tells `listener` of each session put in; the result takes it off. */
  onArrival(listener: (session: Session) => void): () => void {
    this.#arrivals.add(listener);
    return () => {
      this.#arrivals.delete(listener);
    };
  }
}

/** No part can contain a line break: DIDs and names are printable. */
function key(...parts: readonly string[]): string {
  return parts.join('\n');
}
