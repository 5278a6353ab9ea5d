/**
 * A policy as people hold it: a name and its text.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import { list, object, type Shape, text } from '../../base/shape.ts';
import type { PolicySource } from '../../ports/policy-engine.ts';
import { name } from '../../schema/words.ts';
import { maxPolicyText } from './language/parser.ts';

/** One policy, or several that come and go together. */
export type Policy = PolicySource;

/** Ids that begin like this belong to the house. */
export const housePrefix = 'house/';

/** How many policies one node publishes. */
export const maxPolicies = 10_000;

/** Parser of a policy. */
export const policyShape: Shape<Policy> = object({ id: name, text: text({ max: maxPolicyText }) });

/** Checks what a user hands in; ids of the house are refused. */
export function checkPolicies(policies: Policy | readonly Policy[]): readonly Policy[] {
  const given: readonly unknown[] = Array.isArray(policies) ? policies : [policies];
  const checked = list(policyShape, { max: maxPolicies })(given, 'policies');
  for (const { id } of checked) {
    if (!id.startsWith(housePrefix)) continue;
    const expected = `an id outside '${housePrefix}'`;
    throw new MeshError('INVALID_ARGUMENT', { argument: 'policies', expected, got: id });
  }
  return checked.map(({ id, text }) => ({ id, text }));
}
