/**
 * Revocations on the street: whoever hears of a newer status list checks it, keeps it and passes it on.
 * @module
 */
import { withDeadline } from '../../../base/abort.ts';
import { fromUtf8 } from '../../../base/bytes.ts';
import { maxTokenLength } from '../../../base/compact-jws.ts';
import { MeshError } from '../../../base/errors.ts';
import type { Did } from '../../../base/ids.ts';
import { boolean, integer, list, object, optional, text, unknown } from '../../../base/shape.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Http } from '../../../ports/http.ts';
import type { CredentialExaminer } from '../credentials/credentials.ts';
import type { Histories, IncomingCall, Neighbours, Street } from '../needs.ts';
import type { OwnLists } from './own-lists.ts';
import { parseListId } from './status-list.ts';
import type { StatusLists } from './status-lists.ts';

/** How far a list has come. */
export interface Reach {
  /** Peers that go by it now. */
  readonly reached: readonly Did[];
  /** Connected peers that did not say so in time; they will learn of it when they ask. */
  readonly unreached: readonly Did[];
  /** Milliseconds until the last answer. */
  readonly ms: number;
}

/** Options of {@link StatusRelay}. */
export interface StatusRelayOptions {
  readonly did: Did;
  readonly street: Street & Neighbours;
  readonly clock: Clock;
  readonly http: Http | undefined;
  readonly histories: Histories;
  readonly examiner: CredentialExaminer;
  readonly lists: StatusLists;
  readonly own: () => Promise<OwnLists>;
  /** Whether this node has to do with a list: only then does a stranger's push take room and time. */
  readonly wanted: (id: string, issuer: Did) => boolean;
  readonly background: (work: Promise<unknown>) => void;
  readonly signal: AbortSignal;
}

/** A push waits this long for its answers. */
const pushMs = 5_000;
/** A list of a foreign service is waited for this long. */
const fetchMs = 5_000;

const token = text({ max: maxTokenLength });
/** A list with the history behind its signature. */
const provenShape = object({ credential: token, log: optional(unknown) });
const askShape = object({ list: integer({ max: 999_999_999 }) });
const ackShape = object({ applied: boolean });

/** Tokens of lists in one message. */
export const tokensShape = list(token, { max: 32 });

/** Answers `trust.status`, takes and passes on `trust.status.push`. */
export class StatusRelay {
  readonly #options: StatusRelayOptions;

  constructor(options: StatusRelayOptions) {
    this.#options = options;
  }

  start(): void {
    const { street } = this.#options;
    street.handle('trust.status', async ({ body }) => {
      const { list: n } = askShape(body, 'body');
      const own = await this.#options.own();
      return this.#proven(await own.token(n));
    });
    street.handle('trust.status.push', (call) => this.#take(call));
  }

  /** Pushes a list to every connected peer but `except`; waits for answers 5 s at most. Never throws for a peer's sake. */
  async publish(credential: string, except?: Did): Promise<Reach> {
    const { street, clock } = this.#options;
    const begun = clock.monotonic();
    const peers = street.peers().filter((peer) => peer !== except);
    const body = await this.#proven(credential);
    const applied = await Promise.all(peers.map((peer) => this.#push(peer, body)));
    return {
      reached: peers.filter((_, i) => applied[i]),
      unreached: peers.filter((_, i) => !applied[i]),
      ms: clock.monotonic() - begun,
    };
  }

  /** Asks the issuer, when it is connected, or the web for the newest list `id`. */
  async fetch(id: string, issuer: Did): Promise<string | undefined> {
    const named = parseListId(id);
    if (named !== undefined) return this.#askIssuer(issuer, named.n);
    return id.startsWith('https:') ? this.#download(id) : undefined;
  }

  async #askIssuer(issuer: Did, n: number): Promise<string | undefined> {
    const { did, own, street } = this.#options;
    if (issuer === did) return (await own()).token(n);
    if (!street.peers().includes(issuer)) return undefined;
    const answer = await this.#call(issuer, 'trust.status', { list: n }, fetchMs);
    const { credential, log } = provenShape(answer, 'trust.status');
    await this.#learn(log);
    return credential;
  }

  async #download(url: string): Promise<string | undefined> {
    const { http, signal } = this.#options;
    if (http === undefined) return undefined;
    const headers = { accept: 'application/vc+jwt, application/vc' };
    const limits = { timeoutMs: fetchMs, maxBytes: maxTokenLength };
    const { status, body } = await http.send({ url, headers, ...limits, signal });
    return status === 200 ? fromUtf8(body, url).trim() : undefined;
  }

  async #take({ from, body }: IncomingCall): Promise<{ applied: boolean }> {
    const { examiner, lists, wanted, street, background } = this.#options;
    const { credential, log } = provenShape(body, 'body');
    const { issuer, credential: claimed } = examiner.read(credential);
    const near = issuer === from || street.peers().includes(issuer);
    if (!near && !wanted(claimed.id, issuer)) return { applied: false };
    await this.#learn(log);
    const { newer } = await lists.take(credential);
    // What is not new here was passed on when it was: so a list crosses each link once.
    if (newer) background(this.publish(credential, from));
    return { applied: true };
  }

  async #push(peer: Did, body: object): Promise<boolean> {
    try {
      const answer = await this.#call(peer, 'trust.status.push', body, pushMs);
      return ackShape(answer, 'trust.status.push').applied;
    } catch {
      // A peer that is gone, slow or broken is a fact to report, not a failure of the one who revokes.
      return false;
    }
  }

  #call(peer: Did, method: string, body: object, timeoutMs: number): Promise<unknown> {
    const { street, clock, signal } = this.#options;
    return withDeadline(clock, timeoutMs, { what: method, signal }, (within) =>
      street.call(peer, method, body, { timeoutMs, signal: within }),
    );
  }

  async #proven(credential: string): Promise<{ credential: string; log?: unknown }> {
    const { issuer } = this.#options.examiner.read(credential);
    const log = await this.#options.histories.logOf(issuer);
    return { credential, ...(log === undefined ? {} : { log }) };
  }

  /** A history that is wrong proves nothing, and what it should have proven fails by itself. */
  async #learn(log: unknown): Promise<void> {
    if (log === undefined) return;
    try {
      await this.#options.histories.learn(log);
    } catch (error) {
      if (!MeshError.is(error)) throw error;
    }
  }
}
