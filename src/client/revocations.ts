/**
 * Which kinds of credentials were taken back from whom; policies read it as `revoked`. Survives a restart.
 * @module
 */
import { fromUtf8, utf8 } from '../base/bytes.ts';
import { type Did, isDid } from '../base/ids.ts';
import { list, parseJson, text } from '../base/shape.ts';
import type { Store } from '../ports/store.ts';

const typesShape = list(text({ max: 200 }), { max: 64 });

/** The revocations this node knows of. */
export class Revocations {
  readonly #store: Store;
  readonly #types = new Map<Did, ReadonlySet<string>>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Reads what an earlier run left. */
  async load(): Promise<void> {
    for await (const { key, value } of this.#store.scan({})) {
      if (isDid(key)) this.#types.set(key, new Set(parseJson(fromUtf8(value), typesShape, key)));
    }
  }

  /** Types of credentials that were revoked from `peer` and that it does not hold again. */
  of(peer: Did, held: ReadonlySet<string>): ReadonlySet<string> {
    return new Set([...(this.#types.get(peer) ?? [])].filter((type) => !held.has(type)));
  }

  /** Remembers that credentials of `types` were revoked. In force at once; resolves when it is stored. */
  async add(peer: Did, types: readonly string[]): Promise<void> {
    const all = new Set([...(this.#types.get(peer) ?? []), ...types]);
    this.#types.set(peer, all);
    await this.#store.write([{ put: peer, value: utf8(JSON.stringify([...all])) }]);
  }
}
