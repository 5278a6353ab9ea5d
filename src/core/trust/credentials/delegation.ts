/**
 * Handing a right on: an anchor lets somebody else say some of what it may say itself. Nobody can hand on more than they have: what
 * a delegate may say is what every link of the chain allows.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import type { Did } from '../../../base/ids.ts';
import {
  dictionary,
  integer,
  list,
  object,
  optional,
  type Shape,
  text,
} from '../../../base/shape.ts';
import type { Credential } from '../../../schema/credential.ts';
import { type AnchorScope, maxDepth, type Right } from './anchors.ts';

/** Type of credentials that hand a right on. */
export const delegationType = 'DelegationCredential';

/** The claim `delegation` of such a credential: what its subject may say in its issuer's place. */
export interface Delegation {
  /** Types of credentials the delegate may issue. */
  readonly types: readonly string[];
  readonly scope?: AnchorScope;
  /** How many times the delegate may hand it on in its turn. Default 0. */
  readonly depth?: number;
}

const scalar: Shape<string | number | boolean> = (value, at) =>
  typeof value === 'number' || typeof value === 'boolean' ? value : text({ max: 500 })(value, at);

const allowed: Shape<'any' | readonly (string | number | boolean)[]> = (value, at) =>
  value === 'any' ? value : list(scalar, { max: 64 })(value, at);

const scopeShape: Shape<AnchorScope> = object({
  subjects: optional(list(text({ min: 1, max: 600 }), { max: 256 })),
  claims: optional(dictionary(allowed, { max: 64 })),
});

/** Parser of the claim. */
export const delegationShape: Shape<Delegation> = object({
  types: list(text({ min: 1, max: 200 }), { max: 64 }),
  scope: optional(scopeShape),
  depth: optional(integer({ max: maxDepth })),
});

/** What `credential` hands on, and to whom; undefined when it is no delegation or not one that can be read. */
export function delegationIn(
  credential: Credential,
): { readonly to: Did; readonly delegation: Delegation } | undefined {
  const { id, delegation } = credential.credentialSubject;
  if (id === undefined || !credential.type.includes(delegationType)) return undefined;
  try {
    return {
      to: id as Did,
      delegation: delegationShape(delegation, 'credentialSubject.delegation'),
    };
  } catch (error) {
    if (!MeshError.is(error, 'SCHEMA_INVALID')) throw error;
    return undefined;
  }
}

/** What is left of `right` in the hands of a delegate; undefined when it may not be handed on. */
export function attenuate(right: Right, delegation: Delegation): Right | undefined {
  if (right.depth < 1) return undefined;
  const { types, scope, depth = 0 } = delegation;
  const { types: held } = right;
  return {
    types: held === 'every' ? types : types.filter((type) => held.includes(type)),
    scopes: scope === undefined ? right.scopes : [...right.scopes, scope],
    depth: Math.min(right.depth - 1, depth),
  };
}
