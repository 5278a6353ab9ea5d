/**
 * What a DID stands for: its keys and where to reach its holder (W3C DID Core 1.0, section 4).
 * @module
 */
import type { Did, DidUrl } from '../base/ids.ts';
import { dictionary, list, object, optional, type Shape, text, unknown } from '../base/shape.ts';
import { did } from './words.ts';

/** A public key of a document, as Multikey. */
export interface VerificationMethod {
  readonly id: DidUrl;
  readonly type: 'Multikey';
  readonly controller: Did;
  readonly publicKeyMultibase: string;
}

/** A way to reach the holder. */
export interface DidService {
  readonly id: string;
  readonly type: string;
  readonly serviceEndpoint: string;
}

/** A DID document in the form this SDK writes. */
export interface DidDocument {
  readonly '@context': readonly string[];
  readonly id: Did;
  readonly verificationMethod: readonly VerificationMethod[];
  readonly authentication: readonly string[];
  readonly assertionMethod: readonly string[];
  readonly service?: readonly DidService[];
}

/** Parser of DID documents. */
export const didDocumentShape: Shape<DidDocument> = (value, at) => {
  const reference = text({ max: 700 });
  const method = object({
    id: reference,
    type: text(),
    controller: did,
    publicKeyMultibase: reference,
  });
  const service = object({ id: reference, type: text(), serviceEndpoint: text({ max: 2_000 }) });
  return object({
    '@context': list(text(), { max: 16 }),
    id: did,
    verificationMethod: list(method, { max: 64 }),
    authentication: list(reference, { max: 64 }),
    assertionMethod: list(reference, { max: 64 }),
    service: optional(list(service, { max: 64 })),
    extensions: optional(dictionary(unknown)),
  })(value, at) as unknown as DidDocument;
};
