/**
 * A role while it is held.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Assembly, Tally } from './assembly.ts';
import type { Claim } from './grant.ts';

/** A role that is held here. */
export interface RoleLease extends AsyncDisposable {
  /** Higher than that of any holder before. Everything that is done in the role carries it. */
  readonly epoch: number;
  /** Fires with `ROLE_LOST` before anybody else can hold the role, and when it is released. */
  readonly lost: AbortSignal;
  /** Gives the role back, so that the next may hold it at once. Idempotent; never rejects. */
  release(): Promise<void>;
}

/** What a held role works with. */
export interface HeldRoleOptions {
  readonly role: string;
  readonly claim: Claim;
  readonly assembly: Assembly;
  readonly clock: Clock;
  /** When the claim was sent, by the monotonic clock. */
  readonly sentAt: number;
  /** Told once, when it is over; with the error when it was lost. */
  readonly ended: (error?: MeshError) => void;
}

/**
 * The part of the lease on which its holder relies. The rest is for clocks that run at different speeds: it is safe while
 * no acceptor's clock runs more than 5 % faster than the holder's.
 */
export const reliedOn = 0.95;
/** Renewals in the time of one lease. */
const renewals = 3;

/** Renews the lease until it is lost or released. Time counts from when a renewal was sent, not from when it was answered. */
export class HeldRole implements RoleLease {
  readonly #options: HeldRoleOptions;
  readonly #lost = new AbortController();
  #validUntil = 0;
  #cancelExpiry: () => void = () => undefined;
  #cancelRenewal: () => void = () => undefined;
  #releasing: Promise<void> | undefined;

  constructor(options: HeldRoleOptions) {
    this.#options = options;
    this.#extend(options.sentAt);
    this.#renewLater();
  }

  get epoch(): number {
    return this.#options.claim.epoch;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  release(): Promise<void> {
    if (this.#releasing !== undefined) return this.#releasing;
    const { assembly, claim } = this.#options;
    // Whoever works in the role stops before the next may begin.
    if (!this.lost.aborted) this.#end('it was released');
    this.#releasing = assembly.release(claim);
    return this.#releasing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  #renewLater(): void {
    const { clock, claim } = this.#options;
    this.#cancelRenewal = clock.after(claim.ttlMs / renewals, () => {
      this.#renewLater();
      void this.#renew();
    });
  }

  async #renew(): Promise<void> {
    const { clock, assembly, claim } = this.#options;
    const sentAt = clock.monotonic();
    const tally = await assembly.claim(claim);
    if (this.lost.aborted) return;
    if (tally.granted >= assembly.needed) this.#extend(sentAt);
    else if (this.#isHopeless(tally)) this.#lose('others have moved on');
  }

  #isHopeless({ refused }: Tally): boolean {
    const { size, needed } = this.#options.assembly;
    return refused > size - needed;
  }

  /** A late answer to an early renewal takes nothing away. */
  #extend(sentAt: number): void {
    const until = sentAt + this.#options.claim.ttlMs * reliedOn;
    if (until <= this.#validUntil) return;
    this.#validUntil = until;
    this.#expireLater();
  }

  #expireLater(): void {
    const { clock } = this.#options;
    this.#cancelExpiry();
    this.#cancelExpiry = clock.after(this.#validUntil - clock.monotonic(), () => {
      // A timer may fire early; what is left of a millisecond is not waited for.
      if (this.#validUntil - clock.monotonic() >= 1) this.#expireLater();
      else this.#lose('no majority was reached in time');
    });
  }

  #lose(detail: string): void {
    this.#options.ended(this.#end(detail));
  }

  #end(detail: string): MeshError {
    const { role, claim } = this.#options;
    const error = new MeshError('ROLE_LOST', { role, epoch: claim.epoch, detail });
    this.#cancelExpiry();
    this.#cancelRenewal();
    this.#lost.abort(error);
    return error;
  }
}
