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

  /** Types of credentials that were revoked from `peer` and not given again. */
  of(peer: Did): ReadonlySet<string> {
    return this.#types.get(peer) ?? new Set();
  }

  /** Remembers that credentials of `types` were revoked. In force at once; stored in its own time. */
  add(peer: Did, types: readonly string[]): Promise<void> {
    return this.#set(peer, new Set([...this.of(peer), ...types]));
  }

  /** Forgets types that `peer` holds again. */
  remove(peer: Did, types: readonly string[]): Promise<void> {
    const left = [...this.of(peer)].filter((type) => !types.includes(type));
    return this.#set(peer, new Set(left));
  }

  async #set(peer: Did, types: ReadonlySet<string>): Promise<void> {
    if (types.size === 0 && !this.#types.has(peer)) return;
    if (types.size === 0) this.#types.delete(peer);
    else this.#types.set(peer, types);
    const value = utf8(JSON.stringify([...types]));
    await this.#store.write([types.size === 0 ? { del: peer } : { put: peer, value }]);
  }
}
