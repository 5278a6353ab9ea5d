/**
 * Documents with proofs inside: made by this node, and shown to it.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import { type Did, isDid } from '../../../base/ids.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Showing } from '../../../ports/credential-form.ts';
import type { CryptoProvider } from '../../../ports/crypto.ts';
import type { Signer } from '../../../ports/signer.ts';
import {
  credentialDocument,
  envelopeOf,
  identifierOf,
  isEnvelope,
  presentationDocument,
  type VcDocument,
} from '../../../schema/vc-data-model.ts';
import { toInstant } from '../../../schema/words.ts';
import type { Keys, Standing } from '../needs.ts';
import type { Skew } from './claims.ts';
import type { CredentialExaminer } from './credentials.ts';
import { verifyDataIntegrity } from './data-integrity.ts';
import { type DelegationsTo, delegationsAmong } from './delegations-among.ts';
import { addProof, type ProofOptions } from './eddsa-jcs.ts';
import { eachOnce } from './many.ts';
import { checkCredentials, credentialInside, credentialLimit } from './presentation-claims.ts';
import type { PresentationDemands, PresentationVerification } from './presentations.ts';
import { type Check, checkOfRefusal, passed, refusal } from './refusals.ts';
import type { Verification } from './verification.ts';

/** Options of {@link DocumentDesk}. */
export interface DocumentDeskOptions {
  readonly did: Did;
  readonly signer: Signer;
  readonly keys: Pick<Keys, 'keyOf'>;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly examiner: CredentialExaminer;
  readonly skew?: Skew;
  readonly standing?: Standing;
  /** The whole verdict on a credential; `shown` finds the delegations that came with it. */
  readonly verify: (input: string | object, shown: DelegationsTo) => Promise<Verification>;
}

/** Credentials that are looked at at a time. */
const width = 8;

/** Makes proofs, and judges presentations with proofs inside. */
export class DocumentDesk {
  readonly #options: DocumentDeskOptions;

  constructor(options: DocumentDeskOptions) {
    this.#options = options;
  }

  /** `document` with a proof by this node; `INVALID_ARGUMENT` for what is against the data model or is somebody else's word. */
  prove<T extends object>(
    document: T,
    options: ProofOptions,
  ): Promise<T & { readonly proof: unknown }> {
    const { did, clock } = this.#options;
    const isPresentation = typesOf(document as VcDocument).includes('VerifiablePresentation');
    const { issuer, holder } = document as VcDocument;
    const speaker = identifierOf(isPresentation ? (holder ?? did) : issuer);
    if (speaker !== did) throw wrong('document', `one whose issuer or holder is ${did}`, speaker);
    try {
      (isPresentation ? presentationDocument : credentialDocument)(document, 'document');
    } catch (cause) {
      if (!MeshError.is(cause)) throw cause;
      throw wrong('document', 'a document of the data model', cause.message, cause);
    }
    const purpose = isPresentation ? 'authentication' : 'assertionMethod';
    const created = toInstant(clock.now());
    return addProof(document, { purpose, created, ...options }, this.#options);
  }

  /** Makes every check of a presentation and of what is in it. Never throws for a bad one. */
  async verify(
    document: object,
    demands: PresentationDemands = {},
  ): Promise<PresentationVerification> {
    const { did, keys, crypto, clock, skew, standing } = this.#options;
    const { audience = did, nonce, domain = audience } = demands;
    if (nonce === undefined) {
      throw wrong('nonce', 'what was sent: a proof inside a document has no end', nonce);
    }
    const integrity = await verifyDataIntegrity(document, keys, crypto, {
      ...{ now: clock.now(), purpose: 'authentication', challenge: nonce, domain },
      ...(skew === undefined ? {} : { skew }),
      isShutOut: (signer) => standing?.isQuarantined(signer) === true,
    });
    const checks: Check[] = [...integrity.checks];
    const { document: signed, ageMs: documentAgeMs } = integrity;
    if (signed === undefined) return refused(checks, []);
    let credentials: readonly Verification[] = [];
    try {
      const holder = identifierOf(signed['holder']);
      if (!isDid(holder)) throw refusal('holder.missing');
      checks.push(passed('holder'));
      const showing = { holder, audience: domain, nonce };
      credentials = await this.#verifyAll(inputsIn(signed, showing));
      checkCredentials(credentials, holder);
      checks.push(passed('credentials'));
      const own = credentials.filter(({ subject }) => subject === holder);
      const counted = [...new Set(own.flatMap((each) => each.counted))];
      return { valid: true, holder, credentials, counted, checks, documentAgeMs };
    } catch (error) {
      return { ...refused([...checks, checkOfRefusal(error)], credentials), documentAgeMs };
    }
  }

  #verifyAll(inputs: readonly (string | object)[]): Promise<readonly Verification[]> {
    const tokens = inputs.filter((input) => typeof input === 'string');
    const shown = delegationsAmong(tokens, this.#options.examiner);
    return eachOnce(inputs, (input) => this.#options.verify(input, shown), width);
  }
}

/** The credentials in a presentation of the data model: from their envelopes, documents as they are. */
function inputsIn(presentation: VcDocument, showing: Showing): readonly (string | object)[] {
  const inside = [presentation['verifiableCredential'] ?? []].flat() as readonly object[];
  if (inside.length === 0) throw refusal('credentials.none');
  if (inside.length > credentialLimit) throw refusal('credentials.limit');
  return inside.map((item) => {
    if (!isEnvelope(item, 'EnvelopedVerifiableCredential')) return item;
    return credentialInside(envelopeOf(item, 'verifiableCredential'), showing);
  });
}

function typesOf({ type }: VcDocument): readonly unknown[] {
  return [type].flat();
}

function refused(
  checks: readonly Check[],
  credentials: readonly Verification[],
): PresentationVerification {
  const { check, reason, detail = '' } = checks.at(-1)!;
  return {
    valid: false,
    because: `${check}: ${detail}`,
    ...(reason === undefined ? {} : { reason }),
    credentials,
    counted: [],
    checks,
  };
}

function wrong(argument: string, expected: string, got: unknown, cause?: unknown): MeshError {
  return new MeshError('INVALID_ARGUMENT', { argument, expected, got }, { cause });
}
