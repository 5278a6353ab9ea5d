/**
 * Status lists, all of them: those this node signs, those it goes by, and the way between nodes.
 * @module
 */
import type { Did } from '../../../base/ids.ts';
import { loadOnce } from '../../../base/load-once.ts';
import type { CredentialExaminer } from '../credentials/credentials.ts';
import type { CredentialRequest } from '../credentials/issue.ts';
import { loadRestOfTrust } from '../load-later.ts';
import type { TrustEngineOptions } from '../trust-engine-options.ts';
import type { OwnLists } from './own-lists.ts';
import type { StatusList } from './status-list.ts';
import { StatusLists } from './status-lists.ts';
import { type Reach, StatusRelay } from './status-relay.ts';

/** Options of {@link StatusDesk}. */
export interface StatusDeskOptions extends TrustEngineOptions {
  readonly examiner: CredentialExaminer;
  readonly signal: AbortSignal;
  readonly background: (work: Promise<unknown>) => void;
  /** Told of every list that replaces an older one; `reasonOf` says why a credential was taken back, where this node knows. */
  readonly onNewer: (list: StatusList, reasonOf: (id: string) => string | undefined) => void;
  /** Whether this node has to do with a list. */
  readonly wanted: (id: string, issuer: Did) => boolean;
}

const hourMs = 3_600_000;
/** Where own lists stand in the store. */
const ownListPrefix = 'own-list/';

/** Gives credentials their places in a list, takes them back, and keeps lists new. */
export class StatusDesk {
  readonly lists: StatusLists;
  readonly #options: StatusDeskOptions;
  readonly #loadOwn: () => Promise<OwnLists>;
  readonly #relay: StatusRelay;
  /** Undefined until there is a list, or a credential is issued. */
  #own: OwnLists | undefined;
  /** Reasons of what is under way, by credential. */
  readonly #reasons = new Map<string, string>();

  constructor(options: StatusDeskOptions) {
    this.#options = options;
    this.lists = new StatusLists({
      ...options,
      fetch: (id, issuer) => this.#relay.fetch(id, issuer),
      onNewer: (list) => {
        options.onNewer(list, (id) => this.#reasons.get(id));
      },
      maxAgeMs: options.maxStatusAgeMs ?? hourMs,
    });
    this.#loadOwn = loadOnce(async () => {
      const { OwnLists } = await loadRestOfTrust();
      const own = new OwnLists(options);
      await own.load();
      this.#own = own;
      return own;
    });
    this.#relay = new StatusRelay({
      ...options,
      http: options.http,
      histories: options.keys,
      lists: this.lists,
      own: this.#loadOwn,
    });
  }

  /** Learns which own lists there are. */
  async load(): Promise<void> {
    let found = false;
    const first = this.#options.store.scan({ prefix: ownListPrefix, limit: 1 });
    for await (const _ of first) found = true;
    if (found) await this.#loadOwn();
  }

  /** Begins to answer peers. */
  start(): void {
    this.#relay.start();
  }

  /** Epoch milliseconds at which an own list must be signed again; undefined without lists. */
  get dueAt(): number | undefined {
    return this.#own?.dueAt;
  }

  /** A credential with its places in a list of this node. */
  async issue(request: CredentialRequest): Promise<{ readonly id: string; readonly jwt: string }> {
    const { issueCredential } = await loadRestOfTrust();
    const own = await this.#loadOwn();
    const { id, jwt, list } = await issueCredential(request, { ...this.#options, own });
    await this.lists.take(list);
    return { id, jwt };
  }

  /** Takes credential `id` back for good and tells everybody connected; `NOT_FOUND`. */
  revoke(id: string, reason: string): Promise<Reach> {
    return this.#publish(id, reason, (own) => own.revoke(id, reason));
  }

  /** Takes credential `id` back for now and tells everybody connected; `NOT_FOUND`, `STATE_CONFLICT`. */
  suspend(id: string, reason: string): Promise<Reach> {
    return this.#publish(id, reason, (own) => own.suspend(id, reason));
  }

  /** Lets credential `id` stand again and tells everybody connected; `NOT_FOUND`, `STATE_CONFLICT`. */
  reinstate(id: string): Promise<Reach> {
    return this.#publish(id, 'reinstated', (own) => own.reinstate(id));
  }

  async #publish(
    id: string,
    reason: string,
    change: (own: OwnLists) => Promise<string>,
  ): Promise<Reach> {
    const { clock } = this.#options;
    const begun = clock.monotonic();
    this.#reasons.set(id, reason);
    try {
      const token = await change(await this.#loadOwn());
      await this.lists.take(token);
      const reach = await this.#relay.publish(token);
      return { ...reach, ms: clock.monotonic() - begun };
    } finally {
      this.#reasons.delete(id);
    }
  }

  /** Signs the own lists that are due, and tells of them. */
  async renew(): Promise<void> {
    await this.#tell((await this.#own?.renew()) ?? []);
  }

  /** Signs every own list by the key of now, and tells of them. */
  async resign(): Promise<void> {
    await this.#tell((await this.#own?.resign()) ?? []);
  }

  async #tell(tokens: readonly string[]): Promise<void> {
    for (const token of tokens) {
      await this.lists.take(token);
      this.#options.background(this.#relay.publish(token));
    }
  }
}
