/**
 * How a node gets to its peers and stays with them: addresses, dials, keepers, introductions.
 * @module
 */
import { abortable } from '../../base/abort.ts';
import { MeshError, toMeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';
import type { Endpoint } from '../../ports/transport.ts';
import { AddressMemory } from './address-memory.ts';
import { refusals } from './admission.ts';
import { attemptCall } from './caller.ts';
import type { Connector } from './connector.ts';
import { packMessage } from './inbox.ts';
import { type Introduction, introduceMethod, introductionsShape } from './introductions.ts';
import { Keeper, type KeeperTarget } from './keeper.ts';
import type { LocalParty } from './local-party.ts';
import type { AddressBook } from './needs.ts';
import type { PeerTable } from './peer-table.ts';
import type { Session } from './session.ts';

/** Options of {@link Reach}. */
export interface ReachOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly connector: Connector;
  readonly table: PeerTable;
  readonly parties: readonly LocalParty[];
  readonly addressBook: AddressBook | undefined;
  /** Sessions up to which introduced peers are dialled. */
  readonly introduced: number;
}

/** Failed dials in a row after which an address nobody configured is given up. */
const patience = 8;
/** Time a peer has to introduce others. */
const introduceMs = 10_000;
/** Addresses tried for one `connect`. */
const addressLimit = 8;

/** Finds ways and keeps them open. */
export class Reach {
  readonly #options: ReachOptions;
  readonly #addresses = new AddressMemory();
  readonly #keepers = new Map<string, Keeper>();
  readonly #connecting = new Map<string, Promise<Session>>();
  #stopped = false;

  constructor(options: ReachOptions) {
    this.#options = options;
  }

  /** Keepers that had a peer and have lost it. */
  suspended(): readonly { readonly last: Session; readonly endpoint: Endpoint }[] {
    return [...this.#keepers.values()].flatMap(({ session, last, target }) =>
      session !== undefined || last === undefined || this.#isConnected(last)
        ? []
        : [{ last, endpoint: target.endpoint }],
    );
  }

  /** A session with whoever listens at `endpoint`, kept from now on. */
  async dial(
    party: LocalParty,
    endpoint: Endpoint,
    options: { readonly expect?: Did | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<Session> {
    const dialled = await this.#options.connector.dial(endpoint, party, options);
    const session = await this.welcomed(dialled, options.signal);
    this.keep(party, { endpoint, expect: options.expect }, session);
    return session;
  }

  /** A session with `peer`: the one there is, or a new one by the addresses known. It may not be welcomed yet. */
  connect(party: LocalParty, peer: Did): Promise<Session> {
    const ready = this.#options.table.pick(party.did, peer);
    if (ready !== undefined) return Promise.resolve(ready);
    const name = `${party.did}\n${peer}`;
    let connecting = this.#connecting.get(name);
    if (connecting === undefined) {
      connecting = this.#tryAddresses(party, peer).finally(() => this.#connecting.delete(name));
      this.#connecting.set(name, connecting);
    }
    return connecting;
  }

  /** `session` once the peer has taken it in; or the one that is there instead, when both sides had dialled. */
  async welcomed(session: Session, signal?: AbortSignal): Promise<Session> {
    try {
      await abortable(session.welcome, signal, 'the handshake');
      return session;
    } catch (error) {
      const { local, peer } = session;
      const other = this.#options.table.at(local, peer.did, peer.node);
      if (MeshError.is(error, 'ALREADY_EXISTS') && other?.usable === true) return other;
      throw error;
    }
  }

  /** Keeps `target` connected. One keeper for an address; `settled` is called after its first attempt. */
  keep(
    party: LocalParty,
    target: KeeperTarget,
    session?: Session,
    settled: () => void = () => undefined,
  ): void {
    const name = `${party.did}\n${target.endpoint}`;
    if (this.#stopped || this.#keepers.has(name)) {
      settled();
      return;
    }
    const { clock, random, connector } = this.#options;
    const dial = async ({ endpoint, expect }: KeeperTarget): Promise<Session> =>
      this.welcomed(await connector.dial(endpoint, party, { expect }));
    const keeper = new Keeper({ target, clock, random, dial });
    this.#keepers.set(name, keeper);
    void keeper.run(session, settled).then(() => {
      if (this.#keepers.get(name) === keeper) this.#keepers.delete(name);
    });
  }

  /** Dials `peer` no more, except at addresses that were configured. */
  forsake(peer: Did): void {
    for (const { last, target, stop } of this.#keepers.values()) {
      if (last?.peer.did === peer && target.patience !== undefined) stop();
    }
  }

  /** A session has become active: remembers where the peer listens. */
  learn({ peer }: Session): void {
    this.#addresses.learn(peer.did, peer.endpoints);
  }

  /** Dials the peers of a peer. Whoever does not answer the question introduces nobody. */
  async askIntroductions(carrier: Session): Promise<void> {
    const { clock } = this.#options;
    const header = { method: introduceMethod, deadlineMs: introduceMs };
    const body = packMessage(undefined);
    try {
      const answer = await attemptCall({ carrier, header, body, clock, signal: undefined });
      for (const introduction of introductionsShape(answer, introduceMethod)) {
        this.#addresses.hear(introduction.did, introduction.endpoints);
        this.#follow(carrier.local, introduction);
      }
    } catch {
      // A peer without introductions is still a peer.
    }
  }

  /** Dials nobody any more; sessions go on. */
  stop(): void {
    this.#stopped = true;
    for (const keeper of this.#keepers.values()) keeper.stop();
    this.#keepers.clear();
  }

  async #tryAddresses(party: LocalParty, peer: Did): Promise<Session> {
    let failure: MeshError | undefined;
    for (const endpoint of this.#addressesOf(peer)) {
      try {
        const session = await this.#options.connector.dial(endpoint, party, { expect: peer });
        this.keep(party, { endpoint, expect: peer, patience }, session);
        return session;
      } catch (thrown) {
        const cause = toMeshError(thrown, 'dialling');
        if (cause.code === 'CLOSED' || refusals.includes(cause.code)) throw cause;
        failure = new MeshError('PEER_UNREACHABLE', { peer, detail: cause.message }, { cause });
      }
    }
    const detail = 'no address of it is known';
    throw failure ?? new MeshError('PEER_UNREACHABLE', { peer, detail });
  }

  #addressesOf(peer: Did): readonly Endpoint[] {
    const { addressBook, connector } = this.#options;
    const known = [...this.#addresses.endpoints(peer), ...(addressBook?.endpoints(peer) ?? [])];
    const dialable = [...new Set(known)].filter((endpoint) => connector.canDial(endpoint));
    return dialable.slice(0, addressLimit);
  }

  #follow(local: Did, { did, node, endpoints }: Introduction): void {
    const { table, parties, connector } = this.#options;
    const endpoint = endpoints.find((one) => connector.canDial(one));
    const party = parties.find((one) => one.did === local);
    const own = parties.some((one) => one.did === did);
    if (endpoint === undefined || party === undefined || own || this.#isFull()) return;
    if (table.at(local, did, node) !== undefined) return;
    this.keep(party, { endpoint, expect: did, patience });
  }

  #isFull(): boolean {
    const { table, introduced } = this.#options;
    const dialling = [...this.#keepers.values()].filter(({ session }) => session === undefined);
    return table.size + dialling.length >= introduced;
  }

  #isConnected({ local, peer }: Session): boolean {
    return this.#options.table.at(local, peer.did, peer.node) !== undefined;
  }
}
