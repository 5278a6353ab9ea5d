/**
 * What can be seen of a connection from outside.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import type { Endpoint } from '../../ports/transport.ts';
import type { Session } from './session.ts';

/** A connection as it is at one moment. */
export interface SessionView {
  readonly did: Did;
  readonly node: string;
  /** `connecting`: not yet taken in by the peer; `suspended`: lost, being dialled again; `gone`: over. */
  readonly state: 'connecting' | 'active' | 'suspended' | 'gone';
  readonly endpoint: Endpoint;
  readonly handshakeMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Epoch milliseconds. */
  readonly connectedSince: number;
  /** Round trip of the last ping; undefined before the first. */
  readonly rttMs: number | undefined;
  /** Tasks the peer was running when it last said so; absent while it has not. */
  readonly load?: number;
  /** Tasks the peer can run at a time, as it last said. */
  readonly capacity?: number;
  /** The tenant the peer's node serves, by its own word; absent when it names none. */
  readonly tenant?: string;
}

/** The view of `session` now. */
export function viewOf(session: Session): SessionView {
  const { peer, endpoint, handshakeMs, bytesIn, bytesOut, since, rttMs, workload } = session;
  return {
    did: peer.did,
    node: peer.node,
    state: session.ended !== undefined ? 'gone' : session.active ? 'active' : 'connecting',
    endpoint,
    handshakeMs,
    bytesIn,
    bytesOut,
    connectedSince: since,
    rttMs,
    ...workload,
    ...(peer.tenant !== undefined && { tenant: peer.tenant }),
  };
}
