/**
 * A fake street on virtual time: nodes that can be cut off, killed and restarted, and messages with a delay each.
 * @module
 */
import { expect } from 'vitest';
import { MeshError, type MeshErrorCode } from '../../../src/base/errors.ts';
import { type Did, type DidUrl, splitDidUrl } from '../../../src/base/ids.ts';
import { fromMultikey, toMultikey } from '../../../src/base/multiformat.ts';
import { packPacket, unpackPacket } from '../../../src/base/packet.ts';
import {
  type AggregationRound,
  Aggregator,
  type AggregatorOptions,
  type IncomingCall,
  type RoundOptions,
  type RoundResult,
  type Street,
} from '../../../src/core/aggregation/index.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Random } from '../../../src/ports/random.ts';
import type { Signer } from '../../../src/ports/signer.ts';
import type { Op, Store } from '../../../src/ports/store.ts';
import type { MeshEventData, MeshEventType } from '../../../src/schema/mesh-event.ts';
import type { ProofVerifier } from '../../../src/schema/signed.ts';

interface Timer {
  readonly at: number;
  run: (() => void) | undefined;
}

/** Time that passes only when told to. */
export class VirtualClock implements Clock {
  #now = 0;
  /** By time; those of one instant in the order they were set. */
  readonly #timers: Timer[] = [];

  now(): number {
    return 1_700_000_000_000 + this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const timer: Timer = { at: this.#now + ms, run };
    this.#timers.splice(this.#placeAfter(timer.at), 0, timer);
    return () => {
      timer.run = undefined;
    };
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve);
    });
  }

  /** Timers that have neither run nor been cancelled. */
  get pending(): number {
    return this.#timers.filter(({ run }) => run !== undefined).length;
  }

  /** Lets `ms` pass, timer by timer; between two of them everything that can happen happens. */
  async pass(ms: number, until: () => boolean = () => false): Promise<void> {
    const end = this.#now + ms;
    await quiet();
    while (!until()) {
      const next = this.#timers[0];
      if (next === undefined || next.at > end) break;
      this.#timers.shift();
      if (next.run === undefined) continue;
      this.#now = Math.max(this.#now, next.at);
      next.run();
      await quiet();
    }
    if (!until()) this.#now = end;
  }

  #placeAfter(at: number): number {
    let [low, high] = [0, this.#timers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#timers[middle]!.at <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Lets all promises settle that need no time. */
function quiet(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Chance from a seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    bytes: (length) => Uint8Array.from({ length }, () => Math.floor(next() * 256)),
    child: (name) => seeded(seed + name.length),
  };
}

/** A store of one map; what was put survives the node. */
export function mapStore(): Pick<Store, 'get' | 'write'> & {
  readonly entries: Map<string, Uint8Array>;
} {
  const entries = new Map<string, Uint8Array>();
  return {
    entries,
    get: async (key) => {
      const value = entries.get(key);
      return value && { key, value, revision: 1 };
    },
    write: async (ops: readonly Op[]) => {
      for (const op of ops) {
        if ('put' in op) entries.set(op.put, op.value);
        else entries.delete(op.del);
      }
      return { ok: true, revision: 1 };
    },
  };
}

/** A name with its key. */
export interface Person {
  readonly did: Did;
  readonly signer: Signer;
}

/** A participant whose name follows from `seed`. */
export function person(seed: number): Person {
  const key = nodeCrypto.signingKey(new Uint8Array(32).fill(seed));
  const multikey = toMultikey('Ed25519', key.publicKey);
  const did: Did = `did:key:${multikey}`;
  const keyId: DidUrl = `${did}#${multikey}`;
  const { publicKey } = key;
  const sign = async (message: Uint8Array) => nodeCrypto.sign(key, message);
  return { did, signer: { algorithm: 'EdDSA', keyId, publicKey, sign } };
}

/** Checks signatures of did:key names. */
export const verify: ProofVerifier = async (keyId, message, signature) => {
  const { publicKey } = fromMultikey(splitDidUrl(keyId).fragment);
  return nodeCrypto.verify({ type: 'Ed25519', publicKey }, message, signature);
};

/** An event as it was told. */
export interface Told {
  readonly type: MeshEventType;
  readonly data: MeshEventData[MeshEventType];
}

type Handler = (call: IncomingCall) => Promise<unknown>;

/** What happens to a message on its way. */
export type Weather = (from: Did, to: Did, method: string) => number | 'lost';

/** Nodes and the street between them. */
export class Town {
  readonly clock = new VirtualClock();
  readonly nodes = new Map<Did, Node>();
  /** Delay of each message in milliseconds. */
  weather: Weather = () => 1;
  /** Alters a message on its way. */
  spoil: (method: string, body: unknown) => void = () => undefined;
  /** All messages that were sent. */
  readonly log: {
    readonly from: Did;
    readonly to: Did;
    readonly method: string;
    readonly body: unknown;
  }[] = [];
  readonly #random: Random;

  constructor(seed = 1) {
    this.#random = seeded(seed);
  }

