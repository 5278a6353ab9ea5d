/**
 * A street without wires and organisations without history, for the tests of discovery.
 * @module
 */
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import { MeshError } from '../../../src/base/errors.ts';
import type { Did, DidUrl } from '../../../src/base/ids.ts';
import { splitDidUrl } from '../../../src/base/ids.ts';
import { fromMultikey, toMultikey } from '../../../src/base/multiformat.ts';
import { packPacket, unpackPacket } from '../../../src/base/packet.ts';
import { Discovery, type DiscoveryOptions } from '../../../src/core/discovery/index.ts';
import type { IncomingCall, Keys, Street } from '../../../src/core/discovery/needs.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Signer } from '../../../src/ports/signer.ts';
import {
  type AgentRecord,
  agentId,
  type SignedAgentRecord,
} from '../../../src/schema/agent-record.ts';
import { sign } from '../../../src/schema/signed.ts';
import { toInstant } from '../../../src/schema/words.ts';
import { seededRandom } from '../../../src/testing/seeded-random.ts';
import { type VirtualClock, virtualClock } from '../../../src/testing/virtual-clock.ts';

export interface Party {
  readonly did: Did;
  readonly signer: Signer;
}

/** An organisation with a did:key, always the same for the same number. */
export function party(number: number): Party {
  const seed = new Uint8Array(32);
  new DataView(seed.buffer).setUint32(0, number + 1);
  const key = nodeCrypto.signingKey(seed);
  const multikey = toMultikey('Ed25519', key.publicKey);
  const did: Did = `did:key:${multikey}`;
  const signer: Signer = {
    algorithm: 'EdDSA',
    keyId: `${did}#${multikey}`,
    publicKey: key.publicKey,
    sign: async (message) => nodeCrypto.sign(key, message),
  };
  return { did, signer };
}

export const keys: Keys = {
  verify: async (keyId: DidUrl, message, signature) => {
    const { did, fragment } = splitDidUrl(keyId);
    if (did !== `did:key:${fragment}`) return false;
    return nodeCrypto.verify(
      { type: 'Ed25519', publicKey: fromMultikey(fragment).publicKey },
      message,
      signature,
    );
  },
  learn: () => Promise.resolve(),
  logOf: () => undefined,
};

export const start = Date.UTC(2030, 0, 1);
export const hour = 3_600_000;

/** The unsigned record of agent `agent` of `owner`. */
export function record(
  owner: Party,
  agent = 'adder',
  more: Partial<AgentRecord> = {},
): AgentRecord {
  return {
    format: 1,
    id: agentId(owner.did, more.node ?? 'n1', agent),
    meshId: owner.did,
    node: 'n1',
    name: agent,
    version: '1.0.0',
    capabilities: ['math.add'],
    endpoints: [],
    sequence: 1,
    issuedAt: toInstant(start),
    expiresAt: toInstant(start + 24 * hour),
    ...more,
  };
}

export function signed(
  owner: Party,
  agent?: string,
  more?: Partial<AgentRecord>,
): Promise<SignedAgentRecord> {
  return sign('agent-record', record(owner, agent, more), owner.signer);
}

/** Streets between parties; every body crosses as bytes, as it would between processes. */
export class FakeNet {
  readonly #links = new Set<string>();
  readonly #handlers = new Map<Did, Map<string, (call: IncomingCall) => Promise<unknown>>>();
  readonly #listeners = new Map<Did, Set<(peer: Did) => void>>();
  calls: { from: Did; to: Did; method: string; bytes: number }[] = [];

  connect(a: Did, b: Did): void {
    this.relink(a, b);
    for (const listener of this.#listeners.get(a) ?? []) listener(b);
    for (const listener of this.#listeners.get(b) ?? []) listener(a);
  }

  /** Connects without telling anybody. */
  relink(a: Did, b: Did): void {
    this.#links.add(`${a} ${b}`).add(`${b} ${a}`);
  }

  cut(a: Did, b: Did): void {
    this.#links.delete(`${a} ${b}`);
    this.#links.delete(`${b} ${a}`);
  }

  /** A call as `from` would make it, well-behaved or not. */
  async call(from: Did, to: Did, method: string, body: unknown): Promise<unknown> {
    const handler = this.#handlers.get(to)?.get(method);
    if (handler === undefined || !this.#links.has(`${from} ${to}`)) {
      throw new MeshError('PEER_UNREACHABLE', { peer: to, detail: 'no link' });
    }
    const packet = packPacket(body);
    this.calls.push({ from, to, method, bytes: packet.length });
    const signal = new AbortController().signal;
    return unpackPacket(packPacket(await handler({ from, body: unpackPacket(packet), signal })));
  }

  street(did: Did): Street {
    const handlers = new Map<string, (call: IncomingCall) => Promise<unknown>>();
    const listeners = new Set<(peer: Did) => void>();
    this.#handlers.set(did, handlers);
    this.#listeners.set(did, listeners);
    return {
      call: (peer, method, body) => this.call(did, peer, method, body),
      handle: (method, handler) => void handlers.set(method, handler),
      peers: () =>
        [...this.#links]
          .map((link) => link.split(' ') as [Did, Did])
          .filter(([from]) => from === did)
          .map(([, to]) => to),
      onPeer: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
  }
}

export interface Node {
  readonly did: Did;
  readonly party: Party;
  readonly discovery: Discovery;
  readonly events: { type: string; data: unknown; agent: string | undefined }[];
}

/** A node of party `number` on `net`. Trust is 50 in everybody unless told otherwise. */
export function nodeOf(
  number: number,
  net: FakeNet,
  clock: Clock,
  more: Partial<DiscoveryOptions> = {},
): Node {
  const who = { ...party(number), ...(more.did && { did: more.did }) };
  const events: Node['events'] = [];
  const discovery = new Discovery({
    did: who.did,
    node: 'n1',
    clock,
    random: seededRandom(number),
    store: memoryStore({ clock }),
    signer: who.signer,
    street: net.street(who.did),
    keys,
    trust: { score: () => ({ score: 50, state: 'trusted', level: 'self-asserted' }) },
    emit: (type, data, about) => events.push({ type, data, agent: about?.agent }),
    ...more,
  });
  return { did: who.did, party: who, discovery, events };
}

export function idsOf(node: Node): string[] {
  return node.discovery.records().map(({ id }) => id);
}

/** Lets promise jobs run until nothing is left to do. */
export async function settle(clock: VirtualClock): Promise<void> {
  for (let i = 0; i < 5; i += 1) await clock.advance(0);
}

export { virtualClock };
