/**
 * Says something of somebody, for others to weigh.
 * @module
 */
import { type Duration, toMs } from '../../../base/duration.ts';
import { MeshError } from '../../../base/errors.ts';
import { type Did, isDid } from '../../../base/ids.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Signer } from '../../../ports/signer.ts';
import {
  type Attestation,
  attestationLifeMs,
  attestationShape,
  type SignedAttestation,
} from '../../../schema/attestation.ts';
import { sign } from '../../../schema/signed.ts';
import { toInstant } from '../../../schema/words.ts';

/** What is to be said. */
export interface AttestationRequest {
  /** Whom it is about; not this node itself. */
  readonly about: Did;
  /** What is said, e.g. `reliable`, or `compliance/gdpr` for a finding. */
  readonly type: string;
  /** 0 (not at all) to 1 (entirely). Default 1. */
  readonly value?: number;
  /** How long it holds, at most a year. Default 90 days. */
  readonly validFor?: Duration;
  /** For people; at most 500 characters. */
  readonly note?: string;
  /** CID of what it rests on. */
  readonly evidence?: string;
}

/** Signs a statement; `INVALID_ARGUMENT` or `SCHEMA_INVALID` for one that says nothing. */
export async function attest(
  { about, type, value = 1, validFor = '90d', note, evidence }: AttestationRequest,
  { did: by, clock, signer }: { readonly did: Did; readonly clock: Clock; readonly signer: Signer },
): Promise<SignedAttestation> {
  if (!isDid(about) || about === by) {
    const expected = 'the DID of another organisation';
    throw new MeshError('INVALID_ARGUMENT', { argument: 'about', expected, got: about });
  }
  if (typeof value !== 'number' || !(value >= 0 && value <= 1)) {
    const expected = 'a number from 0 to 1';
    throw new MeshError('INVALID_ARGUMENT', { argument: 'value', expected, got: value });
  }
  const life = toMs(validFor, 'validFor');
  if (life < 1 || life > attestationLifeMs) {
    const expected = 'more than nothing and at most a year';
    throw new MeshError('INVALID_ARGUMENT', { argument: 'validFor', expected, got: validFor });
  }
  const now = clock.now();
  const body: Attestation = {
    format: 1,
    type,
    by,
    about,
    at: toInstant(now),
    expiresAt: toInstant(now + life),
    value: Math.round(value * 100) / 100,
    ...(note !== undefined && { note }),
    ...(evidence !== undefined && { evidence }),
  };
  return attestationShape(await sign('attestation', body, signer), 'attestation');
}
