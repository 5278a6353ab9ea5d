/**
 * A key that WebCrypto holds and nobody can read: in a browser it survives reloads when the pair is kept in IndexedDB.
 * @module
 */
import { type Bytes, utf8 } from '../../base/bytes.ts';
import { compressed } from '../../base/curve-point.ts';
import { MeshError } from '../../base/errors.ts';
import { secretLengths } from '../../base/signature-kinds.ts';
import type { Signer } from '../../ports/signer.ts';
import { checkType, type SignerNaming, signerOf } from './parts/signer-of.ts';
import { type WebKeyType, webAlgorithm, webKeyTypes, webSign } from './parts/web-algorithm.ts';

/** Options of {@link webCryptoSigner}. */
export interface WebCryptoSignerOptions extends SignerNaming {
  /** Kind of a new key: Ed25519, P-256, P-384 or P-521. Default Ed25519, which every browser has since 2025. */
  readonly type?: WebKeyType;
  /** A pair made before, e.g. read from IndexedDB. Its private key must not be extractable. Default: a new pair. */
  readonly keys?: CryptoKeyPair;
}

/** A signer over a key pair of WebCrypto. */
export interface WebCryptoSigner extends Signer {
  /** The pair; it can be stored by structured clone, and its private key cannot be read. */
  readonly keys: CryptoKeyPair;
}

/**
 * Signs with WebCrypto. Throws `KEY_INVALID` for a private key that can be exported, keys of other kinds, and two keys that are no
 * pair; `UNSUPPORTED` where the platform does not know the kind of a new key.
 */
export async function webCryptoSigner(
  options: WebCryptoSignerOptions = {},
): Promise<WebCryptoSigner> {
  const keys = options.keys ?? (await newPair(checkType(options.type ?? 'Ed25519', webKeyTypes)));
  const type = typeOf(keys.privateKey);
  if (keys.privateKey.extractable) throw unusable(type, 'its private key can be exported');
  const publicKey = await exported(type, keys.publicKey);
  await checkPair(type, keys);
  const sign = (message: Bytes): Promise<Bytes> => webSign(type, keys.privateKey, message);
  return { ...signerOf({ type, publicKey, sign }, options), keys };
}

async function newPair(type: WebKeyType): Promise<CryptoKeyPair> {
  try {
    const { key } = webAlgorithm(type);
    return (await crypto.subtle.generateKey(key, false, ['sign', 'verify'])) as CryptoKeyPair;
  } catch (cause) {
    throw new MeshError(
      'UNSUPPORTED',
      { feature: type, by: "the platform's WebCrypto" },
      { cause },
    );
  }
}

function typeOf({ algorithm }: CryptoKey): WebKeyType {
  const name = (algorithm as Partial<EcKeyAlgorithm>).namedCurve ?? algorithm.name;
  const type = webKeyTypes.find((one) => one === name);
  if (type !== undefined && webAlgorithm(type).key.name === algorithm.name) return type;
  throw unusable(name, 'WebCrypto signs here with Ed25519, P-256, P-384 or P-521');
}

/** The public key's bytes, an uncompressed point being written short. */
async function exported(type: WebKeyType, key: CryptoKey): Promise<Bytes> {
  let raw: Bytes;
  try {
    raw = new Uint8Array(await crypto.subtle.exportKey('raw', key));
  } catch (cause) {
    throw unusable(type, 'its public key cannot be exported', cause);
  }
  if (type === 'Ed25519') return raw;
  const length = secretLengths[type];
  return compressed({ x: raw.slice(1, 1 + length), y: raw.slice(1 + length) });
}

async function checkPair(
  type: WebKeyType,
  { privateKey, publicKey }: CryptoKeyPair,
): Promise<void> {
  const message = utf8('one pair');
  let holds: boolean;
  try {
    const signature = await webSign(type, privateKey, message);
    holds = await crypto.subtle.verify(webAlgorithm(type).use, publicKey, signature, message);
  } catch (cause) {
    throw unusable(type, 'it may not sign, or its public key may not verify', cause);
  }
  if (!holds) throw unusable(type, 'its two keys are no pair');
}

function unusable(key: string, detail: string, cause?: unknown): MeshError {
  return new MeshError('KEY_INVALID', { key, detail }, { cause });
}
