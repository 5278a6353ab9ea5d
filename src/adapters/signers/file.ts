/**
 * A key in a file under a pass phrase, for processes on a machine of their own. Node only.
 * @module
 */
import { type Bytes, fromBase64url, toBase64url, utf8 } from '../../base/bytes.ts';
import { canonicalBytes } from '../../base/canonical.ts';
import { MeshError } from '../../base/errors.ts';
import { loadOnce } from '../../base/load-once.ts';
import { toMultikey } from '../../base/multiformat.ts';
import { integer, object, oneOf, parseJson, type Shape, text } from '../../base/shape.ts';
import type { SignatureKeyType } from '../../ports/crypto.ts';
import type { Signer } from '../../ports/signer.ts';
import { newSecret, secretKey } from './parts/secret-key.ts';
import { type OwnKey, type SignerNaming, signerOf } from './parts/signer-of.ts';

/** Options of {@link fileSigner}. */
export interface FileSignerOptions extends SignerNaming {
  /** Opens the file. What is typed is normalised (NFKC), so that every keyboard writes the same. */
  readonly passphrase: string;
  /** Make a key when there is no file. Default false: `NOT_FOUND`. */
  readonly create?: boolean;
  /** Kind of a new key. Default Ed25519. */
  readonly type?: SignatureKeyType;
  /**
   * Cost of a guess when a file is written: scrypt with N = 2 to this power, r = 8, p = 1. 14 to 20; default 17, which takes 128 MiB and
   * about half a second, as OWASP recommends. Reading takes the cost that stands in the file.
   */
  readonly cost?: number;
}

/** Options of {@link changeFilePassphrase}. */
export interface ChangePassphraseOptions {
  readonly from: string;
  readonly to: string;
  /** As in {@link FileSignerOptions}. */
  readonly cost?: number;
}

/**
 * Signs with the key in the file at `path`, sealed with AES-256-GCM under a key that scrypt makes of the pass phrase. The file is
 * written whole or not at all, for its owner alone, and never over another key.
 * Throws `KEY_LOCKED` for another pass phrase or a file that was changed, `NOT_FOUND` without a file, `STORE_CORRUPT` for a file that
 * is none of these.
 */
export async function fileSigner(path: string, options: FileSignerOptions): Promise<Signer> {
  const { passphrase, create = false, type = 'Ed25519', cost = defaultCost } = options;
  checkPassphrase('passphrase', passphrase);
  checkCost(cost);
  const files = await loadFiles();
  let kept = await files.read(path);
  if (kept === undefined && create) {
    const secret = await newSecret(type);
    const made = await seal(type, secret, passphrase, cost);
    secret.fill(0);
    // Who lost a race opens what the winner wrote.
    kept = (await files.create(path, made)) ? made : await files.read(path);
  }
  if (kept === undefined) throw new MeshError('NOT_FOUND', { what: 'the key file', id: path });
  const { key, secret } = await open(path, kept, passphrase);
  secret.fill(0);
  return signerOf(key, options);
}

/** Seals the key in the file at `path` under another pass phrase; the old file stays until the new one is whole. */
export async function changeFilePassphrase(
  path: string,
  { from, to, cost = defaultCost }: ChangePassphraseOptions,
): Promise<void> {
  checkPassphrase('to', to);
  checkCost(cost);
  const files = await loadFiles();
  const kept = await files.read(path);
  if (kept === undefined) throw new MeshError('NOT_FOUND', { what: 'the key file', id: path });
  const { key, secret } = await open(path, kept, from);
  await files.replace(path, await seal(key.type, secret, to, cost));
  secret.fill(0);
}

const defaultCost = 17;
const [leastCost, mostCost] = [14, 20];

/** Files and ciphers of Node, loaded when a file is first opened. */
const loadFiles = loadOnce(() => import('./file/key-file.ts'));
const loadCipher = loadOnce(() => import('./file/passphrase-cipher.ts'));

const keyFileShape = object({
  format: oneOf(1),
  type: oneOf('Ed25519', 'P-256', 'P-384', 'P-521', 'secp256k1'),
  /** Multikey of the public key, so that a file can be told apart without opening it. */
  publicKey: text({ max: 128 }),
  kdf: object({
    name: oneOf('scrypt'),
    // Bounded, since whoever writes the file chooses how much memory opening it takes.
    cost: integer({ min: leastCost, max: mostCost }),
    salt: base64url(16),
  }),
  cipher: object({ name: oneOf('aes-256-gcm'), nonce: base64url(12) }),
  sealed: text({ max: 256 }),
});

async function seal(
  type: SignatureKeyType,
  secret: Bytes,
  passphrase: string,
  cost: number,
): Promise<string> {
  const [{ publicKey }, { sealUnder }] = [await secretKey(type, secret), await loadCipher()];
  const [salt, nonce] = [randomBytes(16), randomBytes(12)];
  const head = {
    format: 1,
    type,
    publicKey: toMultikey(type, publicKey),
    kdf: { name: 'scrypt', cost, salt: toBase64url(salt) },
    cipher: { name: 'aes-256-gcm', nonce: toBase64url(nonce) },
  };
  const under = { passphrase, cost, salt, nonce, about: canonicalBytes(head) };
  const sealed = toBase64url(await sealUnder(under, secret));
  return `${JSON.stringify({ ...head, sealed }, null, 2)}\n`;
}

async function open(
  path: string,
  file: string,
  passphrase: string,
): Promise<{ readonly key: OwnKey; readonly secret: Bytes }> {
  const { sealed, ...head } = parsed(path, file);
  const { openUnder } = await loadCipher();
  const { cost, salt } = head.kdf;
  const under = {
    passphrase,
    cost,
    salt: fromBase64url(salt),
    nonce: fromBase64url(head.cipher.nonce),
    about: canonicalBytes(head),
  };
  const secret = await openUnder(under, fromBase64url(sealed));
  if (secret === undefined) {
    const detail = 'the pass phrase is another, or the file was changed';
    throw new MeshError('KEY_LOCKED', { key: path, detail });
  }
  return { key: await secretKey(head.type, secret), secret };
}

function parsed(path: string, file: string): ReturnType<typeof keyFileShape> {
  try {
    const kept = parseJson(file, keyFileShape, 'file', 16_384);
    fromBase64url(kept.sealed);
    return kept;
  } catch (cause) {
    const detail = 'it is no key file';
    throw new MeshError('STORE_CORRUPT', { store: path, detail }, { cause });
  }
}

function base64url(length: number): Shape<string> {
  const digits = Math.ceil((length * 4) / 3);
  const shape = text({ min: digits, max: digits });
  return (value, at) => {
    const checked = shape(value, at);
    fromBase64url(checked, at);
    return checked;
  };
}

function checkPassphrase(argument: string, passphrase: unknown): void {
  if (typeof passphrase === 'string' && utf8(passphrase).length > 0) return;
  throw new MeshError('INVALID_ARGUMENT', { argument, expected: 'a pass phrase', got: 'none' });
}

function checkCost(cost: number): void {
  if (Number.isInteger(cost) && cost >= leastCost && cost <= mostCost) return;
  const expected = `an integer from ${String(leastCost)} to ${String(mostCost)}`;
  throw new MeshError('INVALID_ARGUMENT', { argument: 'cost', expected, got: cost });
}

function randomBytes(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}
