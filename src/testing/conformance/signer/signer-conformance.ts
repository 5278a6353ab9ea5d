/**
 * The conformance kit of signers.
 * @module
 */
import { loadGround } from '../../../client/ground.ts';
import type { CryptoProvider } from '../../../ports/crypto.ts';
import type { Signer } from '../../../ports/signer.ts';
import type { ConformanceCase } from '../../assert.ts';
import { closableLaws, closeIfItCan } from '../closable.ts';
import { casesOf, defaultTimeoutMs } from '../law.ts';
import { keyLaws } from './key-laws.ts';
import type { SignerLaw, SignerTools } from './signer-law.ts';
import { signingLaws } from './signing-laws.ts';

/** Options of {@link signerConformance}. */
export interface SignerConformanceOptions {
  /** Who judges signatures. Default: the platform's provider. */
  readonly crypto?: CryptoProvider;
  /** The bound of each wait in real milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
}

/**
 * The laws every signer keeps. `make` returns a signer each time, which may be of the same key; one that has `close()` or
 * `[Symbol.asyncDispose]()` is closed by the kit, and must fail with `CLOSED` from then on.
 *
 * @example
 * ```ts
 * for (const { name, run } of signerConformance(() => hsmSigner({ slot: 1 }))) test(name, run);
 * ```
 */
export function signerConformance(
  make: () => Signer | Promise<Signer>,
  options: SignerConformanceOptions = {},
): ConformanceCase[] {
  const { crypto, timeoutMs = defaultTimeoutMs } = options;
  const load = async (): Promise<CryptoProvider> => crypto ?? (await loadGround({})).crypto;
  return casesOf(laws, { open: make, close: closeIfItCan, tools: { crypto: load, timeoutMs } });
}

const laws: readonly SignerLaw[] = [
  ...keyLaws,
  ...signingLaws,
  ...closableLaws<Signer, SignerTools>('a signer', [
    { name: 'sign', call: (signer) => signer.sign(new Uint8Array(1)) },
  ]),
];
