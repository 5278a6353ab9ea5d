/**
 * Verdicts for whoever asks: one, many, or what somebody shows.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import { isPlainObject } from '../../../base/shape.ts';
import { type DelegationsTo, delegationsAmong } from './delegations-among.ts';
import { eachOnce } from './many.ts';
import {
  type Verification,
  type VerificationTools,
  type VerifyOptions,
  verifyCredential,
} from './verification.ts';

/** A credential as it travels: a token, or a document with `eddsa-jcs-2022` proofs inside. */
export type CredentialInput = string | { readonly jwt: string } | { readonly proof: unknown };

/** What a verifier knows beside the credential. */
export interface VerifyRequest {
  /** Delegations that were shown with it, as `vc+jwt`; those in this node's book are known already. At most 64. */
  readonly delegations?: readonly string[];
  /**
   * Epoch milliseconds at which the credential was here for certain: by an own log or clock, never by its own word. The keys its
   * issuer had then count, so that it outlives a rotation, where its DID method knows a past (did:web does not). Default: the keys
   * of today.
   */
  readonly at?: number;
}

/** Verdicts made at a time. */
const width = 16;
const delegationLimit = 64;

/** Makes verdicts with the tools of one node. */
export class Verifier {
  readonly #tools: VerificationTools;

  constructor(tools: VerificationTools) {
    this.#tools = tools;
  }

  /** The verdict on `credential`; throws `INVALID_ARGUMENT` for what is neither. */
  verify(credential: CredentialInput, request: VerifyRequest = {}): Promise<Verification> {
    const { delegations = [], at } = request;
    if (at !== undefined && !Number.isFinite(at)) {
      const expected = 'epoch milliseconds';
      throw new MeshError('INVALID_ARGUMENT', { argument: 'at', expected, got: at });
    }
    if (delegations.length > delegationLimit) {
      const params = { what: 'delegations', limit: delegationLimit, got: delegations.length };
      throw new MeshError('LIMIT_EXCEEDED', params);
    }
    const input = inputOf(credential);
    if (delegations.length === 0) return verifyCredential(input, this.#tools, optionsOf(at));
    return this.judge(input, delegationsAmong(delegations, this.#tools.examiner), at);
  }

  /** The verdicts on `credentials`, in their order; the same credential is judged once. */
  verifyAll(
    credentials: readonly CredentialInput[],
    request: VerifyRequest = {},
  ): Promise<readonly Verification[]> {
    const inputs = credentials.map(inputOf);
    return eachOnce(inputs, (input) => this.verify(input as CredentialInput, request), width);
  }

  /** The verdict on what came with the delegations `shown`. */
  judge(input: string | object, shown: DelegationsTo, at?: number): Promise<Verification> {
    const { delegations } = this.#tools;
    const tools: VerificationTools = {
      ...this.#tools,
      delegations: (to) => [...delegations(to), ...shown(to)],
    };
    return verifyCredential(input, tools, optionsOf(at));
  }
}

const today: VerifyOptions = { reach: 'always' };

function optionsOf(at: number | undefined): VerifyOptions {
  return at === undefined ? today : { ...today, at };
}

function inputOf(credential: unknown): string | object {
  if (isPlainObject(credential) && 'proof' in credential) return credential;
  const token = isPlainObject(credential) ? credential['jwt'] : credential;
  if (typeof token === 'string') return token;
  const expected = 'a credential as vc+jwt, or with its proof inside';
  throw new MeshError('INVALID_ARGUMENT', { argument: 'credential', expected, got: token });
}
