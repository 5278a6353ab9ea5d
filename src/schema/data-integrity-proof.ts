/**
 * Proofs that stand inside what they prove (W3C Verifiable Credential Data Integrity 1.0, section 2.1), of the one
 * cryptosuite that needs no JSON-LD: `eddsa-jcs-2022` (Data Integrity EdDSA Cryptosuites 1.0, section 2.2.1).
 * @module
 */
import type { Bytes } from '../base/bytes.ts';
import { type DidUrl, isDidUrl } from '../base/ids.ts';
import { fromMultibase } from '../base/multiformat.ts';
import {
  list,
  object,
  oneOf,
  optional,
  refused,
  type Shape,
  text,
  unknown,
} from '../base/shape.ts';
import { dateTimeStamp } from './words.ts';

/** The cryptosuite of every proof this SDK makes and checks. */
export const jcsCryptosuite = 'eddsa-jcs-2022';

/** What a key must be allowed to do for a proof to hold: state something, or stand for its holder. */
export type ProofPurpose = 'assertionMethod' | 'authentication';

/** A proof. Members this SDK does not know are kept, since they are signed too. */
export interface DataIntegrityProof {
  readonly id?: string;
  readonly type: 'DataIntegrityProof';
  readonly cryptosuite: typeof jcsCryptosuite;
  readonly verificationMethod: DidUrl;
  readonly proofPurpose: ProofPurpose;
  readonly created?: string;
  readonly expires?: string;
  readonly challenge?: string;
  readonly domain?: string | readonly string[];
  /** `id`s of the proofs this one was made over: a proof chain. */
  readonly previousProof?: string | readonly string[];
  readonly proofValue: string;
}

const oneOrMore = (value: unknown, at: string): string | readonly string[] =>
  Array.isArray(value)
    ? list(text({ min: 1 }), { max: 16 })(value, at)
    : text({ min: 1 })(value, at);

const keyId: Shape<DidUrl> = (value, at) => {
  const checked = text({ max: 600 })(value, at);
  if (!isDidUrl(checked)) throw refused(at, 'a DID URL with a fragment', value);
  return checked;
};

/** Parser of one proof. */
export const dataIntegrityProof: Shape<DataIntegrityProof> = object({
  '@context': optional(unknown),
  id: optional(text({ min: 1 })),
  type: oneOf('DataIntegrityProof'),
  cryptosuite: oneOf(jcsCryptosuite),
  verificationMethod: keyId,
  proofPurpose: oneOf('assertionMethod', 'authentication'),
  created: optional(dateTimeStamp),
  expires: optional(dateTimeStamp),
  challenge: optional(text()),
  domain: optional(oneOrMore),
  previousProof: optional(oneOrMore),
  proofValue: text({ max: 100 }),
});

/** The signature in a `proofValue`; `SCHEMA_INVALID` unless it is 64 bytes. */
export function proofBytes({ proofValue }: DataIntegrityProof, at: string): Bytes {
  const bytes = fromMultibase(proofValue, `${at}.proofValue`);
  if (bytes.length !== 64) throw refused(`${at}.proofValue`, '64 bytes', String(bytes.length));
  return bytes;
}
