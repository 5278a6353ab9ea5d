/**
 * The form of a transport's law, and two ends of a link to try it on.
 * @module
 */
import type {
  Link,
  LinkEnd,
  LinkHandler,
  Listener,
  Transport,
  TransportContext,
} from '../../../ports/transport.ts';
import { check, checkWithin } from '../../assert.ts';
import { pause, realClock } from '../../real-time.ts';
import type { Law } from '../law.ts';

/** One law, tried on a bench of its own. */
export type TransportLaw = Law<TransportBench>;

/** One end of a link, and what has come in there. */
export class LinkProbe implements LinkHandler {
  readonly link: Link;
  readonly frames: Uint8Array[] = [];
  readonly ends: LinkEnd[] = [];
  /** Frames that came after the end. */
  late = 0;
  readonly #timeoutMs: number;
  #change = Promise.withResolvers<undefined>();

  constructor(link: Link, timeoutMs: number) {
    this.link = link;
    this.#timeoutMs = timeoutMs;
  }

  frame(bytes: Uint8Array): void {
    // Thrown here, a fault would hit the adapter, or the whole process.
    if (this.ends.length > 0) this.late += 1;
    else this.frames.push(bytes);
    this.#changed();
  }

  closed(end: LinkEnd): void {
    this.ends.push(end);
    this.#changed();
  }

  /** Begins delivery. */
  receive(): this {
    this.link.receive(this);
    return this;
  }

  /** The first `count` frames, once they are here. */
  async first(count: number): Promise<Uint8Array[]> {
    await this.#until(() => this.frames.length >= count, `frame ${String(count)}`);
    return this.frames.slice(0, count);
  }

  /** How the link ended, once it has. */
  async end(): Promise<LinkEnd> {
    await this.#until(() => this.ends.length > 0, 'closed()');
    return this.ends[0]!;
  }

  async #until(holds: () => boolean, what: string): Promise<void> {
    while (!holds()) {
      const got = `${String(this.frames.length)} frames and ${String(this.ends.length)} ends`;
      await checkWithin(this.#timeoutMs, `${what} (so far ${got})`, this.#change.promise);
    }
  }

  #changed(): void {
    this.#change.resolve(undefined);
    this.#change = Promise.withResolvers();
  }
}

/** A transport that listens, one that dials, and what is open between them. */
export class TransportBench {
  readonly listening: Transport;
  readonly dialling: Transport;
  readonly timeoutMs: number;
  readonly #listeners: Listener[] = [];
  readonly #links: Link[] = [];
  readonly #accepted: Link[] = [];
  #acceptedMore: (() => void) | undefined;

  constructor(listening: Transport, dialling: Transport, timeoutMs: number) {
    this.listening = listening;
    this.dialling = dialling;
    this.timeoutMs = timeoutMs;
  }

  context(signal: AbortSignal = new AbortController().signal): TransportContext {
    return { signal, clock: realClock };
  }

  /** Listens where the transport says it would. */
  async listen(signal?: AbortSignal): Promise<Listener> {
    const { listenAt } = this.listening;
    check(listenAt !== undefined, 'a transport that listens must say where (listenAt)');
    const accept = (link: Link): void => {
      this.#links.push(link);
      this.#accepted.push(link);
      this.#acceptedMore?.();
    };
    const opening = this.listening.listen(listenAt, accept, this.context(signal));
    const listener = await checkWithin(this.timeoutMs, 'listen', opening);
    this.#listeners.push(listener);
    check(listener.endpoints.length > 0, 'a listener must name an endpoint');
    return listener;
  }

  /** Dials `to`. */
  async dial(to: string, signal?: AbortSignal): Promise<Link> {
    const opening = this.dialling.dial(to, this.context(signal));
    const link = await checkWithin(this.timeoutMs, 'dial', opening);
    this.#links.push(link);
    return link;
  }

  /** Both ends of a new link; neither receives yet. */
  async pair(listener?: Listener): Promise<{ near: LinkProbe; far: LinkProbe }> {
    const { endpoints } = listener ?? (await this.listen());
    const near = await this.dial(endpoints[0]!);
    while (this.#accepted.length === 0) {
      const more = new Promise<void>((resolve) => {
        this.#acceptedMore = resolve;
      });
      await checkWithin(this.timeoutMs, 'accepting the dialled link', more);
    }
    const far = this.#accepted.shift()!;
    return { near: new LinkProbe(near, this.timeoutMs), far: new LinkProbe(far, this.timeoutMs) };
  }

  /** How many of the links accepted, and not taken by {@link pair}, are open once what ended them has had its time. */
  async openLinks(): Promise<number> {
    await pause(20);
    const probes = this.#accepted.splice(0).map((link) => new LinkProbe(link, this.timeoutMs));
    for (const probe of probes) probe.receive();
    await pause(20);
    return probes.filter(({ ends }) => ends.length === 0).length;
  }

  /** Ends whatever a law left open. */
  async clear(): Promise<void> {
    for (const link of this.#links) link.abort(new Error('the law is over'));
    for (const listener of this.#listeners) await listener.close();
  }
}

/** `count` frames of `size` bytes, each different. */
export function framesOf(count: number, size: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const frame = new Uint8Array(size).fill(i % 251);
    new DataView(frame.buffer).setUint32(0, i);
    return frame;
  });
}

/** Sends without regard for backpressure. */
export function sendAll(link: Link, frames: readonly Uint8Array[]): void {
  for (const frame of frames) link.send(frame);
}
