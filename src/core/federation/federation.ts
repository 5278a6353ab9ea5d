/**
 * The street: sessions with other organisations' nodes, and calls over them.
 * @module
 */
import { abortable, withDeadline } from '../../base/abort.ts';
import { MeshError } from '../../base/errors.ts';
import { type Did, newId, splitDidUrl } from '../../base/ids.ts';
import { Lifetime } from '../../base/lifetime.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Random } from '../../ports/random.ts';
import type { Store } from '../../ports/store.ts';
import type { Endpoint, Listener, Transport } from '../../ports/transport.ts';
import type { Emit } from '../../schema/mesh-event.ts';
import { type AcceptRule, Admission, refusals } from './admission.ts';
import { CallDesk, type CallOptions } from './call-desk.ts';
import { CallServer } from './call-server.ts';
import type { Carrier, OutgoingStream } from './caller.ts';
import { Connector } from './connector.ts';
import type { CallHandler, HandleOptions, StreamHandler } from './handlers.ts';
import { type Handshaken, wantedParty } from './handshake.ts';
import { maxFirstMessage } from './hello.ts';
import { introduceMethod, introductionsFor } from './introductions.ts';
import { LocalParty } from './local-party.ts';
import { Loopback } from './loopback.ts';
import type { AddressBook, Keys, LocalIdentity, Workload } from './needs.ts';
import { PeerTable } from './peer-table.ts';
import { Reach } from './reach.ts';
import { ResultCache } from './result-cache.ts';
import { defaultLimits, Session, type SessionLimits } from './session.ts';
import { type SessionView, viewOf } from './session-view.ts';
import { proveMethod, reviewVouching } from './vouching.ts';

/** Bounds of a node. */
export interface FederationLimits extends SessionLimits {
  /** How long a handshake may take, in milliseconds. Default 10,000. */
  readonly handshakeMs: number;
  /** Handshakes of strangers going on at a time. Default 256. */
  readonly halfOpen: number;
  /** Sessions at a time. Default 16,384. */
  readonly sessions: number;
  /** Sessions up to which introduced peers are dialled. Default 64. */
  readonly introduced: number;
  /** Handlers one peer can keep busy; its further calls wait. Default 256. */
  readonly handlersPerPeer: number;
  /** How long an idempotency key lives, in milliseconds. Default 24 hours. */
  readonly resultTtlMs: number;
}

/** Options of {@link Federation}. */
export interface FederationOptions {
  /** Whom this node speaks for. The first is used where none is named. */
  readonly identities: readonly [LocalIdentity, ...LocalIdentity[]];
  /** Name of this node among its organisation's. */
  readonly node: string;
  readonly transports: readonly Transport[];
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: CryptoProvider;
  readonly keys: Keys;
  /** Where the results of idempotent calls are kept; this room's own part of a store. */
  readonly store: Store;
  readonly emit: Emit;
  /** Where else to look for addresses. */
  readonly addressBook?: AddressBook | undefined;
  /** Whether to dial the peers of peers. Default true. */
  readonly introductions?: boolean | undefined;
  /** Names of abilities to announce to peers. */
  readonly features?: readonly string[] | undefined;
  readonly tenant?: string | undefined;
  /** How busy this node is, told to peers with the heartbeat. Default: not told. */
  readonly workload?: (() => Workload) | undefined;
  readonly limits?: Partial<FederationLimits> | undefined;
}

/** Totals since the start. */
export interface FederationStats {
  readonly handshakes: number;
  readonly failedHandshakes: number;
  /** Mean time of a handshake in milliseconds; 0 before the first. */
  readonly handshakeMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly callsOut: number;
  readonly callsIn: number;
}

/** What is open now; all zero in a node that rests or has closed. */
export interface OpenTables {
  readonly sessions: number;
  readonly streams: number;
  readonly handlers: number;
  readonly executions: number;
  readonly handshakes: number;
}

/** Time `start()` waits for the first answers of configured peers; they are dialled on afterwards. */
const startMs = 2_000;
/** Sessions and calls of one node. Nothing happens before `start()`. */
export class Federation implements AsyncDisposable {
  readonly #options: FederationOptions;
  readonly #limits: FederationLimits;
  readonly #lifetime = new Lifetime('the federation');
  readonly #parties: readonly LocalParty[];
  readonly #table = new PeerTable();
  readonly #admission: Admission;
  readonly #connector: Connector;
  readonly #reach: Reach;
  readonly #results: ResultCache;
  readonly #server: CallServer;
  readonly #desk: CallDesk;
  readonly #loopbacks = new Map<string, Loopback>();
  readonly #listeners: Listener[] = [];
  readonly #peerListeners = new Set<(peer: Did) => void>();
  readonly #ended = { bytesIn: 0, bytesOut: 0 };
  #starting: Promise<void> | undefined;
  #drainMs = 0;

