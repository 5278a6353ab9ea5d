/**
 * What was found out about the DIDs of others, kept as long as their methods allow.
 * @module
 */
import { abortable, withDeadline } from '../../../base/abort.ts';
import { MeshError } from '../../../base/errors.ts';
import { bareDid, type Did, didMethod } from '../../../base/ids.ts';
import type { Clock } from '../../../ports/clock.ts';
import type {
  DidResolver,
  Resolution,
  ResolveOptions,
  ResolverGround,
} from '../../../ports/resolver.ts';
import { readDocumentOf } from '../../../schema/read-did-document.ts';
import { type Kept, KeptDids } from './kept-dids.ts';

/** Options of {@link DidCache}. */
export interface DidCacheOptions extends ResolverGround {
  readonly clock: Clock;
  /** Who is asked; the first that answers for a method. */
  readonly resolvers: readonly DidResolver[];
  /** How long a document is kept, by method, in milliseconds; `default` for the rest. A source may say less, never more. */
  readonly ttlMs?: Readonly<Record<string, number>> | undefined;
  /** How long "it does not exist" is kept. Default 10,000. */
  readonly notFoundTtlMs?: number | undefined;
  /** How much longer documents may serve while nobody can be asked, unless the call says otherwise. Default 0. */
  readonly maxStaleMs?: number | undefined;
  /** How long asking may take. Default 5,000. */
  readonly timeoutMs?: number | undefined;
  /** DIDs kept; the one not used for the longest time goes first. Default 1,000. */
  readonly limit?: number | undefined;
  /** DIDs asked for at one time; further ones are refused with `OVERLOADED`. Default 64. */
  readonly maxInFlight?: number | undefined;
}

const defaultTtls: Readonly<Record<string, number>> = { ethr: 60_000, default: 300_000 };

/**
 * Asks each DID's resolver once for all who want it at that time, keeps what it says for a bounded time in bounded room, and hands
 * out frozen documents. A failure is never kept, but for a definite "it does not exist", shortly.
 */
export class DidCache implements DidResolver {
  readonly methods: readonly string[];
  readonly #options: DidCacheOptions;
  readonly #resolvers = new Map<string, DidResolver>();
  readonly #kept: KeptDids;
  readonly #flights = new Map<Did, Promise<Resolution>>();

