/** What the VC-API answers: JSON, and problem details (RFC 9457) where something is refused. */
import { MeshError } from '../../../src/base/errors.ts';

/** One answer. */
export interface Answer {
  readonly status: number;
  /** Default `application/json`. */
  readonly type?: string;
  readonly body: unknown;
}

/** A request as it came. */
export interface Question {
  readonly method: string;
  /** Path, decoded but for what the caller encoded twice. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Parsed JSON; undefined without a body. */
  readonly body?: unknown;
}

/** A problem with a credential or presentation; `kind` is one of the types of VC Data Model 2.0, section 7.1. */
export function problem(
  kind: 'PARSING_ERROR' | 'MALFORMED_VALUE_ERROR' | 'CRYPTOGRAPHIC_SECURITY_ERROR' | 'RANGE_ERROR',
  detail: string,
): Answer {
  const type = `https://www.w3.org/TR/vc-data-model#${kind}`;
  const title = kind.toLowerCase().replaceAll('_', ' ');
  const problemDetails = [{ type, title, detail }];
  return {
    status: 400,
    type: 'application/problem+json',
    body: { type, title, status: 400, detail, verified: false, problemDetails, errors: [detail] },
  };
}

/** The problem behind a failure; what is no failure of the request is thrown on. */
export function problemOf(error: unknown): Answer {
  if (MeshError.is(error, 'SCHEMA_INVALID', 'INVALID_ARGUMENT', 'DID_INVALID')) {
    return problem('MALFORMED_VALUE_ERROR', error.message);
  }
  // Whatever else the SDK refuses has to do with keys and signatures.
  if (MeshError.is(error) && error.code !== 'INTERNAL') {
    return problem('CRYPTOGRAPHIC_SECURITY_ERROR', error.message);
  }
  throw error;
}
