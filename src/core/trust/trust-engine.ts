/**
 * The room's desk: issues and checks credentials, remembers what peers did, and says how far to believe them.
 * @module
 */
import { type Duration, toMs } from '../../base/duration.ts';
import { MeshError, toMeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import { Lifetime } from '../../base/lifetime.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Http } from '../../ports/http.ts';
import type { Random } from '../../ports/random.ts';
import type { Signer } from '../../ports/signer.ts';
import type { Store } from '../../ports/store.ts';
import type { SignedAttestation } from '../../schema/attestation.ts';
import type { Emit } from '../../schema/mesh-event.ts';
import type { SignedReceipt } from '../../schema/receipt.ts';
import type { Signed } from '../../schema/signed.ts';
import type { TrustEvidence } from '../../schema/trust-evidence.ts';
import type { TrustVerdict } from '../../schema/trust-verdict.ts';
import { Alarm } from './alarm.ts';
import { ownRights, type TrustAnchor } from './credentials/anchors.ts';
import type { ShownDelegation } from './credentials/chains.ts';
import type { Skew } from './credentials/claims.ts';
import { type BookedCredential, CredentialBook } from './credentials/credential-book.ts';
import { CredentialExaminer, statementOf } from './credentials/credentials.ts';
import { type Delegation, delegationShape, delegationType } from './credentials/delegation.ts';
import { DenyList, type Statement } from './credentials/deny-list.ts';
import { DocumentDesk } from './credentials/documents.ts';
import type { ProofOptions } from './credentials/eddsa-jcs.ts';
import { Introductions } from './credentials/introductions.ts';
import { type CredentialRequest, issueCredential } from './credentials/issue.ts';
import {
  type PresentationDemands,
  PresentationDesk,
  type PresentationRequest,
  type PresentationVerification,
} from './credentials/presentations.ts';
import { documentStatement } from './credentials/secured-document.ts';
import {
  type Verification,
  type VerificationTools,
  verifyCredential,
} from './credentials/verification.ts';
import { type CredentialInput, Verifier, type VerifyRequest } from './credentials/verifier.ts';
import { type AttestationRequest, attest } from './evidence/attest.ts';
import { AttestationBook } from './evidence/attestation-book.ts';
import type { Verdict } from './evidence/belief.ts';
import { EvidenceBook } from './evidence/evidence.ts';
import {
  type EvidenceBundle,
  EvidenceExchange,
  type MergeResult,
} from './evidence/evidence-exchange.ts';
import { EvidencePool } from './evidence/evidence-pool.ts';
import { PresenceBook } from './evidence/presence.ts';
import { graphEdges } from './graph/graph-edges.ts';
import { TrustGraph } from './graph/trust-graph.ts';
import type { Histories, Keys, Neighbours, Street, TownCrier } from './needs.ts';
import { Dossiers } from './score/dossier.ts';
import type { TrustScore } from './score/score.ts';
import { Scorekeeper } from './score/scorekeeper.ts';
import type { TrustWeights, TrustWeightsChoice } from './score/weights.ts';
import { OwnLists } from './status/own-lists.ts';
import type { StatusList } from './status/status-list.ts';
import { StatusLists } from './status/status-lists.ts';
import { type Reach, StatusRelay } from './status/status-relay.ts';
import type { BookedAppeal } from './verdicts/appeals.ts';
import type { AppealRequest, FiledAppeal } from './verdicts/notices.ts';
import type { BookedVerdict } from './verdicts/verdict-book.ts';
import {
  type QuarantineRequest,
  type SlashRequest,
  VerdictDesk,
  type VerdictEffects,
} from './verdicts/verdict-desk.ts';
import type { ViolationReport } from './verdicts/violation.ts';

/** Options of {@link TrustEngine}. */
export interface TrustEngineOptions extends VerdictEffects {
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
  /**
   * Points per factor, adding up to 100: `standard`, `balanced` or others. Other ones than the store holds take effect
   * little by little. Default: what the store holds, else the standard ones.
   */
  readonly weights?: TrustWeightsChoice;
  /** Milliseconds over which weights change. Default 14 days. */
  readonly weightsOverMs?: number;
  /** Tells everybody of verdicts, and hears of theirs. Without it they go from neighbour to neighbour when they meet. */
  readonly crier?: TownCrier;
  /** Milliseconds of probation after a quarantine. Default 7 days. */
  readonly probationMs?: number;
  /** Whether evidence is exchanged with `peer`: it tells who worked for whom. Default: with nobody. */
  readonly sharesEvidence?: (peer: Did) => boolean;
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
const dayMs = 24 * hourMs;
/** Milliseconds over which weights change unless told otherwise. */
const weightsOverMs = 14 * dayMs;
/** When the upkeep has failed, it is tried again after this many milliseconds. */
const retryMs = 60_000;

/** How far one organisation believes the others, and why. */
export class TrustEngine implements AsyncDisposable {
  readonly #options: TrustEngineOptions;
  readonly #lifetime = new Lifetime('the trust engine');
  readonly #alarm: Alarm;
  readonly #examiner: CredentialExaminer;
  readonly #lists: StatusLists;
  readonly #tools: VerificationTools;
  readonly #verifier: Verifier;
  readonly #presentations: PresentationDesk;
  readonly #documents: DocumentDesk;
  readonly #own: OwnLists;
  readonly #denied: DenyList;
  readonly #relay: StatusRelay;
  readonly #book: CredentialBook;
  readonly #introductions: Introductions;
  readonly #evidence: EvidenceBook;
  readonly #presence: PresenceBook;
  readonly #pool: EvidencePool;
  readonly #attestations: AttestationBook;
  readonly #exchange: EvidenceExchange;
  readonly #desk: VerdictDesk;
  readonly #dossiers: Dossiers;
  readonly #scores: Scorekeeper;
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
    this.#alarm = new Alarm(clock, () => {
      this.#upkeep ??= this.#doUpkeep();
      this.#inBackground(this.#upkeep);
    });
    const standing = {
      isQuarantined: (peer: Did) => this.#desk.book.quarantineOf(peer) !== undefined,
    };
    this.#denied = new DenyList(store, options.crypto);
    const isDenied = (statement: Statement) => this.#denied.has(statement);
    this.#examiner = new CredentialExaminer({ ...options, standing, isDenied });
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
    this.#tools = {
      rights: ownRights(options.anchors ?? [], did),
      examiner: this.#examiner,
      lists: this.#lists,
      now: () => clock.now(),
      delegations: (to) => this.#delegationsTo(to),
    };
    this.#verifier = new Verifier(this.#tools);
    this.#presentations = new PresentationDesk({
      ...options,
      standing,
      examiner: this.#examiner,
      verify: (token, shown) => this.#verifier.judge(token, shown),
    });
    this.#documents = new DocumentDesk({
      ...options,
      standing,
      examiner: this.#examiner,
      verify: (input, shown) => this.#verifier.judge(input, shown),
    });
    this.#own = new OwnLists(options);
    this.#book = new CredentialBook({
      did,
      store,
      clock,
      emit,
      verify: (token, reach, at) => this.#verify(token, reach, at),
      staleAt: (list) => this.#lists.staleAt(list),
      forget: (key) => {
        this.#inBackground(store.write([{ del: key }]));
      },
      onChanged: (subject, because) => {
        this.#scores.changed(subject, because);
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
    const onKept = (key: string): void => {
      this.#exchange.noted(key);
    };
    this.#evidence = new EvidenceBook({ did, signer, keys, store, clock, onKept });
    this.#pool = new EvidencePool({ did, keys, store, clock, onKept });
    this.#attestations = new AttestationBook({ keys, store, clock });
    this.#presence = new PresenceBook(store, clock);
    const { sharesEvidence = () => false, crier, anchors = [] } = options;
    this.#exchange = new EvidenceExchange({
      ...options,
      histories: keys,
      pool: this.#pool,
      attestations: this.#attestations,
      shares: sharesEvidence,
      signal,
      onMerged: (about) => {
        this.#merged(about);
      },
    });
    this.#desk = new VerdictDesk({
      ...options,
      anchors,
      crier,
      probationMs: options.probationMs ?? 7 * dayMs,
      signal,
      background: (work) => {
        this.#inBackground(work);
      },
      onChanged: (peer, because) => {
        // What a peer in quarantine said of others counts no more.
        this.#scores.forget();
        this.#scores.changed(peer, because);
      },
    });
    this.#dossiers = new Dossiers({
      did,
      anchors,
      evidence: this.#evidence,
      pool: this.#pool,
      credentials: this.#book,
      attestations: this.#attestations,
      verdicts: this.#desk.book,
      presence: this.#presence,
    });
    this.#scores = new Scorekeeper({
      store,
      clock,
      emit,
      dossiers: this.#dossiers,
      weights: options.weights,
      weightsOverMs: options.weightsOverMs ?? weightsOverMs,
    });
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

  /**
   * Lets `delegate` say some of what this node may say, where this node is an anchor of some `depth` or has such a right itself. What
   * goes beyond that right counts for nobody. Hand `jwt` to the delegate, who shows it with what it issues.
   * Throws `INVALID_ARGUMENT` or `SCHEMA_INVALID`.
   */
  delegate(
    delegate: Did,
    delegation: Delegation,
    validFor?: Duration,
  ): Promise<{ readonly id: string; readonly jwt: string }> {
    const claims = { delegation: delegationShape(delegation, 'delegation') };
    const request = { subject: delegate, type: delegationType, claims };
    return this.issue(validFor === undefined ? request : { ...request, validFor });
  }

  /** Makes every check of a credential; a bad one is a result, not an exception. */
  async verify(credential: CredentialInput, request?: VerifyRequest): Promise<Verification> {
    if (this.#started) this.#lifetime.assertOpen();
    else await this.#ready();
    return await this.#verifier.verify(credential, request);
  }

  /**
   * Strikes a credential out for this node, whatever its issuer says of it, also over a restart. Known by issuer and `id` and by what
   * was signed, so that no other form of the token gets through. `CREDENTIAL_INVALID` for what cannot be read.
   */
  async deny(credential: string | { readonly proof: unknown }): Promise<void> {
    await this.#ready();
    const statement =
      typeof credential === 'string'
        ? statementOf(this.#examiner.parse(credential))
        : documentStatement(credential);
    await this.#denied.add(statement);
    const [id] = statement.ids;
    if (typeof id === 'string') this.#book.drop(statement.issuer, id);
  }

  /** The verdicts on many credentials, in their order. The same one is judged once, and only some at a time. */
  async verifyAll(
    credentials: readonly CredentialInput[],
    request?: VerifyRequest,
  ): Promise<readonly Verification[]> {
    await this.#ready();
    return this.#verifier.verifyAll(credentials, request);
  }

  /**
   * Signs a presentation of credentials, by default of all that this node holds, for one verifier and a short time.
   * Throws `INVALID_ARGUMENT`, or `LIMIT_EXCEEDED` for one of more than 256 KiB.
   */
  async present(
    request: Omit<PresentationRequest, 'credentials'> & Partial<PresentationRequest>,
  ): Promise<string> {
    await this.#ready();
    const { credentials = this.held().map(({ jwt }) => jwt) } = request;
    return this.#presentations.create({ ...request, credentials });
  }

  /**
   * Makes every check of a presentation (`vp+jwt`, or a document with its proof inside) and of each credential in it; a bad one is
   * a result, not an exception. It must be for this node, or for the audience named, and is taken once: of documents the caller
   * sees to that by a new `nonce` for each, and without one they throw `INVALID_ARGUMENT`.
   */
  async verifyPresentation(
    presentation: string | { readonly proof: unknown },
    demands?: PresentationDemands,
  ): Promise<PresentationVerification> {
    await this.#ready();
    return typeof presentation === 'string'
      ? this.#presentations.verify(presentation, demands)
      : this.#documents.verify(presentation, demands);
  }

  /**
   * Signs a document inside (`eddsa-jcs-2022`): a credential whose issuer, or a presentation whose holder this node is. Throws
   * `INVALID_ARGUMENT` for others, and for a node whose key is not Ed25519.
   */
  async prove<T extends object>(
    document: T,
    options: ProofOptions = {},
  ): Promise<T & { readonly proof: unknown }> {
    await this.#ready();
    return this.#documents.prove(document, options);
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

  /**
   * Keeps an own credential, or a delegation to the issuer of one, and shows it to peers from now on; `CREDENTIAL_INVALID` when it
   * does not hold.
   */
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
    return new Set(this.#dossiers.credentialsOf(did).map(({ type }) => type));
  }

  /** Trust in `did` as of this hour. A stranger has state `unknown` and score 0. `NOT_STARTED` before `start()`. */
  score(did: Did): TrustScore {
    this.#assertStarted();
    return this.#scores.score(did);
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
    this.#scores.changed(receipt.by, `task ${receipt.task} ${verdict}`);
    return evidence;
  }

  /**
   * Says how good a task was done, 0 to 1, in place of what was said before: signed evidence, kept by this node and shared
   * with those it shares evidence with. Throws `INVALID_ARGUMENT`, and `RECEIPT_INVALID` as {@link observe} does.
   */
  async feedback(receipt: SignedReceipt, score: number, note?: string): Promise<TrustEvidence> {
    await this.#ready();
    const evidence = await this.#evidence.feedback(receipt, score, note);
    this.#scores.changed(receipt.by, `task ${receipt.task} was given ${String(score)}`);
    return evidence;
  }

  /**
   * Says something of `about`, signed by this node, for others to weigh: `value` from 0 (not at all) to 1 (entirely).
   * Types that begin with `compliance/` are findings, which count where this node is an anchor for them. `INVALID_ARGUMENT`.
   */
  async attest(request: AttestationRequest): Promise<SignedAttestation> {
    await this.#ready();
    const attestation = await attest(request, this.#options);
    await this.#attestations.take(attestation);
    this.#merged(new Set([attestation.about]));
    return attestation;
  }

  /** What this node has seen and learnt, signed by both parties of each task, for another node to `merge`. */
  async exportEvidence(options: { readonly about?: Did } = {}): Promise<EvidenceBundle> {
    await this.#ready();
    return this.#exchange.export(options.about);
  }

  /**
   * Takes in evidence of others. Pieces that prove nothing are refused one by one; how much the rest counts depends on who
   * says it. Merging twice, or in another order, makes no difference. `SCHEMA_INVALID` for what is no bundle.
   */
  async merge(bundle: EvidenceBundle): Promise<MergeResult> {
    await this.#ready();
    return this.#exchange.merge(bundle);
  }

  /** Points per factor, as of this hour. */
  get weights(): TrustWeights {
    this.#assertStarted();
    return this.#scores.weights;
  }

  /** Changes the points per factor in a straight line, by default over 14 days; survives a restart. `INVALID_ARGUMENT`. */
  async setWeights(
    weights: TrustWeightsChoice,
    { over = weightsOverMs }: { readonly over?: Duration } = {},
  ): Promise<void> {
    await this.#ready();
    await this.#scores.setWeights(weights, toMs(over, 'over'));
  }

  /**
   * Shuts `peer` out, here at once and everywhere that goes by this node's word: sessions close, running tasks are cancelled
   * (after `drain`), its agents are forgotten. Throws `INVALID_ARGUMENT`.
   */
  async quarantine(peer: Did, request: QuarantineRequest): Promise<Signed<TrustVerdict>> {
    await this.#ready();
    return this.#desk.quarantine(peer, request);
  }

  /** Lets a misdeed weigh as many broken tasks, here and everywhere that goes by this node's word. `INVALID_ARGUMENT`. */
  async slash(peer: Did, request: SlashRequest): Promise<Signed<TrustVerdict>> {
    await this.#ready();
    return this.#desk.slash(peer, request);
  }

  /** Ends a verdict of this node before its time; `NOT_FOUND`. Probation follows a quarantine. */
  async release(verdict: string, note?: string): Promise<void> {
    await this.#ready();
    await this.#desk.release(verdict, note);
  }

  /** Verdicts on `peer` that this node goes by, or went by lately. */
  verdicts(peer: Did): readonly BookedVerdict[] {
    this.#assertStarted();
    return this.#desk.book.of(peer);
  }

  /** The quarantine of `peer` that ends last; undefined when none stands, and before the start. */
  quarantineOf(peer: Did): Signed<TrustVerdict> | undefined {
    return this.#desk.quarantineOf(peer);
  }

  /** Peers in quarantine now. */
  quarantined(): readonly Did[] {
    this.#assertStarted();
    return this.#desk.book.quarantined();
  }

  /** Verdicts on this node itself that it was told of. */
  notices(): readonly Signed<TrustVerdict>[] {
    this.#assertStarted();
    return this.#desk.notices.all();
  }

  /** Speaks against a verdict on this node; others carry it where the issuer listens no more. `NOT_FOUND`. */
  async appeal(verdict: string, request: AppealRequest): Promise<FiledAppeal> {
    await this.#ready();
    return this.#desk.appeal(verdict, request);
  }

  /** Takes an appeal that was brought by another way than the street; `VERDICT_REFUSED` for one that is none. */
  async hear(appeal: unknown): Promise<void> {
    await this.#ready();
    await this.#desk.hear(appeal);
  }

  /** Appeals against verdicts of this node. */
  appeals(): readonly BookedAppeal[] {
    this.#assertStarted();
    return this.#desk.appeals();
  }

  /** Decides on an appeal; when granted, the verdict is over and probation begins. `NOT_FOUND`. */
  async answerAppeal(
    verdict: string,
    answer: { readonly grant: boolean; readonly note?: string },
  ): Promise<void> {
    await this.#ready();
    await this.#desk.answerAppeal(verdict, answer);
  }

  /**
   * Signs what a peer did against the rules and speaks the verdict that the rule asks for. Resolves with the CID of the
   * evidence. Happens by itself when a policy marked `@violation` refuses a peer.
   */
  async violation(report: ViolationReport): Promise<string> {
    await this.#ready();
    return this.#desk.violation(report);
  }

  /** The evidence behind a verdict of this node, by the CID that the verdict names. */
  async proof(cid: string): Promise<unknown> {
    await this.#ready();
    return this.#desk.evidence(cid);
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
    const sources = {
      did: this.#options.did,
      credentials: this.#book,
      evidence: this.#evidence,
      pool: this.#pool,
      attestations: this.#attestations,
      verdicts: this.#desk.book,
    };
    return new TrustGraph([...graphEdges(sources)]);
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
    await this.#denied.load();
    await this.#evidence.load();
    await this.#loadShared();
    await this.#presence.load();
    await this.#book.load();
    await this.#desk.load();
    await this.#scores.load();
    this.#lifetime.assertOpen();
    this.#started = true;
    this.#savedAt = this.#options.clock.now();
    this.#scores.start(new Set([...this.#book.subjects(), ...this.#evidence.peers()]));
    this.#relay.start();
    this.#introductions.start();
    this.#exchange.start();
    this.#lifetime.own(() => this.#end());
    this.#lifetime.own(this.#desk.start());
    const { street } = this.#options;
    this.#lifetime.own(
      street.onPeer((peer) => {
        this.#inBackground(this.#meet(peer));
      }),
    );
    for (const peer of street.peers()) this.#inBackground(this.#meet(peer));
    this.#arm();
  }

  /** What was learnt from others, and what may be told to them. */
  async #loadShared(): Promise<void> {
    const { store } = this.#options;
    await this.#attestations.load();
    await this.#pool.load();
    for (const prefix of ['evidence/', 'pool/']) {
      for await (const { key } of store.scan({ prefix })) this.#exchange.noted(key);
    }
  }

  /**
   * The keys of `of` have changed. Of a peer: what it has issued is not gone by until it was judged again, by the keys of the
   * time since when it is here. Of this node: its status lists are signed anew and told.
   */
  async keysChanged(of: Did): Promise<void> {
    await this.#ready();
    if (of === this.#options.did) {
      for (const token of await this.#own.resign()) {
        await this.#lists.take(token);
        this.#inBackground(this.#relay.publish(token));
      }
      return;
    }
    this.#book.doubt(of);
    await this.#book.rejudge();
    this.#arm();
  }

  #merged(about: ReadonlySet<Did>): void {
    this.#dossiers.renew();
    this.#scores.forget();
    for (const peer of about) this.#scores.changed(peer, 'evidence of others');
  }

  async #end(): Promise<void> {
    this.#alarm.stop();
    await Promise.allSettled(this.#background);
    await this.#presence.save();
  }

  /** What a peer may have missed or may bring: its credentials, and news of its status lists. */
  async #meet(peer: Did): Promise<void> {
    await this.#desk.meet(peer);
    await this.#introductions.ask(peer);
    const lists = this.#book.lists().filter(({ issuer }) => issuer === peer);
    for (const { id, issuer } of lists) await this.#lists.refresh(id, issuer);
    await this.#exchange.ask(peer);
    this.#arm();
  }

  #verify(
    token: string,
    reach: 'always' | 'anchors' | 'never',
    at?: number,
  ): Promise<Verification> {
    return verifyCredential(token, this.#tools, { reach, ...(at !== undefined && { at }) });
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
      await this.#hourly();
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

  async #hourly(): Promise<void> {
    const now = this.#options.clock.now();
    if (now < this.#savedAt + hourMs) return;
    await this.#presence.save();
    await this.#attestations.prune();
    for (const peer of this.#options.street.peers()) await this.#exchange.ask(peer);
    this.#savedAt = now;
  }

  /** Work nobody waits for; `close` does. Its failures show in what it did not do. */
  #inBackground(work: Promise<unknown>): void {
    const settled = work
      .catch((error: unknown) => toMeshError(error, 'the trust engine'))
      .finally(() => this.#background.delete(settled));
    this.#background.add(settled);
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
