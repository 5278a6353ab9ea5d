/**
 * The room's desk: issues and checks credentials, remembers what peers did, and says how far to believe them. Each matter is
 * looked after in a folder of its own, credentials/, status/, evidence/, verdicts/ and score/; here is who may ask for what.
 * @module
 */
import { type Duration, toMs } from '../../base/duration.ts';
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import { Lifetime } from '../../base/lifetime.ts';
import type { SignedAttestation } from '../../schema/attestation.ts';
import type { SignedReceipt } from '../../schema/receipt.ts';
import type { Signed } from '../../schema/signed.ts';
import type { TrustEvidence } from '../../schema/trust-evidence.ts';
import type { TrustVerdict } from '../../schema/trust-verdict.ts';
import { Background } from './background.ts';
import type { BookedCredential } from './credentials/credential-book.ts';
import { CredentialDesk } from './credentials/credential-desk.ts';
import { type Delegation, delegationShape, delegationType } from './credentials/delegation.ts';
import type { ProofOptions } from './credentials/eddsa-jcs.ts';
import type { CredentialRequest } from './credentials/issue.ts';
import type {
  PresentationDemands,
  PresentationRequest,
  PresentationVerification,
} from './credentials/presentations.ts';
import type { Verification } from './credentials/verification.ts';
import type { CredentialInput, VerifyRequest } from './credentials/verifier.ts';
import type { AttestationRequest } from './evidence/attest.ts';
import type { Verdict } from './evidence/belief.ts';
import { EvidenceDesk } from './evidence/evidence-desk.ts';
import type { EvidenceBundle, MergeResult } from './evidence/evidence-exchange.ts';
import { graphEdges } from './graph/graph-edges.ts';
import { TrustGraph } from './graph/trust-graph.ts';
import { Dossiers } from './score/dossier.ts';
import type { TrustScore } from './score/score.ts';
import { Scorekeeper } from './score/scorekeeper.ts';
import type { TrustWeights, TrustWeightsChoice } from './score/weights.ts';
import type { Reach } from './status/status-relay.ts';
import type { TrustEngineOptions, TrustStatus } from './trust-engine-options.ts';
import { Upkeep } from './upkeep.ts';
import type { BookedAppeal } from './verdicts/appeals.ts';
import type { AppealRequest, FiledAppeal } from './verdicts/notices.ts';
import type { BookedVerdict } from './verdicts/verdict-book.ts';
import { type QuarantineRequest, type SlashRequest, VerdictDesk } from './verdicts/verdict-desk.ts';
import type { ViolationReport } from './verdicts/violation.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Milliseconds over which weights change unless told otherwise. */
const weightsOverMs = 14 * dayMs;

/** How far one organisation believes the others, and why. */
export class TrustEngine implements AsyncDisposable {
  readonly #options: TrustEngineOptions;
  readonly #lifetime = new Lifetime('the trust engine');
  readonly #background = new Background();
  readonly #credentials: CredentialDesk;
  readonly #evidence: EvidenceDesk;
  readonly #desk: VerdictDesk;
  readonly #dossiers: Dossiers;
  readonly #scores: Scorekeeper;
  readonly #upkeep: Upkeep;
  #savedAt = 0;
  #starting: Promise<void> | undefined;
  #started = false;

