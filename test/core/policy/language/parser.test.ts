import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../../src/base/errors.ts';
import { cedarEngine } from '../../../../src/core/policy/language/cedar-engine.ts';
import { parsePolicies } from '../../../../src/core/policy/language/parser.ts';
import { policies } from '../arbitrary.ts';

const condition = (text: string): string =>
  `permit (principal, action, resource) when { ${text} };`;

function failure(text: string): MeshError {
  try {
    parsePolicies(text);
  } catch (error) {
    if (MeshError.is(error)) return error;
    throw error;
  }
  throw new Error(`this was accepted: ${text}`);
}

describe('parsePolicies', () => {
  it('reads several policies, each with its effect, annotations, scope and own text', () => {
    const [first, second] = parsePolicies(`
      // a comment
      @id("one") @advice("ask \\"them\\"") @flag
      permit (principal is Org in Org::"a", action in [Action::"x", My::Action::"y",], resource,);
      forbid (principal == Org::"b", action == Action::"x", resource in Org::"c") unless { true };`);
    expect(first).toMatchObject({
      effect: 'permit',
      principal: { type: 'Org', within: [{ type: 'Org', id: 'a' }] },
      action: { within: [{ id: 'x' }, { type: 'My::Action', id: 'y' }] },
      resource: {},
      condition: undefined,
    });
    expect(Object.fromEntries(first!.annotations)).toEqual({
      id: 'one',
      advice: 'ask "them"',
      flag: '',
    });
    expect(second).toMatchObject({ effect: 'forbid', principal: { equals: { id: 'b' } } });
    expect(second!.text).toMatch(/^forbid \(.*\};$/s);
  });

  it('names line and column of what is wrong', () => {
    const error = failure('permit (principal, action, resource)\nwhen { 1 + };');
    expect(error).toMatchObject({ code: 'POLICY_SYNTAX', params: { line: 2, column: 12 } });
    expect(error.message).toBe(
      "policy syntax error at line 2, column 12: expected an expression, got '}'",
    );
  });

  it.each([
    'permit (principal, action);',
    'permit (principal, action, resource)',
    'allow (principal, action, resource);',
    'permit (principal, action, resource) when true;',
    'permit (principal, action, resource) when {};',
    'permit (principal == "a", action, resource);',
    'permit (principal, action == User::"a", resource);',
    'permit (principal, action is Action, resource);',
    '@a("1") @a("2") permit (principal, action, resource);',
    '@a(1) permit (principal, action, resource);',
    condition('1 == 2 == 3'),
    condition('9223372036854775808 == 0'),
    condition('!!!!!true'),
    condition('{a: 1, a: 2} == {}'),
    condition('user.name == 1'),
    condition('context.if'),
    condition('true && if true then true else false'),
    condition('context[1]'),
    condition('"\\q" == ""'),
    condition('"\\u{d800}" == ""'),
    condition('"\\u{110000}" == ""'),
    condition('"\\*" == ""'),
    condition('context.a like context.b'),
    condition('[1].contains(1, 2)'),
    condition('[1].isEmpty(1)'),
    condition('contains([1], 1)'),
    condition('context.a.ip()'),
    condition('1 = 1'),
    condition('1 / 1 == 1'),
    condition('"unfinished'),
    condition('"\ud800" == ""'),
    'permit (principal, action, resource) when { # };',
  ])('refuses %j', (text) => {
    const { code, params } = failure(text);
    expect(code).toBe('POLICY_SYNTAX');
    expect(params).toMatchObject({ line: 1 });
  });

  it.each([
    ['permit (principal == ?principal, action, resource);', 'template slot ?principal'],
    ['permit (principal, action, resource in ?resource);', 'template slot ?resource'],
    [condition('principal == ?principal'), 'template slot ?principal'],
    [condition('uuid("x") == 1'), 'function uuid'],
    [condition('context.a.reverse() == 1'), 'method reverse'],
  ])('refuses %j, which it does not evaluate, by name', (text, feature) => {
    expect(failure(text)).toMatchObject({
      code: 'POLICY_UNSUPPORTED',
      params: { feature, line: 1 },
    });
  });

  it('takes the smallest integer, which has no positive twin', () => {
    expect(() => parsePolicies(condition('-9223372036854775808 < 0'))).not.toThrow();
  });

  it.each([
    ['parentheses', '('.repeat(5_000) + 'true' + ')'.repeat(5_000)],
    ['sets', '['.repeat(5_000) + ']'.repeat(5_000)],
    ['sums', `1${' + 1'.repeat(20_000)} == 1`],
    ['attributes', `context${'.a'.repeat(40_000)}`],
    ['conditionals', `${'if true then '.repeat(5_000)}true`],
  ])('refuses %s nested too deep, without exhausting the stack', (_, text) => {
    expect(failure(condition(text)).params).toMatchObject({
      detail: expect.stringContaining('deep') as string,
    });
  });

  it('takes long flat chains and long lists', () => {
    const chain = `true${' && true'.repeat(9_000)}`;
    const list = `[${'1,'.repeat(20_000)}].contains(1)`;
    const prepared = cedarEngine().prepare([
      { id: 'a', text: condition(chain) },
      { id: 'b', text: condition(list) },
    ]);
    const ref = { type: 'Org', id: 'a' };
    const request = { principal: ref, action: ref, resource: ref, context: {} };
    expect(prepared.evaluate(request, new Map()).determining).toEqual(['a', 'b']);
  });

  it('reads hostile text in linear time: strings that never end, blanks, slashes', () => {
    for (const tail of [
      `"${'a'.repeat(90_000)}`,
      `"${'\\\\'.repeat(40_000)}`,
      `${' '.repeat(90_000)}#`,
      '//'.repeat(40_000),
    ]) {
      expect(failure(`permit ${tail}`).code).toBe('POLICY_SYNTAX');
    }
  });

  it('refuses more than 100,000 characters', () => {
    expect(failure(' '.repeat(100_001)).code).toBe('LIMIT_EXCEEDED');
  });

  it('answers any text with policies or a MeshError', () => {
    const words = fc.constantFrom(
      ...'permit forbid ( ) principal action resource , ; when unless { } [ ] == != < in is has like if then else'.split(
        ' ',
      ),
      ...'true 1 -1 "a" "\\u{1}" Org::"a" . :: && || ! - + * @id ip decimal context ?principal \n //'.split(
        ' ',
      ),
    );
    const soup = fc.array(words, { maxLength: 60 }).map((list) => list.join(' '));
    const prefixed = soup.map((text) => condition(text));
    fc.assert(
      fc.property(fc.oneof(soup, prefixed, fc.string({ unit: 'binary' })), (text) => {
        try {
          parsePolicies(text);
        } catch (error) {
          expect(MeshError.is(error, 'POLICY_SYNTAX', 'POLICY_UNSUPPORTED')).toBe(true);
        }
      }),
      { numRuns: 800 },
    );
  });

  it('answers any damage to a valid text with policies or a MeshError', () => {
    fc.assert(
      fc.property(policies, fc.nat(), fc.nat(30), fc.string(), ([policy], at, length, patch) => {
        const { text } = policy!;
        const start = at % text.length;
        const damaged = text.slice(0, start) + patch + text.slice(start + length);
        try {
          cedarEngine().prepare([{ id: 'a', text: damaged }]);
        } catch (error) {
          expect(MeshError.is(error)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
