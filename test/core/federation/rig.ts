/** Fakes for the tests of this room: a clock that is moved by hand, links in memory, and nodes with bare keys. */
import { MeshError } from '../../../src/base/errors.ts';
import type { Did, DidUrl } from '../../../src/base/ids.ts';
import { splitDidUrl } from '../../../src/base/ids.ts';
import { fromMultikey, toMultikey } from '../../../src/base/multiformat.ts';
import {
  Federation,
  type FederationOptions,
  type Keys,
  type LocalIdentity,
} from '../../../src/core/federation/index.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Random } from '../../../src/ports/random.ts';
import type { Commit, Entry, Op, Store, WriteOptions } from '../../../src/ports/store.ts';
import type {
  Link,
  LinkEnd,
  LinkHandler,
  Listener,
  Transport,
} from '../../../src/ports/transport.ts';

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

export class FakeClock implements Clock {
  #now = Date.UTC(2026, 0, 1);
  readonly #start = this.#now;
  readonly #timers = new Set<{ readonly at: number; readonly run: () => void }>();

  /** Timers that have not run. */
  get timers(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#start;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.after(ms, resolve);
      signal?.addEventListener('abort', () => {
        cancel();
        reject(new MeshError('ABORTED', { what: 'sleep' }));
      });
    });
  }

  /** Runs all timers of the next `ms` in order, with everything they set off. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#now = Math.max(this.#now, due.at);
      this.#timers.delete(due);
      due.run();
      await settle();
    }
    this.#now = end;
  }

  /** Sets the time without running anything. */
  jump(ms: number): void {
    this.#now += ms;
  }
}

/** mulberry32: small and good enough for tests. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    bytes: (length) => Uint8Array.from({ length }, () => Math.floor(next() * 256)),
    child: (name) => seededRandom(seed * 31 + name.length),
  };
}

/** What a wire does to a frame: passes it on, changed or not, or loses it. */
export type Wire = (frame: Uint8Array, from: 'dialler' | 'listener') => Uint8Array | undefined;

/** One end of a pair; frames arrive in a later microtask. */
export class FakeLink implements Link {
  readonly remote: string;
  readonly facts = { secure: 'none' } as const;
  readonly sent: Uint8Array[] = [];
  other!: FakeLink;
  wire: Wire = (frame) => frame;
  /** Hands a frame on after some time; at once (in a microtask) by default. */
  later: (run: () => void) => void = queueMicrotask;
  buffered = 0;
  /** While true, `send` asks to wait. */
  congested = false;
  ended = false;
  /** Frames reported as never handed to the carrier. */
  unsent = 0;
  readonly #side: 'dialler' | 'listener';
  readonly #held: Uint8Array[] = [];
  #handler: LinkHandler | undefined;
  #end: LinkEnd | undefined;
  #paused = false;
  #drained: (() => void)[] = [];

  constructor(remote: string, side: 'dialler' | 'listener') {
    this.remote = remote;
    this.#side = side;
  }

  send(frame: Uint8Array): boolean {
    if (this.ended) throw new MeshError('CLOSED', { what: 'the link' });
    this.sent.push(frame);
    const passed = this.wire(frame, this.#side);
    if (passed !== undefined) {
      this.later(() => {
        this.other.#arrive(passed);
      });
    }
    return !this.congested;
  }

  drained(): Promise<void> {
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  /** The carrier has room again. */
  drain(): void {
    this.congested = false;
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  receive(handler: LinkHandler): void {
    this.#handler = handler;
    this.#deliver();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#deliver();
  }

  close(): Promise<void> {
    this.later(() => {
      this.other.#finish({ clean: true, unsent: 0 });
    });
    this.#finish({ clean: true, unsent: this.unsent });
    return Promise.resolve();
  }

  abort(error: Error): void {
    this.later(() => {
      this.other.#finish({ clean: false, error, unsent: 0 });
    });
    this.#finish({ clean: false, error, unsent: this.unsent });
  }

  #arrive(frame: Uint8Array): void {
    if (this.ended) return;
    this.#held.push(frame);
    this.#deliver();
  }

  #deliver(): void {
    while (!this.#paused && this.#handler !== undefined && this.#held.length > 0) {
      this.#handler.frame(this.#held.shift()!);
    }
    if (this.#end !== undefined && this.#handler !== undefined && this.#held.length === 0) {
      const end = this.#end;
      this.#end = undefined;
      this.#handler.closed(end);
    }
  }

  #finish(end: LinkEnd): void {
    if (this.ended) return;
    this.ended = true;
    this.#end = end;
    this.#deliver();
  }
}

/** Two ends of one wire. */
export function linkPair(at = 'fake:pair'): [FakeLink, FakeLink] {
  const [dialler, listener] = [new FakeLink(at, 'dialler'), new FakeLink('fake:?', 'listener')];
  dialler.other = listener;
  listener.other = dialler;
  return [dialler, listener];
}