  constructor(options: DidCacheOptions) {
    this.#options = options;
    for (const resolver of options.resolvers) {
      for (const method of resolver.methods) {
        if (!this.#resolvers.has(method)) this.#resolvers.set(method, resolver);
      }
    }
    this.methods = [...this.#resolvers.keys()];
    this.#kept = new KeptDids(options.clock, options.limit ?? 1_000);
  }

  /** DIDs kept now, also those known not to exist. */
  get size(): number {
    return this.#kept.size;
  }

  /** DIDs being asked for now. */
  get inFlight(): number {
    return this.#flights.size;
  }

  /**
   * What is known of `did`. Throws `DID_METHOD_UNKNOWN`, `DID_NOT_FOUND`, `DID_UNREACHABLE`, `DID_INVALID` for a document
   * that is none or is about somebody else, `OVERLOADED`. A version of the past, and what was `at` a time where its
   * method keeps times, is asked for each time and not kept.
   */
  async resolve(did: Did, options: ResolveOptions = {}): Promise<Resolution> {
    const { signal, versionId, at } = options;
    const subject = this.#kept.has(did) ? did : bareDid(did);
    const isPast = at !== undefined && this.#resolvers.get(didMethod(subject))?.keepsTimes === true;
    if (versionId !== undefined || isPast) return this.#ask(subject, { versionId, at, signal });
    const kept = this.#kept.get(subject);
    if (kept !== undefined && this.#kept.ageOf(kept) < kept.ttlMs)
      return this.#answer(subject, kept);
    try {
      const flight = this.#flights.get(subject) ?? this.#fly(subject, kept);
      // Whoever gives up leaves the flight to the others; its deadline ends it.
      return await abortable(flight, signal, `resolving ${subject}`);
    } catch (error) {
      const stale = this.#stale(
        subject,
        error,
        options.maxStaleMs ?? this.#options.maxStaleMs ?? 0,
      );
      if (stale === undefined) throw error;
      return stale;
    }
  }

  /** Forgets `did`: the next who wants it asks, also if somebody is asking already. */
  invalidate(did: Did): void {
    const subject = bareDid(did);
    this.#kept.delete(subject);
    this.#flights.delete(subject);
  }

  #answer(did: Did, kept: Kept): Resolution {
    if (kept.resolution === undefined) throw new MeshError('DID_NOT_FOUND', { did });
    return aged(kept.resolution, this.#kept.ageOf(kept));
  }

  #fly(did: Did, before: Kept | undefined): Promise<Resolution> {
    const limit = this.#options.maxInFlight ?? 64;
    if (this.#flights.size >= limit) {
      throw new MeshError('OVERLOADED', { what: 'resolving DIDs', limit });
    }
    const { clock, notFoundTtlMs = 10_000 } = this.#options;
    const began = clock.monotonic();
    // Called off by `invalidate`, it may know less than whoever called it off.
    const counts = (): boolean => this.#flights.get(did) === flight;
    const flight: Promise<Resolution> = this.#ask(did, { known: before?.resolution })
      .then(
        (found) => {
          // The source may have said so any time since it was asked (RFC 9111, section 4.2.3).
          const resolution = aged(found, found.ageMs + clock.monotonic() - began);
          if (counts()) this.#keep(did, resolution);
          return resolution;
        },
        (error: unknown) => {
          if (counts() && MeshError.is(error, 'DID_NOT_FOUND')) {
            this.#kept.set(did, { ttlMs: notFoundTtlMs, ageMs: 0 });
          }
          throw error;
        },
      )
      .finally(() => {
        if (counts()) this.#flights.delete(did);
      });
    this.#flights.set(did, flight);
    return flight;
  }

  async #ask(did: Did, options: ResolveOptions): Promise<Resolution> {
    const method = didMethod(did);
    const resolver = this.#resolvers.get(method);
    if (resolver === undefined) throw new MeshError('DID_METHOD_UNKNOWN', { method });
    const { clock, http, crypto, timeoutMs = 5_000 } = this.#options;
    const late = (): MeshError => unreachable(did, `no answer within ${String(timeoutMs)} ms`);
    const deadline = { what: `resolving ${did}`, signal: options.signal, error: late };
    const found = await withDeadline(clock, timeoutMs, deadline, async (signal) => {
      try {
        return await resolver.resolve(did, { ...options, http, crypto, signal });
      } catch (error) {
        if (MeshError.is(error)) throw error;
        throw unreachable(did, 'its resolver failed', error);
      }
    });
    return checked(did, found, options.known);
  }

  #keep(did: Did, resolution: Resolution): void {
    const { maxAgeMs = Infinity, validator, ageMs } = resolution;
    // What may not be kept and cannot be asked about is not kept.
    if (maxAgeMs <= 0 && validator === undefined) {
      this.#kept.delete(did);
      return;
    }
    const ttlMs = Math.min(this.#ttlOf(didMethod(did)), maxAgeMs);
    this.#kept.set(did, { resolution, ttlMs, ageMs });
  }

  #ttlOf(method: string): number {
    const ttls = { ...defaultTtls, ...this.#options.ttlMs };
    return ttls[method] ?? ttls['default']!;
  }

  /** The kept document, when `error` says that nobody could be asked and it is not older than that takes. */
  #stale(did: Did, error: unknown, maxStaleMs: number): Resolution | undefined {
    if (maxStaleMs <= 0 || !MeshError.is(error, 'DID_UNREACHABLE', 'OVERLOADED')) return undefined;
    const kept = this.#kept.get(did);
    if (kept?.resolution === undefined) return undefined;
    const ageMs = this.#kept.ageOf(kept);
    if (ageMs > kept.ttlMs + maxStaleMs) return undefined;
    return Object.freeze({ ...kept.resolution, ageMs, stale: true as const });
  }
}

/** `found` with a document of our own that nobody can change, or `known` when its source says that it still holds. */
function checked(did: Did, found: Resolution, known: Resolution | undefined): Resolution {
  const document =
    found.document === known?.document ? known.document : readDocumentOf(did, found.document);
  const { ageMs, deactivated, versionId, maxAgeMs, validator } = found;
  return Object.freeze({
    document,
    ageMs,
    deactivated,
    ...(versionId !== undefined && { versionId }),
    ...(maxAgeMs !== undefined && { maxAgeMs }),
    ...(validator !== undefined && { validator }),
  });
}

function aged(resolution: Resolution, ageMs: number): Resolution {
  return Object.freeze({ ...resolution, ageMs });
}

function unreachable(did: Did, detail: string, cause?: unknown): MeshError {
  return new MeshError('DID_UNREACHABLE', { did, detail }, { cause });
}
