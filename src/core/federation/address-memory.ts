/**
 * Addresses this node has heard of, from peers themselves or from peers of peers.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import type { Endpoint } from '../../ports/transport.ts';
import type { AddressBook } from './needs.ts';

/** Organisations remembered; the one heard of longest ago is forgotten first. */
const limit = 1_024;
/** Endpoints remembered for one. */
const perPeer = 16;

/** Newest first; only a handshake proves who answers. */
export class AddressMemory implements AddressBook {
  readonly #known = new Map<Did, readonly Endpoint[]>();

  endpoints(did: Did): readonly Endpoint[] {
    return this.#known.get(did) ?? [];
  }

  /** Remembers that `did` is said to listen at `endpoints`. */
  learn(did: Did, endpoints: readonly Endpoint[]): void {
    if (endpoints.length === 0) return;
    const all = [...new Set([...endpoints, ...this.endpoints(did)])].slice(0, perPeer);
    this.#known.delete(did);
    this.#known.set(did, all);
    if (this.#known.size > limit) this.#known.delete(this.#known.keys().next().value!);
  }
}
