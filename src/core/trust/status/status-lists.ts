/**
 * The newest status list of each issuer this node has to do with. A list never goes back to an older one.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import type { Did } from '../../../base/ids.ts';
import { RecentMap } from '../../../base/recent-map.ts';
import { number, object, text } from '../../../base/shape.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Compression } from '../../../ports/compression.ts';
import type { Store } from '../../../ports/store.ts';
import type { Credential } from '../../../schema/credential.ts';
import type { CredentialStatus } from '../../../schema/credential-status.ts';
import type { CredentialExaminer } from '../credentials/credentials.ts';
import { failedCheck, refusal } from '../credentials/refusals.ts';
import { jsonOf, keyPart, putJson } from '../store-names.ts';
import { Turns } from '../turns.ts';
import { parseListId, readStatusList, type StatusList } from './status-list.ts';
import {
  answerIn,
  cannotBeRevoked,
  failed,
  nameOf,
  type Question,
  questionsIn,
  type StatusVerdict,
  whole,
} from './status-verdict.ts';

/** Where a list can be asked for; undefined when nobody could be asked. */
export type ListSource = (id: string, issuer: Did) => Promise<string | undefined>;

/** Options of {@link StatusLists}. */
export interface StatusListsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly compression: Compression;
  readonly examiner: CredentialExaminer;
  /** Brings the newest list from its issuer or the web. */
  readonly fetch: ListSource;
  /** Told of every list that replaces an older one, before anybody else goes by it. */
  readonly onNewer: (list: StatusList) => void;
  /** Age in milliseconds from which a list says nothing any more. */
  readonly maxAgeMs: number;
}

/** An instant by both clocks. */
interface Moment {
  /** Epoch milliseconds. */
  readonly wall: number;
  readonly monotonic: number;
}

/** Lists held in memory; others are read from the store again. */
const memoryLimit = 1_000;
/** After a source failed it is left alone for this long. */
const backoffMs = 10_000;
/** How often a write is tried against other writers of the same store. */
const writeAttempts = 8;

const keptShape = object({ token: text({ max: 65_536 }), from: number() });

/** Keeps lists, brings newer ones, and says whether a credential stands. */
export class StatusLists {
  readonly #options: StatusListsOptions;
  readonly #lists = new RecentMap<string, StatusList>(memoryLimit);
  /** What there is to ask about the credentials that were read, by their statuses. */
  readonly #questions = new WeakMap<object, readonly Question[]>();
  readonly #fetching = new Map<string, Promise<void>>();
  readonly #failed = new RecentMap<string, number>(memoryLimit);
  /** When a list was last known to be the newest. */
  readonly #asserted = new WeakMap<StatusList, Moment>();
  readonly #turns = new Turns('status lists');

  constructor(options: StatusListsOptions) {
    this.#options = options;
  }

  /**
   * Checks a list and keeps it when it is newer than the one known. Returns the list kept now; throws
   * `CREDENTIAL_INVALID` for a list that is forged, malformed or over.
   */
  async take(token: string): Promise<{ readonly list: StatusList; readonly newer: boolean }> {
    const { credential, claims } = this.#options.examiner.read(token);
    const named = parseListId(credential.id);
    if (named !== undefined && named.issuer !== credential.issuer) {
      throw refusal('status.list', 'the list of somebody else');
    }
    const known = await this.known(credential.id, credential.issuer);
    if (known !== undefined && claims.from <= known.from) return { list: known, newer: false };
    const list = await this.#read(token, true);
    const newer = await this.#turns.take(() => this.#keep(list));
    return { list, newer };
  }

  /** The newest list `id` of `issuer`, however old. A name belongs to each issuer apart, so nobody can take it from another. */
  async known(id: string, issuer: Did): Promise<StatusList | undefined> {
    const remembered = this.remembered(id, issuer);
    if (remembered !== undefined) return remembered;
    const entry = await this.#options.store.get(keyOf(nameOf(id, issuer)));
    if (entry === undefined) return undefined;
    try {
      const list = await this.#read(jsonOf(entry, keptShape).token, false);
      // A newer one may have come meanwhile.
      return this.#remember(list);
    } catch (error) {
      // Its issuer has changed keys since: it is no longer believed, but still marks how far the list had come.
      if (MeshError.is(error, 'CREDENTIAL_INVALID')) return undefined;
      throw error;
    }
  }

  /** The list in memory, for questions that cannot wait. */
  remembered(id: string, issuer: Did): StatusList | undefined {
    return this.#lists.get(nameOf(id, issuer));
  }

  /**
   * Whether `credential` stands. With `reach`, a list that is missing or getting old is asked for first; otherwise the answer is
   * there at once where the list is in memory.
   */
  check(
    credential: Credential,
    options: { readonly reach: boolean },
  ): StatusVerdict | Promise<StatusVerdict> {
    const { credentialStatus: status, issuer } = credential;
    if (status === undefined) return cannotBeRevoked;
    const questions = this.#questionsOf(status, issuer);
    const [first] = questions;
    if (questions.length === 1) return this.#answer(first!, options.reach);
    const verdicts = questions.map((question) => this.#answer(question, options.reach));
    return whole(verdicts);
  }

  /** Put together once: making and hashing so long a name would cost as much as the rest of a second verdict. */
  #questionsOf(
    status: CredentialStatus | readonly CredentialStatus[],
    issuer: Did,
  ): readonly Question[] {
    let questions = this.#questions.get(status);
    if (questions === undefined) {
      questions = questionsIn([status].flat(), issuer);
      this.#questions.set(status, questions);
    }
    return questions;
  }

