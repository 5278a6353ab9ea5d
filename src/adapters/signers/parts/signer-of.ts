/**
 * What all signers have in common: their names, and a message that is read when `sign` is called.
 * @module
 */
import type { Bytes } from '../../../base/bytes.ts';
import { MeshError, printable } from '../../../base/errors.ts';
import { type DidUrl, isDidUrl } from '../../../base/ids.ts';
import { toMultikey } from '../../../base/multiformat.ts';
import { algorithms } from '../../../base/signature-kinds.ts';
import type { SignatureKeyType } from '../../../ports/crypto.ts';
import type { Signer } from '../../../ports/signer.ts';

/** A key that signs, and nothing about who holds it. */
export interface OwnKey {
  readonly type: SignatureKeyType;
  readonly publicKey: Bytes;
  /** Signature of a message that nobody else holds, as JWS writes it. */
  sign(message: Bytes): Promise<Bytes>;
}

/** Options that every signer takes. */
export interface SignerNaming {
  /** The verification method others check against. Default: that of the key's own `did:key`. */
  readonly keyId?: DidUrl;
}

/** `key` as a signer. */
export function signerOf(key: OwnKey, { keyId }: SignerNaming): Signer {
  const multikey = toMultikey(key.type, key.publicKey);
  const own: DidUrl = `did:key:${multikey}#${multikey}`;
  if (keyId !== undefined && !isDidUrl(keyId)) {
    const expected = 'a DID URL with a fragment';
    throw new MeshError('INVALID_ARGUMENT', { argument: 'keyId', expected, got: keyId });
  }
  return {
    algorithm: algorithms[key.type],
    keyId: keyId ?? own,
    publicKey: key.publicKey,
    sign: async (message) => await key.sign(copyOf(message)),
  };
}

/** The kind of key asked for; others than `known` are refused. */
export function checkType<T extends SignatureKeyType>(type: T, known: readonly T[]): T {
  if (known.includes(type)) return type;
  const expected = known.join(', ');
  throw new MeshError('INVALID_ARGUMENT', { argument: 'type', expected, got: type });
}

function copyOf(message: unknown): Bytes {
  if (message instanceof Uint8Array) return Uint8Array.from(message);
  const expected = 'a Uint8Array';
  throw new MeshError('INVALID_ARGUMENT', {
    argument: 'message',
    expected,
    got: printable(message),
  });
}
