/**
 * Secrets under a pass phrase: scrypt (RFC 7914) makes the key, AES-256-GCM (NIST SP 800-38D) seals.
 * @module
 */
import { createCipheriv, createDecipheriv, scrypt } from 'node:crypto';
import { type Bytes, utf8 } from '../../../base/bytes.ts';

/** What seals and opens. */
export interface Under {
  readonly passphrase: string;
  /** N of scrypt is 2 to this power. */
  readonly cost: number;
  readonly salt: Uint8Array;
  readonly nonce: Uint8Array;
  /** What is said in clear beside the secret, and cannot be changed. */
  readonly about: Uint8Array;
}

const algorithm = 'aes-256-gcm';
const tagLength = 16;

/** `secret`, sealed, with its tag at the end. */
export async function sealUnder(under: Under, secret: Uint8Array): Promise<Bytes> {
  const key = await keyOf(under);
  const cipher = createCipheriv(algorithm, key, under.nonce, { authTagLength: tagLength });
  cipher.setAAD(under.about);
  const parts = [cipher.update(secret), cipher.final(), cipher.getAuthTag()];
  key.fill(0);
  return Uint8Array.from(Buffer.concat(parts));
}

/** What was sealed; undefined for another pass phrase, or when anything was changed. */
export async function openUnder(under: Under, sealed: Uint8Array): Promise<Bytes | undefined> {
  if (sealed.length < tagLength) return undefined;
  const key = await keyOf(under);
  const decipher = createDecipheriv(algorithm, key, under.nonce, { authTagLength: tagLength });
  key.fill(0);
  decipher.setAAD(under.about);
  decipher.setAuthTag(sealed.subarray(-tagLength));
  const opened = decipher.update(sealed.subarray(0, -tagLength));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  const secret = Uint8Array.from(opened);
  opened.fill(0);
  return secret;
}

function keyOf({ passphrase, cost, salt }: Under): Promise<Buffer> {
  const [N, r, p] = [2 ** cost, 8, 1];
  // Node refuses to take more than 32 MiB unless it is told; scrypt takes 128 N r bytes and a little.
  const options = { N, r, p, maxmem: 2 * 128 * N * r };
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  scrypt(utf8(passphrase.normalize('NFKC')), salt, 32, options, (error, key) => {
    if (error === null) resolve(key);
    else reject(error);
  });
  return promise;
}
