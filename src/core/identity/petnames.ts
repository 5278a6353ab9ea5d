/**
 * Short names for identifiers, as this node's keeper has pinned them. Nothing is ever pinned unasked.
 * @module
 */
import { fromUtf8, utf8 } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import { asDid, type Did, parseMeshDid } from '../../base/ids.ts';
import type { Store } from '../../ports/store.ts';

const prefix = 'identity/pin/';

/** Pins in a store; without one they live in memory. */
export class Petnames {
  readonly #store: Pick<Store, 'get' | 'write' | 'scan'> | undefined;
  readonly #memory = new Map<string, Did>();

  constructor(store: Pick<Store, 'get' | 'write' | 'scan'> | undefined) {
    this.#store = store;
  }

  /**
   * Lets `petname` stand for `did`, whose type and label it has. Throws `DID_INVALID` for other names, and
   * `IDENTITY_MISMATCH` when it stands for another, unless `replace` is set.
   */
  async pin(
    petname: string,
    did: string,
    options: { readonly replace?: boolean } = {},
  ): Promise<void> {
    const name = asPetname(petname);
    const target = asDid(did);
    if (parseMeshDid(target).scid === undefined || !target.startsWith(`${name}:`)) {
      throw new MeshError('DID_INVALID', { did, detail: `not a whole identifier of ${name}` });
    }
    const pinned = await this.of(name);
    if (pinned !== undefined && pinned !== target && options.replace !== true) {
      throw new MeshError('IDENTITY_MISMATCH', { expected: pinned, got: target });
    }
    if (this.#store === undefined) this.#memory.set(name, target);
    else await this.#store.write([{ put: prefix + name, value: utf8(target) }]);
  }

  /** Lets `petname` stand for nobody again. */
  async unpin(petname: string): Promise<void> {
    const name = asPetname(petname);
    this.#memory.delete(name);
    await this.#store?.write([{ del: prefix + name }]);
  }

  /** What `petname` is pinned to. */
  async of(petname: string): Promise<Did | undefined> {
    const name = asPetname(petname);
    if (this.#store === undefined) return this.#memory.get(name);
    const entry = await this.#store.get(prefix + name);
    return entry && asDid(fromUtf8(entry.value, 'pin'));
  }

  /** All pins, by petname. */
  async all(): Promise<ReadonlyMap<string, Did>> {
    const pins = new Map(this.#memory);
    for await (const { key, value } of this.#store?.scan({ prefix }) ?? []) {
      pins.set(key.slice(prefix.length), asDid(fromUtf8(value, 'pin')));
    }
    return pins;
  }
}

function asPetname(did: string): string {
  const { type, label, scid } = parseMeshDid(did);
  if (scid === undefined) return `did:mesh:${type}:${label}`;
  throw new MeshError('DID_INVALID', { did, detail: 'not a petname, but a whole identifier' });
}
