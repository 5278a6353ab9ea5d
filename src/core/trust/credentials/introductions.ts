/**
 * Peers show each other their credentials, with everything it takes to check them offline.
 * @module
 */
import { withDeadline } from '../../../base/abort.ts';
import { MeshError } from '../../../base/errors.ts';
import type { Did } from '../../../base/ids.ts';
import { list, object } from '../../../base/shape.ts';
import type { Clock } from '../../../ports/clock.ts';
import { type Credential, statusesOf } from '../../../schema/credential.ts';
import { type DidLog, didLogShape } from '../../../schema/did-log.ts';
import type { Histories, IncomingCall, Neighbours, Street } from '../needs.ts';
import type { StatusLists } from '../status/status-lists.ts';
import { tokensShape } from '../status/status-relay.ts';
import type { CredentialBook } from './credential-book.ts';
import type { CredentialExaminer } from './credentials.ts';

/** Options of {@link Introductions}. */
export interface IntroductionsOptions {
  readonly street: Street & Neighbours;
  readonly clock: Clock;
  readonly histories: Histories;
  readonly examiner: CredentialExaminer;
  readonly lists: StatusLists;
  readonly book: CredentialBook;
  readonly signal: AbortSignal;
}

/** What a peer shows. */
interface Introduction {
  readonly credentials: readonly string[];
  /** Newest status lists of those credentials, as far as the holder has them. */
  readonly lists: readonly string[];
  /** Histories of their issuers. */
  readonly logs: readonly DidLog[];
}

const introductionShape = object({
  credentials: tokensShape,
  lists: tokensShape,
  logs: list(didLogShape, { max: 32 }),
});

/** An answer is waited for this long. */
const askMs = 5_000;
/** Credentials that are shown. */
const shownLimit = 32;

/** Answers and asks `trust.credentials`; `trust.offer` tells what was added since. */
export class Introductions {
  readonly #options: IntroductionsOptions;
  readonly #turns = new Map<Did, { readonly last: Promise<unknown>; readonly length: number }>();

  constructor(options: IntroductionsOptions) {
    this.#options = options;
  }

  /** The answer to `trust.offer`. */
  async takeOffer({ from, body }: IncomingCall): Promise<object> {
    await this.#take(from, body);
    return {};
  }

  /** Asks `peer` for its credentials and books those that hold. A peer that does not answer has none. */
  async ask(peer: Did): Promise<void> {
    try {
      await this.#take(peer, await this.#call(peer, 'trust.credentials', {}));
    } catch (error) {
      if (!MeshError.is(error)) throw error;
    }
  }

  /** Shows own credentials to everybody connected. */
  async offer(): Promise<void> {
    const body = await this.own();
    const peers = this.#options.street.peers();
    await Promise.allSettled(peers.map((peer) => this.#call(peer, 'trust.offer', body)));
  }

  /** The answer to `trust.credentials`. */
  async own(): Promise<Introduction> {
    const { book, lists, histories } = this.#options;
    const held = book.shown(shownLimit);
    const tokens = new Set<string>();
    const logs: DidLog[] = [];
    for (const { credential, issuer } of held) {
      for (const id of listIdsOf(credential)) {
        const known = await lists.known(id, issuer);
        if (known !== undefined) tokens.add(known.token);
      }
    }
    for (const issuer of new Set(held.map((credential) => credential.issuer))) {
      const log = await histories.logOf(issuer);
      if (log !== undefined) logs.push(log);
    }
    return { credentials: held.map(({ jwt }) => jwt), lists: [...tokens], logs };
  }

  /** Checking takes time, so each peer has one check at a time, and may have one more waiting. */
  async #take(peer: Did, body: unknown): Promise<void> {
    const shown = introductionShape(body, 'introduction');
    const { last, length } = this.#turns.get(peer) ?? { last: Promise.resolve(), length: 0 };
    if (length > 1) throw new MeshError('OVERLOADED', { what: 'trust.offer', limit: 1 });
    const turn = last.then(() => this.#check(peer, shown));
    const settled = turn.catch(() => undefined);
    this.#turns.set(peer, { last: settled, length: length + 1 });
    try {
      await turn;
    } finally {
      if (this.#turns.get(peer)?.last === settled) this.#turns.delete(peer);
    }
  }

  async #check(peer: Did, shown: Introduction): Promise<void> {
    await this.#learn(shown);
    await this.#takeLists(shown);
    for (const jwt of shown.credentials) await this.#options.book.accept(peer, jwt);
  }

  /** Only histories of issuers of what is shown are taken in. */
  async #learn({ credentials, logs }: Introduction): Promise<void> {
    const issuers = new Set(credentials.map((token) => this.#parse(token)?.issuer));
    for (const log of logs) {
      if (!issuers.has(log[0]?.did)) continue;
      await unlessRefused(() => this.#options.histories.learn(log));
    }
  }

  async #takeLists({ credentials, lists }: Introduction): Promise<void> {
    const named = new Set(
      credentials.flatMap((token) => {
        const parsed = this.#parse(token);
        return parsed === undefined ? [] : listIdsOf(parsed.credential);
      }),
    );
    for (const token of lists) {
      const id = this.#parse(token)?.credential.id;
      if (id === undefined || !named.has(id)) continue;
      await unlessRefused(() => this.#options.lists.take(token));
    }
  }

  #parse(token: string) {
    try {
      return this.#options.examiner.read(token);
    } catch (error) {
      if (!MeshError.is(error)) throw error;
      return undefined;
    }
  }

  #call(peer: Did, method: string, body: object): Promise<unknown> {
    const { street, clock, signal } = this.#options;
    return withDeadline(clock, askMs, { what: method, signal }, (within) =>
      street.call(peer, method, body, { timeoutMs: askMs, signal: within }),
    );
  }
}

function listIdsOf(credential: Credential): readonly string[] {
  return statusesOf(credential).map(({ statusListCredential }) => statusListCredential);
}

/** What a peer sends beside its credentials is help, not proof: what is wrong with it is passed over. */
async function unlessRefused(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!MeshError.is(error)) throw error;
  }
}
