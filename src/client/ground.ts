/**
 * The ground a client stands on: the platform's parts, with what its options put in their place.
 * @module
 */
import { platform } from '#platform';
import type { Clock } from '../ports/clock.ts';
import type { Compression } from '../ports/compression.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import type { Http } from '../ports/http.ts';
import type { Random } from '../ports/random.ts';
import type { MeshClientOptions } from './options.ts';

/** What is there from the beginning. */
export interface Ground {
  readonly clock: Clock;
  readonly random: Random;
  readonly http: Http;
  readonly compression: Compression;
}

/** The parts that need no loading. */
export function groundOf(options: MeshClientOptions): Ground {
  const {
    clock = platform.clock,
    random = platform.random,
    http = platform.http,
    compression = platform.compression,
  } = options;
  return { clock, random, http, compression };
}

/** All parts. */
export async function loadGround(
  options: MeshClientOptions,
): Promise<Ground & { readonly crypto: CryptoProvider }> {
  return { ...groundOf(options), crypto: options.crypto ?? (await platform.crypto()) };
}

/** The parts that checking and signing by oneself takes, as the platform in use has them. */
export async function platformGround(): Promise<{
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: CryptoProvider;
}> {
  const { clock, random, crypto } = await loadGround({});
  return { clock, random, crypto };
}
