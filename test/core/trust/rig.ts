/** Organisations with real keys on a street made of maps. */
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import { MeshError } from '../../../src/base/errors.ts';
import { type Did, type DidUrl, splitDidUrl } from '../../../src/base/ids.ts';
import { fromMultikey, toMultikey } from '../../../src/base/multiformat.ts';
import { packPacket, unpackPacket } from '../../../src/base/packet.ts';
import { signReceipt } from '../../../src/core/audit/receipts.ts';
import { CredentialExaminer } from '../../../src/core/trust/credentials/credentials.ts';
import type {
  Histories,
  IncomingCall,
  Keys,
  KeyUse,
  Neighbours,
  ResolvedKey,
  Street,
} from '../../../src/core/trust/needs.ts';
import { TrustEngine } from '../../../src/core/trust/trust-engine.ts';
import type { TrustEngineOptions } from '../../../src/core/trust/trust-engine-options.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import { streamCompression } from '../../../src/platform/stream-compression.ts';
import type { SignatureKeyType } from '../../../src/ports/crypto.ts';
import type { Resolution } from '../../../src/ports/resolver.ts';
import type { Signer } from '../../../src/ports/signer.ts';
import type { Store } from '../../../src/ports/store.ts';
import type { Outcome, SignedReceipt } from '../../../src/schema/receipt.ts';
import { publicKeyOf } from '../../../src/schema/verification-method.ts';
import { toInstant } from '../../../src/schema/words.ts';
import { seededRandom } from '../../../src/testing/seeded-random.ts';
import { type VirtualClock, virtualClock } from '../../../src/testing/virtual-clock.ts';

/** An organisation that can sign. */
export interface Party {
  readonly did: Did;
  readonly signer: Signer;
  readonly multikey: string;
  /** Secret bytes, for signing with other libraries. */
  readonly seed: Uint8Array;
}

/** The algorithm each kind of key signs with, and the bytes of its secret. */
export const keyTypes = {
  Ed25519: ['EdDSA', 32],
  'P-256': ['ES256', 32],
  'P-384': ['ES384', 48],
  'P-521': ['ES512', 66],
  secp256k1: ['ES256K', 32],
} as const;

/** The organisation of `name`: a did:key that depends on the name and the kind of key alone. */
export function party(name: string, type: SignatureKeyType = 'Ed25519'): Party {
  const [algorithm, length] = keyTypes[type];
  const seed = seededRandom(name).bytes(length);
  // The order of P-521 has 521 bits.
  if (type === 'P-521') seed[0] = 0;
  const key = nodeCrypto.signingKey(seed, type);
  const multikey = toMultikey(type, key.publicKey);
  const did: Did = `did:key:${multikey}`;
  const keyId: DidUrl = `${did}#${multikey}`;
  const sign = (message: Uint8Array) => Promise.resolve(nodeCrypto.sign(key, message));
  return {
    did,
    multikey,
    seed,
    signer: { algorithm, keyId, publicKey: key.publicKey, sign },
  };
}

/** The keys of did:key identifiers, with room for a test to make a DID unreachable, ended or rotated. */
export class TestKeys implements Keys, Histories {
  readonly unreachable = new Set<Did>();
  readonly ended = new Set<Did>();
  /** Multikeys a DID has instead of its own. */
  readonly rotated = new Map<Did, string>();

  resolve(did: Did): Promise<Resolution> {
    if (this.unreachable.has(did)) {
      return Promise.reject(new MeshError('DID_UNREACHABLE', { did, detail: 'a test' }));
    }
    const key = this.rotated.get(did) ?? did.slice('did:key:'.length);
    const id: DidUrl = `${did}#${key}`;
    const method = { id, type: 'Multikey', controller: did, publicKeyMultibase: key } as const;
    const document = {
      '@context': [],
      id: did,
      verificationMethod: [method],
      authentication: [id],
      assertionMethod: [id],
    };
    return Promise.resolve({ document, ageMs: 0, deactivated: this.ended.has(did) });
  }

  async keyOf(keyId: DidUrl, { purpose }: KeyUse): Promise<ResolvedKey> {
    const { did, fragment } = splitDidUrl(keyId);
    const { document, ageMs, deactivated } = await this.resolve(did);
    if (deactivated) throw new MeshError('DID_DEACTIVATED', { did });
    const method = document.verificationMethod.find(({ id }) => id === keyId);
    const key = method?.controller === did ? publicKeyOf(method) : undefined;
    if (key === undefined || !document[purpose].includes(keyId)) {
      throw new MeshError('KEY_INVALID', { key: fragment, detail: `not for ${purpose} of ${did}` });
    }
    return { key, epoch: fragment, ageMs };
  }

  readonly verify = async (keyId: DidUrl, message: Uint8Array, signature: Uint8Array) => {
    const { did, fragment } = splitDidUrl(keyId);
    const { document } = await this.resolve(did);
    if (!document.assertionMethod.includes(keyId)) return false;
    return nodeCrypto.verify(
      { type: 'Ed25519', publicKey: fromMultikey(fragment).publicKey },
      message,
      signature,
    );
  };

