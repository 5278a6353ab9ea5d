/**
 * A leader's desk: takes each participant's contribution once, adds it to the mean, keeps no vector.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import { compareText, type Did } from '../../base/ids.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { ModelUpdate, ModelUpdateHeader } from '../../schema/model-update.ts';
import type { Signed } from '../../schema/signed.ts';
import { WeightedMean } from './fedavg.ts';
import { vectorHash } from './vector-hash.ts';

/** What contributions must fit. */
export interface IntakeOptions {
  readonly round: string;
  readonly size: number;
  /** CID of the weights they change. */
  readonly base: string | undefined;
  readonly crypto: Pick<CryptoProvider, 'hash'> | undefined;
}

/** Collects contributions until it is closed. Signatures and admission are the caller's to check before. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #mean: WeightedMean;
  readonly #taken = new Map<Did, Signed<ModelUpdateHeader>>();
  #closed = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#mean = new WeightedMean(options.size);
  }

  /** How many have contributed. */
  get count(): number {
    return this.#taken.size;
  }

  /** Whether `participant` has contributed. */
  has(participant: Did): boolean {
    return this.#taken.has(participant);
  }

  /** What went in, by participant in the order of names, so that the order of arrival leaves no trace. */
  headers(): readonly Signed<ModelUpdateHeader>[] {
    return [...this.#taken.values()].sort((a, b) => compareText(a.participant, b.participant));
  }

  /**
   * Takes `update`; the same one again changes nothing. Throws `UPDATE_INVALID` for what does not fit or differs from
   * what the participant sent before, and `ROUND_CLOSED` once closed.
   */
  add(update: ModelUpdate): void {
    const { header, vector } = update;
    const before = this.#taken.get(header.participant);
    if (before !== undefined && isSame(before, header)) return;
    if (this.#closed) throw new MeshError('ROUND_CLOSED', { round: this.#options.round });
    if (before !== undefined) throw this.#invalid('a different contribution was taken before');
    this.#check(update);
    this.#mean.add(vector, header.samples, this.#options.round);
    this.#taken.set(header.participant, header);
  }

  /** Takes nothing more. */
  close(): void {
    this.#closed = true;
  }

  /** The mean, added to `base` when one is given. */
  combine(base?: Float32Array): Float32Array<ArrayBuffer> {
    return this.#mean.mean(base);
  }

  #check({ header, vector }: ModelUpdate): void {
    const { round, size, base, crypto } = this.#options;
    if (header.round !== round) throw this.#invalid(`it is for round '${header.round}'`);
    if (header.base !== base) throw this.#invalid('it changes other weights');
    if (header.size !== size || vector.length !== size) {
      throw this.#invalid(`${String(vector.length)} numbers instead of ${String(size)}`);
    }
    if (vectorHash(vector, crypto) !== header.vectorHash) {
      throw this.#invalid('the vector is not the one that was signed');
    }
  }

  #invalid(detail: string): MeshError {
    return new MeshError('UPDATE_INVALID', { round: this.#options.round, detail });
  }
}

function isSame(a: ModelUpdateHeader, b: ModelUpdateHeader): boolean {
  return a.vectorHash === b.vectorHash && a.samples === b.samples && a.round === b.round;
}
