/**
 * The street of a simulation: connections whose segments are late, get lost and are sent again.
 *
 * The Transport port promises links that are ordered and reliable, so faults of packets show as what they cost there: a lost
 * segment comes one retransmission later and holds back those behind it, a duplicate is dropped on arrival, one that overtakes
 * waits for its turn. A segment that does not get through for a minute ends the connection, as does the crash of an end. What
 * a carrier must never do, changing, repeating or exchanging frames, is a fault of its own ({@link FrameFault}) that the
 * session above has to notice.
 * @module
 */

import { attempt } from '../../adapters/stores/parts/attempt.ts';
import { QueuedLink, welcome } from '../../adapters/transports/parts/queued-link.ts';
import { onAbort, throwIfAborted } from '../../base/abort.ts';
import { MeshError } from '../../base/errors.ts';
import type { Random } from '../../ports/random.ts';
import type { Link, Listener, Transport, TransportContext } from '../../ports/transport.ts';
import type { Spoken } from '../byzantine.ts';
import { Connection, type Segment, type SimulatedCarrier } from './connection.ts';
import { Dialling, type NearEnd } from './dialling.ts';
import type { EventLoop } from './event-loop.ts';
import type { Host } from './host.ts';
import { labellerFor } from './labels.ts';
import type { Trace } from './trace.ts';

/** How bad the street is. */
export interface NetworkOptions {
  /** Milliseconds one way: at least, at most. Default [5, 20]. */
  readonly latency?: readonly [number, number];
  /** Share of segments that take up to ten times as long, 0 to 1. Default 0. */
  readonly tail?: number;
  /** Share of segments that are lost and sent again. Default 0. */
  readonly drop?: number;
  /** Share of segments that arrive twice. Default 0. */
  readonly duplicate?: number;
  /** Share of segments that fall behind later ones. Default 0. */
  readonly reorder?: number;
}

/** What a carrier may do wrong with one frame. */
export type FrameFault = 'flip' | 'cut' | 'repeat' | 'swap' | 'swallow';

/** All of them. */
export const frameFaults: readonly FrameFault[] = ['flip', 'cut', 'repeat', 'swap', 'swallow'];

/** What a liar makes of a frame of its own. */
type Voice = (frame: Uint8Array) => readonly Spoken[];

/** What passed between two nodes, by label. */
interface Traffic {
  readonly from: string;
  readonly to: string;
  readonly label: string;
  bytes: number;
  messages: number;
}

const maxFrame = 1024 * 1024;
/** Time after which a segment that was lost is sent again, doubled for each try. */
const retransmitMs = 200;
/** A segment that did not get through for this long ends its connection. */
const giveUpMs = 60_000;

/** Moves segments between hosts. */
export class Network {
  readonly #loop: EventLoop;
  readonly #trace: Trace;
  readonly #random: Random;
  readonly #readable: boolean;
  readonly #doors = new Map<string, Door>();
  readonly #names = new Map<string, Host>();
  /** Pairs of nodes, by direction, between which nothing gets through. */
  readonly #cuts = new Set<string>();
  readonly #chances = new Map<string, Random>();
  readonly #traffic = new Map<string, Traffic>();
  readonly #connections = new Set<Connection>();
  readonly #voices = new Map<string, Voice>();
  readonly #frameFaults: { from: string; to: string; how: FrameFault }[] = [];
  #options: Required<NetworkOptions>;
  #links = 0;
  /** Segments on their way. */
  underWay = 0;

  constructor(parts: {
    readonly loop: EventLoop;
    readonly trace: Trace;
    readonly random: Random;
    readonly options: NetworkOptions;
    /** Whether sealed text can be read, which tells what a message is. */
    readonly readable: boolean;
  }) {
    this.#loop = parts.loop;
    this.#trace = parts.trace;
    this.#random = parts.random;
    this.#readable = parts.readable;
    this.#options = checkNetwork(parts.options);
  }

  /** Connections open now. */
  get links(): number {
    return this.#connections.size;
  }

  /** What holds for segments sent from now on. */
  get options(): Required<NetworkOptions> {
    return this.#options;
  }

  /** Changes how bad the street is; what is not named stays. */
  change(options: NetworkOptions): void {
    this.#options = checkNetwork({ ...this.#options, ...options });
  }

  /** Says who is behind `address`; it may be dialled before it listens. */
  register(address: string, host: Host): void {
    this.#names.set(address, host);
  }

