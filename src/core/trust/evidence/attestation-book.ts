/**
 * What organisations say of each other: the newest statement of each about each, of each type, until it ends.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import { compareText, type Did } from '../../../base/ids.ts';
import { cidOfJson } from '../../../base/multiformat.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Store } from '../../../ports/store.ts';
import { attestationShape, type SignedAttestation } from '../../../schema/attestation.ts';
import { verifySigned } from '../../../schema/signed.ts';
import type { Keys } from '../needs.ts';
import { keyPart, putJson, scanJson } from '../store-names.ts';
import { Turns } from '../turns.ts';

/** Options of {@link AttestationBook}. */
export interface AttestationBookOptions {
  readonly keys: Pick<Keys, 'verify'>;
  readonly store: Store;
  readonly clock: Clock;
}

/** Statements kept about one peer, and in all. */
const perSubject = 256;
const inAll = 10_000;
const skewMs = 60_000;

/** Statements, checked. */
export class AttestationBook {
  readonly #options: AttestationBookOptions;
  readonly #subjects = new Map<Did, Map<string, SignedAttestation>>();
  readonly #turns = new Turns('attestations');
  #size = 0;

  constructor(options: AttestationBookOptions) {
    this.#options = options;
  }

  async load(): Promise<void> {
    const { store, clock } = this.#options;
    for await (const one of scanJson(store, 'attestation/', attestationShape)) {
      if (Date.parse(one.expiresAt) > clock.now()) this.#set(one);
    }
  }

  get size(): number {
    return this.#size;
  }

  /** Takes in a statement; undefined when it is no news. `CREDENTIAL_INVALID`, `SCHEMA_INVALID`, `OVERLOADED`. */
  async take(foreign: unknown): Promise<SignedAttestation | undefined> {
    const attestation = attestationShape(foreign, 'attestation');
    return this.#turns.take(async () => {
      const known = this.#subjects.get(attestation.about)?.get(nameOf(attestation));
      if (known !== undefined && compareText(orderOf(known), orderOf(attestation)) >= 0) {
        return undefined;
      }
      await this.#check(attestation);
      this.#assertRoom(attestation, known);
      this.#set(attestation);
      await this.#options.store.write([putJson(keyOf(attestation), attestation)]);
      return attestation;
    });
  }

  /** Statements about `peer` that have not ended. */
  about(peer: Did): readonly SignedAttestation[] {
    const now = this.#options.clock.now();
    return [...(this.#subjects.get(peer)?.values() ?? [])].filter(
      ({ expiresAt }) => Date.parse(expiresAt) > now,
    );
  }

  /** All statements that have not ended. */
  all(): readonly SignedAttestation[] {
    return [...this.#subjects.keys()].flatMap((peer) => this.about(peer));
  }

  /** Epoch milliseconds at which the next statement about `peer` ends. */
  standsUntil(peer: Did): number {
    return Math.min(Infinity, ...this.about(peer).map(({ expiresAt }) => Date.parse(expiresAt)));
  }

  /** Forgets what has ended. */
  async prune(): Promise<void> {
    const now = this.#options.clock.now();
    for (const [peer, statements] of this.#subjects) {
      for (const [name, one] of statements) {
        if (Date.parse(one.expiresAt) > now) continue;
        statements.delete(name);
        this.#size -= 1;
        await this.#options.store.write([{ del: keyOf(one) }]);
      }
      if (statements.size === 0) this.#subjects.delete(peer);
    }
  }

  async #check(attestation: SignedAttestation): Promise<void> {
    const now = this.#options.clock.now();
    const { at, expiresAt, by } = attestation;
    if (Date.parse(at) > now + skewMs) throw invalid('time', 'it is of the future');
    if (Date.parse(expiresAt) <= now) throw invalid('time', 'it has expired');
    try {
      await verifySigned('attestation', attestation, by, this.#options.keys.verify);
    } catch (cause) {
      if (!MeshError.is(cause)) throw cause;
      throw invalid('signature', 'it does not verify', cause);
    }
  }

  #assertRoom({ about }: SignedAttestation, known: SignedAttestation | undefined): void {
    if (known !== undefined) return;
    const mine = this.#subjects.get(about)?.size ?? 0;
    if (mine >= perSubject || this.#size >= inAll) {
      throw new MeshError('OVERLOADED', { what: 'attestations', limit: inAll });
    }
  }

  #set(attestation: SignedAttestation): void {
    const { about } = attestation;
    const statements = this.#subjects.get(about) ?? new Map<string, SignedAttestation>();
    this.#subjects.set(about, statements);
    if (!statements.has(nameOf(attestation))) this.#size += 1;
    statements.set(nameOf(attestation), attestation);
  }
}

function nameOf({ by, type }: SignedAttestation): string {
  return `${by} ${type}`;
}

function orderOf(attestation: SignedAttestation): string {
  return `${attestation.at} ${cidOfJson(attestation)}`;
}

function keyOf(attestation: SignedAttestation): string {
  return `attestation/${keyPart(attestation.about)}/${keyPart(nameOf(attestation))}`;
}

function invalid(check: string, detail: string, cause?: unknown): MeshError {
  return new MeshError('CREDENTIAL_INVALID', { check, detail }, { cause });
}