/** Names and who listens there. */
export class FakeNetwork {
  readonly listeners = new Map<string, (link: Link) => void>();
  readonly links: FakeLink[] = [];
  /** Set on every new link. */
  wire: Wire = (frame) => frame;
  /** Milliseconds from one end to the other, asked once for each link. */
  delay: (() => number) | undefined;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  transport(listenAt: string | undefined, peers: readonly string[] = []): Transport {
    return {
      schemes: ['fake'],
      features: { ordered: true, reliable: true, listen: true, pooled: true, maxFrame: 1 << 20 },
      listenAt,
      peers,
      dial: (to) => {
        const accept = this.listeners.get(to);
        if (accept === undefined) {
          return Promise.reject(new MeshError('PEER_UNREACHABLE', { peer: to, detail: 'nobody' }));
        }
        const [mine, theirs] = linkPair(to);
        mine.wire = theirs.wire = (frame, from) => this.wire(frame, from);
        if (this.delay !== undefined) {
          const ms = this.delay();
          mine.later = theirs.later = (run) => void this.#clock.after(ms, run);
        }
        this.links.push(mine, theirs);
        mine.later(() => {
          accept(theirs);
        });
        return Promise.resolve(mine);
      },
      listen: (at, accept): Promise<Listener> => {
        this.listeners.set(at, accept);
        const close = (): Promise<void> => {
          this.listeners.delete(at);
          return Promise.resolve();
        };
        return Promise.resolve({ endpoints: [at], close });
      },
    };
  }

  /** Cuts every link. */
  cut(): void {
    for (const link of this.links.splice(0)) link.abort(new MeshError('CLOSED', { what: 'cable' }));
  }
}

/** Entries in memory with conditions and expiry: as much of a store as this room uses. */
export function fakeStore(clock: Pick<Clock, 'now'>): Store {
  const entries = new Map<string, Entry>();
  let revision = 0;
  const read = (key: string): Entry | undefined => {
    const entry = entries.get(key);
    return entry?.expires !== undefined && entry.expires <= clock.now() ? undefined : entry;
  };
  const write = (ops: readonly Op[], options: WriteOptions = {}): Promise<Commit> => {
    for (const { key, revision: wanted } of options.if ?? []) {
      if ((read(key)?.revision ?? null) !== wanted) {
        return Promise.resolve({ ok: false, conflict: key });
      }
    }
    revision += 1;
    for (const op of ops) {
      if ('del' in op) entries.delete(op.del);
      else {
        const expires = op.ttlMs === undefined ? {} : { expires: clock.now() + op.ttlMs };
        entries.set(op.put, { key: op.put, value: op.value, revision, ...expires });
      }
    }
    return Promise.resolve({ ok: true, revision });
  };
  const unused = (): never => {
    throw new MeshError('UNSUPPORTED', { feature: 'this', by: 'the fake store' });
  };
  return {
    features: { durable: 'none', conditional: true, snapshot: false, ttl: true, shared: false },
    get: (key) => Promise.resolve(read(key)),
    getMany: unused,
    write,
    scan: unused,
    watch: unused,
    sub: unused,
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** A did:key with its key in memory. */
export function identityOf(seed: number): LocalIdentity {
  const key = nodeCrypto.signingKey(new Uint8Array(32).fill(seed));
  const multikey = toMultikey('Ed25519', key.publicKey);
  const did: Did = `did:key:${multikey}`;
  const keyId: DidUrl = `${did}#${multikey}`;
  return {
    did,
    log: [],
    signer: {
      algorithm: 'EdDSA',
      keyId,
      publicKey: key.publicKey,
      sign: (message) => Promise.resolve(nodeCrypto.sign(key, message)),
    },
  };
}

/** Keys of did:key identities, which say themselves what they are. */
export const didKeys: Keys = {
  learn: () => Promise.reject(new MeshError('UNSUPPORTED', { feature: 'a log', by: 'the fake' })),
  verify: (keyId, message, signature) => {
    const { fragment } = splitDidUrl(keyId);
    const { publicKey } = fromMultikey(fragment);
    return Promise.resolve(nodeCrypto.verify({ type: 'Ed25519', publicKey }, message, signature));
  },
};

export interface EventSeen {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly peer?: Did;
}

export interface TestNode {
  readonly federation: Federation;
  readonly did: Did;
  readonly events: EventSeen[];
  readonly address: string;
}

/** A small world: a clock, a network and nodes in it. */
export class World {
  readonly clock = new FakeClock();
  readonly network = new FakeNetwork(this.clock);
  readonly nodes: TestNode[] = [];

  /** A node that listens at `fake:<name>`. */
  node(
    name: string,
    options: Partial<FederationOptions> & { seed?: number; peers?: string[] } = {},
  ): TestNode {
    const { seed = this.nodes.length + 1, peers = [], ...rest } = options;
    const address = `fake:${name}`;
    const events: EventSeen[] = [];
    const federation = new Federation({
      identities: [identityOf(seed)],
      node: 'main',
      transports: [this.network.transport(address, peers)],
      clock: this.clock,
      random: seededRandom(1_000 + this.nodes.length),
      crypto: nodeCrypto,
      keys: didKeys,
      store: fakeStore(this.clock),
      emit: (type, data, about = {}) => {
        events.push({ type, data: { ...data }, ...about });
      },
      ...rest,
    });
    const node = { federation, did: federation.did, events, address };
    this.nodes.push(node);
    return node;
  }

  /** Starts all nodes. */
  async start(): Promise<void> {
    const starting = Promise.all(this.nodes.map(({ federation }) => federation.start()));
    await this.clock.advance(2_000);
    await starting;
    await settle();
  }

  /** Ends all nodes. */
  async close(): Promise<void> {
    const closing = Promise.all(this.nodes.map(({ federation }) => federation.close()));
    await settle();
    await closing;
    await settle();
  }
}
