/**
 * A link whose first frame has been looked at.
 * @module
 */
import type { Endpoint, Link, LinkEnd, LinkFacts, LinkHandler } from '../../../ports/transport.ts';

/** Shows the first frame to `peek` (undefined when the link ended before), and later gives it to the owner all the same. */
export class PeekedLink implements Link {
  readonly #link: Link;
  readonly #waiting: Uint8Array[] = [];
  #ended: LinkEnd | undefined;
  #handler: LinkHandler | undefined;

  constructor(link: Link, peek: (first: Uint8Array | undefined) => void) {
    this.#link = link;
    let peeked = false;
    const once = (first: Uint8Array | undefined): void => {
      if (peeked) return;
      peeked = true;
      peek(first);
    };
    // Delivery begins a turn later, so that `peek` meets a link that is made.
    queueMicrotask(() => {
      link.receive({
        frame: (bytes) => {
          if (this.#handler !== undefined) {
            this.#handler.frame(bytes);
            return;
          }
          this.#waiting.push(bytes);
          // Nobody reads yet: the carrier holds back what follows.
          link.pause();
          once(bytes);
        },
        closed: (end) => {
          this.#ended = end;
          this.#handler?.closed(end);
          once(undefined);
        },
      });
    });
  }

  get remote(): Endpoint {
    return this.#link.remote;
  }

  get facts(): LinkFacts {
    return this.#link.facts;
  }

  get buffered(): number {
    return this.#link.buffered;
  }

  send(frame: Uint8Array): boolean {
    return this.#link.send(frame);
  }

  drained(signal?: AbortSignal): Promise<void> {
    return this.#link.drained(signal);
  }

  receive(handler: LinkHandler): void {
    this.#handler = handler;
    for (const frame of this.#waiting.splice(0)) handler.frame(frame);
    this.#link.resume();
    if (this.#ended !== undefined) handler.closed(this.#ended);
  }

  pause(): void {
    this.#link.pause();
  }

  resume(): void {
    this.#link.resume();
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  abort(reason: Error): void {
    this.#link.abort(reason);
  }
}
