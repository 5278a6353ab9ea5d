/**
 * One identity of this node at the door: its session key, vouched for by its DID and renewed in time.
 * @module
 */
import type { Bytes } from '../../base/bytes.ts';
import type { Did } from '../../base/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AgreementKey, CryptoProvider } from '../../ports/crypto.ts';
import type { Random } from '../../ports/random.ts';
import type { Endpoint } from '../../ports/transport.ts';
import type { DidLog } from '../../schema/did-log.ts';
import type { Signed } from '../../schema/signed.ts';
import { packHello } from './hello.ts';
import type { LocalIdentity } from './needs.ts';
import { type NoiseKey, signNoiseKey } from './noise-key.ts';

/** What a node says of itself beside its identity. */
export interface NodeFacts {
  readonly node: string;
  readonly instance: string;
  readonly features: readonly string[];
  readonly tenant?: string | undefined;
}

/** What parties are made with. */
export interface PartyGround {
  readonly clock: Clock;
  readonly random: Pick<Random, 'bytes'>;
  readonly crypto: CryptoProvider;
}

/** How long a session key is vouched for; it is signed anew when half of it is over. */
const validForMs = 24 * 3_600_000;

/** An identity with the static key of this run. */
export class LocalParty {
  readonly did: Did;
  readonly staticKey: AgreementKey;
  readonly facts: NodeFacts;
  readonly #identity: LocalIdentity;
  readonly #ground: PartyGround;
  #proof: Promise<Signed<NoiseKey>> | undefined;
  #signed = { from: 0, keyId: '' };
  #hello:
    | { readonly log: number; readonly endpoints: string; readonly proof: unknown; bytes: Bytes }
    | undefined;

  constructor(identity: LocalIdentity, facts: NodeFacts, ground: PartyGround) {
    this.did = identity.did;
    this.facts = facts;
    this.staticKey = ground.crypto.agreementKey(ground.random.bytes(32));
    this.#identity = identity;
    this.#ground = ground;
  }

  /** Payload of this party's handshake messages; packed once for many handshakes. */
  async hello(endpoints: readonly Endpoint[]): Promise<Bytes> {
    const proof = await this.#vouch();
    const { log } = this.#identity;
    const { instance, features, tenant } = this.facts;
    const [places, held] = [endpoints.join(), this.#hello];
    if (held?.proof === proof && held.log === log.length && held.endpoints === places)
      return held.bytes;
    const bytes = packHello({
      proof,
      log,
      instance,
      features,
      endpoints,
      ...(tenant !== undefined && { tenant }),
    });
    this.#hello = { log: log.length, endpoints: places, proof, bytes };
    return bytes;
  }

  /** What vouches for the session key now, for a peer that has heard of new keys. */
  async prove(): Promise<{ readonly proof: Signed<NoiseKey>; readonly log: DidLog }> {
    // Another process of this identity may have rotated; what the store cannot say now is said by the proof failing.
    await this.#identity.refresh?.().catch(() => undefined);
    const proof = await this.#vouch();
    return { proof, log: this.#identity.log };
  }

  /** The signed session key; a failed signature (a signer out of reach) is asked for again next time. */
  #vouch(): Promise<Signed<NoiseKey>> {
    const now = this.#ground.clock.now();
    const { signer } = this.#identity;
    const { from, keyId } = this.#signed;
    const fresh = keyId === signer.keyId && now >= from && now < from + validForMs / 2;
    if (this.#proof !== undefined && fresh) return this.#proof;
    const about = { did: this.did, node: this.facts.node, staticKey: this.staticKey.publicKey };
    const proof = signNoiseKey(about, signer, now, validForMs);
    this.#signed = { from: now, keyId: signer.keyId };
    this.#proof = proof;
    proof.catch(() => {
      if (this.#proof === proof) this.#proof = undefined;
    });
    return proof;
  }
}