  learn(): Promise<void> {
    return Promise.resolve();
  }

  logOf(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}

type Handler = (call: IncomingCall) => Promise<unknown>;

/** Everybody's street: who is joined to whom, and what each answers. */
export class TestStreet {
  readonly #handlers = new Map<Did, Map<string, Handler>>();
  readonly #links = new Set<string>();
  readonly #listeners = new Map<Did, Set<(peer: Did) => void>>();
  /** Calls made, as `method from to`. */
  readonly calls: string[] = [];
  /** Peers that take calls and never answer. */
  readonly silent = new Set<Did>();

  connect(a: Did, b: Did): void {
    this.#links.add(`${a} ${b}`);
    this.#links.add(`${b} ${a}`);
    for (const listener of this.#listeners.get(a) ?? []) listener(b);
    for (const listener of this.#listeners.get(b) ?? []) listener(a);
  }

  disconnect(a: Did, b: Did): void {
    this.#links.delete(`${a} ${b}`);
    this.#links.delete(`${b} ${a}`);
  }

  /** The street as `self` sees it. Bodies travel as packets, as they do between processes. */
  at(self: Did): Street & Neighbours {
    const listeners = new Set<(peer: Did) => void>();
    this.#handlers.set(self, new Map());
    this.#listeners.set(self, listeners);
    return {
      call: (peer, method, body, options) => this.#call(self, peer, method, body, options?.signal),
      handle: (method, handler) => this.#handlers.get(self)?.set(method, handler),
      peers: () =>
        [...this.#links]
          .filter((link) => link.startsWith(`${self} `))
          .map((link) => link.split(' ')[1] as Did),
      onPeer: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
  }

  /** Calls `method` of `to` as if `from` did. */
  async #call(from: Did, to: Did, method: string, body: unknown, signal?: AbortSignal) {
    this.calls.push(`${method} ${from} ${to}`);
    if (!this.#links.has(`${from} ${to}`)) {
      throw new MeshError('PEER_UNREACHABLE', { peer: to, detail: 'not connected' });
    }
    if (this.silent.has(to)) {
      return new Promise((_, reject) => {
        signal?.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      });
    }
    const handler = this.#handlers.get(to)?.get(method);
    if (handler === undefined) throw new MeshError('UNSUPPORTED', { feature: method, by: to });
    return unpackPacket(packPacket(await handler({ from, body: unpackPacket(packPacket(body)) })));
  }

  call(from: Did, to: Did, method: string, body: unknown): Promise<unknown> {
    return this.#call(from, to, method, body);
  }
}

/** Events as they were told. */
export interface Told {
  readonly type: string;
  readonly data: unknown;
  readonly peer: Did | undefined;
}

/** One organisation with a trust engine. */
export interface Org extends Party {
  readonly trust: TrustEngine;
  readonly keys: TestKeys;
  readonly store: Store;
  readonly events: Told[];
  readonly revoked: string[];
}

/** A street, a clock, and organisations on it. */
export class World {
  readonly clock: VirtualClock = virtualClock();
  readonly street = new TestStreet();

  /** A started organisation called `name`; the same name after `close()` continues with the same store. */
  async org(name: string, options: Partial<TrustEngineOptions> = {}): Promise<Org> {
    const self = party(name);
    const keys = new TestKeys();
    const store = options.store ?? memoryStore({ clock: this.clock });
    const events: Told[] = [];
    const revoked: string[] = [];
    const trust = new TrustEngine({
      did: self.did,
      signer: self.signer,
      keys,
      crypto: nodeCrypto,
      compression: streamCompression,
      clock: this.clock,
      random: seededRandom(`${name} random`),
      store,
      street: this.street.at(self.did),
      emit: (type, data, about) => events.push({ type, data, peer: about?.peer }),
      onRevoked: (_, credential) => revoked.push(credential),
      ...options,
    });
    await trust.start();
    return { ...self, trust, keys, store, events, revoked };
  }
}

/** An examiner with keys under the test's hand. */
export function examinerRig(clock = virtualClock()) {
  const keys = new TestKeys();
  return { clock, keys, examiner: new CredentialExaminer({ keys, crypto: nodeCrypto, clock }) };
}

/** A receipt by `by` for `asker`. */
export function receiptOf(
  by: Party,
  asker: Party,
  id: string,
  outcome: Outcome = 'ok',
): Promise<SignedReceipt> {
  const at = toInstant(Date.UTC(2030, 0, 1));
  const task = { id, task: `task-${id}`, type: 'echo', agent: `${by.did}#node/echo` };
  return signReceipt(
    {
      ...task,
      by: by.did,
      for: asker.did,
      at,
      outcome,
      input: 1,
      output: 2,
      policyVersion: 'none',
    },
    by.signer,
  );
}

/** Lets work go on that real I/O (compression) is part of, until `check` holds. */
export async function until(check: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 2_000; i += 1) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new MeshError('CONFORMANCE_FAILED', { detail: 'it did not come to pass' });
}
