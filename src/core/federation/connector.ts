/**
 * From an address, or from a link somebody opened, to a session that was admitted.
 * @module
 */
import { abortable, withDeadline } from '../../base/abort.ts';
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import type { Endpoint, Link, Transport } from '../../ports/transport.ts';
import { type Admission, sessionExists } from './admission.ts';
import {
  type HandshakeGround,
  type Handshaken,
  initiate,
  type PeerFacts,
  respond,
} from './handshake.ts';
import type { LocalParty } from './local-party.ts';
import type { PeerTable } from './peer-table.ts';
import type { Session } from './session.ts';

/** Time a transport has to open a link, in milliseconds. */
const linkMs = 10_000;

/** What the connector counts. */
export interface HandshakeCounts {
  /** Handshakes that proved a peer. */
  handshakes: number;
  /** Handshakes that did not, and links refused because too many were going on. */
  failedHandshakes: number;
  /** Sum of the times of those that succeeded, in milliseconds. */
  handshakeMs: number;
}

/** Options of {@link Connector}. */
export interface ConnectorOptions {
  readonly transports: readonly Transport[];
  readonly ground: HandshakeGround;
  readonly admission: Admission;
  readonly table: PeerTable;
  /** Foreign handshakes going on at a time. */
  readonly halfOpen: number;
  /** Fires when the node closes. */
  readonly signal: AbortSignal;
  makeSession(handshaken: Handshaken): Session;
}

/** Runs handshakes in both directions. */
export class Connector {
  readonly counts: HandshakeCounts = { handshakes: 0, failedHandshakes: 0, handshakeMs: 0 };
  readonly #options: ConnectorOptions;
  readonly #dialling = new Map<string, Promise<Session>>();
  #halfOpen = 0;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /** Handshakes going on. */
  get busy(): number {
    return this.#halfOpen + this.#dialling.size;
  }

  /** Whether any transport can reach `endpoint`. */
  canDial(endpoint: Endpoint): boolean {
    return this.#transportOf(endpoint) !== undefined;
  }

  /**
   * A session with whoever listens at `endpoint`: usable at once, while the peer's consent may still be on its way
   * (`session.welcome`). Dials of one address at the same time share one session. `signal` ends the waiting only.
   */
  dial(
    endpoint: Endpoint,
    party: LocalParty,
    options: { readonly expect?: Did | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Session> {
    const { expect, signal } = options;
    const name = [party.did, endpoint, expect].join('\n');
    let dialling = this.#dialling.get(name);
    if (dialling === undefined) {
      dialling = this.#dial(endpoint, party, expect).finally(() => this.#dialling.delete(name));
      this.#dialling.set(name, dialling);
    }
    return abortable(dialling, signal, `dialling ${endpoint}`);
  }

  /** Answers a link somebody opened. Never throws: what fails is counted, and the link is cut. */
  async answer(link: Link): Promise<void> {
    const { ground, signal, halfOpen: limit } = this.#options;
    if (signal.aborted || this.#halfOpen >= limit) {
      this.counts.failedHandshakes += 1;
      link.abort(new MeshError('OVERLOADED', { what: 'the door', limit }));
      return;
    }
    this.#halfOpen += 1;
    const handshake = respond(ground, link, { signal });
    const handshaken = await this.#counted(handshake.finally(() => (this.#halfOpen -= 1))).catch(
      () => undefined,
    );
    // Refusals are told to the peer and as an event.
    if (handshaken !== undefined) await this.#admit(handshaken).catch(() => undefined);
  }

  async #dial(endpoint: Endpoint, party: LocalParty, expect: Did | undefined): Promise<Session> {
    const { ground, admission, table, signal } = this.#options;
    const link = await this.#openLink(endpoint);
    let met: PeerFacts | undefined;
    const meet = async (peer: PeerFacts): Promise<void> => {
      met = peer;
      const twin = await admission.findTwin(party.did, peer);
      if (twin !== undefined) throw sessionExists(peer);
    };
    const handshake = initiate(ground, party, link, { expect, signal, meet });
    try {
      return await this.#admit(await this.#counted(handshake));
    } catch (error) {
      // Both sides have dialled, or this one twice: what is there already serves as well.
      const held = met && table.at(party.did, met.did, met.node);
      if (MeshError.is(error, 'ALREADY_EXISTS') && held?.usable === true) return held;
      throw error;
    }
  }

  async #openLink(endpoint: Endpoint): Promise<Link> {
    const { ground, signal } = this.#options;
    const { clock } = ground;
    const transport = this.#transportOf(endpoint);
    if (transport === undefined) {
      throw new MeshError('UNSUPPORTED', {
        feature: `the address '${endpoint}'`,
        by: 'any transport',
      });
    }
    const error = () =>
      new MeshError('PEER_UNREACHABLE', {
        peer: endpoint,
        detail: `no link within ${String(linkMs)} ms`,
      });
    const options = { what: `dialling ${endpoint}`, signal, error };
    return withDeadline(clock, linkMs, options, (inner) =>
      transport.dial(endpoint, { signal: inner, clock }),
    );
  }

  async #counted(handshake: Promise<Handshaken>): Promise<Handshaken> {
    try {
      const handshaken = await handshake;
      this.counts.handshakes += 1;
      this.counts.handshakeMs += handshaken.handshakeMs;
      return handshaken;
    } catch (error) {
      this.counts.failedHandshakes += 1;
      throw error;
    }
  }

  async #admit(handshaken: Handshaken): Promise<Session> {
    const session = this.#options.makeSession(handshaken);
    await this.#options.admission.admit(session);
    return session;
  }

  #transportOf(endpoint: Endpoint): Transport | undefined {
    const scheme = endpoint.slice(0, Math.max(0, endpoint.indexOf(':')));
    return this.#options.transports.find(({ schemes }) => schemes.includes(scheme));
  }
}
