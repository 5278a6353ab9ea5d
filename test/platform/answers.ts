/**
 * What a provider answers, in Node or in a browser.
 * @module
 */
import { equalBytes, fromHex } from '../../src/base/bytes.ts';
import { nobleCrypto } from '../../src/platform/noble-crypto.ts';
import { StrictVerifier } from '../../src/platform/strict-verifier.ts';
import { createWebCrypto } from '../../src/platform/web-crypto.ts';
import { webSignatures } from '../../src/platform/web-signatures.ts';
import type { CryptoProvider, SignatureKeyType } from '../../src/ports/crypto.ts';
import type { Question } from './questions.ts';

/** The verdict of `crypto` on each question. */
export async function answers(
  crypto: Pick<CryptoProvider, 'verify'>,
  questions: readonly Question[],
): Promise<boolean[]> {
  const verdicts: boolean[] = [];
  for (const { type, key, message, signature } of questions) {
    const publicKey = fromHex(key);
    const said = fromHex(message);
    verdicts.push(await crypto.verify({ type, publicKey }, said, fromHex(signature)));
  }
  return verdicts;
}

/** What a runtime with WebCrypto says. */
export interface WebAnswers {
  readonly web: readonly boolean[];
  readonly noble: readonly boolean[];
  /** Kinds of keys that its WebCrypto judges itself. */
  readonly trusted: readonly SignatureKeyType[];
  /** Whether what it signs with WebCrypto holds there. */
  readonly signs: boolean;
}

/** The answers of the runtime this runs in. */
export async function webAnswers(
  questions: readonly Question[],
  types: readonly SignatureKeyType[],
): Promise<WebAnswers> {
  const { subtle } = globalThis.crypto;
  const verifier = new StrictVerifier(webSignatures(subtle), nobleCrypto);
  const trusted: SignatureKeyType[] = [];
  for (const type of types) if (await verifier.isTrusted(type)) trusted.push(type);
  const provider = createWebCrypto();
  let signs = true;
  for (const type of types) {
    const length = { Ed25519: 32, 'P-256': 32, 'P-384': 48, 'P-521': 66, secp256k1: 32 }[type];
    const seed = new Uint8Array(length).fill(1);
    const key = await provider.keyPair!(seed, type);
    signs &&= equalBytes(key.publicKey, nobleCrypto.signingKey(seed, type).publicKey);
    const message = new Uint8Array(20);
    signs &&= await nobleCrypto.verify(key, message, await provider.sign(key, message));
  }
  return {
    web: await answers(provider, questions),
    noble: await answers(nobleCrypto, questions),
    trusted,
    signs,
  };
}