  constructor(options: TrustEngineOptions) {
    const { did, anchors = [] } = options;
    const shared = {
      ...options,
      anchors,
      signal: this.#lifetime.signal,
      background: this.#background.add,
      onChanged: (peer: Did, because: string) => {
        this.#scores.changed(peer, because);
      },
    };
    this.#options = options;
    this.#credentials = new CredentialDesk({
      ...shared,
      standing: { isQuarantined: (peer) => this.#desk.book.quarantineOf(peer) !== undefined },
      onDue: () => {
        this.#upkeep.arm();
      },
    });
    this.#evidence = new EvidenceDesk({
      ...shared,
      onMerged: (about) => {
        this.#merged(about);
      },
    });
    this.#desk = new VerdictDesk({
      ...shared,
      crier: options.crier,
      probationMs: options.probationMs ?? 7 * dayMs,
      onChanged: (peer, because) => {
        // What a peer in quarantine said of others counts no more.
        this.#scores.forget();
        this.#scores.changed(peer, because);
      },
    });
    this.#dossiers = new Dossiers({
      did,
      anchors,
      ...this.#sources(),
      weigh: this.#evidence.weigh,
    });
    this.#scores = new Scorekeeper({
      ...options,
      dossiers: this.#dossiers,
      weights: options.weights,
      weightsOverMs: options.weightsOverMs ?? weightsOverMs,
    });
    this.#upkeep = new Upkeep({
      ...shared,
      dueAt: () => Math.min(this.#credentials.dueAt, this.#savedAt + hourMs),
      work: async () => {
        await this.#credentials.upkeep();
        await this.#hourly();
      },
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
    return this.#credentials.statuses.issue(request);
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
    return await this.#credentials.verifier.verify(credential, request);
  }

  /**
   * Strikes a credential out for this node, whatever its issuer says of it, also over a restart. Known by issuer and `id` and by what
   * was signed, so that no other form of the token gets through. `CREDENTIAL_INVALID` for what cannot be read.
   */
  async deny(credential: string | { readonly proof: unknown }): Promise<void> {
    await this.#ready();
    await this.#credentials.deny(credential);
  }

  /** The verdicts on many credentials, in their order. The same one is judged once, and only some at a time. */
  async verifyAll(
    credentials: readonly CredentialInput[],
    request?: VerifyRequest,
  ): Promise<readonly Verification[]> {
    await this.#ready();
    return this.#credentials.verifier.verifyAll(credentials, request);
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
    const presentations = await this.#credentials.presentations();
    return presentations.create({ ...request, credentials });
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
      ? (await this.#credentials.presentations()).verify(presentation, demands)
      : (await this.#credentials.documents()).verify(presentation, demands);
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
    return (await this.#credentials.documents()).prove(document, options);
  }

  /**
   * Takes back for good what this node said under `id`, and resolves when every connected peer goes by it or 5 s have passed.
   * `NOT_FOUND` for what this node did not issue. What was revoked before is told again.
   */
  async revoke(id: string, reason: string): Promise<Reach> {
    await this.#ready();
    return this.#credentials.statuses.revoke(id, reason);
  }

  /**
   * Takes back for now what this node said under `id`, until {@link reinstate}; resolves as {@link revoke} does. `NOT_FOUND`;
   * `STATE_CONFLICT` for what was revoked. What is suspended already is told again.
   */
  async suspend(id: string, reason: string): Promise<Reach> {
    await this.#ready();
    return this.#credentials.statuses.suspend(id, reason);
  }

  /**
   * Lets what this node has suspended stand again; resolves as {@link revoke} does. `NOT_FOUND`; `STATE_CONFLICT` for what was
   * revoked.
   */
  async reinstate(id: string): Promise<Reach> {
    await this.#ready();
    return this.#credentials.statuses.reinstate(id);
  }

  /**
   * Keeps an own credential, or a delegation to the issuer of one, and shows it to peers from now on; `CREDENTIAL_INVALID` when it
   * does not hold.
   */
  async hold(jwt: string): Promise<BookedCredential> {
    await this.#ready();
    return this.#credentials.hold(jwt);
  }

  /** Own credentials. */
  held(): readonly BookedCredential[] {
    this.#assertStarted();
    return this.#credentials.held();
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
    return this.#evidence.observe(receipt, verdict, note);
  }

  /**
   * Says how good a task was done, 0 to 1, in place of what was said before: signed evidence, kept by this node and shared
   * with those it shares evidence with. Throws `INVALID_ARGUMENT`, and `RECEIPT_INVALID` as {@link observe} does.
   */
  async feedback(receipt: SignedReceipt, score: number, note?: string): Promise<TrustEvidence> {
    await this.#ready();
    return this.#evidence.feedback(receipt, score, note);
  }

  /**
   * Says something of `about`, signed by this node, for others to weigh: `value` from 0 (not at all) to 1 (entirely).
   * Types that begin with `compliance/` are findings, which count where this node is an anchor for them. `INVALID_ARGUMENT`.
   */
  async attest(request: AttestationRequest): Promise<SignedAttestation> {
    await this.#ready();
    return this.#evidence.attest(request);
  }

  /** What this node has seen and learnt, signed by both parties of each task, for another node to `merge`. */
  async exportEvidence(options: { readonly about?: Did } = {}): Promise<EvidenceBundle> {
    await this.#ready();
    return (await this.#evidence.exchange()).export(options.about);
  }

  /** Deletes the evidence on `receipts`, and says how much there was. Scores keep what it added up to. */
  async eraseEvidence(receipts: ReadonlySet<string>): Promise<number> {
    await this.#ready();
    return this.#evidence.erase(receipts);
  }

  /**
   * Takes in evidence of others. Pieces that prove nothing are refused one by one; how much the rest counts depends on who
   * says it. Merging twice, or in another order, makes no difference. `SCHEMA_INVALID` for what is no bundle.
   */
  async merge(bundle: EvidenceBundle): Promise<MergeResult> {
    await this.#ready();
    return (await this.#evidence.exchange()).merge(bundle);
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
    this.#evidence.presence.seen(did, connected);
  }

  /** Hears `peer` out: resolves when its credentials were asked for and judged. Happens by itself at every new session. */
  async meet(peer: Did): Promise<void> {
    await this.#ready();
    await this.#meet(peer);
  }

  /** What this node knows of who says what of whom. */
  graph(): TrustGraph {
    this.#assertStarted();
    return new TrustGraph([...graphEdges({ did: this.#options.did, ...this.#sources() })]);
  }

  /** What this node goes by, in numbers. */
  status(): TrustStatus {
    this.#assertStarted();
    return { ...this.#credentials.status(), peers: this.#evidence.evidence.peers().length };
  }

  /**
   * The keys of `of` have changed. Of a peer: what it has issued is not gone by until it was judged again, by the keys of the
   * time since when it is here. Of this node: its status lists are signed anew and told.
   */
  async keysChanged(of: Did): Promise<void> {
    await this.#ready();
    await this.#credentials.keysChanged(of);
  }

  async #begin(): Promise<void> {
    await this.#evidence.load();
    await this.#credentials.load();
    await this.#desk.load();
    await this.#scores.load();
    this.#lifetime.assertOpen();
    this.#started = true;
    this.#savedAt = this.#options.clock.now();
    const { book } = this.#credentials;
    const { evidence, presence } = this.#evidence;
    this.#scores.start(new Set([...book.subjects(), ...evidence.peers()]));
    this.#credentials.start();
    this.#evidence.start();
    this.#lifetime.own(() => presence.save());
    this.#lifetime.own(() => this.#background.settled());
    this.#lifetime.own(this.#desk.start());
    const { street } = this.#options;
    const meet = (peer: Did): void => {
      this.#background.add(this.#meet(peer));
    };
    this.#lifetime.own(street.onPeer(meet));
    for (const peer of street.peers()) meet(peer);
    this.#lifetime.own(this.#upkeep.start());
  }

  /** What a peer may have missed or may bring: verdicts, its credentials, news of its status lists, evidence. */
  async #meet(peer: Did): Promise<void> {
    await this.#desk.meet(peer);
    await this.#credentials.meet(peer);
    await this.#evidence.ask(peer);
    this.#upkeep.arm();
  }

  #merged(about: ReadonlySet<Did>): void {
    this.#dossiers.renew();
    this.#scores.forget();
    for (const peer of about) this.#scores.changed(peer, 'evidence of others');
  }

  async #hourly(): Promise<void> {
    const now = this.#options.clock.now();
    if (now < this.#savedAt + hourMs) return;
    await this.#evidence.hourly();
    this.#savedAt = now;
  }

  /** Everything that is known, where it is kept. */
  #sources() {
    const { evidence, pool, attestations, presence } = this.#evidence;
    const { book: credentials } = this.#credentials;
    const { book: verdicts } = this.#desk;
    return { credentials, evidence, pool, attestations, presence, verdicts };
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
