/**
 * Keys of resolved documents, found and read once for each document.
 * @module
 */
import { canonicalBytes } from '../../../base/canonical.ts';
import { MeshError } from '../../../base/errors.ts';
import { type DidUrl, splitDidUrl } from '../../../base/ids.ts';
import { multihashOf } from '../../../base/multiformat.ts';
import type { DidDocument } from '../../../schema/did-document.ts';
import { publicKeyOf, type VerificationKey } from '../../../schema/verification-method.ts';

/** What a key is asked for. */
export type KeyPurpose = 'assertionMethod' | 'authentication';

interface ReadDocument {
  readonly epoch: string;
  readonly keys: Map<string, VerificationKey>;
}

/** Remembers what it read of frozen documents as long as somebody holds them. */
export class DocumentKeys {
  readonly #read = new WeakMap<DidDocument, ReadDocument>();

  /**
   * The key `keyId` of `document`, if its holder uses it for `purpose`, and a text that changes with the keys of the document. Throws
   * `KEY_INVALID` for a key that is not there, not for that, somebody else's, or of no kind that can be used.
   */
  keyOf(
    document: DidDocument,
    keyId: DidUrl,
    purpose: KeyPurpose,
  ): { readonly key: VerificationKey; readonly epoch: string } {
    const { epoch, keys } = this.#read.get(document) ?? this.#readNew(document);
    const known = keys.get(`${purpose} ${keyId}`);
    if (known !== undefined) return { key: known, epoch };
    const key = readKey(document, keyId, purpose);
    keys.set(`${purpose} ${keyId}`, key);
    return { key, epoch };
  }

  #readNew(document: DidDocument): ReadDocument {
    const { verificationMethod, authentication, assertionMethod } = document;
    const epoch = multihashOf(
      canonicalBytes({ verificationMethod, authentication, assertionMethod }),
    );
    const read = { epoch, keys: new Map<string, VerificationKey>() };
    this.#read.set(document, read);
    return read;
  }
}

function readKey(document: DidDocument, keyId: DidUrl, purpose: KeyPurpose): VerificationKey {
  const { fragment } = splitDidUrl(keyId);
  const method = document.verificationMethod.find(({ id }) => id === keyId);
  if (method?.controller !== document.id || !document[purpose].includes(keyId)) {
    throw new MeshError('KEY_INVALID', {
      key: fragment,
      detail: `not for ${purpose} of ${document.id}`,
    });
  }
  const key = publicKeyOf(method);
  if (key !== undefined) return key;
  throw new MeshError('KEY_INVALID', { key: fragment, detail: 'of no known kind' });
}
