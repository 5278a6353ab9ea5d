/**
 * A connection of the `ws` library.
 * @module
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Endpoint } from '../../../ports/transport.ts';
import { broken, type Carrier, type CarrierEvents, tooLarge } from '../parts/queued-link.ts';
import { closeCodes, endOf, protocolError, textFrame } from './goodbye.ts';

/** Options of both ends. No compression: what travels is encrypted already. */
export function socketOptions(maxFrame: number) {
  // closeTimeout is older than its type: a peer that never answers our goodbye is dropped after so many milliseconds.
  return { maxPayload: maxFrame, perMessageDeflate: false, closeTimeout: 5_000 };
}

/** Frames pass without a copy, but for the masking of those a client sends (RFC 6455, section 5.3). */
export class WsCarrier implements Carrier {
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #remote: Endpoint;
  readonly #maxFrame: number;

  /** `stream` is the connection below `socket`: its buffer decides when frames wait. */
  constructor(socket: WebSocket, stream: Duplex, remote: Endpoint, maxFrame: number) {
    this.#socket = socket;
    this.#stream = stream;
    this.#remote = remote;
    this.#maxFrame = maxFrame;
  }

  get writable(): boolean {
    return this.#socket.readyState === this.#socket.OPEN && !this.#stream.writableNeedDrain;
  }

  start(link: CarrierEvents): void {
    this.#socket.pause();
    this.#socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) link.frame(plain(data));
      else this.#refuseText(link);
    });
    this.#socket.on('error', (error) => {
      link.ended({ clean: false, error: this.#reason(error) });
    });
    this.#socket.on('close', (code) => {
      link.ended(endOf(code, this.#remote));
    });
    this.#stream.on('drain', () => {
      link.writable();
    });
  }

  cork(): void {
    this.#stream.cork();
  }

  uncork(): void {
    this.#stream.uncork();
  }

  write(frame: Uint8Array): void {
    this.#socket.send(frame);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.close(closeCodes.normal);
  }

  destroy(): void {
    this.#socket.terminate();
  }

  #refuseText(link: CarrierEvents): void {
    link.ended({ clean: false, error: textFrame() });
    this.#socket.close(closeCodes.unsupportedData);
  }

  #reason(error: Error & { code?: string }): Error {
    if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') {
      return tooLarge(`more than ${String(this.#maxFrame)}`, this.#maxFrame);
    }
    if (error.code?.startsWith('WS_ERR_') === true) return protocolError(error.message, error);
    return broken(this.#remote, error);
  }
}

/** A Buffer's bytes as a plain Uint8Array, whose `slice` copies as everybody expects. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
