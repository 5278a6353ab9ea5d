/**
 * A fake street on virtual time: nodes that meet, part, and lose messages.
 * @module
 */
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import { MeshError } from '../../../src/base/errors.ts';
import type { Did, DidUrl } from '../../../src/base/ids.ts';
import { splitDidUrl } from '../../../src/base/ids.ts';
import { fromMultikey, toMultikey } from '../../../src/base/multiformat.ts';
import { packPacket, unpackPacket } from '../../../src/base/packet.ts';
import {
  type BroadcastMessage,
  Gossip,
  type GossipOptions,
} from '../../../src/core/gossip/index.ts';
import type { IncomingCall, Street } from '../../../src/core/gossip/needs.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import type { Signer } from '../../../src/ports/signer.ts';
import type { MeshEventType } from '../../../src/schema/mesh-event.ts';
import type { ProofVerifier } from '../../../src/schema/signed.ts';
import { seededRandom, virtualClock } from '../../../src/testing/index.ts';

/** A name with its key. */
export interface Person {
  readonly did: Did;
  readonly signer: Signer;
}

/** A person whose name follows from `seed`. */
export function person(seed: number): Person {
  const key = nodeCrypto.signingKey(new Uint8Array(32).fill(seed + 1));
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

type Handler = (call: IncomingCall) => Promise<unknown>;

/** Milliseconds a message takes, or that it is lost. */
export type Weather = (from: Did, to: Did, method: string) => number | 'lost';

/** Nodes and the street between them. */
export class Town {
  readonly clock = virtualClock();
  readonly nodes = new Map<Did, Node>();
  weather: Weather = () => 1;
  /** Calls made, by method. */
  readonly calls = new Map<string, number>();

  /** A started node. */
  async settle(who: Person, options: Partial<GossipOptions> = {}): Promise<Node> {
    const node = new Node(this, who, options);
    this.nodes.set(who.did, node);
    await node.gossip.start();
    return node;
  }

  /** The first `count` people as started nodes. */
  async people(count: number, options: Partial<GossipOptions> = {}): Promise<Node[]> {
    const settled: Node[] = [];
    for (let i = 0; i < count; i += 1) settled.push(await this.settle(person(i), options));
    return settled;
  }

  /** Carries a call and its answer. */
  carry(from: Node, to: Did, method: string, body: unknown, timeoutMs: number): Promise<unknown> {
    this.calls.set(method, (this.calls.get(method) ?? 0) + 1);
    const sent = packPacket(body);
    return new Promise((resolve, reject) => {
      const give = this.clock.after(timeoutMs, () => {
        reject(new MeshError('TIMEOUT', { what: method, ms: timeoutMs }));
      });
      const finish = (settle: () => void): void => {
        this.#hop(to, from.did, `${method} answered`, () => {
          give();
          settle();
        });
      };
      if (!from.peers.has(to)) {
        give();
        reject(new MeshError('PEER_UNREACHABLE', { peer: to, detail: 'not connected' }));
        return;
      }
      this.#hop(from.did, to, method, () => {
        this.nodes
          .get(to)!
          .answer(method, from.did, unpackPacket(sent))
          .then(
            (answer) => {
              const packed = packPacket(answer);
              finish(() => {
                resolve(unpackPacket(packed));
              });
            },
            (error: unknown) => {
              finish(() => {
                const { code, params } = error as MeshError;
                reject(MeshError.is(error) ? new MeshError(code, params) : (error as Error));
              });
            },
          );
      });
    });
  }

  #hop(from: Did, to: Did, what: string, arrive: () => void): void {
    const delay = this.weather(from, to, what);
    if (delay !== 'lost') this.clock.after(delay, arrive);
  }
}

/** One node. */
export class Node {
  readonly did: Did;
  readonly gossip: Gossip;
  readonly peers = new Set<Did>();
  readonly events: { type: MeshEventType; data: unknown; peer: Did | undefined }[] = [];
  readonly #town: Town;
  readonly #handlers = new Map<string, Handler>();
  readonly #listeners = new Set<(peer: Did) => void>();

  constructor(town: Town, { did, signer }: Person, options: Partial<GossipOptions>) {
    this.#town = town;
    this.did = did;
    this.gossip = new Gossip({
      did,
      signer,
      keys: { verify, learn: async () => undefined, logOf: () => undefined },
      clock: town.clock,
      random: seededRandom(did),
      street: this.#street(),
      emit: (type, data, about) => this.events.push({ type, data, peer: about?.peer }),
      ...options,
    });
  }

  /** Calls `peer` as this node would. */
  call(peer: Did, method: string, body: unknown): Promise<unknown> {
    return this.#town.carry(this, peer, method, body, 5_000);
  }

  answer(method: string, from: Did, body: unknown): Promise<unknown> {
    const handler = this.#handlers.get(method);
    if (handler === undefined) {
      return Promise.reject(new MeshError('UNSUPPORTED', { feature: method, by: this.did }));
    }
    return handler({ from, body, signal: new AbortController().signal });
  }

  connect(peer: Did): void {
    this.peers.add(peer);
    for (const listener of this.#listeners) listener(peer);
  }

  /** Messages of `topic` from now on. */
  heard(topic = 'news'): BroadcastMessage[] {
    const messages: BroadcastMessage[] = [];
    this.gossip.on(topic, (message) => messages.push(message));
    return messages;
  }

  #street(): Street {
    return {
      call: (peer, method, body, options) =>
        this.#town.carry(this, peer, method, body, options?.timeoutMs ?? 5_000),
      handle: (method, handler) => this.#handlers.set(method, handler),
      peers: () => [...this.peers],
      onPeer: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
  }
}

/** Lets two nodes have a session. */
export function meet(a: Node, b: Node): void {
  // Both ends exist before either is told, as with a session.
  a.peers.add(b.did);
  b.peers.add(a.did);
  a.connect(b.did);
  b.connect(a.did);
}

/** Ends their session. */
export function part(a: Node, b: Node): void {
  a.peers.delete(b.did);
  b.peers.delete(a.did);
}

/** Each of `nodes` with the next. */
export function inLine(nodes: readonly Node[]): void {
  for (let i = 1; i < nodes.length; i += 1) meet(nodes[i - 1]!, nodes[i]!);
}

export { memoryStore };
