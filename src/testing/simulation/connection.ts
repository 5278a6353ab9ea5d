/**
 * One connection of the simulated street: two carriers, and a line of segments each way.
 * @module
 */
import {
  broken,
  type Carrier,
  type CarrierEvents,
} from '../../adapters/transports/parts/queued-link.ts';
import type { EventLoop } from './event-loop.ts';
import type { Host } from './host.ts';
import type { Labeller } from './labels.ts';
import type { FrameFault, Network } from './network.ts';
import type { Trace } from './trace.ts';

/** What travels: a frame, or the end of the line. */
export interface Segment {
  readonly kind: 'frame' | 'goodbye' | 'reset';
  readonly bytes: Uint8Array;
  readonly label: string;
  readonly link: number;
  readonly sentAt: number;
}

/** A life of a host at one end. */
interface End {
  readonly host: Host;
  readonly life: number;
}

/** Options of {@link Connection}. */
export interface ConnectionOptions {
  readonly number: number;
  readonly loop: EventLoop;
  readonly trace: Trace;
  readonly network: Network;
  /** Who dialled, who answered. */
  readonly ends: readonly [caller: End, callee: End];
  readonly label: Labeller;
  /** The caller knows of the connection from here on; nothing reaches it earlier. */
  readonly notBefore: number;
}

/** Bytes under way or not yet read in one direction; beyond, the sender waits. */
const windowBytes = 1024 * 1024;
/** A segment that did not get through for this long ends the connection. */
const giveUpMs = 60_000;
/** A way that is free again is tried after at most this long. */
const retryMs = 200;

const nothing = new Uint8Array(0);

/** Both carriers of a connection. */
export class Connection {
  readonly number: number;
  readonly near: SimulatedCarrier;
  readonly far: SimulatedCarrier;
  readonly #options: ConnectionOptions;
  #over = false;

  constructor(options: ConnectionOptions) {
    this.number = options.number;
    this.#options = options;
    const [caller, callee] = options.ends;
    const out = new Line(this, options, caller, callee, true);
    const back = new Line(this, options, callee, caller, false);
    this.near = new SimulatedCarrier(this, out, back);
    this.far = new SimulatedCarrier(this, back, out);
    out.receiver = this.far;
    back.receiver = this.near;
    out.sender = this.near;
    back.sender = this.far;
  }

  /** What waited on the way from `from` to `to` goes on. */
  mended(from: string, to: string): void {
    for (const line of [this.near.out, this.far.out]) {
      if (line.from.host.name === from && line.to.host.name === to) line.resume();
    }
  }

  /** `host` is gone; its system resets the connection, or nobody does. */
  crash(host: Host, power: boolean): void {
    for (const carrier of [this.near, this.far]) {
      if (carrier.out.from.host !== host) continue;
      carrier.die();
      if (!power) carrier.out.send('reset', nothing);
    }
  }

  /** Neither end hears of the other any more: both are told. */
  breakDown(): void {
    for (const carrier of [this.near, this.far]) carrier.lost();
    this.forget();
  }

  /** Both ends are done with it. */
  closeIfOver(): void {
    if (this.near.over && this.far.over) this.forget();
  }

  forget(): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.network.forget(this);
  }
}

/** One direction. */
class Line {
  readonly from: End;
  readonly to: End;
  receiver!: SimulatedCarrier;
  sender!: SimulatedCarrier;
  readonly #connection: Connection;
  readonly #options: ConnectionOptions;
  readonly #initiator: boolean;
  /** Segments that came to a cut, in order. */
  #stalled: Segment[] = [];
  #stallEnds: (() => void) | undefined;
  #lastArrival: number;
  #swapped: Segment | undefined;
  /** Bytes that the other end has not read. */
  #unread = 0;

  constructor(
    connection: Connection,
    options: ConnectionOptions,
    from: End,
    to: End,
    initiator: boolean,
  ) {
    this.#connection = connection;
    this.#options = options;
    this.from = from;
    this.to = to;
    this.#initiator = initiator;
    this.#lastArrival = initiator ? 0 : options.notBefore;
  }

  get writable(): boolean {
    return this.#unread < windowBytes;
  }

