/**
 * What a DID stands for: its keys and where to reach its holder (W3C DID Core 1.0, section 4).
 * @module
 */
import type { Did } from '../base/ids.ts';
import { dictionary, list, object, optional, type Shape, text, unknown } from '../base/shape.ts';
import { type VerificationMethod, verificationMethodShape } from './verification-method.ts';
import { did } from './words.ts';

/** Where a service is: a URI, or what its type says (DID Core 1.0, section 5.4). */
export type ServiceEndpoint = string | Readonly<Record<string, unknown>>;

/** A way to reach the holder. */
export interface DidService {
  readonly id: string;
  readonly type: string | readonly string[];
  readonly serviceEndpoint: ServiceEndpoint | readonly ServiceEndpoint[];
}

/** A purpose that keys of a document can have (DID Core 1.0, section 5.3). */
export type Relationship =
  | 'authentication'
  | 'assertionMethod'
  | 'keyAgreement'
  | 'capabilityInvocation'
  | 'capabilityDelegation';

/** All purposes. */
export const relationships = [
  'authentication',
  'assertionMethod',
  'keyAgreement',
  'capabilityInvocation',
  'capabilityDelegation',
] as const satisfies readonly Relationship[];

/**
 * A DID document in the form this SDK writes: names of keys are whole DID URLs, and every key stands in `verificationMethod`, once.
 * A key is good for what a relationship names it for and for nothing else. `readDidDocument` brings foreign documents into
 * this form.
 */
export interface DidDocument {
  /** Contexts of JSON-LD, kept and not read. */
  readonly '@context': readonly (string | Readonly<Record<string, unknown>>)[];
  readonly id: Did;
  /** Other names of the holder. Their word, not a proof. */
  readonly alsoKnownAs?: readonly string[];
  /** Who may change the document, where that is somebody else too. */
  readonly controller?: readonly Did[];
  readonly verificationMethod: readonly VerificationMethod[];
  readonly authentication: readonly string[];
  readonly assertionMethod: readonly string[];
  readonly keyAgreement?: readonly string[];
  readonly capabilityInvocation?: readonly string[];
  readonly capabilityDelegation?: readonly string[];
  readonly service?: readonly DidService[];
}

/** The most keys, references or services a document may have. */
const maxMembers = 64;

/** Long enough for a did:ion with a fragment. */
const reference = text({ max: 4_200 });
const references = list(reference, { max: maxMembers });

/** A text, or JSON data of the document's own making. */
const textOrObject =
  (max: number): Shape<ServiceEndpoint> =>
  (value, at) =>
    typeof value === 'object' ? dictionary(unknown)(value, at) : text({ max })(value, at);

/** One of something, or a list of it. */
const oneOrMore =
  <T>(item: Shape<T>): Shape<T | readonly T[]> =>
  (value, at) =>
    Array.isArray(value) ? list(item, { max: maxMembers })(value, at) : item(value, at);

const serviceShape = object({
  id: reference,
  type: oneOrMore(text()),
  serviceEndpoint: oneOrMore(textOrObject(2_000)),
});

/** Parser of DID documents in the form this SDK writes. */
export const didDocumentShape: Shape<DidDocument> = (value, at) =>
  object({
    '@context': list(textOrObject(1_024), { max: 16 }),
    id: did,
    alsoKnownAs: optional(list(text({ max: 2_000 }), { max: maxMembers })),
    controller: optional(list(did, { max: maxMembers })),
    verificationMethod: list(verificationMethodShape, { max: maxMembers }),
    authentication: references,
    assertionMethod: references,
    keyAgreement: optional(references),
    capabilityInvocation: optional(references),
    capabilityDelegation: optional(references),
    service: optional(list(serviceShape, { max: maxMembers })),
    extensions: optional(dictionary(unknown)),
  })(value, at);