  constructor(options: FederationOptions) {
    const { clock, random, crypto, keys, store, node, tenant, features = [] } = options;
    this.#options = options;
    this.#limits = { ...federationLimits, ...options.limits };
    const self = { node, tenant, features, instance: newId('run', random) };
    const ground = { clock, random, crypto };
    this.#parties = options.identities.map((identity) => new LocalParty(identity, self, ground));
    const table = this.#table;
    const { sessions, handshakeMs, halfOpen, handlersPerPeer, resultTtlMs } = this.#limits;
    this.#admission = new Admission({ table, self, emit: options.emit, sessions });
    this.#connector = new Connector({
      transports: options.transports,
      ground: {
        ...ground,
        keys,
        parties: this.#parties,
        endpoints: () => this.endpoints,
        handshakeMs,
      },
      admission: this.#admission,
      table,
      halfOpen,
      signal: this.#lifetime.signal,
      makeSession: (handshaken) => this.#makeSession(handshaken),
    });
    const [connector, parties] = [this.#connector, this.#parties];
    const { addressBook } = options;
    const { introduced } = this.#limits;
    this.#reach = new Reach({ clock, random, connector, table, parties, addressBook, introduced });
    this.#results = new ResultCache({ store, crypto, ttlMs: resultTtlMs });
    this.#server = new CallServer({ clock, results: this.#results, handlersPerPeer });
    this.#desk = new CallDesk({
      clock,
      random,
      table,
      closing: this.#lifetime.signal,
      loopback: (from, peer, to) => this.#loopback(from, peer, to),
      connect: (from, peer) => this.#reach.connect(this.#party(from), peer),
    });
    this.handle(proveMethod, (call) => this.#party(call.to).prove());
    if (options.introductions !== false)
      this.handle(introduceMethod, (call) => this.#introduce(call.from));
  }

  /** The identity this node speaks for where none is named. */
  get did(): Did {
    return this.#parties[0]!.did;
  }

  /** Where this node listens. */
  get endpoints(): readonly Endpoint[] {
    return this.#listeners.flatMap(({ endpoints }) => endpoints);
  }

  /** Listens and dials the configured peers. They are dialled until `close()`; the first attempts are waited for, briefly. */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Says goodbye to all peers. Calls under way may finish for up to `drainMs` (default 0). Idempotent. */
  close(options: { readonly drainMs?: number } = {}): Promise<void> {
    this.#drainMs = options.drainMs ?? this.#drainMs;
    return this.#lifetime.closed ? this.#lifetime.close() : this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Connects to whoever listens at `endpoint` and stays connected. Throws `IDENTITY_MISMATCH` when it is not `expect`,
   * `PEER_REJECTED` when it does not want this node.
   */
  async dial(
    endpoint: Endpoint,
    options: { readonly expect?: Did; readonly signal?: AbortSignal; readonly as?: Did } = {},
  ): Promise<SessionView> {
    this.#lifetime.assertOpen();
    return viewOf(await this.#reach.dial(this.#party(options.as), endpoint, options));
  }

  /** Connects to `peer` by the addresses known of it; at once when there is a session. */
  async connect(
    peer: Did,
    options: { readonly signal?: AbortSignal; readonly as?: Did } = {},
  ): Promise<SessionView> {
    this.#lifetime.assertOpen();
    const { signal, as } = options;
    const connecting = this.#reach.connect(this.#party(as), peer);
    const session = await abortable(connecting, signal, `connecting to ${peer}`);
    return viewOf(await this.#reach.welcomed(session, signal));
  }

  /**
   * Calls `method` at `peer` and resolves with its answer. Connects first when needed. After a lost session the call is
   * made again if the peer cannot have seen it or an idempotency key makes that safe; otherwise `PEER_UNREACHABLE`.
   */
  call(peer: Did, method: string, body: unknown, options: CallOptions = {}): Promise<unknown> {
    this.#lifetime.assertOpen();
    return this.#desk.call(this.#party(options.as).did, peer, method, body, options);
  }

  /** Opens a conversation with `peer`. */
  openStream(
    peer: Did,
    method: string,
    body: unknown,
    options: CallOptions = {},
  ): Promise<OutgoingStream> {
    this.#lifetime.assertOpen();
    return this.#desk.openStream(this.#party(options.as).did, peer, method, body, options);
  }

  /** Answers `method` with `run`; `ALREADY_EXISTS` when something answers it already. */
  handle(method: string, run: CallHandler, options: HandleOptions = {}): void {
    this.#server.add(method, { kind: 'call', run, ...options });
  }

  /** Answers streams of `method` with `run`. */
  handleStream(method: string, run: StreamHandler): void {
    this.#server.add(method, { kind: 'stream', run });
  }

  /** Peers connected now. */
  peers(): readonly Did[] {
    return [...new Set(this.#activeSessions().map(({ peer }) => peer.did))];
  }

  /** What the node `node` of `peer` said of itself on the session with it; undefined without one. */
  about(peer: Did, node: string): SessionView | undefined {
    const session = this.#table.at(this.did, peer, node);
    return session?.active === true ? viewOf(session) : undefined;
  }

  /** Tells `listener` whenever a session becomes active; the result takes it off. */
  onPeer(listener: (peer: Did) => void): () => void {
    this.#peerListeners.add(listener);
    return () => {
      this.#peerListeners.delete(listener);
    };
  }

  /** Asks `rule` before a proven peer is let in; all rules must agree. A MeshError it throws is the reason the peer is told. */
  accept(rule: AcceptRule): void {
    this.#admission.add(rule);
  }

  /** Ends all sessions with `peer`, telling it `reason`. */
  async disconnect(peer: Did, reason: MeshError): Promise<void> {
    this.#reach.forsake(peer);
    const sessions = [...this.#table.all()].filter((session) => session.peer.did === peer);
    await Promise.all(sessions.map((session) => session.leave(reason)));
  }

  /**
   * The keys of `peer` have changed: asks each of its nodes to prove anew who it is, and ends the sessions of those that do
   * not within 5 s. With `compromised` keys, sessions under one of them end at once; the rightful holder dials again.
   */
  async review(peer: Did, compromised: readonly string[] = []): Promise<void> {
    const sessions = [...this.#table.all()].filter((session) => session.peer.did === peer);
    await Promise.all(
      sessions.map((session) => {
        const key = splitDidUrl(session.proof.proof.keyId).fragment;
        if (!compromised.includes(key)) return this.#reviewed(session);
        return session.leave(new MeshError('KEY_REVOKED', { key, detail: 'compromised' }));
      }),
    );
  }

  #reviewed(session: Session): Promise<void> {
    const { clock, keys } = this.#options;
    return reviewVouching(session, { clock, keys, signal: this.#lifetime.signal });
  }

  /** Ends everything that is being done here for `peer`; its sessions stay. */
  stopWork(peer: Did, reason: MeshError): void {
    this.#server.stopFor(peer, reason);
  }

  /** As {@link disconnect}, and ends everything that is being done here for `peer`, also what it could come back for. */
  async expel(peer: Did, reason: MeshError): Promise<void> {
    this.#server.stopFor(peer, reason);
    await this.disconnect(peer, reason);
  }

  /** Every connection, those lost and being dialled again too. */
  sessions(): readonly SessionView[] {
    const lost = this.#reach
      .suspended()
      .map(({ last, endpoint }) => ({ ...viewOf(last), endpoint, state: 'suspended' as const }));
    return [...[...this.#table.all()].map(viewOf), ...lost];
  }

  /** Totals since the start. */
  stats(): FederationStats {
    const { handshakes, failedHandshakes, handshakeMs } = this.#connector.counts;
    let { bytesIn, bytesOut } = this.#ended;
    for (const session of this.#table.all()) {
      bytesIn += session.bytesIn;
      bytesOut += session.bytesOut;
    }
    const mean = handshakes === 0 ? 0 : handshakeMs / handshakes;
    const calls = { callsOut: this.#desk.calls, callsIn: this.#server.calls };
    return { handshakes, failedHandshakes, handshakeMs: mean, bytesIn, bytesOut, ...calls };
  }

  /** Deletes the results of calls about `subject` that are remembered under an idempotency key, and says how many. */
  erase(subject: string): Promise<number> {
    return this.#results.erase(subject);
  }

  /** Entries in this node's tables. */
  open(): OpenTables {
    let streams = 0;
    for (const carrier of [...this.#table.all(), ...this.#loopbacks.values()])
      streams += carrier.streams;
    return {
      sessions: this.#table.size,
      streams,
      handlers: this.#server.active,
      executions: this.#results.running,
      handshakes: this.#connector.busy,
    };
  }

  async #start(): Promise<void> {
    this.#lifetime.assertOpen();
    const { transports, clock } = this.#options;
    const recognises = (first: Uint8Array): boolean => this.#recognises(first);
    const context = { clock, signal: this.#lifetime.signal, recognises };
    for (const transport of transports) {
      if (transport.listenAt === undefined || !transport.features.listen) continue;
      const listener = await transport.listen(
        transport.listenAt,
        (link) => void this.#connector.answer(link),
        context,
      );
      this.#listeners.push(listener);
    }
    await this.#firstAttempts(transports.flatMap(({ peers }) => peers));
  }

  async #firstAttempts(endpoints: readonly Endpoint[]): Promise<void> {
    const attempts = endpoints.map(
      (endpoint) =>
        new Promise<void>((resolve) => {
          this.#reach.keep(this.#parties[0]!, { endpoint }, undefined, resolve);
        }),
    );
    const options = { what: 'start()', signal: this.#lifetime.signal };
    await withDeadline(this.#options.clock, startMs, options, () => Promise.all(attempts)).catch(
      (error: unknown) => {
        if (!MeshError.is(error, 'TIMEOUT')) throw error;
      },
    );
  }

  async #close(): Promise<void> {
    const reason = new MeshError('CLOSED', { what: 'the node' });
    this.#lifetime.own(async () => {
      await Promise.all(this.#listeners.splice(0).map((listener) => listener.close()));
      this.#reach.stop();
      for (const loopback of this.#loopbacks.values()) loopback.close(reason);
      this.#loopbacks.clear();
      const sessions = [...this.#table.all()];
      await Promise.all(sessions.map((session) => session.leave(reason, this.#drainMs)));
      this.#server.close(reason);
      this.#peerListeners.clear();
    });
    await this.#lifetime.close();
  }

  /** Whether message 1 asks for an identity of this node; strange bytes ask for nobody. */
  #recognises(first: Uint8Array): boolean {
    if (first.length > maxFirstMessage) return false;
    try {
      const { crypto } = this.#options;
      return wantedParty({ crypto, parties: this.#parties }, first) !== undefined;
    } catch (error) {
      if (!MeshError.is(error)) throw error;
      return false;
    }
  }

  #party(did: Did | undefined): LocalParty {
    const party =
      did === undefined ? this.#parties[0] : this.#parties.find((one) => one.did === did);
    if (party !== undefined) return party;
    const expected = 'one of the identities of this node';
    throw new MeshError('INVALID_ARGUMENT', { argument: 'as', expected, got: did });
  }

  #makeSession(handshaken: Handshaken): Session {
    return new Session({
      handshaken,
      clock: this.#options.clock,
      limits: this.#limits,
      workload: this.#options.workload,
      onOpen: (session, stream, header) => {
        this.#server.serve(stream, header, { from: session.peer.did, to: session.local });
      },
      onActive: (session) => {
        this.#activated(session);
      },
      onEnd: (session, error) => {
        this.#sessionEnded(session, error);
      },
    });
  }

  #activated(session: Session): void {
    const { did, node } = session.peer;
    this.#reach.learn(session);
    this.#options.emit('peer.connected', { node, handshakeMs: session.handshakeMs }, { peer: did });
    for (const listener of [...this.#peerListeners]) listener(did);
    // Its keys may have changed between the handshake's check and now.
    void this.#reviewed(session);
    if (this.#options.introductions !== false) void this.#reach.askIntroductions(session);
  }

  #sessionEnded(session: Session, error: MeshError): void {
    const { did, node } = session.peer;
    this.#ended.bytesIn += session.bytesIn;
    this.#ended.bytesOut += session.bytesOut;
    const wasHere = this.#table.at(session.local, did, node) === session;
    this.#table.remove(session);
    const { code, params } = error;
    // Refused before it was taken in: never connected, so not lost either. Replaced: still connected.
    if (session.wasActive && wasHere)
      this.#options.emit('peer.lost', { node, code, params }, { peer: did });
    else if (MeshError.is(error, ...refusals) && wasHere) {
      this.#options.emit('peer.refused', { code, params }, { peer: did });
    }
  }

  #introduce(asker: Did): Promise<unknown> {
    const peers = this.#activeSessions().map(({ peer }) => peer);
    return Promise.resolve(introductionsFor(asker, peers));
  }

  #activeSessions(): readonly Session[] {
    return [...this.#table.all()].filter((session) => session.active);
  }

  #loopback(from: Did, peer: Did, node = this.#options.node): Carrier | undefined {
    if (node !== this.#options.node) return undefined;
    if (!this.#parties.some(({ did }) => did === peer)) return undefined;
    const name = `${from}\n${peer}`;
    let loopback = this.#loopbacks.get(name);
    if (loopback === undefined) {
      loopback = new Loopback(this.#limits, (stream, header) => {
        this.#server.serve(stream, header, { from, to: peer });
      });
      this.#loopbacks.set(name, loopback);
    }
    return loopback;
  }
}

const federationLimits: FederationLimits = {
  ...defaultLimits,
  handshakeMs: 10_000,
  halfOpen: 256,
  sessions: 16_384,
  introduced: 64,
  handlersPerPeer: 256,
  resultTtlMs: 24 * 3_600_000,
};
