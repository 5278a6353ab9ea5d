/**
 * The room's desk: issues and checks credentials, remembers what peers did, and says how far to believe them.
 * @module
 */
import { MeshError, toMeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import { Lifetime } from '../../base/lifetime.ts';
import { isPlainObject } from '../../base/shape.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Http } from '../../ports/http.ts';
import type { Random } from '../../ports/random.ts';
import type { Signer } from '../../ports/signer.ts';
import type { Store } from '../../ports/store.ts';
import type { Emit } from '../../schema/mesh-event.ts';
import type { SignedReceipt } from '../../schema/receipt.ts';
import type { TrustEvidence } from '../../schema/trust-evidence.ts';
import { Alarm } from './alarm.ts';
import type { TrustAnchor } from './anchors.ts';
import type { Verdict } from './belief.ts';
import type { ShownDelegation } from './chains.ts';
import type { Skew } from './claims.ts';
import { type BookedCredential, CredentialBook } from './credential-book.ts';
import { CredentialExaminer } from './credentials.ts';
import { delegationType } from './delegation.ts';
import { EvidenceBook } from './evidence.ts';
import { Introductions } from './introductions.ts';
import { type CredentialRequest, issueCredential } from './issue.ts';
import type { Histories, Keys, Neighbours, Street } from './needs.ts';
import { OwnLists } from './own-lists.ts';
import { PresenceBook } from './presence.ts';
import { Recent } from './recent.ts';
import {
  type TrustConstants,
  type TrustScore,
  type TrustWeights,
  trustConstants,
  trustScore,
} from './score.ts';
import type { StatusList } from './status-list.ts';
import { StatusLists } from './status-lists.ts';
import { type Reach, StatusRelay } from './status-relay.ts';
import { type TrustEdge, TrustGraph } from './trust-graph.ts';
import { type Verification, verifyCredential } from './verification.ts';

/** Options of {@link TrustEngine}. */
export interface TrustEngineOptions {
  /** Who this node is. */
  readonly did: Did;
  readonly signer: Signer;
  readonly keys: Keys & Histories;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly random: Random;
  /** This room's own part of the store; must be conditional. */
  readonly store: Store;
  readonly street: Street & Neighbours;
  /** Fetches status lists from https addresses; without it those cannot be checked. */
  readonly http?: Http;
  readonly emit: Emit;
  /** Issuers whose credentials count, each for the types it may speak of. Default: none but this node itself. */
  readonly anchors?: readonly TrustAnchor[];
  /** Points per factor, adding up to 100. Default 30, 25, 20, 15, 10. */
  readonly weights?: TrustWeights;
  readonly skew?: Skew;
  /** Age in milliseconds from which a status list says nothing any more. Default 3,600,000. */
  readonly maxStatusAgeMs?: number;
  /** Told at once when a credential of a peer is revoked, so that its sessions can be judged again. */
  readonly onRevoked?: (subject: Did, credential: string, types: readonly string[]) => void;
}

/** What {@link TrustEngine.status} tells. */
export interface TrustStatus {
  /** Own credentials. */
  readonly held: number;
  /** Credentials booked in all, own ones included. */
  readonly credentials: number;
  /** Peers with evidence. */
  readonly peers: number;
  /** Status lists that credentials here go by, and how old each is; undefined for one that could not be had. */
  readonly lists: readonly { readonly id: string; readonly ageMs: number | undefined }[];
}

const hourMs = 3_600_000;
/** Scores remembered. */
const scoreLimit = 10_000;
/** When the upkeep has failed, it is tried again after this many milliseconds. */
const retryMs = 60_000;

/** How far one organisation believes the others, and why. */
export class TrustEngine implements AsyncDisposable {
  readonly #options: TrustEngineOptions;
  readonly #constants: TrustConstants;
  readonly #lifetime = new Lifetime('the trust engine');
  readonly #alarm: Alarm;
  readonly #examiner: CredentialExaminer;
  readonly #lists: StatusLists;
  readonly #own: OwnLists;
  readonly #relay: StatusRelay;
  readonly #book: CredentialBook;
  readonly #introductions: Introductions;
  readonly #evidence: EvidenceBook;
  readonly #presence: PresenceBook;
  readonly #scores = new Recent<Did, { readonly score: TrustScore; readonly until: number }>(
    scoreLimit,
  );
  /** The score told last in an event. */
  readonly #told = new Recent<Did, number>(scoreLimit);
  /** Reasons of revocations under way, by credential. */
  readonly #reasons = new Map<string, string>();
  readonly #background = new Set<Promise<unknown>>();
  #savedAt = 0;
  #upkeep: Promise<void> | undefined;
  #starting: Promise<void> | undefined;
  #started = false;

  constructor(options: TrustEngineOptions) {
    const { did, store, clock, signer, keys, street, emit } = options;
    const { signal } = this.#lifetime;
    this.#options = options;
    this.#constants = { ...trustConstants, weights: checkedWeights(options.weights) };
    this.#alarm = new Alarm(clock, () => {
      this.#upkeep ??= this.#doUpkeep();
      this.#inBackground(this.#upkeep);
    });
    this.#examiner = new CredentialExaminer(options);
    this.#lists = new StatusLists({
      store,
      clock,
      examiner: this.#examiner,
      fetch: (id, issuer) => this.#relay.fetch(id, issuer),
      onNewer: (list) => {
        this.#apply(list);
      },
      maxAgeMs: options.maxStatusAgeMs ?? hourMs,
    });
    this.#own = new OwnLists(options);
    this.#book = new CredentialBook({
      did,
      store,
      clock,
      emit,
      verify: (token, reach) => this.#verify(token, reach),
      staleAt: (list) => this.#lists.staleAt(list),
      forget: (key) => {
        this.#inBackground(store.write([{ del: key }]));
      },
      onChanged: (subject, because) => {
        this.#changed(subject, because);
      },
      onRevoked: (subject, credential, types) => options.onRevoked?.(subject, credential, types),
    });
    const shared = { did, street, clock, histories: keys, examiner: this.#examiner, signal };
    this.#relay = new StatusRelay({
      ...shared,
      http: options.http,
      lists: this.#lists,
      own: this.#own,
      wanted: (id, issuer) => this.#hasToDoWith(id, issuer),
      background: (work) => {
        this.#inBackground(work);
      },
    });
    this.#introductions = new Introductions({ ...shared, lists: this.#lists, book: this.#book });
    this.#evidence = new EvidenceBook({ did, signer, keys, store, clock });
    this.#presence = new PresenceBook(store, clock);
  }

  /** Reads what was kept and begins to answer peers. May be called twice. */
  start(): Promise<void> {
    this.#lifetime.assertOpen();
    this.#starting ??= this.#begin();
    return this.#starting;
  }

  /** Ends what it began and writes down what it knows. Idempotent. */
  close(): Promise<void> {
    return this.#lifetime.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Says something of `subject`, signed by this node. Hand `jwt` to the subject, who shows it to others.
   * Throws `INVALID_ARGUMENT`, or `LIMIT_EXCEEDED` for claims that make the token longer than 64 KiB.
   */
  async issue(request: CredentialRequest): Promise<{ readonly id: string; readonly jwt: string }> {
    await this.#ready();
    const { did, signer, clock, random } = this.#options;
    const tools = { did, signer, clock, random, own: this.#own };
    const { id, jwt, list } = await issueCredential(request, tools);
    await this.#lists.take(list);
    this.#arm();
    return { id, jwt };
  }

  /** Makes every check of a credential; a bad one is a result, not an exception. */
  async verify(credential: string | { readonly jwt: string }): Promise<Verification> {
    await this.#ready();
    const given: unknown = credential;
    const token = isPlainObject(given) ? given['jwt'] : given;
    if (typeof token !== 'string') {
      const expected = 'a credential as vc+jwt';
      throw new MeshError('INVALID_ARGUMENT', { argument: 'credential', expected, got: token });
    }
    return this.#verify(token, 'always');
  }

  /**
   * Takes back what this node said under `id`, and resolves when every connected peer goes by it or 5 s have passed.
   * `NOT_FOUND` for what this node did not issue. What was revoked before is told again.
   */
  async revoke(id: string, reason: string): Promise<Reach> {
    await this.#ready();
    const begun = this.#options.clock.monotonic();
    this.#reasons.set(id, reason);
    try {
      const token = await this.#own.revoke(id, reason);
      await this.#lists.take(token);
      this.#arm();
      const reach = await this.#relay.publish(token);
      return { ...reach, ms: this.#options.clock.monotonic() - begun };
    } finally {
      this.#reasons.delete(id);
    }
  }

  /** Keeps an own credential and shows it to peers from now on; `CREDENTIAL_INVALID` when it does not hold. */
  async hold(jwt: string): Promise<BookedCredential> {
    await this.#ready();
    const booked = await this.#book.hold(jwt);
    this.#arm();
    this.#inBackground(this.#introductions.offer());
    return booked;
  }

  /** Own credentials. */
  held(): readonly BookedCredential[] {
    this.#assertStarted();
    return this.#book.booked(this.#options.did);
  }

  /** Types of the credentials of `did` that stand now and that an anchor stands for. */
  credentialsOf(did: Did): ReadonlySet<string> {
    this.#assertStarted();
    return new Set(this.#book.standing(did).flatMap(({ counted }) => counted));
  }

  /** Trust in `did` as of this hour. A stranger has state `unknown` and score 0. `NOT_STARTED` before `start()`. */
  score(did: Did): TrustScore {
    this.#assertStarted();
    const now = this.#options.clock.now();
    const cached = this.#scores.get(did);
    if (cached !== undefined && now < cached.until) return cached.score;
    const facts = {
      evidence: this.#evidence.of(did),
      credentials: this.#countedOf(did),
      presence: this.#presence.of(did),
    };
    const score = trustScore(facts, now, this.#constants);
    const hourEnd = (Math.floor(now / hourMs) + 1) * hourMs;
    this.#scores.set(did, { score, until: Math.min(hourEnd, this.#book.standsUntil(did)) });
    return score;
  }

  /**
   * Remembers how a task ended: `kept` when the output was what was asked for. Signs this node's word on the receipt.
   * Throws `RECEIPT_INVALID` for a receipt that is forged, for somebody else, or known with other content.
   */
  async observe(receipt: SignedReceipt, verdict: Verdict, note?: string): Promise<TrustEvidence> {
    await this.#ready();
    const observing = this.#evidence.observe(receipt, verdict, note);
    // Who closes meanwhile waits for the last word as well.
    this.#inBackground(observing);
    const evidence = await observing;
    this.#changed(receipt.by, `task ${receipt.task} ${verdict}`);
    return evidence;
  }

  /** Notes that `did` is connected from now on, or no longer. */
  seen(did: Did, connected: boolean): void {
    this.#lifetime.assertOpen();
    this.#presence.seen(did, connected);
  }

  /** Hears `peer` out: resolves when its credentials were asked for and judged. Happens by itself at every new session. */
  async meet(peer: Did): Promise<void> {
    await this.#ready();
    await this.#meet(peer);
  }

  /** What this node knows of who says what of whom. */
  graph(): TrustGraph {
    this.#assertStarted();
    return new TrustGraph([...this.#credentialEdges(), ...this.#evidenceEdges()]);
  }

  /** What this node goes by, in numbers. */
  status(): TrustStatus {
    this.#assertStarted();
    const lists = this.#book.lists().map(({ id, issuer }) => {
      const list = this.#lists.remembered(id, issuer);
      return { id, ageMs: list === undefined ? undefined : this.#lists.ageOf(list) };
    });
    const held = this.#book.booked(this.#options.did).length;
    return { held, credentials: this.#book.size, peers: this.#evidence.peers().length, lists };
  }

  async #begin(): Promise<void> {
    await this.#own.load();
    await this.#evidence.load();
    await this.#presence.load();
    await this.#book.load();
    this.#lifetime.assertOpen();
    this.#started = true;
    this.#savedAt = this.#options.clock.now();
    for (const did of new Set([...this.#book.subjects(), ...this.#evidence.peers()])) {
      this.#told.set(did, this.score(did).score);
    }
    this.#relay.start();
    this.#introductions.start();
    this.#lifetime.own(() => this.#end());
    const { street } = this.#options;
    this.#lifetime.own(
      street.onPeer((peer) => {
        this.#inBackground(this.#meet(peer));
      }),
    );
    for (const peer of street.peers()) this.#inBackground(this.#meet(peer));
    this.#arm();
  }

  async #end(): Promise<void> {
    this.#alarm.stop();
    await Promise.allSettled(this.#background);
    await this.#presence.save();
  }

  /** What a peer may have missed or may bring: its credentials, and news of its status lists. */
  async #meet(peer: Did): Promise<void> {
    await this.#introductions.ask(peer);
    const lists = this.#book.lists().filter(({ issuer }) => issuer === peer);
    for (const { id, issuer } of lists) await this.#lists.refresh(id, issuer);
    this.#arm();
  }

  #verify(token: string, reach: 'always' | 'anchors' | 'never'): Promise<Verification> {
    const { did, anchors = [], clock } = this.#options;
    const tools = { did, anchors, examiner: this.#examiner, lists: this.#lists };
    const delegations = (to: Did) => this.#delegationsTo(to);
    return verifyCredential(token, { ...tools, now: () => clock.now(), delegations }, { reach });
  }

  /** Delegations to `delegate` in the book; each is judged again where it is gone by. */
  #delegationsTo(delegate: Did): readonly ShownDelegation[] {
    return this.#book
      .booked(delegate)
      .filter(({ credential }) => credential.type.includes(delegationType))
      .map(({ jwt, credential }) => ({ token: jwt, credential }));
  }

  #apply(list: StatusList): void {
    this.#book.apply(list, (id) => this.#reasons.get(id));
    this.#arm();
  }

  #hasToDoWith(id: string, issuer: Did): boolean {
    const { anchors = [] } = this.#options;
    if (anchors.some((anchor) => anchor.issuer === issuer)) return true;
    return this.#book.lists().some((list) => list.id === id && list.issuer === issuer);
  }

  #countedOf(did: Did): readonly { readonly issuer: Did; readonly type: string }[] {
    const pairs = new Map<string, { issuer: Did; type: string }>();
    for (const { issuer, counted } of this.#book.standing(did)) {
      for (const type of counted) pairs.set(`${issuer} ${type}`, { issuer, type });
    }
    return [...pairs.values()];
  }

  #changed(did: Did, because: string): void {
    this.#scores.delete(did);
    if (!this.#started) return;
    const { score } = this.score(did);
    const before = this.#told.get(did) ?? 0;
    this.#told.set(did, score);
    if (score === before) return;
    this.#options.emit('trust.changed', { score, before, because }, { peer: did });
  }

  /** Sets the alarm to the next thing that is due. */
  #arm(): void {
    if (!this.#started || this.#lifetime.closed) return;
    const dues = [this.#own.dueAt, this.#book.dueAt, this.#savedAt + hourMs];
    this.#alarm.set(Math.min(...dues.map((due) => due ?? Infinity)));
  }

  async #doUpkeep(): Promise<void> {
    try {
      for (const token of await this.#own.renew()) {
        await this.#lists.take(token);
        this.#inBackground(this.#relay.publish(token));
      }
      await this.#askAgain();
      await this.#book.rejudge();
      await this.#savePresence();
      this.#arm();
    } catch {
      // The store is full or away: everything stays due, and lapses by itself where it must not be gone by.
      const { clock } = this.#options;
      if (!this.#lifetime.closed) this.#alarm.set(clock.now() + retryMs);
    } finally {
      this.#upkeep = undefined;
    }
  }

  /** Holders show their credentials with the newest status lists, so they can stand in for an issuer that is away. */
  async #askAgain(): Promise<void> {
    const due = this.#book.dueSubjects();
    const connected = this.#options.street.peers().filter((peer) => due.has(peer));
    await Promise.all(connected.map((peer) => this.#introductions.ask(peer)));
  }

  async #savePresence(): Promise<void> {
    const now = this.#options.clock.now();
    if (now < this.#savedAt + hourMs) return;
    await this.#presence.save();
    this.#savedAt = now;
  }

  /** Work nobody waits for; `close` does. Its failures show in what it did not do. */
  #inBackground(work: Promise<unknown>): void {
    const settled = work
      .catch((error: unknown) => toMeshError(error, 'the trust engine'))
      .finally(() => this.#background.delete(settled));
    this.#background.add(settled);
  }

  *#credentialEdges(): Iterable<TrustEdge> {
    for (const subject of this.#book.subjects()) {
      for (const { issuer, counted, credential } of this.#book.standing(subject)) {
        const types = credential.type.filter((type) => type !== 'VerifiableCredential');
        const edge = { from: issuer, to: subject, types, counted: counted.length > 0 };
        yield { kind: 'credential', ...edge };
      }
    }
  }

  *#evidenceEdges(): Iterable<TrustEdge> {
    for (const peer of this.#evidence.peers()) {
      let [kept, broken] = [0, 0];
      for (const day of this.#evidence.of(peer)) {
        kept += day.kept;
        broken += day.broken;
      }
      yield { kind: 'evidence', from: this.#options.did, to: peer, kept, broken };
    }
  }

  async #ready(): Promise<void> {
    this.#lifetime.assertOpen();
    await this.start();
  }

  #assertStarted(): void {
    this.#lifetime.assertOpen();
    if (!this.#started) throw new MeshError('NOT_STARTED', { what: 'trust' });
  }
}

function checkedWeights(weights: TrustWeights = trustConstants.weights): TrustWeights {
  const points = Object.values(weights);
  const sum = points.reduce((total, value) => total + value, 0);
  if (points.some((value) => !(value >= 0)) || Math.abs(sum - 100) > 1e-9) {
    const expected = 'points that add up to 100';
    throw new MeshError('INVALID_ARGUMENT', { argument: 'weights', expected, got: points });
  }
  return weights;
}
