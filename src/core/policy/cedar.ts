/**
 * Policies written in code.
 * @module
 */
import { utf8 } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import { cidOf } from '../../base/multiformat.ts';
import { isPlainObject } from '../../base/shape.ts';
import { quote } from './language/escapes.ts';
import { inLong } from './language/long.ts';
import { parsePolicies } from './language/parser.ts';
import { type Policy, policyShape } from './policy.ts';

/**
 * A policy in the Cedar language, checked at once: `POLICY_SYNTAX` names line and column. Values put in become
 * literals, so that no text can break out: strings, integers, booleans, `{ type, id }` as an entity, arrays as sets.
 * Its id is the `@id` of the text, or comes from the content; one text may hold several policies.
 *
 * @example
 * ```ts
 * const partner = 'did:mesh:org:globex:z6MkExample';
 * const policy = cedar`
 *   @id("partner-may-ask")
 *   permit (principal == Org::${partner}, action == Action::"task.receive", resource);`;
 * console.log(policy.id); // partner-may-ask
 * ```
 */
export function cedar(text: TemplateStringsArray | string, ...values: readonly unknown[]): Policy {
  // Raw, because the language has escapes of its own.
  const whole =
    typeof text === 'string' ? text : String.raw(text, ...values.map((value) => literal(value)));
  const statements = parsePolicies(whole);
  if (statements.length === 0) {
    throw new MeshError('POLICY_SYNTAX', { line: 1, column: 1, detail: 'there is no policy' });
  }
  const own = statements.length === 1 ? statements[0]!.annotations.get('id') : undefined;
  return policyShape({ id: own ?? contentId('policy', whole), text: whole }, 'policy');
}

/** An id that is the same for the same text. */
export function contentId(prefix: string, text: string): string {
  return `${prefix}/${cidOf(utf8(text)).slice(-16)}`;
}

/** `value` as a Cedar literal. */
export function literal(value: unknown): string {
  if (typeof value === 'string' && value.isWellFormed()) return quote(value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint' && inLong(value)) return String(value);
  if (Number.isSafeInteger(value)) return String(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (isPlainObject(value)) {
    const { type, id } = value;
    if (typeof type === 'string' && typePath.test(type)) return `${type}::${literal(id)}`;
  }
  const expected = 'a string, an integer, a boolean, an entity or an array of these';
  throw new MeshError('INVALID_ARGUMENT', { argument: 'value', expected, got: value });
}

const typePath = /^[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*$/;
