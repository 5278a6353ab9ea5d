/**
 * Credentials, whole: those this node issues, holds and shows, and its verdicts on those of others.
 * @module
 */
import type { Did } from '../../../base/ids.ts';
import { loadOnce } from '../../../base/load-once.ts';
import { loadRestOfTrust } from '../load-later.ts';
import type { Standing } from '../needs.ts';
import { StatusDesk } from '../status/status-desk.ts';
import type { TrustEngineOptions, TrustStatus } from '../trust-engine-options.ts';
import { ownRights } from './anchors.ts';
import type { ShownDelegation } from './chains.ts';
import { type BookedCredential, CredentialBook } from './credential-book.ts';
import { CredentialExaminer } from './credentials.ts';
import { delegationType } from './delegation.ts';
import type { DelegationsTo } from './delegations-among.ts';
import { DenyList, type Statement } from './deny-list.ts';
import type { DocumentDesk } from './documents.ts';
import type { Introductions } from './introductions.ts';
import type { PresentationDesk } from './presentations.ts';
import { verifyCredential } from './verification.ts';
import { Verifier } from './verifier.ts';

/** Options of {@link CredentialDesk}. */
export interface CredentialDeskOptions extends TrustEngineOptions {
  readonly standing: Standing;
  readonly signal: AbortSignal;
  readonly background: (work: Promise<unknown>) => void;
  /** Told when what counts of `subject` is different now. */
  readonly onChanged: (subject: Did, because: string) => void;
  /** Told when something may be due at another time than before. */
  readonly onDue: () => void;
}

/** What {@link CredentialDesk.status} tells. */
type CredentialStatusReport = Pick<TrustStatus, 'held' | 'credentials' | 'lists'>;

/** Wires everything that has to do with credentials. */
export class CredentialDesk {
  readonly book: CredentialBook;
  readonly verifier: Verifier;
  /** Tokens that show credentials, loaded on first use. */
  readonly presentations: () => Promise<PresentationDesk>;
  /** Documents with proofs inside, loaded on first use. */
  readonly documents: () => Promise<DocumentDesk>;
  readonly statuses: StatusDesk;
  readonly #options: CredentialDeskOptions;
  readonly #examiner: CredentialExaminer;
  readonly #denied: DenyList;
  readonly #introductions: () => Promise<Introductions>;

