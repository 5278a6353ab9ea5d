/**
 * Addresses this node has heard of, from peers themselves or from peers of peers.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import type { Endpoint } from '../../ports/transport.ts';
import type { AddressBook } from './needs.ts';

/** Organisations remembered of each kind; the one heard of longest ago is forgotten first. */
const limit = 1_024;
/** Endpoints remembered for one. */
const perPeer = 16;

type Places = Map<Did, readonly Endpoint[]>;

/** What a peer said of itself comes first and apart from hearsay, so that nobody can crowd it out. */
export class AddressMemory implements AddressBook {
  readonly #proven: Places = new Map();
  readonly #hearsay: Places = new Map();

  endpoints(did: Did): readonly Endpoint[] {
    return [...(this.#proven.get(did) ?? []), ...(this.#hearsay.get(did) ?? [])];
  }

  /** `did` itself, proven by its handshake, says that it listens at `endpoints`. */
  learn(did: Did, endpoints: readonly Endpoint[]): void {
    remember(this.#proven, did, endpoints);
  }

  /** Somebody else says so. */
  hear(did: Did, endpoints: readonly Endpoint[]): void {
    remember(this.#hearsay, did, endpoints);
  }
}

function remember(places: Places, did: Did, endpoints: readonly Endpoint[]): void {
  if (endpoints.length === 0) return;
  const all = [...new Set([...endpoints, ...(places.get(did) ?? [])])].slice(0, perPeer);
  places.delete(did);
  places.set(did, all);
  if (places.size > limit) places.delete(places.keys().next().value!);
}
