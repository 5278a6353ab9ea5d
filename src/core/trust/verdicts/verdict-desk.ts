/**
 * Slashing and quarantine: verdicts that this node speaks, those it goes by, and the ways back.
 * @module
 */
import { type Duration, toMs } from '../../../base/duration.ts';
import { MeshError } from '../../../base/errors.ts';
import { type Did, isDid, newId } from '../../../base/ids.ts';
import { cidOfJson } from '../../../base/multiformat.ts';
import { unknown } from '../../../base/shape.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Random } from '../../../ports/random.ts';
import type { Signer } from '../../../ports/signer.ts';
import type { Store } from '../../../ports/store.ts';
import type { Emit } from '../../../schema/mesh-event.ts';
import { parseSanction } from '../../../schema/sanction.ts';
import { type Signed, sign } from '../../../schema/signed.ts';
import {
  appealShape,
  type TrustRelease,
  type TrustVerdict,
  type VerdictType,
  verdictLimits,
} from '../../../schema/trust-verdict.ts';
import { toInstant } from '../../../schema/words.ts';
import { Alarm } from '../alarm.ts';
import type { TrustAnchor } from '../credentials/anchors.ts';
import type { Histories, IncomingCall, Keys, Neighbours, Street, TownCrier } from '../needs.ts';
import { jsonOf, putJson } from '../store-names.ts';
import { Appeals, type BookedAppeal } from './appeals.ts';
import { type AppealRequest, type FiledAppeal, Notices } from './notices.ts';
import { type BookedVerdict, VerdictBook } from './verdict-book.ts';
import { VerdictMessages } from './verdict-messages.ts';
import type { Violation, ViolationReport } from './violation.ts';

/** Why, and for how long. */
export interface VerdictRequest {
  /** For people; told to the peer and to everybody. At most 500 characters. */
  readonly reason: string;
  /** JSON that proves it. Kept by this node; the verdict carries its hash. */
  readonly evidence: unknown;
  /** How long it stands, at most a year. Default 24 hours for a quarantine, 30 days for a slashing. */
  readonly period?: Duration;
}

/** What a quarantine says besides. */
export interface QuarantineRequest extends VerdictRequest {
  /** How long running tasks may take to finish, at most 10 minutes. Default 0: they are cancelled. */
  readonly drain?: Duration;
}

/** What a slashing says besides. */
export interface SlashRequest extends VerdictRequest {
  /** It counts as this many broken tasks, 1 to 100. Default 10. */
  readonly weight?: number;
}

/** What follows from verdicts, outside this room. Each is told in the moment in which it takes effect. */
export interface VerdictEffects {
  /** `peer` is shut out from now on; `drainMs` milliseconds remain for running tasks. */
  readonly onQuarantined?: (peer: Did, verdict: Signed<TrustVerdict>, drainMs: number) => void;
  /** `peer` may come back. */
  readonly onReleased?: (peer: Did) => void;
}

/** Options of {@link VerdictDesk}. */
export interface VerdictDeskOptions extends VerdictEffects {
  readonly did: Did;
  readonly signer: Signer;
  readonly keys: Keys & Histories;
  readonly clock: Clock;
  readonly random: Random;
  readonly store: Store;
  readonly street: Street & Neighbours;
  readonly crier: TownCrier | undefined;
  readonly emit: Emit;
  readonly anchors: readonly TrustAnchor[];
  readonly probationMs: number;
  readonly signal: AbortSignal;
  readonly background: (work: Promise<unknown>) => void;
  /** Told when what verdicts say of `peer` is different now. */
  readonly onChanged: (peer: Did, because: string) => void;
}

const quarantinePeriod: Duration = '24h';
const slashPeriod: Duration = '30d';
/** The weight of a slashing that does not say. */
export const slashWeight = 10;

