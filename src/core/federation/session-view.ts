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
  /** The tenant the peer's node says it is for. */
  readonly tenant?: string;
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
}

/** The view of `session` now. */
export function viewOf(session: Session): SessionView {
  const { peer, endpoint, handshakeMs, bytesIn, bytesOut, since, rttMs } = session;
  return {
    did: peer.did,
    node: peer.node,
    ...(peer.tenant !== undefined && { tenant: peer.tenant }),
    state: session.ended !== undefined ? 'gone' : session.active ? 'active' : 'connecting',
    endpoint,
    handshakeMs,
    bytesIn,
    bytesOut,
    connectedSince: since,
    rttMs,
  };
}
