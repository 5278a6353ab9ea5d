/**
 * Whom the user federated with on purpose. Survives a restart.
 * @module
 */
import { utf8 } from '../base/bytes.ts';
import { MeshError } from '../base/errors.ts';
import { type Did, isDid } from '../base/ids.ts';
import type { Store } from '../ports/store.ts';

const bondLimit = 10_000;

/** The bonds of this node. */
export class Bonds {
  readonly #store: Store;
  readonly #peers = new Set<Did>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Reads what an earlier run left. */
  async load(): Promise<void> {
    for await (const { key } of this.#store.scan({})) if (isDid(key)) this.#peers.add(key);
  }

  has(peer: Did): boolean {
    return this.#peers.has(peer);
  }

  all(): readonly Did[] {
    return [...this.#peers];
  }

  /** Makes a bond. */
  async add(peer: Did, purpose = ''): Promise<void> {
    if (this.#peers.size >= bondLimit && !this.#peers.has(peer)) {
      throw new MeshError('OVERLOADED', { what: 'the bonds of this node', limit: bondLimit });
    }
    await this.#store.write([{ put: peer, value: utf8(purpose) }]);
    this.#peers.add(peer);
  }

  /** Ends a bond. */
  async remove(peer: Did): Promise<void> {
    this.#peers.delete(peer);
    await this.#store.write([{ del: peer }]);
  }
}
