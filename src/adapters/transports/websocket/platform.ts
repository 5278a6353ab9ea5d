/**
 * WebSockets of the platform: what a browser dials with.
 * @module
 */
import { onAbort } from '../../../base/abort.ts';
import { MeshError } from '../../../base/errors.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Endpoint, Link } from '../../../ports/transport.ts';
import { type Carrier, type CarrierEvents, QueuedLink } from '../parts/queued-link.ts';
import { closeCodes, endOf, textFrame } from './goodbye.ts';

/** Above this many bytes in the platform's own buffer frames wait in the link, where they can be counted. */
const platformBuffer = 256 * 1024;

/** The platform does not tell when its buffer drains, so it is asked this often while frames wait. */
const pollMs = 10;

/** Opens a link. A browser hides why it could not: whatever went wrong is `PEER_UNREACHABLE`. */
export function dialPlatform(
  to: Endpoint,
  maxFrame: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<Link> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(to);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      const facts = { secure: to.startsWith('wss:') ? 'tls' : 'none' } as const;
      const carrier = new PlatformCarrier(socket, to, clock);
      resolve(new QueuedLink({ remote: to, facts, maxFrame, clock, carrier }));
    };
    socket.onerror = (cause) => {
      const detail = 'the WebSocket could not be opened';
      reject(new MeshError('PEER_UNREACHABLE', { peer: to, detail }, { cause }));
    };
    onAbort(signal, () => {
      socket.close();
    });
  });
}

/** It cannot hold back what arrives, so a link that pauses keeps it, up to its bound. */
class PlatformCarrier implements Carrier {
  readonly #socket: WebSocket;
  readonly #remote: Endpoint;
  readonly #clock: Clock;
  #link: CarrierEvents | undefined;
  #polling = false;

  constructor(socket: WebSocket, remote: Endpoint, clock: Clock) {
    this.#socket = socket;
    this.#remote = remote;
    this.#clock = clock;
  }

  get writable(): boolean {
    return (
      this.#socket.readyState === this.#socket.OPEN && this.#socket.bufferedAmount < platformBuffer
    );
  }

  start(link: CarrierEvents): void {
    this.#link = link;
    this.#socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (data instanceof ArrayBuffer) link.frame(new Uint8Array(data));
      else this.#refuseText(link);
    };
    this.#socket.onerror = null;
    this.#socket.onclose = ({ code }) => {
      link.ended(endOf(code, this.#remote));
    };
  }

  cork(): void {
    // The platform gathers frames as it likes.
  }

  uncork(): void {
    // See cork.
  }

  write(frame: Uint8Array): void {
    this.#socket.send(frame as Uint8Array<ArrayBuffer>);
    if (!this.writable) this.#poll();
  }

  pause(): void {
    // See the class: the link keeps what arrives.
  }

  resume(): void {
    // See pause.
  }

  end(): void {
    this.#socket.close(closeCodes.normal);
  }

  destroy(): void {
    this.#socket.close(closeCodes.aborted);
  }

  #refuseText(link: CarrierEvents): void {
    link.ended({ clean: false, error: textFrame() });
    this.#socket.close();
  }

  #poll(): void {
    if (this.#polling || this.#socket.readyState !== this.#socket.OPEN) return;
    this.#polling = true;
    this.#clock.after(pollMs, () => {
      this.#polling = false;
      if (this.writable) this.#link?.writable();
      else this.#poll();
    });
  }
}