  /** A number below `n` from the town's seed. */
  below(n: number): number {
    return Math.floor(this.#random.next() * n);
  }

  /** A started node; `options` override what it is handed. */
  settle(who: Person, options: Partial<AggregatorOptions> = {}): Node {
    const node = new Node(this, who, options);
    this.nodes.set(who.did, node);
    for (const other of this.nodes.values()) if (other !== node) meet(node, other);
    return node;
  }

  /** Carries one call there and its answer back. */
  async carry(
    from: Did,
    to: Did,
    method: string,
    body: unknown,
    timeoutMs: number,
  ): Promise<unknown> {
    this.log.push({ from, to, method, body });
    const sent = unpackPacket(packPacket(body));
    this.spoil(method, sent);
    const packed = packPacket(sent);
    return new Promise((resolve, reject) => {
      const late = this.clock.after(timeoutMs, () => {
        reject(new MeshError('TIMEOUT', { what: method, ms: timeoutMs }));
      });
      const unreachable = (): void => {
        late();
        reject(new MeshError('PEER_UNREACHABLE', { peer: to, detail: 'gone' }));
      };
      const sender = this.nodes.get(from);
      const receiver = this.nodes.get(to);
      if (receiver?.alive !== true || sender?.alive !== true) {
        unreachable();
        return;
      }
      const hop = (there: Did, back: Did, what: string, arrive: () => void): void => {
        const delay = this.weather(there, back, what);
        if (delay !== 'lost') this.clock.after(delay, arrive);
      };
      hop(from, to, method, () => {
        if (!receiver.alive) return;
        receiver.answer(method, from, unpackPacket(packed)).then(
          (answer) => {
            const reply = packPacket(answer);
            if (receiver.alive) {
              hop(to, from, `${method} answered`, () => {
                late();
                if (sender.alive) resolve(unpackPacket(reply));
              });
            }
          },
          (error: unknown) => {
            hop(to, from, `${method} answered`, () => {
              late();
              const { code, params } = error as MeshError;
              reject(new MeshError(code, params));
            });
          },
        );
      });
    });
  }
}

/** Lets two nodes have a session. */
export function meet(a: Node, b: Node): void {
  a.connect(b.did);
  b.connect(a.did);
}

/** One node of the town. */
export class Node {
  readonly did: Did;
  readonly aggregator: Aggregator;
  readonly events: Told[] = [];
  readonly store: ReturnType<typeof mapStore>;
  alive = true;
  readonly #town: Town;
  readonly #handlers = new Map<string, Handler>();
  readonly #peers = new Set<Did>();
  readonly #listeners = new Set<(peer: Did) => void>();

  constructor(town: Town, { did, signer }: Person, options: Partial<AggregatorOptions>) {
    this.#town = town;
    this.did = did;
    this.store = (options.store as ReturnType<typeof mapStore> | undefined) ?? mapStore();
    this.aggregator = new Aggregator({
      did,
      signer,
      keys: { verify },
      crypto: nodeCrypto,
      clock: town.clock,
      random: seeded(town.below(1e9)),
      street: this.#street(),
      emit: (type, data) => this.events.push({ type, data }),
      mayJoin: () => true,
      ...options,
      store: {
        get: (key) => this.store.get(key),
        write: (ops) => (this.alive ? this.store.write(ops) : new Promise(() => undefined)),
      },
    });
    this.aggregator.start();
  }

  connect(peer: Did): void {
    this.#peers.add(peer);
    for (const listener of this.#listeners) listener(peer);
  }

  disconnect(peer: Did): void {
    this.#peers.delete(peer);
  }

  /** Calls `peer` as this node would. */
  call(peer: Did, method: string, body: unknown, timeoutMs = 3_000): Promise<unknown> {
    // The dead say nothing, though their timers still run.
    if (!this.alive) return new Promise(() => undefined);
    return this.#town.carry(this.did, peer, method, body, timeoutMs);
  }

  answer(method: string, from: Did, body: unknown): Promise<unknown> {
    const handler = this.#handlers.get(method);
    if (handler === undefined)
      return Promise.reject(new MeshError('UNSUPPORTED', { feature: method, by: this.did }));
    return handler({ from, body, signal: new AbortController().signal });
  }

  /** Dies without a word, as a process does. */
  kill(): void {
    this.alive = false;
    for (const other of this.#town.nodes.values()) other.disconnect(this.did);
  }

  #street(): Street {
    return {
      call: (peer, method, body, options) => this.call(peer, method, body, options?.timeoutMs),
      handle: (method, handler) => this.#handlers.set(method, handler),
      peers: () => [...this.#peers],
      onPeer: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
  }
}

/** Five participants. */
export const people = [1, 2, 3, 4, 5].map(person);

/** The first `count` people as nodes. */
export function settle(town: Town, count: number): Node[] {
  return people.slice(0, count).map((who) => town.settle(who));
}

/** The same round at each of `nodes`. */
export function openAll(
  nodes: readonly Node[],
  options: RoundOptions,
): Promise<AggregationRound[]> {
  return Promise.all(nodes.map((node) => node.aggregator.createRound(options)));
}

/** Starts contributions without waiting for them. */
export function contributeAll(
  rounds: readonly AggregationRound[],
  gifts: readonly (readonly [Float32Array, number])[],
): void {
  for (const [i, [weights, samples]] of gifts.entries()) {
    rounds[i]?.contribute({ weights, samples }).catch(() => undefined);
  }
}

/** The results, once virtual time has brought them. */
export async function resultsOf(
  town: Town,
  rounds: readonly AggregationRound[],
): Promise<RoundResult[]> {
  let done = false;
  const results = Promise.all(rounds.map((round) => round.result()));
  results.then(
    () => {
      done = true;
    },
    () => {
      done = true;
    },
  );
  await town.clock.pass(300_000, () => done);
  return results;
}

/** Contributes and waits for the results. */
export function finish(
  town: Town,
  rounds: readonly AggregationRound[],
  gifts: readonly (readonly [Float32Array, number])[],
): Promise<RoundResult[]> {
  contributeAll(rounds, gifts);
  return resultsOf(town, rounds);
}

/** Matches an error with the code `expected`. */
export function code(expected: MeshErrorCode): Error {
  return expect.objectContaining({ code: expected }) as Error;
}
