/**
 * The form of a signer's law, and the few things many of them need.
 * @module
 */
import { equalBytes } from '../../../base/bytes.ts';
import { keyTypes, secretLengths } from '../../../base/signature-kinds.ts';
import type { CryptoProvider } from '../../../ports/crypto.ts';
import type { Signer } from '../../../ports/signer.ts';
import { check, checkWithin } from '../../assert.ts';
import { seededRandom } from '../../seeded-random.ts';
import type { Law, Tools } from '../law.ts';

/** What a law may use beside the signer it is tried on. */
export interface SignerTools extends Tools {
  /** Who judges signatures. */
  readonly crypto: () => Promise<CryptoProvider>;
}

/** One law of signers. */
export type SignerLaw = Law<Signer, SignerTools>;

/** `length` bytes, different for each `name`. */
export function messageOf(name: string, length = 100): Uint8Array {
  return seededRandom(`message ${name}`).bytes(length);
}

/** The signature of `message`, within the bound. */
export function signed(
  signer: Signer,
  message: Uint8Array,
  { timeoutMs }: SignerTools,
): Promise<Uint8Array> {
  return checkWithin(timeoutMs, 'sign', signer.sign(message));
}

/** Checks that `signature` is one of `message`, by the strict rule. */
export async function checkSignature(
  signer: Signer,
  message: Uint8Array,
  signature: Uint8Array,
  what: string,
  { crypto }: SignerTools,
): Promise<void> {
  check(signature instanceof Uint8Array, `${what} must be a Uint8Array`);
  const type = keyTypes[signer.algorithm];
  const [length, got] = [2 * secretLengths[type], signature.length];
  check(got === length, `${what} must have ${String(length)} bytes, but has ${String(got)}`);
  const { publicKey } = signer;
  const holds = await (await crypto()).verify({ type, publicKey }, message, signature);
  check(holds, `${what} must hold under publicKey`);
}

/** Whether `bytes` are the private key behind the signer's public one. */
export async function privateKeyTest(
  signer: Signer,
  { crypto }: SignerTools,
): Promise<(bytes: Uint8Array) => boolean> {
  const provider = await crypto();
  return (bytes) => {
    try {
      const { publicKey } = provider.signingKey(bytes, keyTypes[signer.algorithm]);
      return equalBytes(publicKey, signer.publicKey);
    } catch {
      // Not every number is a secret key.
      return false;
    }
  };
}
