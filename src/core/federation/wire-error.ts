/**
 * Errors between organisations: a code, what it says about its case, and nothing else.
 * @module
 */
import { type Bytes, fromUtf8, utf8 } from '../../base/bytes.ts';
import { MeshError, type MeshErrorCode, sentences, type WireError } from '../../base/errors.ts';
import {
  boolean,
  dictionary,
  object,
  parseJson,
  type Shape,
  text,
  unknown,
} from '../../base/shape.ts';

/** Characters of the longest error that is sent; the parameters of longer ones are left out. */
const maxLength = 4_096;

const wireErrorShape: Shape<{ code: string; params: Record<string, unknown>; retryable: boolean }> =
  object({
    code: text({ min: 1, max: 64 }),
    params: dictionary(unknown, { max: 32 }),
    retryable: boolean,
  });

/** Codes that name folders of this machine. */
const domestic: readonly MeshErrorCode[] = [
  'STORE_VERSION',
  'STORE_FULL',
  'STORE_CORRUPT',
  'STORE_FAILED',
];

/**
 * What of `thrown` may leave: a MeshError as it is; what it says of the own store, and anything else, as `INTERNAL` of
 * `what` without a detail.
 */
export function toWireError(thrown: unknown, what: string): WireError {
  if (MeshError.is(thrown) && !domestic.includes(thrown.code)) return thrown.toWire();
  const retryable = MeshError.is(thrown) ? thrown.retryable : false;
  return new MeshError('INTERNAL', { what }, { retryable }).toWire();
}

/** Bytes of an error. Parameters JSON cannot carry are left out rather than losing the code. */
export function packError({ code, params, retryable }: WireError, more: object = {}): Bytes {
  const whole = jsonOf({ ...more, code, params, retryable });
  const fits = whole !== undefined && whole.length <= maxLength;
  return utf8(fits ? whole : JSON.stringify({ ...more, code, params: {}, retryable }));
}

/** The error a peer sent. A code this release does not know becomes `INTERNAL`, naming it. */
export function readError(bytes: Uint8Array): MeshError {
  return fromWireError(parseJson(fromUtf8(bytes, 'error'), wireErrorShape, 'error', 4 * maxLength));
}

/** An error from data that came from elsewhere. */
export function fromWireError(value: unknown): MeshError {
  const { code, params, retryable } = wireErrorShape(value, 'error');
  if (Object.hasOwn(sentences, code))
    return new MeshError(code as MeshErrorCode, params, { retryable });
  return new MeshError('INTERNAL', { what: `the peer (${code})` }, { retryable });
}

function jsonOf(value: object): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