  send(kind: Segment['kind'], bytes: Uint8Array): void {
    const { loop, network, label: labelOf, number: link } = this.#options;
    const label = kind === 'frame' ? labelOf(bytes, this.#initiator) : kind;
    const segment: Segment = { kind, bytes, label, link, sentAt: loop.now };
    const from = this.from.host.name;
    if (kind !== 'frame') {
      this.#dispatch(segment);
      return;
    }
    const spoken = network.spoken(from, bytes);
    if (spoken === undefined) {
      this.#send(segment);
      return;
    }
    // Frames of a liar that arrive later than its others would be out of order, so all of them wait as long.
    for (const { bytes: said, afterMs } of spoken) {
      loop.after(afterMs, () => {
        this.#send({ ...segment, bytes: said });
      });
    }
  }

  #send(segment: Segment): void {
    const { network } = this.#options;
    const [from, to] = [this.from.host.name, this.to.host.name];
    this.#unread += segment.bytes.length;
    network.sent(from, to, segment);
    const fault = network.takeFrameFault(from, to);
    if (fault === undefined) this.#dispatch(segment);
    else this.#spoil(segment, fault);
    const held = this.#swapped;
    if (held === undefined || held === segment) return;
    this.#swapped = undefined;
    this.#dispatch(held);
  }

  /** The other end has taken in `length` bytes. */
  read(length: number): void {
    const before = this.#unread;
    this.#unread -= length;
    if (before >= windowBytes && this.#unread < windowBytes) this.sender.roomAgain();
  }

  /** A cut was mended. */
  resume(): void {
    const { network, loop } = this.#options;
    if (this.#stalled.length === 0 || network.isCut(this.from.host.name, this.to.host.name)) return;
    const stalled = this.#stalled;
    this.#stalled = [];
    this.#stallEnds?.();
    this.#stallEnds = undefined;
    this.#lastArrival = Math.max(this.#lastArrival, loop.now + retryMs / 2);
    for (const segment of stalled) this.#dispatch(segment);
  }

  #dispatch(segment: Segment): void {
    const { network, loop } = this.#options;
    const [from, to] = [this.from.host.name, this.to.host.name];
    if (this.#stalled.length > 0 || network.isCut(from, to)) {
      this.#stall(segment);
      return;
    }
    const delay = network.delay(from, to, () => {
      this.#dropped(segment, 'loss', true);
    });
    if (!Number.isFinite(delay)) {
      this.#dropped(segment, 'loss', false);
      this.#connection.breakDown();
      return;
    }
    const arrival = Math.max(this.#lastArrival, loop.now + delay);
    this.#lastArrival = arrival;
    network.underWay += 1;
    loop.after(arrival - loop.now, () => {
      network.underWay -= 1;
      this.#arrive(segment);
    });
  }

  /** A cut may have come while the segment was under way; those behind it must not overtake it. */
  #arrive(segment: Segment): void {
    const { network, trace } = this.#options;
    const [from, to] = [this.from.host.name, this.to.host.name];
    if (this.#stalled.length > 0 || network.isCut(from, to)) {
      this.#stall(segment);
      return;
    }
    const { kind, bytes, label, link, sentAt } = segment;
    if (this.receiver.over || this.to.life !== this.to.host.life) {
      if (kind === 'frame') this.#dropped(segment, 'link', false);
      this.#unheard();
      return;
    }
    if (kind === 'frame') {
      trace.add(to, 'message.delivered', { from, bytes: bytes.length, label, link, sentAt });
    }
    this.to.host.enter(this.to.life, () => {
      this.receiver.take(segment);
    });
  }

  /** A machine that has been started again knows nothing of the connection and says so; one without power says nothing. */
  #unheard(): void {
    if (this.sender.over || this.to.host.silent) return;
    if (this.to.life !== this.to.host.life) {
      this.sender.lost();
      this.#connection.closeIfOver();
    }
  }

