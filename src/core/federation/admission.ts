/**
 * Who gets in: after the handshake has proven who it is, before anything it says is heard.
 * @module
 */
import { MeshError, type MeshErrorCode, toMeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import type { Emit } from '../../schema/mesh-event.ts';
import { judgeDuplicate, type SessionFacts } from './duplicates.ts';
import type { PeerFacts } from './handshake.ts';
import type { NodeFacts } from './local-party.ts';
import type { PeerTable } from './peer-table.ts';
import type { Session } from './session.ts';

/** Says whether a proven peer may connect: true, or false, or throws a MeshError as the reason. */
export type AcceptRule = (peer: {
  readonly did: Did;
  readonly node: string;
}) => boolean | Promise<boolean>;

/** Time a session has to answer before another takes its place. */
const probeMs = 2_000;
/** Time a session that was replaced has to finish what it carries. */
const replacedDrainMs = 2_000;

/** Options of {@link Admission}. */
export interface AdmissionOptions {
  readonly table: PeerTable;
  readonly self: NodeFacts;
  readonly emit: Emit;
  /** Sessions at a time. */
  readonly sessions: number;
}

/** Asks the rules, and sorts out several sessions with one node. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #rules: AcceptRule[] = [];

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** All rules must agree. */
  add(rule: AcceptRule): void {
    this.#rules.push(rule);
  }

  /** Puts `session` into the table and starts it; or tells the peer why not, and throws that. */
  async admit(session: Session): Promise<void> {
    let replaced: Session | undefined;
    try {
      this.#assertRoom();
      this.#assertOther(session.local, session.peer);
      await this.#askRules(session);
      replaced = await this.#findPlace(session);
    } catch (thrown) {
      const error = toMeshError(thrown, 'the accept rule');
      this.#tell(session, error);
      await session.leave(error);
      throw error;
    }
    this.#options.table.add(session);
    session.start();
    // Last, so that whoever is told of the end finds the other in its place.
    void replaced?.leave(sessionExists(session.peer), replacedDrainMs);
  }

  /**
   * For the dialling side, before it shows itself: the session it has with this very node already, if it still serves.
   * Throws `IDENTITY_CONFLICT` when another live node has that name.
   */
  async findTwin(local: Did, peer: PeerFacts): Promise<Session | undefined> {
    this.#assertOther(local, peer);
    const held = this.#options.table.at(local, peer.did, peer.node);
    if (held?.usable !== true) return undefined;
    if (held.peer.instance === peer.instance) return held;
    await this.#assertDead(held, conflict(peer));
    return undefined;
  }

  #assertRoom(): void {
    const { table, sessions: limit } = this.#options;
    if (table.size >= limit) throw new MeshError('OVERLOADED', { what: 'the node', limit });
  }

  #assertOther(local: Did, peer: PeerFacts): void {
    const { node, instance } = this.#options.self;
    if (peer.instance === instance) {
      throw new MeshError('PEER_REJECTED', { peer: peer.did, reason: 'it is this node itself' });
    }
    if (peer.did === local && peer.node === node) throw conflict(peer);
  }

  async #askRules({ local, peer }: Session): Promise<void> {
    const { did, node } = peer;
    for (const rule of this.#rules) {
      if (!(await ask(rule, { did, node }, local))) throw rejected(local, 'not accepted here');
    }
  }

  /** Resolves with the session `fresh` takes the place of; throws when the place is rightly taken. */
  async #findPlace(fresh: Session): Promise<Session | undefined> {
    const { table } = this.#options;
    for (;;) {
      const held = table.at(fresh.local, fresh.peer.did, fresh.peer.node);
      if (held === undefined) return undefined;
      const verdict = judgeDuplicate(this.#factsOf(held), this.#factsOf(fresh));
      if (verdict === 'replace') return held;
      await this.#assertDead(
        held,
        verdict === 'probe-twin' ? sessionExists(fresh.peer) : conflict(fresh.peer),
      );
    }
  }

  /** Throws `otherwise` when `held` still answers; ends it when it does not. */
  async #assertDead(held: Session, otherwise: MeshError): Promise<void> {
    if ((await held.ping(probeMs)) !== undefined) throw otherwise;
    held.abort(
      new MeshError('PEER_UNREACHABLE', { peer: held.peer.did, detail: 'it answers no probe' }),
    );
    this.#options.table.remove(held);
  }

  #factsOf({ local, peer, initiator }: Session): SessionFacts {
    return { local: { did: local, node: this.#options.self.node }, peer, initiator };
  }

  /** A second dial of the same pair is no news. */
  #tell({ peer }: Session, error: MeshError): void {
    if (MeshError.is(error, 'ALREADY_EXISTS')) return;
    const { code, params } = error;
    this.#options.emit('peer.refused', { code, params }, { peer: peer.did });
  }
}

async function ask(
  rule: AcceptRule,
  peer: { readonly did: Did; readonly node: string },
  local: Did,
): Promise<boolean> {
  try {
    return await rule(peer);
  } catch (thrown) {
    // A MeshError's sentence is made to be shown; what else was thrown is nobody's business.
    const reason = MeshError.is(thrown) ? thrown.message : 'not accepted here';
    throw rejected(local, reason, thrown);
  }
}

function rejected(local: Did, reason: string, cause?: unknown): MeshError {
  return new MeshError('PEER_REJECTED', { peer: local, reason }, { cause });
}

/** What becomes of a second session of the same pair. */
export function sessionExists({ node }: PeerFacts): MeshError {
  return new MeshError('ALREADY_EXISTS', { what: 'the session with node', id: node });
}

function conflict({ did, node }: PeerFacts): MeshError {
  return new MeshError('IDENTITY_CONFLICT', { node, did });
}

/** Codes with which a peer shows somebody the door. */
export const refusals: readonly MeshErrorCode[] = ['PEER_REJECTED', 'IDENTITY_CONFLICT'];