/** Speaks verdicts and carries out those that are gone by. */
export class VerdictDesk {
  readonly book: VerdictBook;
  readonly notices: Notices;
  readonly #options: VerdictDeskOptions;
  readonly #appeals: Appeals;
  readonly #messages: VerdictMessages;
  readonly #alarm: Alarm;
  /** The quarantine that each peer was shut out for. */
  readonly #shut = new Map<Did, Signed<TrustVerdict>>();
  /** Peers a sanction is being spoken against. */
  readonly #sanctioning = new Set<string>();
  #started = false;

  constructor(options: VerdictDeskOptions) {
    this.#options = options;
    this.book = new VerdictBook({
      ...options,
      onTaken: (booked) => {
        this.#taken(booked);
      },
    });
    const shared = { ...options, book: this.book };
    this.notices = new Notices(shared);
    this.#appeals = new Appeals(shared);
    this.#messages = new VerdictMessages({ ...shared, histories: options.keys });
    this.#alarm = new Alarm(options.clock, () => {
      options.background(this.#sweep());
    });
  }

  async load(): Promise<void> {
    await this.book.load();
    await this.notices.load();
    await this.#appeals.load();
    for (const peer of this.book.quarantined()) this.#shut.set(peer, this.book.quarantineOf(peer)!);
  }

  /** Begins to answer and to listen; the result ends it. */
  start(): () => void {
    const { street } = this.#options;
    this.#started = true;
    this.notices.start();
    street.handle('trust.appeal', (call) => this.#receiveAppeal(call));
    const off = this.#messages.start();
    this.#arm();
    return () => {
      off();
      this.#alarm.stop();
    };
  }

  /**
   * The quarantine of `peer` that ends last. The alarm may ring late, as when the wall clock was set or the process stood
   * still: then the end is told here, before anybody goes by it.
   */
  quarantineOf(peer: Did): Signed<TrustVerdict> | undefined {
    const verdict = this.book.quarantineOf(peer);
    if (verdict === undefined && this.#started && this.#shut.has(peer)) this.#settle(peer);
    return verdict;
  }

  /** Asks `peer` for verdicts this node may have missed. */
  async meet(peer: Did): Promise<void> {
    if (this.book.quarantineOf(peer) === undefined) await this.#messages.ask(peer);
  }

  async quarantine(peer: Did, request: QuarantineRequest): Promise<Signed<TrustVerdict>> {
    const drain = Math.ceil(toMs(request.drain ?? 0, 'drain'));
    const drainMs = bounded(drain, verdictLimits.drainMs, 'drain');
    const more = { ...(drainMs > 0 && { drainMs }) };
    return this.#speak('QuarantineAttestation', peer, request, quarantinePeriod, more);
  }

  async slash(peer: Did, request: SlashRequest): Promise<Signed<TrustVerdict>> {
    const { weight = slashWeight } = request;
    if (!Number.isSafeInteger(weight) || weight < 1 || weight > verdictLimits.weight) {
      const expected = `an integer from 1 to ${String(verdictLimits.weight)}`;
      throw new MeshError('INVALID_ARGUMENT', { argument: 'weight', expected, got: weight });
    }
    return this.#speak('SlashingAttestation', peer, request, slashPeriod, { weight });
  }

  /** Ends a verdict of this node before its time; `NOT_FOUND`. */
  async release(id: string, note?: string): Promise<void> {
    await this.#release(id, 'lifted', note);
  }

  appeals(): readonly BookedAppeal[] {
    return this.#appeals.all();
  }

  appeal(id: string, request: AppealRequest): Promise<FiledAppeal> {
    return this.notices.appeal(id, request);
  }

  /** Takes an appeal that was brought by whichever way. */
  async hear(foreign: unknown): Promise<void> {
    const booked = await this.#appeals.take(foreign);
    if (booked === undefined) return;
    this.#tellAppeal(booked, 'received');
  }

  /** Decides on an appeal; when granted, the verdict is over. `NOT_FOUND`. */
  async answerAppeal(
    id: string,
    { grant, note }: { readonly grant: boolean; readonly note?: string },
  ): Promise<void> {
    const outcome = grant ? 'granted' : 'refused';
    const booked = await this.#appeals.decide(id, outcome);
    if (grant) await this.#release(id, 'appeal', note);
    this.#tellAppeal(booked, outcome);
  }

  /** Signs what was seen, keeps it, and speaks the verdict that the rule asks for. Resolves with the CID of the evidence. */
  async violation(report: ViolationReport): Promise<string> {
    const { did: by, signer, clock, emit } = this.#options;
    const { peer: about, action, resource, policies, revision, shown } = report;
    const { kind, periodMs } = parseSanction(report.sanction);
    const at = toInstant(clock.now());
    const seen = {
      by,
      about,
      at,
      action,
      resource,
      policies,
      revision,
      ...(shown !== undefined && { shown }),
    };
    const body: Violation = { format: 1, kind: 'policy-violation', ...seen };
    const evidence = await sign('trust-evidence', body, signer);
    const cid = cidOfJson(evidence);
    emit('trust.violation', { action, resource, policies, evidence: cid }, { peer: about });
    const reason = `${action} against ${policies.join(', ')}`.slice(0, 500);
    const period = periodMs === undefined ? {} : { period: periodMs };
    await this.#sanction(kind, about, { reason, evidence, ...period });
    return cid;
  }

  /** The evidence behind a verdict of this node, by its CID. */
  async evidence(cid: string): Promise<unknown> {
    const entry = await this.#options.store.get(`proof/${cid}`);
    return entry === undefined ? undefined : jsonOf(entry, unknown);
  }

  async #sanction(
    kind: 'quarantine' | 'slash' | 'evidence',
    peer: Did,
    request: VerdictRequest,
  ): Promise<void> {
    if (kind === 'evidence') return this.#keep(cidOfJson(request.evidence), request.evidence);
    const type = kind === 'slash' ? 'SlashingAttestation' : 'QuarantineAttestation';
    const name = `${type} ${peer} ${request.reason}`;
    // A peer that tries again and again is judged once for it.
    const { did } = this.#options;
    const standing = this.book.of(peer).some(({ verdict, release }) => {
      const same = verdict.by === did && verdict.type === type && verdict.reason === request.reason;
      return same && release === undefined && Date.parse(verdict.expiresAt) > this.#now();
    });
    if (standing || this.#sanctioning.has(name)) return;
    this.#sanctioning.add(name);
    try {
      if (kind === 'slash') await this.slash(peer, request);
      else await this.quarantine(peer, request);
    } finally {
      this.#sanctioning.delete(name);
    }
  }

  async #speak(
    type: VerdictType,
    about: Did,
    request: VerdictRequest,
    defaultPeriod: Duration,
    more: Pick<TrustVerdict, 'weight' | 'drainMs'>,
  ): Promise<Signed<TrustVerdict>> {
    const { did: by, signer, random } = this.#options;
    if (!isDid(about) || about === by) {
      const expected = 'the DID of another organisation';
      throw new MeshError('INVALID_ARGUMENT', { argument: 'peer', expected, got: about });
    }
    const life = toMs(request.period ?? defaultPeriod, 'period');
    bounded(life, verdictLimits.lifeMs, 'period', 1);
    const now = this.#now();
    const evidence = cidOfJson(request.evidence);
    const body: TrustVerdict = {
      format: 1,
      id: newId('verdict', random),
      type,
      by,
      about,
      at: toInstant(now),
      expiresAt: toInstant(now + life),
      reason: request.reason,
      evidence,
      ...more,
    };
    const verdict = await sign('trust-verdict', body, signer);
    await this.#keep(evidence, request.evidence);
    await this.book.take(verdict);
    await this.#messages.tell({ verdict });
    return verdict;
  }

  async #release(id: string, because: TrustRelease['because'], note?: string): Promise<void> {
    const { did: by, signer } = this.#options;
    const booked = this.book.get(by, id);
    if (booked === undefined) throw new MeshError('NOT_FOUND', { what: 'verdict', id });
    const { about } = booked.verdict;
    const at = toInstant(this.#now());
    const body: TrustRelease = {
      format: 1,
      verdict: id,
      by,
      about,
      at,
      because,
      ...(note !== undefined && { note: note.slice(0, 500) }),
    };
    const release = await sign('trust-release', body, signer);
    await this.book.takeRelease(release);
    await this.#messages.tell({ release });
  }

  async #keep(cid: string, evidence: unknown): Promise<void> {
    await this.#options.store.write([putJson(`proof/${cid}`, evidence)]);
  }

  /** Appeals for this node are heard; those for a neighbour are carried there, from the one who appeals only. */
  async #receiveAppeal({ from, body }: IncomingCall): Promise<unknown> {
    const { did, street } = this.#options;
    const appeal = appealShape(body, 'appeal');
    if (appeal.to === did) {
      await this.hear(appeal);
      return {};
    }
    if (appeal.by !== from || !street.peers().includes(appeal.to)) {
      throw new MeshError('NOT_FOUND', { what: 'issuer', id: appeal.to });
    }
    return street.call(appeal.to, 'trust.appeal', appeal, { timeoutMs: 4_000 });
  }

  #taken(booked: BookedVerdict): void {
    const { verdict, release } = booked;
    const { emit, onChanged } = this.#options;
    this.#messages.tellSiblings(booked);
    const { id, by, about, type, reason, expiresAt: until } = verdict;
    if (type === 'SlashingAttestation') {
      const { weight = slashWeight } = verdict;
      if (release === undefined) {
        emit('trust.slashed', { verdict: id, by, reason, until, weight }, { peer: about });
      }
      onChanged(about, release === undefined ? `slashed: ${reason}` : 'a slashing was lifted');
    } else {
      this.#settle(about, release?.because);
    }
    this.#arm();
  }

  /** Shuts `peer` out or lets it back, when that is different from before. */
  #settle(peer: Did, because: 'lifted' | 'appeal' | 'expired' = 'expired'): void {
    const { emit, onChanged, onQuarantined, onReleased } = this.#options;
    const verdict = this.book.quarantineOf(peer);
    const before = this.#shut.get(peer);
    if (verdict !== undefined && before === undefined) {
      const { id, by, reason, expiresAt: until, drainMs = 0 } = verdict;
      this.#shut.set(peer, verdict);
      const data = { verdict: id, by, reason, until, drainMs };
      // The gates first, then those who are told: nobody who hears of it may find them open.
      onChanged(peer, `in quarantine: ${reason}`);
      emit('trust.quarantined', data, { peer });
      onQuarantined?.(peer, verdict, drainMs);
      this.#notify(peer, verdict);
    } else if (verdict === undefined && before !== undefined) {
      this.#shut.delete(peer);
      onChanged(peer, 'out of quarantine');
      emit('trust.released', { verdict: before.id, by: before.by, because }, { peer });
      onReleased?.(peer);
    }
  }

  /** The peer learns of it from whoever has a session with it still. */
  #notify(peer: Did, verdict: Signed<TrustVerdict>): void {
    const { street, background } = this.#options;
    if (!street.peers().includes(peer)) return;
    background(
      street.call(peer, 'trust.notice', { verdict }, { timeoutMs: 500 }).catch(() => undefined),
    );
  }

  async #sweep(): Promise<void> {
    for (const peer of [...this.#shut.keys()]) this.#settle(peer);
    this.#arm();
    await this.book.prune();
  }

  #arm(): void {
    if (!this.#started || this.#options.signal.aborted) return;
    const next = this.book.nextChange();
    if (Number.isFinite(next)) this.#alarm.set(next);
    else this.#alarm.stop();
  }

  #tellAppeal(
    { appeal: { verdict, by, grounds } }: BookedAppeal,
    outcome: 'received' | 'granted' | 'refused',
  ): void {
    this.#options.emit('trust.appealed', { verdict, outcome, grounds }, { peer: by });
  }

  #now(): number {
    return this.#options.clock.now();
  }
}

function bounded(ms: number, max: number, argument: string, min = 0): number {
  if (ms >= min && ms <= max) return ms;
  const expected = `from ${String(min)} to ${String(max)} ms`;
  throw new MeshError('INVALID_ARGUMENT', { argument, expected, got: ms });
}