  constructor(options: CredentialDeskOptions) {
    const { did, store, clock } = options;
    this.#options = options;
    this.#denied = new DenyList(store, options.crypto);
    const isDenied = (statement: Statement) => this.#denied.has(statement);
    const examiner = new CredentialExaminer({ ...options, isDenied });
    this.#examiner = examiner;
    this.statuses = new StatusDesk({
      ...options,
      examiner,
      onNewer: (list, reasonOf) => {
        this.book.apply(list, reasonOf);
        options.onDue();
      },
      wanted: (id, issuer) => this.#hasToDoWith(id, issuer),
    });
    const { lists } = this.statuses;
    const tools = {
      rights: ownRights(options.anchors ?? [], did),
      examiner,
      lists,
      now: () => clock.now(),
      delegations: (to: Did) => this.#delegationsTo(to),
    };
    this.verifier = new Verifier(tools);
    const forShown = {
      ...options,
      examiner,
      verify: (input: string | object, shown: DelegationsTo) => this.verifier.judge(input, shown),
    };
    this.presentations = loadOnce(async () => {
      const { PresentationDesk } = await loadRestOfTrust();
      return new PresentationDesk(forShown);
    });
    this.documents = loadOnce(async () => {
      const { DocumentDesk } = await loadRestOfTrust();
      return new DocumentDesk(forShown);
    });
    this.book = new CredentialBook({
      ...options,
      verify: (token, reach, at) =>
        verifyCredential(token, tools, { reach, ...(at !== undefined && { at }) }),
      staleAt: (list) => lists.staleAt(list),
      forget: (key) => {
        options.background(store.write([{ del: key }]));
      },
      onRevoked: (subject, credential, types) => options.onRevoked?.(subject, credential, types),
      onSuspended: (subject) => options.onSuspended?.(subject),
    });
    const shared = { examiner, lists, book: this.book, histories: options.keys };
    this.#introductions = loadOnce(async () => {
      const { Introductions } = await loadRestOfTrust();
      return new Introductions({ ...options, ...shared });
    });
  }

  /** Reads what was kept. */
  async load(): Promise<void> {
    await this.statuses.load();
    await this.#denied.load();
    await this.book.load();
  }

  /** Begins to answer peers. */
  start(): void {
    this.statuses.start();
    const { street } = this.#options;
    street.handle('trust.credentials', async () => (await this.#introductions()).own());
    street.handle('trust.offer', async (call) => (await this.#introductions()).takeOffer(call));
  }

  /** Epoch milliseconds at which the next thing is due. */
  get dueAt(): number {
    return Math.min(this.statuses.dueAt ?? Infinity, this.book.dueAt ?? Infinity);
  }

  /** Strikes a credential out for this node, by everything it is known by; `CREDENTIAL_INVALID`. */
  async deny(credential: string | { readonly proof: unknown }): Promise<void> {
    const statement =
      typeof credential === 'string'
        ? this.#examiner.parse(credential).statement
        : (await loadRestOfTrust()).documentStatement(credential);
    await this.#denied.add(statement);
    const [id] = statement.ids;
    if (typeof id === 'string') this.book.drop(statement.issuer, id);
  }

  /** Keeps an own credential and shows it from now on; `CREDENTIAL_INVALID`. */
  async hold(jwt: string): Promise<BookedCredential> {
    const booked = await this.book.hold(jwt);
    this.#options.onDue();
    this.#options.background(this.#introductions().then((each) => each.offer()));
    return booked;
  }

  /** Own credentials. */
  held(): readonly BookedCredential[] {
    return this.book.booked(this.#options.did);
  }

  /** What `peer` may have or bring: its credentials, and news of its status lists. */
  async meet(peer: Did): Promise<void> {
    await (await this.#introductions()).ask(peer);
    const lists = this.book.lists().filter(({ issuer }) => issuer === peer);
    for (const { id, issuer } of lists) await this.statuses.lists.refresh(id, issuer);
  }

  /** The keys of `of` have changed: own lists are signed anew, and what a peer has issued is judged anew. */
  async keysChanged(of: Did): Promise<void> {
    if (of === this.#options.did) {
      await this.statuses.resign();
      return;
    }
    this.book.doubt(of);
    await this.book.rejudge();
    this.#options.onDue();
  }

  /** Does what is due. */
  async upkeep(): Promise<void> {
    await this.statuses.renew();
    await this.#askAgain();
    await this.book.rejudge();
  }

  /** What is gone by, in numbers. */
  status(): CredentialStatusReport {
    const { lists: known } = this.statuses;
    const lists = this.book.lists().map(({ id, issuer }) => {
      const list = known.remembered(id, issuer);
      return { id, ageMs: list === undefined ? undefined : known.ageOf(list) };
    });
    return { held: this.held().length, credentials: this.book.size, lists };
  }

  /** Holders show their credentials with the newest status lists, so they can stand in for an issuer that is away. */
  async #askAgain(): Promise<void> {
    const due = this.book.dueSubjects();
    const connected = this.#options.street.peers().filter((peer) => due.has(peer));
    if (connected.length === 0) return;
    const introductions = await this.#introductions();
    await Promise.all(connected.map((peer) => introductions.ask(peer)));
  }

  /** Delegations to `delegate` in the book; each is judged again where it is gone by. */
  #delegationsTo(delegate: Did): readonly ShownDelegation[] {
    return this.book
      .booked(delegate)
      .filter(({ credential }) => credential.type.includes(delegationType))
      .map(({ jwt, credential }) => ({ token: jwt, credential }));
  }

  #hasToDoWith(id: string, issuer: Did): boolean {
    const { anchors = [] } = this.#options;
    if (anchors.some((anchor) => anchor.issuer === issuer)) return true;
    return this.book.lists().some((list) => list.id === id && list.issuer === issuer);
  }
}