  /** The transport of `host`, listening as `address`, for one life of it. */
  transport(host: Host, address: string): Transport {
    const { life } = host;
    return {
      schemes: ['mem'],
      features: { ordered: true, reliable: true, listen: true, pooled: false, maxFrame },
      listenAt: `mem:${address}`,
      peers: host.peers,
      dial: async (to, context) => {
        throwIfAborted(context.signal, 'dialling');
        const name = nameIn(to, 'to');
        return host.outside(life, () => this.#dial(host, address, name, context));
      },
      listen: async (at, accept, context) => {
        throwIfAborted(context.signal, 'listening');
        const name = nameIn(at, 'at');
        return host.outside(life, () => attempt(() => this.#listen(host, name, accept, context)));
      },
    };
  }

  /** Cuts the way from `from` to `to`. */
  cut(from: string, to: string): void {
    this.#cuts.add(pairName(from, to));
  }

  /** Takes the cut away; what waits gets through. */
  mend(from: string, to: string): void {
    this.#cuts.delete(pairName(from, to));
    for (const connection of this.#connections) connection.mended(from, to);
  }

  /** Whether nothing gets from `from` to `to`. */
  isCut(from: string, to: string): boolean {
    return this.#cuts.size > 0 && this.#cuts.has(pairName(from, to));
  }

  /** From now on `host` says what `voice` makes of its words. */
  speakAs(host: Host, voice: Voice): void {
    this.#voices.set(host.name, voice);
  }

  /** What leaves `from` in place of `frame`; undefined for a node that means what it says. */
  spoken(from: string, frame: Uint8Array): readonly Spoken[] | undefined {
    return this.#voices.size === 0 ? undefined : this.#voices.get(from)?.(frame);
  }

  /** Does `how` to the next frame from `from` to `to`. */
  spoil(from: string, to: string, how: FrameFault): void {
    this.#frameFaults.push({ from, to, how });
  }

  /** Ends every connection of `host`: its system says so to the others, or, when the power is gone, nobody does. */
  crash(host: Host, power: boolean): void {
    for (const connection of [...this.#connections]) connection.crash(host, power);
  }

  /** Bytes sent so far between nodes whose names fit. */
  bytes(fits: (from: string, to: string, label: string) => boolean): number {
    let bytes = 0;
    for (const one of this.#traffic.values())
      if (fits(one.from, one.to, one.label)) bytes += one.bytes;
    return bytes;
  }

  /** Frames sent so far between nodes whose names fit. */
  messages(fits: (from: string, to: string, label: string) => boolean = () => true): number {
    let messages = 0;
    for (const one of this.#traffic.values()) {
      if (fits(one.from, one.to, one.label)) messages += one.messages;
    }
    return messages;
  }

  /** Counts a frame that `from` has sent, and says what became of it. */
  sent(from: string, to: string, segment: Segment): void {
    const { label, bytes, link } = segment;
    const name = `${pairName(from, to)}\n${label}`;
    const known = this.#traffic.get(name) ?? { from, to, label, bytes: 0, messages: 0 };
    known.bytes += bytes.length;
    known.messages += 1;
    this.#traffic.set(name, known);
    this.#trace.mix(bytes.subarray(-16));
    this.#trace.add(from, 'message.sent', { to, bytes: bytes.length, label, link });
  }

  /** The fault that waits for the next frame from `from` to `to`, if any. */
  takeFrameFault(from: string, to: string): FrameFault | undefined {
    const found = this.#frameFaults.findIndex((fault) => fault.from === from && fault.to === to);
    return found < 0 ? undefined : this.#frameFaults.splice(found, 1)[0]!.how;
  }

  /** Milliseconds until the next segment from `from` gets to `to`, with all that happens to it on the way. */
  delay(from: string, to: string, lost: (again: boolean) => void): number {
    const chance = this.#chanceOf(from, to);
    const { drop, duplicate, reorder, tail, latency } = this.#options;
    const [low, high] = latency;
    let ms = low + (high - low) * chance.next();
    if (tail > 0 && chance.next() < tail) ms *= 1 + 9 * chance.next();
    if (reorder > 0 && chance.next() < reorder) ms += (high - low) * (1 + chance.next());
    // A copy is recognised by its number and dropped; it has cost a draw of lots and some bytes.
    if (duplicate > 0) chance.next();
    for (let again = retransmitMs; drop > 0 && chance.next() < drop; again *= 2) {
      if (again > giveUpMs) return Number.POSITIVE_INFINITY;
      lost(true);
      ms += again;
    }
    return ms;
  }

  /** Ends a connection for good. */
  forget(connection: Connection): void {
    this.#connections.delete(connection);
  }

  #chanceOf(from: string, to: string): Random {
    const name = pairName(from, to);
    let chance = this.#chances.get(name);
    if (chance === undefined) {
      chance = this.#random.child(name);
      this.#chances.set(name, chance);
    }
    return chance;
  }

  #listen(
    host: Host,
    name: string,
    accept: (link: Link) => void,
    { clock, signal }: TransportContext,
  ): Listener {
    if (isOpen(this.#doors.get(name))) {
      throw new MeshError('ALREADY_EXISTS', { what: 'endpoint', id: `mem:${name}` });
    }
    const door: Door = { host, life: host.life, accept, clock };
    this.#doors.set(name, door);
    const close = (): void => {
      if (this.#doors.get(name) === door) this.#doors.delete(name);
    };
    const release = onAbort(signal, close);
    return {
      endpoints: [`mem:${name}`],
      close: () => {
        release();
        close();
        return Promise.resolve();
      },
    };
  }

  #dial(host: Host, address: string, name: string, context: TransportContext): Promise<Link> {
    return new Dialling({
      loop: this.#loop,
      caller: { host, life: host.life },
      target: this.#names.get(name),
      remote: `mem:${name}`,
      signal: context.signal,
      wayMs: (from, to) => this.#delayOrNever(from, to),
      open: (back) => this.#open(host, address, name, back, context),
    }).link;
  }

  /** A connection through the door called `name`: the caller's end of it; undefined when there is no such door. */
  #open(
    caller: Host,
    address: string,
    name: string,
    back: number,
    context: TransportContext,
  ): NearEnd | undefined {
    const door = this.#doors.get(name);
    if (!isOpen(door)) return undefined;
    const connection = this.#connect(caller, door, back);
    const far = this.#linkOver(connection.far, `mem:${address}`, door.clock);
    door.host.enter(door.life, () => {
      welcome(far, door.accept);
    });
    return {
      link: () => this.#linkOver(connection.near, `mem:${name}`, context.clock),
      drop: () => {
        connection.near.destroy();
      },
      crash: () => {
        connection.crash(caller, caller.silent);
      },
    };
  }

  #connect(caller: Host, door: Door, back: number): Connection {
    this.#links += 1;
    const connection = new Connection({
      number: this.#links,
      loop: this.#loop,
      trace: this.#trace,
      network: this,
      ends: [
        { host: caller, life: caller.life },
        { host: door.host, life: door.life },
      ],
      label: labellerFor(this.#readable),
      notBefore: this.#loop.now + back,
    });
    this.#connections.add(connection);
    const link = connection.number;
    this.#trace.add(caller.name, 'link.opened', { peer: door.host.name, link });
    return connection;
  }

  #delayOrNever(from: string, to: string): number | undefined {
    if (this.isCut(from, to)) return undefined;
    const ms = this.delay(from, to, () => undefined);
    return Number.isFinite(ms) ? ms : undefined;
  }

  #linkOver(carrier: SimulatedCarrier, remote: string, clock: TransportContext['clock']): Link {
    return new QueuedLink({ remote, facts: { secure: 'none' }, maxFrame, clock, carrier });
  }
}

interface Door {
  readonly host: Host;
  readonly life: number;
  readonly accept: (link: Link) => void;
  readonly clock: TransportContext['clock'];
}

/** A door of an earlier life is none. */
function isOpen(door: Door | undefined): door is Door {
  return door !== undefined && door.life === door.host.life;
}

function pairName(from: string, to: string): string {
  return `${from}>${to}`;
}

function nameIn(endpoint: string, argument: string): string {
  const match = /^mem:([^\s]+)$/.exec(endpoint);
  if (match !== null) return match[1]!;
  throw new MeshError('INVALID_ARGUMENT', {
    argument,
    expected: 'mem:<name>',
    got: endpoint,
  });
}

function checkNetwork(options: NetworkOptions): Required<NetworkOptions> {
  const { latency = [5, 20], tail = 0, drop = 0, duplicate = 0, reorder = 0, ...others } = options;
  const [other] = Object.keys(others);
  if (other !== undefined) {
    const expected = 'one of latency, tail, drop, duplicate, reorder';
    throw new MeshError('INVALID_ARGUMENT', { argument: 'network', expected, got: other });
  }
  const [low, high] = Array.isArray(latency) ? latency : [];
  if (!(low! >= 0 && high! >= low! && Number.isFinite(high))) {
    const expected = 'two numbers of milliseconds, the smaller first';
    throw new MeshError('INVALID_ARGUMENT', {
      argument: 'network.latency',
      expected,
      got: latency,
    });
  }
  for (const [name, share] of Object.entries({ tail, drop, duplicate, reorder })) {
    if (share >= 0 && share <= 1) continue;
    const argument = `network.${name}`;
    throw new MeshError('INVALID_ARGUMENT', { argument, expected: 'from 0 to 1', got: share });
  }
  return { latency, tail, drop, duplicate, reorder };
}
