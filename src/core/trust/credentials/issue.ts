/**
 * Saying something of somebody, signed and revocable.
 * @module
 */
import { canonicalJson } from '../../../base/canonical.ts';
import { type Duration, toMs } from '../../../base/duration.ts';
import { MeshError } from '../../../base/errors.ts';
import { type Did, isDid } from '../../../base/ids.ts';
import { isPlainObject } from '../../../base/shape.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Random } from '../../../ports/random.ts';
import type { Signer } from '../../../ports/signer.ts';
import { type Credential, credentialContext } from '../../../schema/credential.ts';
import { toInstant } from '../../../schema/words.ts';
import type { OwnLists } from '../status/own-lists.ts';
import { uuid } from '../uuid.ts';
import { credentialType, signJws } from './jws.ts';

/** What is to be said. */
export interface CredentialRequest {
  /** Whom it is about. */
  readonly subject: Did;
  /** What kind of statement it is, e.g. `Iso14001Certificate`. */
  readonly type: string;
  /** What is said of the subject; JSON data without a member `id`. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** How long it is valid. Default 90 days. */
  readonly validFor?: Duration;
}

/** A signed credential. */
export interface IssuedToken {
  readonly id: string;
  /** For the subject, who shows it to others. */
  readonly jwt: string;
  /** The status list it has its places in. */
  readonly list: string;
}

/** Options of {@link issueCredential}. */
export interface IssuerTools {
  readonly did: Did;
  readonly signer: Signer;
  readonly own: OwnLists;
  readonly clock: Clock;
  readonly random: Random;
}

// Lets types and claims of one's own be well-formed JSON-LD without a context of one's own (VC Data Model 2.0, B.2).
const undefinedTerms = 'https://www.w3.org/ns/credentials/undefined-terms/v2';

/** Issues a credential with its places in a status list; throws `INVALID_ARGUMENT` or `LIMIT_EXCEEDED`. */
export async function issueCredential(
  request: CredentialRequest,
  tools: IssuerTools,
): Promise<IssuedToken> {
  if (!isPlainObject(request)) refuse('request', 'an object', request);
  checkRequest(request);
  const { subject, type, claims, validFor = '90d' } = request;
  const life = toMs(validFor, 'validFor');
  const now = tools.clock.now();
  // Before it gets an index: what nobody could read takes none.
  const [validFrom, validUntil] = [toInstant(now), toInstant(now + life)];
  const id = `urn:uuid:${uuid(tools.random)}`;
  const place = await tools.own.allot({ id, subject, type });
  const credential: Credential = {
    '@context': [credentialContext, undefinedTerms],
    id,
    type: ['VerifiableCredential', type],
    issuer: tools.did,
    validFrom,
    validUntil,
    credentialSubject: { ...claims, id: subject },
    credentialStatus: place.status,
  };
  // `iss` repeats the issuer for verifiers that know JWT better than VC 2.0.
  const jwt = await signJws({ ...credential, iss: tools.did }, credentialType, tools.signer);
  return { id, jwt, list: place.token };
}

function checkRequest({ subject, type, claims }: CredentialRequest): void {
  if (!isDid(subject)) refuse('subject', 'a DID', subject);
  if (!/^[A-Za-z][\w.:-]{0,127}$/.test(type) || type === 'VerifiableCredential') {
    refuse('type', 'a name such as Iso14001Certificate', type);
  }
  if (!isPlainObject(claims) || 'id' in claims) refuse('claims', 'JSON data without id', claims);
  canonicalJson(claims);
}

function refuse(argument: string, expected: string, got: unknown): never {
  throw new MeshError('INVALID_ARGUMENT', { argument, expected, got });
}