  #stall(segment: Segment): void {
    const { loop } = this.#options;
    this.#stalled.push(segment);
    if (segment.kind === 'frame') this.#dropped(segment, 'partition', true);
    if (this.#stallEnds !== undefined) return;
    const giveUp = loop.after(giveUpMs, () => {
      this.#stallEnds = undefined;
      this.#connection.breakDown();
    });
    this.#stallEnds = () => {
      loop.cancel(giveUp);
    };
  }

  #spoil(segment: Segment, how: FrameFault): void {
    const { trace } = this.#options;
    const { bytes, label, link } = segment;
    const [from, to] = [this.from.host.name, this.to.host.name];
    trace.add(from, 'message.corrupted', { to, bytes: bytes.length, label, link, how });
    if (how === 'swap') {
      this.#swapped = segment;
      return;
    }
    if (how === 'swallow') return;
    if (how === 'repeat') this.#dispatch(segment);
    const changed = how === 'repeat' ? bytes : spoilt(bytes, how);
    this.#dispatch({ ...segment, bytes: changed });
  }

  #dropped({ bytes, label, link }: Segment, why: string, again: boolean): void {
    const [from, to] = [this.from.host.name, this.to.host.name];
    this.#options.trace.add(from, 'message.dropped', {
      to,
      bytes: bytes.length,
      label,
      link,
      why,
      again,
    });
  }
}

function spoilt(bytes: Uint8Array, how: 'flip' | 'cut'): Uint8Array {
  if (how === 'cut') return bytes.slice(0, Math.floor(bytes.length / 2));
  const changed = bytes.slice();
  const middle = Math.floor(changed.length / 2);
  if (changed.length > 0) changed[middle] = changed[middle]! ^ 1;
  return changed;
}

/** One end as the link above it sees it. */
export class SimulatedCarrier implements Carrier {
  readonly out: Line;
  readonly #in: Line;
  readonly #connection: Connection;
  #link: CarrierEvents | undefined;
  #flowing = false;
  #inbox: Segment[] = [];
  /** Whether this end hears and says nothing any more. */
  over = false;

  constructor(connection: Connection, out: Line, incoming: Line) {
    this.#connection = connection;
    this.out = out;
    this.#in = incoming;
  }

  get writable(): boolean {
    return !this.over && this.out.writable;
  }

  start(link: CarrierEvents): void {
    this.#link = link;
  }

  cork(): void {
    // Frames travel one by one.
  }

  uncork(): void {
    // See cork.
  }

  write(frame: Uint8Array): void {
    if (!this.#isDead()) this.out.send('frame', frame);
  }

  pause(): void {
    this.#flowing = false;
  }

  resume(): void {
    this.#flowing = true;
    while (this.#isReading()) {
      const segment = this.#inbox.shift();
      if (segment === undefined) break;
      this.#handle(segment);
    }
  }

  end(): void {
    if (this.over || this.#isDead()) return;
    this.out.send('goodbye', nothing);
    this.#finish({ clean: true });
  }

  destroy(): void {
    if (this.over || this.#isDead()) return;
    this.out.send('reset', nothing);
    this.over = true;
    this.#connection.closeIfOver();
  }

  /** A segment has arrived. */
  take(segment: Segment): void {
    if (this.over) return;
    if (this.#flowing && this.#inbox.length === 0) this.#handle(segment);
    else this.#inbox.push(segment);
  }

  /** The machine is gone: nobody is told. */
  die(): void {
    this.over = true;
    this.#inbox = [];
    this.#connection.closeIfOver();
  }

  /** Nothing gets through any more. */
  lost(): void {
    const { host, life } = this.out.from;
    if (this.over) return;
    host.enter(life, () => {
      this.#finish({ clean: false, error: broken(`mem:${this.out.to.host.name}`) });
    });
  }

  #handle({ kind, bytes }: Segment): void {
    if (kind === 'frame') {
      this.#in.read(bytes.length);
      this.#link?.frame(bytes);
      return;
    }
    this.#finish(
      kind === 'goodbye'
        ? { clean: true }
        : { clean: false, error: broken(`mem:${this.out.to.host.name}`) },
    );
  }

  roomAgain(): void {
    const { host, life } = this.out.from;
    host.enter(life, () => {
      if (!this.over) this.#link?.writable();
    });
  }

  #finish(end: { readonly clean: boolean; readonly error?: Error }): void {
    if (this.over) return;
    this.over = true;
    this.#inbox = [];
    this.#connection.closeIfOver();
    this.#link?.ended(end);
  }

  /** Asked again after each segment: what is heard may end it. */
  #isReading(): boolean {
    return this.#flowing && !this.over;
  }

  #isDead(): boolean {
    return this.out.from.life !== this.out.from.host.life;
  }
}
