/**
 * Credentials this node has struck out for itself, whatever their issuer says of them. Known by issuer and `id`, and by issuer and the
 * hash of what was signed, never by the text of the token: a second signature over the same words is the same credential.
 * @module
 */
import { toBase64url, utf8 } from '../../../base/bytes.ts';
import { MeshError } from '../../../base/errors.ts';
import type { Did } from '../../../base/ids.ts';
import { object, text } from '../../../base/shape.ts';
import type { CryptoProvider } from '../../../ports/crypto.ts';
import type { Store } from '../../../ports/store.ts';
import { did } from '../../../schema/words.ts';
import { keyPart, putJson, scanJson } from '../store-names.ts';

/** A credential by what it is known by, in whichever form it comes. */
export interface Statement {
  readonly issuer: Did;
  /** `id` of the credential, or `jti` of its token; the first that is text counts. */
  readonly ids: readonly unknown[];
  /** What the signature covers. */
  readonly signed: string;
}

/** Names kept; each credential has two at most. */
const limit = 20_000;

const rowShape = object({ issuer: did, name: text({ max: 600 }) });

/** Remembers what was struck out, also over a restart. */
export class DenyList {
  readonly #store: Store;
  readonly #crypto: Pick<CryptoProvider, 'hash'>;
  readonly #names = new Map<Did, Set<string>>();
  #size = 0;

  constructor(store: Store, crypto: Pick<CryptoProvider, 'hash'>) {
    this.#store = store;
    this.#crypto = crypto;
  }

  async load(): Promise<void> {
    for await (const { issuer, name } of scanJson(this.#store, prefix, rowShape)) {
      this.#add(issuer, name);
    }
  }

  /** Whether the credential was struck out. Asked at every verdict: issuers of whom nothing was cost one look. */
  has(statement: Statement): boolean {
    const names = this.#names.get(statement.issuer);
    return names !== undefined && this.#namesOf(statement).some((name) => names.has(name));
  }

  /** Strikes a credential out; `LIMIT_EXCEEDED` when there is no room. */
  async add(statement: Statement): Promise<void> {
    if (this.#size + 2 > limit) {
      throw new MeshError('LIMIT_EXCEEDED', { what: 'the deny list', limit, got: this.#size + 2 });
    }
    const { issuer } = statement;
    const names = this.#namesOf(statement);
    await this.#store.write(names.map((name) => putJson(keyOf(issuer, name), { issuer, name })));
    for (const name of names) this.#add(issuer, name);
  }

  #add(issuer: Did, name: string): void {
    const names = this.#names.get(issuer) ?? new Set();
    if (!names.has(name)) this.#size += 1;
    this.#names.set(issuer, names.add(name));
  }

  #namesOf({ ids, signed }: Statement): readonly string[] {
    const hash = `#${toBase64url(this.#crypto.hash('sha256', utf8(signed)))}`;
    const own = ids.find((each) => typeof each === 'string' && each.length <= 500);
    return typeof own === 'string' ? [hash, own] : [hash];
  }
}

const prefix = 'denied/';

function keyOf(issuer: Did, name: string): string {
  return `${prefix}${keyPart(issuer)}/${keyPart(name)}`;
}
