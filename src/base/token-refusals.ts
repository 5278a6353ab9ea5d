/**
 * Ways in which a compact token fails before anything in it is believed. The names are part of the interface: programs branch on
 * them, people read the sentences.
 * @module
 */
import { MeshError } from './errors.ts';

/** Reasons by code; the part before the dot is the check that fails. */
export const tokenReasons = {
  'form.size': 'it is longer than is read',
  'form.parts': 'it has not three parts',
  'form.base64url': 'a part is not strict base64url',
  'form.json': 'a part is not a JSON object',
  'form.depth': 'its JSON is nested too deeply',
  'form.signature': 'the signature has not the length its algorithm gives',
  'header.alg': 'no algorithm that is taken',
  'header.typ': 'of another type than asked for',
  'header.cty': 'its content is of another type',
  'header.crit': 'it has critical members, and none is understood',
  'header.key-carrier': 'it brings or names a place for its own key',
  'header.coding': 'its payload would be read in another way',
  'header.kid': 'kid is not an absolute DID URL',
} as const;

type TokenReason = keyof typeof tokenReasons;

/** The error of a token that is refused for `reason`; without `detail` its usual sentence. */
export function tokenRefusal(
  reason: TokenReason,
  detail: string = tokenReasons[reason],
  cause?: unknown,
): MeshError {
  return refusedFor(reason, detail, cause);
}

/** The error of what is refused for `reason`, a check and what fails of it. */
export function refusedFor(reason: string, detail: string, cause?: unknown): MeshError {
  const check = reason.slice(0, reason.indexOf('.'));
  return new MeshError('CREDENTIAL_INVALID', { check, reason, detail }, { cause });
}

/** The error of a token that is refused by `check`. */
export function refusedToken(check: string, detail: string, cause?: unknown): MeshError {
  return new MeshError('CREDENTIAL_INVALID', { check, detail }, { cause });
}