  #answer(question: Question, reach: boolean): StatusVerdict | Promise<StatusVerdict> {
    const list = this.#lists.get(question.name);
    const now = this.#options.clock.now();
    if (list !== undefined && !(reach && this.#isAging(list, now))) {
      return this.#judge(list, question, now);
    }
    return this.#ask(question, reach);
  }

  async #ask(question: Question, reach: boolean): Promise<StatusVerdict> {
    const { id, issuer } = question;
    const named = parseListId(id);
    if (named !== undefined && named.issuer !== issuer) {
      return failed('status.list', 'the list of somebody else');
    }
    let list = await this.known(id, issuer);
    if (reach && (list === undefined || this.#isAging(list, this.#options.clock.now()))) {
      await this.refresh(id, issuer);
      list = await this.known(id, issuer);
    }
    return list === undefined
      ? failed('status.unreachable')
      : this.#judge(list, question, this.#options.clock.now());
  }

  #judge(list: StatusList, question: Question, now: number): StatusVerdict {
    const ageMs = this.ageOf(list, now);
    // The same list says the same of the same credential, and of two lists by one name one is newer.
    if (question.answer?.from !== list.from) question.answer = answerIn(list, question.entries);
    const { said, problem } = question.answer;
    if (problem !== undefined) {
      return { until: 0, check: { ...failedCheck(problem.reason, problem.detail), ageMs } };
    }
    const until = Math.min(list.until, now - ageMs + this.#options.maxAgeMs);
    const fresh = now < until;
    if (fresh && said.length === 0) return { until, check: { check: 'status', ok: true, ageMs } };
    const check = fresh ? ({ check: 'status', ok: true } as const) : failedCheck('status.stale');
    return { until, check: { ...check, ageMs }, ...(said.length > 0 && { said }) };
  }

  /** Asks for a newer list: one request at a time for each, and not again soon after a failure. */
  async refresh(id: string, issuer: Did): Promise<void> {
    const name = nameOf(id, issuer);
    const failedAt = this.#failed.get(name);
    if (failedAt !== undefined && this.#options.clock.monotonic() - failedAt < backoffMs) return;
    const running = this.#fetching.get(name) ?? this.#fetch(id, issuer);
    this.#fetching.set(name, running);
    try {
      await running;
    } finally {
      this.#fetching.delete(name);
    }
  }

  /** Epoch milliseconds from which `list` says nothing any more. */
  staleAt(list: StatusList): number {
    const now = this.#options.clock.now();
    return Math.min(list.until, now - this.ageOf(list, now) + this.#options.maxAgeMs);
  }

  async #fetch(id: string, issuer: Did): Promise<void> {
    const name = nameOf(id, issuer);
    try {
      const token = await this.#options.fetch(id, issuer);
      if (token === undefined) return;
      const { credential, claims } = this.#options.examiner.read(token);
      if (credential.id !== id || credential.issuer !== issuer) {
        throw refusal('status.list', 'another list than asked for');
      }
      const { list } = await this.take(token);
      // What a web server still hands out is the newest there is, even if it was signed long ago.
      if (id.startsWith('https:') && list.from === claims.from) {
        this.#assert(list, this.#options.clock.now());
      }
    } catch (error) {
      if (!MeshError.is(error)) throw error;
      this.#failed.set(name, this.#options.clock.monotonic());
    }
  }

  async #read(token: string, expiry: boolean): Promise<StatusList> {
    const { ok, checks, claims } = await this.#options.examiner.examineText(token, { expiry });
    const last = checks.at(-1)!;
    if (!ok || claims === undefined) throw refusal(last.reason ?? 'status.list', last.detail);
    return readStatusList(token, claims, this.#options.compression);
  }

  /** Writes `list` unless the store holds one as new: the mark survives restarts and other processes. */
  async #keep(list: StatusList): Promise<boolean> {
    const { store } = this.#options;
    const key = keyOf(nameOf(list.id, list.issuer));
    for (let attempt = 0; attempt < writeAttempts; attempt += 1) {
      const entry = await store.get(key);
      if (entry !== undefined && jsonOf(entry, keptShape).from >= list.from) return false;
      const write = putJson(key, { token: list.token, from: list.from });
      const revision = entry?.revision ?? null;
      const commit = await store.write([write], { if: [{ key, revision }] });
      if (!commit.ok) continue;
      this.#remember(list);
      this.#options.onNewer(list);
      return true;
    }
    throw new MeshError('STORE_FAILED', { store: 'trust', detail: `no turn to write ${key}` });
  }

  /** The newer of `list` and the one in memory, which is the one in memory from now on. */
  #remember(list: StatusList): StatusList {
    const known = this.remembered(list.id, list.issuer);
    if (known !== undefined && known.from >= list.from) return known;
    this.#lists.set(nameOf(list.id, list.issuer), list);
    this.#assert(list, list.from);
    return list;
  }

  #assert(list: StatusList, wall: number): void {
    const monotonic = this.#options.clock.monotonic();
    this.#asserted.set(list, { wall: Math.max(wall, list.from), monotonic });
  }

  #isAging(list: StatusList, now: number): boolean {
    const ageMs = this.ageOf(list, now);
    const { ttlMs = Infinity } = list;
    const lifeMs = Math.min(list.until - now + ageMs, this.#options.maxAgeMs);
    return ageMs > Math.min(ttlMs, 0.75 * lifeMs);
  }

  /**
   * Milliseconds since the list was known to be the newest. The wall clock may be set back, the other one begins with the
   * process: the longer time counts.
   */
  ageOf(list: StatusList, now = this.#options.clock.now()): number {
    const { wall, monotonic } = this.#asserted.get(list) ?? {
      wall: list.from,
      monotonic: Infinity,
    };
    return Math.max(0, now - wall, this.#options.clock.monotonic() - monotonic);
  }
}

function keyOf(name: string): string {
  return `list/${keyPart(name)}`;
}
