/**
 * How much of this node's attention one peer may take in a minute.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import type { Clock } from '../../ports/clock.ts';

/** What is counted, and what one peer may use of it in a minute. */
export const quotas = {
  /** Records pushed, known ones included. */
  records: 6_000,
  /** Calls of any kind. */
  requests: 600,
  /** Records that did not parse or whose signature did not hold. */
  faults: 64,
} as const;

type Counted = keyof typeof quotas;

interface Usage {
  readonly since: number;
  readonly used: Record<Counted, number>;
}

const windowMs = 60_000;
/** Peers remembered; the one seen longest ago is forgotten. */
const peersRemembered = 10_000;

/** Counts per peer in windows of one minute. */
export class Quota {
  readonly #clock: Clock;
  readonly #usage = new Map<Did, Usage>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes one request and `records` from the quota of `peer`; throws `OVERLOADED`, taking nothing, when it is used up. */
  admit(peer: Did, records = 0): void {
    const { used } = this.#of(peer);
    this.#assert(peer, 'requests', used.requests + 1);
    this.#assert(peer, 'records', used.records + records);
    this.#assert(peer, 'faults', used.faults);
    used.requests += 1;
    used.records += records;
  }

  /** Counts `faults` of `peer`. */
  blame(peer: Did, faults: number): void {
    this.#of(peer).used.faults += faults;
  }

  #assert(peer: Did, counted: Counted, amount: number): void {
    const limit = quotas[counted];
    if (amount <= limit) return;
    throw new MeshError('OVERLOADED', {
      what: `what ${peer} may send: ${counted} a minute`,
      limit,
    });
  }

  #of(peer: Did): Usage {
    const now = this.#clock.monotonic();
    const known = this.#usage.get(peer);
    if (known !== undefined && now - known.since < windowMs) return known;
    const usage = { since: now, used: { records: 0, requests: 0, faults: 0 } };
    this.#usage.delete(peer);
    this.#usage.set(peer, usage);
    if (this.#usage.size > peersRemembered) this.#usage.delete(this.#usage.keys().next().value!);
    return usage;
  }
}
