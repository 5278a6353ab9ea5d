/**
 * A connection that is nothing but two ends which know each other.
 * @module
 */
import type { Endpoint } from '../../../ports/transport.ts';
import { broken, type Carrier, type CarrierEvents } from '../parts/queued-link.ts';

/** One end. It takes frames while the other end wants them, so what was sent and not yet delivered stays countable. */
export class MemoryCarrier implements Carrier {
  readonly #remote: Endpoint;
  #peer: MemoryCarrier | undefined;
  #link: CarrierEvents | undefined;
  #flowing = false;

  private constructor(remote: Endpoint) {
    this.#remote = remote;
  }

  /** Both ends of a connection to `remote`, which sees it come from `caller`. */
  static pair(remote: Endpoint, caller: Endpoint): [near: MemoryCarrier, far: MemoryCarrier] {
    const near = new MemoryCarrier(remote);
    const far = new MemoryCarrier(caller);
    near.#peer = far;
    far.#peer = near;
    return [near, far];
  }

  get writable(): boolean {
    const peer = this.#peer;
    return peer !== undefined && peer.#flowing;
  }

  start(link: CarrierEvents): void {
    this.#link = link;
  }

  cork(): void {
    // Frames are handed over one by one; there is nothing to gather.
  }

  uncork(): void {
    // See cork.
  }

  write(frame: Uint8Array): void {
    this.#tellPeer((link) => {
      link.frame(frame);
    });
  }

  pause(): void {
    this.#flowing = false;
  }

  resume(): void {
    this.#flowing = true;
    this.#tellPeer((link) => {
      link.writable();
    });
  }

  end(): void {
    this.#part({ clean: true });
    this.#link?.ended({ clean: true });
  }

  destroy(): void {
    const peer = this.#peer;
    if (peer !== undefined) this.#part({ clean: false, error: broken(peer.#remote) });
  }

  #part(end: { clean: boolean; error?: Error }): void {
    this.#tellPeer((link) => {
      link.ended(end);
    });
    const peer = this.#peer;
    this.#peer = undefined;
    if (peer !== undefined) peer.#peer = undefined;
  }

  #tellPeer(tell: (link: CarrierEvents) => void): void {
    const peer = this.#peer;
    if (peer === undefined) return;
    const link = peer.#link;
    if (link !== undefined) tell(link);
  }
}
