/**
 * Calls of a node to itself: the same streams, without records, keys or a link.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import { type Frame, frameFlag, frameType, headLength } from './frames.ts';
import type { CallHeader, SessionLimits } from './session.ts';
import { Stream, type StreamEvents, type StreamHost } from './stream.ts';

/** Takes the place of a session for calls to one's own DID. */
export class Loopback {
  readonly #limits: SessionLimits;
  readonly #serve: (stream: Stream, header: CallHeader) => void;
  readonly #open = new Set<Stream>();
  #held = 0;
  #next = 1;

  constructor(limits: SessionLimits, serve: (stream: Stream, header: CallHeader) => void) {
    this.#limits = limits;
    this.#serve = serve;
  }

  /** Streams open now; each has two ends. */
  get streams(): number {
    return this.#open.size / 2;
  }

  /** As {@link Session.open}. */
  open(header: CallHeader, message: Uint8Array, isLast: boolean, events: StreamEvents): Stream {
    const limit = this.#limits.streams;
    if (this.streams >= limit) throw new MeshError('OVERLOADED', { what: 'this node', limit });
    const id = (this.#next += 2);
    const caller = new Stream(
      id,
      true,
      this.#host((frame) => void deliver(frame, served)),
    );
    const served: Stream = new Stream(
      id,
      false,
      this.#host((frame) => void deliver(frame, caller)),
    );
    this.#open.add(caller).add(served);
    caller.events = events;
    this.#serve(served, header);
    void caller.send(message, isLast ? frameFlag.end : 0);
    return caller;
  }

  /** Ends every call with `error`. */
  close(error: MeshError): void {
    for (const stream of [...this.#open]) stream.fail({ error, by: 'session', delivered: true });
  }

  #host(write: (frame: Frame) => void): StreamHost {
    return {
      messageLimit: this.#limits.messageBytes,
      hasRoom: () => true,
      write,
      awaitRoom: () => undefined,
      hold: (bytes) => {
        this.#held += bytes;
        return this.#held <= this.#limits.heldBytes;
      },
      forget: (stream) => {
        this.#open.delete(stream);
      },
    };
  }
}

const soon = Promise.resolve();

/** Frames arrive in a later microtask, as they would from outside, and in order. */
async function deliver(frame: Frame, to: Stream): Promise<void> {
  await soon;
  if (!to.open) return;
  const { type, flags, payload, rest = new Uint8Array(0) } = frame;
  const cost = headLength + payload.length + rest.length;
  if (type === frameType.cancel) to.receiveCancel(payload);
  else if (type === frameType.credit) to.receiveCredit(payload);
  else if (type === frameType.data) {
    const whole = new Uint8Array(payload.length + rest.length);
    whole.set(payload);
    whole.set(rest, payload.length);
    to.receive(flags, whole, cost);
  }
}
