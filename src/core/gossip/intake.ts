/**
 * Checks what neighbours bring: each message counts once, each neighbour and each origin has its measure.
 * @module
 */
import { MeshError, toMeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import { cidOf } from '../../base/multiformat.ts';
import type { Clock } from '../../ports/clock.ts';
import { broadcastId } from '../../schema/broadcast.ts';
import type { Emit } from '../../schema/mesh-event.ts';
import { verifySigned } from '../../schema/signed.ts';
import type { HeldMessage } from './held-messages.ts';
import type { Keys, Welcomes } from './needs.ts';
import { type Parcel, parcelShape, pushShape, readLog } from './parcels.ts';
import type { SeenIds } from './seen-ids.ts';
import { type Allowance, TokenBuckets } from './token-bucket.ts';

/** Clocks of two organisations may differ by this much. */
export const clockSkewMs = 60_000;

/** What one may use, in units of one message and each 4 KiB of it. */
export interface GossipLimits {
  /** Of what one neighbour brings, whoever it is from. Default: 4,000 at once, 400 a second. */
  readonly neighbour?: Allowance;
  /** Of what is from one origin, whoever brings it. Default: 1,000 at once, 100 a second. */
  readonly origin?: Allowance;
}

/** What became of messages since the start. */
export interface GossipCounts {
  /** New here. */
  accepted: number;
  /** Copies, replays among them. */
  duplicates: number;
  /** Past their time, from the future, or not welcome here. */
  ignored: number;
  /** Malformed, altered, or not signed by whom they name. */
  faults: number;
  /** Too many from one neighbour or one origin. */
  overloaded: number;
}

/** What an intake works with. */
export interface IntakeOptions {
  readonly clock: Clock;
  readonly keys: Keys;
  readonly seen: SeenIds;
  readonly welcomes: Welcomes;
  readonly limits: GossipLimits;
  readonly emit: Emit | undefined;
  /** Takes a message that is new and in order. */
  readonly accept: (held: HeldMessage, neighbour: Did) => void;
  /** Told that `neighbour` has a message which is known here. */
  readonly known: (id: string, neighbour: Did) => void;
}

const defaultLimits: Required<GossipLimits> = {
  neighbour: { burst: 4_000, perSecond: 400 },
  origin: { burst: 1_000, perSecond: 100 },
};
/** Share of a neighbour's measure that only high priority may use. */
const reservedForHigh = 0.25;
/** An altered message costs its neighbour as much as this many. */
const faultUnits = 20;
const unitBytes = 4_096;
/** How often one neighbour is complained of. */
const complaintEveryMs = 60_000;
const complaintsRemembered = 1_000;

interface ReadParcel extends Parcel {
  readonly id: string;
}

/** Takes in pushes. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #limits: Required<GossipLimits>;
  readonly #neighbours: TokenBuckets;
  readonly #origins: TokenBuckets;
  readonly #complaints = new Map<Did, number>();
  readonly counts: GossipCounts = {
    accepted: 0,
    duplicates: 0,
    ignored: 0,
    faults: 0,
    overloaded: 0,
  };

  constructor(options: IntakeOptions) {
    const { limits, clock } = options;
    this.#options = options;
    this.#limits = { ...defaultLimits, ...limits };
    this.#neighbours = new TokenBuckets(this.#limits.neighbour, clock);
    this.#origins = new TokenBuckets(this.#limits.origin, clock);
  }

  /**
   * Takes in what `neighbour` pushes, high priority first. Returns the ids it may offer again, since their origins have
   * used up their measure. Throws `OVERLOADED` when the neighbour has used up its own; what fitted was taken in.
   */
  async take(body: unknown, neighbour: Did): Promise<readonly string[]> {
    const push = pushShape(body, 'push');
    const parcels = push.parcels.flatMap((foreign) => this.#read(foreign, neighbour));
    await this.#learn(push.logs, new Set(parcels.map(({ message }) => message.from)));
    const refused: string[] = [];
    for (const parcel of byPriority(parcels)) {
      if (!this.#admit(parcel, neighbour)) throw this.#overloaded(neighbour);
      if ((await this.#one(parcel, neighbour)) === 'origin-overloaded') refused.push(parcel.id);
    }
    return refused;
  }

  /** Counts an offer of `ids` against `neighbour`; throws `OVERLOADED`. */
  admitOffer(ids: number, neighbour: Did): void {
    const fits = this.#neighbours.take(neighbour, 1 + ids / 64, reservedForHigh);
    if (!fits) throw this.#overloaded(neighbour);
  }

  /** Counts what this node sends itself: half of what others let pass, so that none of it is lost. Throws `OVERLOADED`. */
  admitOwn(self: Did, bytes: number): void {
    if (this.#origins.take(self, 2 * unitsOf(bytes))) return;
    const limit = this.#limits.origin.burst;
    throw new MeshError('OVERLOADED', { what: 'what this node may broadcast', limit });
  }

  #read(foreign: unknown, neighbour: Did): readonly ReadParcel[] {
    try {
      const parcel = parcelShape(foreign, 'parcel');
      return [{ ...parcel, id: broadcastId(parcel.message) }];
    } catch (error) {
      this.#fault(neighbour, toMeshError(error, 'a broadcast'));
      return [];
    }
  }

  /** Histories of origins alone; one that does not hold proves nothing, and the signature then fails. */
  async #learn(logs: readonly unknown[], origins: ReadonlySet<Did>): Promise<void> {
    for (const foreign of logs) {
      const read = readLog(foreign);
      if (read === undefined || !origins.has(read.did)) continue;
      await this.#options.keys.learn(read.log).catch(() => undefined);
    }
  }

  #admit({ message, bytes }: Parcel, neighbour: Did): boolean {
    const reserve = message.priority === 'high' ? 0 : reservedForHigh;
    return this.#neighbours.take(neighbour, unitsOf(bytes.length), reserve);
  }

  async #one(parcel: ReadParcel, neighbour: Did): Promise<'done' | 'origin-overloaded'> {
    const { id, message } = parcel;
    const { seen, welcomes, accept, clock } = this.#options;
    if (this.#isKnown(id, neighbour)) return 'done';
    const now = clock.now();
    const expires = Date.parse(message.expiresAt) + clockSkewMs;
    const timely = Date.parse(message.at) <= now + clockSkewMs && now < expires;
    if (!timely || !welcomes(message.from, message.topic)) {
      this.counts.ignored += 1;
      return 'done';
    }
    if (!(await this.#isGenuine(parcel, neighbour))) return 'done';
    // Another neighbour may have brought it while its signature was checked.
    if (this.#isKnown(id, neighbour)) return 'done';
    if (!this.#origins.take(message.from, unitsOf(parcel.bytes.length))) {
      this.counts.overloaded += 1;
      return 'origin-overloaded';
    }
    seen.add(id, expires);
    this.counts.accepted += 1;
    accept({ id, message, bytes: parcel.bytes, hops: parcel.hops, expires }, neighbour);
    return 'done';
  }

  #isKnown(id: string, neighbour: Did): boolean {
    if (!this.#options.seen.has(id)) return false;
    this.counts.duplicates += 1;
    this.#options.known(id, neighbour);
    return true;
  }

  async #isGenuine({ message, bytes }: Parcel, neighbour: Did): Promise<boolean> {
    try {
      const { from } = message;
      if (cidOf(bytes) !== message.payload) {
        throw new MeshError('SIGNATURE_INVALID', { what: `the broadcast of ${from}` });
      }
      await verifySigned('broadcast', message, from, this.#options.keys.verify);
      return true;
    } catch (error) {
      // Signed before its origin's keys changed; the neighbour that brings it has not heard of that yet.
      if ((await this.#options.keys.retired?.(message.proof.keyId)) === true) {
        this.counts.ignored += 1;
      } else this.#fault(neighbour, toMeshError(error, 'a broadcast'));
      return false;
    }
  }

  /** Whoever passes a message on has checked it; so a bad one is the fault of the neighbour that brought it. */
  #fault(neighbour: Did, error: MeshError): void {
    this.counts.faults += 1;
    this.#neighbours.fine(neighbour, faultUnits);
    this.#complain(neighbour, error);
  }

  #overloaded(neighbour: Did): MeshError {
    this.counts.overloaded += 1;
    const what = `what ${neighbour} may broadcast`;
    const error = new MeshError('OVERLOADED', { what, limit: this.#limits.neighbour.burst });
    this.#complain(neighbour, error);
    return error;
  }

  #complain(neighbour: Did, { code, params }: MeshError): void {
    const now = this.#options.clock.monotonic();
    if ((this.#complaints.get(neighbour) ?? 0) > now) return;
    this.#complaints.delete(neighbour);
    this.#complaints.set(neighbour, now + complaintEveryMs);
    if (this.#complaints.size > complaintsRemembered) {
      this.#complaints.delete(this.#complaints.keys().next().value!);
    }
    this.#options.emit?.('broadcast.refused', { code, params }, { peer: neighbour });
  }
}

/** One for the message and one for each 4 KiB begun. */
function unitsOf(bytes: number): number {
  return 1 + Math.ceil(bytes / unitBytes);
}

function byPriority(parcels: readonly ReadParcel[]): readonly ReadParcel[] {
  const high = parcels.filter(({ message }) => message.priority === 'high');
  return [...high, ...parcels.filter(({ message }) => message.priority === 'normal')];
}
