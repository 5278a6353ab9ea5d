/**
 * The keys of one organisation and the DID they prove.
 * @module
 */
import { type Bytes, utf8 } from '../../../base/bytes.ts';
import { type Duration, toMs } from '../../../base/duration.ts';
import { MeshError } from '../../../base/errors.ts';
import type { Did, DidUrl } from '../../../base/ids.ts';
import type { Signer } from '../../../ports/signer.ts';
import type { DidDocument } from '../../../schema/did-document.ts';
import type { DidLog } from '../../../schema/did-log.ts';
import { toInstant } from '../../../schema/words.ts';
import { keyDocument } from '../methods/did-key.ts';
import { meshDocument } from '../methods/did-mesh.ts';
import { keyPeriods } from '../methods/key-periods.ts';
import type { CompromiseClaim } from '../methods/next-entry.ts';
import { Petnames } from '../petnames.ts';
import type { IdentityChange, IdentityState, Ledger } from './identity-ledger.ts';
import { signerFor } from './own-key.ts';
import { RotationSchedule } from './rotation-schedule.ts';

/** How much stands behind a name: the holder's word, a web domain, a verified organisation. */
export type IdentityLevel = 'self-asserted' | 'domain' | 'organisation';

/** One public key of an identity and when it may sign. */
export interface IdentityKey {
  readonly id: DidUrl;
  readonly validFrom: string;
  /** Exclusive; absent for a key of today. */
  readonly validTo?: string;
}

/** Options of {@link Identity.rotate}. */
export interface RotateOptions {
  /** Why, at most 200 characters. Everybody can read it. */
  readonly reason?: string;
  /** Rotates again whenever this time has passed since the last rotation; kept in the store. At least one minute. */
  readonly every?: Duration;
  /** Keys that got into wrong hands, with the time from which on they are not to be believed. */
  readonly compromised?: readonly CompromiseClaim[];
  /** Multikeys of recovery keys, for an identity that has none yet. */
  readonly recovery?: readonly string[];
}

const shortestEveryMs = 60_000;

/** An organisation's DID with the keys behind it. Made by `Identity.create` or `Identity.open`. */
export class Identity implements AsyncDisposable {
  readonly did: Did;
  /** `self-asserted`: only the holder vouches for the label. */
  readonly level: IdentityLevel = 'self-asserted';
  /** Signs in the name of this identity, always with the key of now. */
  readonly signer: Signer;
  readonly #ledger: Ledger;
  readonly #petnames: Petnames;
  readonly #schedule: RotationSchedule;

  /** @internal */
  constructor(ledger: Ledger) {
    this.did = ledger.did;
    this.#ledger = ledger;
    this.signer = liveSigner(this.did, () => ledger.state);
    this.#petnames = new Petnames(ledger.store);
    this.#schedule = new RotationSchedule(ledger, () => this.rotate({ reason: 'scheduled' }));
    this.#schedule.arm();
    ledger.onChange(() => {
      this.#schedule.arm();
    });
  }

  /** The history that proves the DID; empty for did:key. */
  get log(): DidLog {
    return this.#ledger.state.log;
  }

  /** Public keys, oldest first. */
  get keys(): readonly IdentityKey[] {
    if (this.log.length === 0) return [{ id: this.signer.keyId, validFrom: toInstant(0) }];
    return keyPeriods(this.log).map(({ key, from, to }) => ({
      id: `${this.did}#${key}` as const,
      validFrom: toInstant(from),
      ...(to !== undefined && { validTo: toInstant(to) }),
    }));
  }

  /** Whether it was ended. */
  get deactivated(): boolean {
    return this.log.at(-1)?.deactivated === true;
  }

  /** Signature of `data`, text as UTF-8. Throws `DID_DEACTIVATED` once the identity was ended. */
  sign(data: string | Uint8Array): Promise<Bytes> {
    return this.signer.sign(typeof data === 'string' ? utf8(data) : data);
  }

  /** The DID document others get. */
  toDidDocument(): DidDocument {
    if (this.log.length > 0) return meshDocument(this.log);
    return keyDocument(this.did);
  }

  /**
   * Goes over to the key committed to, and commits to a new one. What the old key has signed stays good for its time. The
   * store has the old or the new state, never half; when another process has rotated at the same time, its rotation is
   * taken over. Clients that use this identity tell their peers at once.
   *
   * Throws `UNSUPPORTED` for did:key and where no next key can be had, `CLOCK_INVALID`, `LIMIT_EXCEEDED`, `DID_DEACTIVATED`.
   */
  async rotate(options: RotateOptions = {}): Promise<void> {
    const every = options.every === undefined ? undefined : toMs(options.every, 'every');
    if (every !== undefined && every < shortestEveryMs) {
      const params = { argument: 'every', expected: 'at least one minute', got: options.every };
      throw new MeshError('INVALID_ARGUMENT', params);
    }
    await this.#ledger.rotate({ ...options, every });
  }

  /**
   * Ends the identity: nobody will believe any of its keys for anything from now on. With a recovery key it can be taken back
   * by `Identity.recover`, without one never.
   */
  deactivate(options: { readonly reason?: string } = {}): Promise<void> {
    return this.#ledger.deactivate(options.reason);
  }

  /**
   * Takes over what another process has written to the store. Throws `DID_CONFLICT` when that is another history. A client does
   * it by itself as soon as the store tells of it, which stores whose `features.shared` is false do within one process only.
   */
  refresh(): Promise<void> {
    return this.#ledger.refresh();
  }

  /**
   * Takes over what is written to the store by others, as they do, until `signal` fires.
   * @internal
   */
  follow(signal: AbortSignal, failed: (error: unknown) => void): Promise<void> {
    return this.#ledger.follow(signal, failed);
  }

  /** Calls `listener` with each change; the result takes it off. */
  onChange(listener: (change: IdentityChange) => void): () => void {
    return this.#ledger.onChange(listener);
  }

  /**
   * Lets `petname`, `did:mesh:<type>:<label>`, stand for the whole identifier `did` here, from now on and after a restart.
   * Throws `DID_INVALID` unless both have one type and label, and `IDENTITY_MISMATCH` when it stands for another, unless
   * `replace` is set.
   */
  pin(petname: string, did: string, options: { readonly replace?: boolean } = {}): Promise<void> {
    return this.#petnames.pin(petname, did, options);
  }

  /** Lets `petname` stand for nobody again. */
  unpin(petname: string): Promise<void> {
    return this.#petnames.unpin(petname);
  }

  /** What `petname` is pinned to. */
  pinned(petname: string): Promise<Did | undefined> {
    return this.#petnames.of(petname);
  }

  /** All pins, by petname. */
  pins(): Promise<ReadonlyMap<string, Did>> {
    return this.#petnames.all();
  }

  /** Rotates by itself no more in this process. The store stays open. Idempotent. */
  close(): Promise<void> {
    this.#schedule.stop();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Follows the state: whoever holds it signs with the key of now. */
function liveSigner(did: Did, state: () => IdentityState): Signer {
  const current = (): Signer => {
    const signer = signerFor(did, state().current);
    if (state().log.at(-1)?.deactivated !== true) return signer;
    return { ...signer, sign: () => Promise.reject(new MeshError('DID_DEACTIVATED', { did })) };
  };
  return {
    get algorithm() {
      return current().algorithm;
    },
    get keyId() {
      return current().keyId;
    },
    get publicKey() {
      return current().publicKey;
    },
    get current() {
      return current();
    },
    sign: (message) => current().sign(message),
  };
}
