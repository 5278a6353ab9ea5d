/**
 * The frames of a link before its session exists: read one by one, then handed over with nothing lost.
 * @module
 */
import { abortable } from '../../base/abort.ts';
import { MeshError } from '../../base/errors.ts';
import type { Link, LinkEnd, LinkHandler } from '../../ports/transport.ts';

/** Frames held before the carrier is asked to wait. */
const pauseAt = 8;
/** Frames held before the link is cut: a carrier that cannot wait may have that many under way. */
const heldLimit = 1_024;

/** Owns `link.receive`; there is one reader for a link. */
export class LinkReader {
  readonly #link: Link;
  readonly #held: Uint8Array[] = [];
  #end: LinkEnd | undefined;
  #handler: LinkHandler | undefined;
  #wake: (() => void) | undefined;

  constructor(link: Link) {
    this.#link = link;
    link.receive({
      frame: (bytes) => {
        this.#frame(bytes);
      },
      closed: (end) => {
        this.#closed(end);
      },
    });
  }

  /** The next frame; `CLOSED` when the link ends first. */
  async next(signal?: AbortSignal): Promise<Uint8Array> {
    if (this.#held.length === 0 && this.#end === undefined) {
      const arrival = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await abortable(arrival, signal, 'the handshake');
    }
    const frame = this.#held.shift();
    if (frame !== undefined) return frame;
    throw new MeshError('CLOSED', { what: 'the link' }, { cause: this.#end?.error });
  }

  /** From now on everything goes to `handler`, beginning with what was held. */
  handOver(handler: LinkHandler): void {
    this.#handler = handler;
    for (const frame of this.#held.splice(0)) handler.frame(frame);
    this.#link.resume();
    if (this.#end !== undefined) handler.closed(this.#end);
  }

  #frame(bytes: Uint8Array): void {
    if (this.#handler !== undefined) {
      this.#handler.frame(bytes);
      return;
    }
    this.#held.push(bytes);
    if (this.#held.length === pauseAt) this.#link.pause();
    if (this.#held.length > heldLimit) {
      this.#link.abort(new MeshError('OVERLOADED', { what: 'the handshake', limit: heldLimit }));
    }
    this.#wake?.();
  }

  #closed(end: LinkEnd): void {
    this.#end = end;
    this.#handler?.closed(end);
    this.#wake?.();
  }
}
