import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cedar, cedarEngine } from '../../../src/core/policy/index.ts';
import { globex } from './rig.ts';

/** Whether `condition` holds. */
function holds(condition: string): boolean {
  const text = `permit (principal, action, resource) when { ${condition} };`;
  const ref = { type: 'Org', id: 'a' };
  const { effect, errors } = cedarEngine()
    .prepare([{ id: 'p', text }])
    .evaluate({ principal: ref, action: ref, resource: ref, context: {} }, new Map());
  expect(errors).toEqual([]);
  return effect === 'allow';
}

describe('cedar', () => {
  it('names a policy by its @id', () => {
    expect(cedar`@id("mine") permit (principal, action, resource);`.id).toBe('mine');
    expect(cedar('@id("mine") permit (principal, action, resource);').id).toBe('mine');
  });

  it('names a policy without @id, or several, by their content', () => {
    const one = cedar`permit (principal, action, resource);`;
    expect(one.id).toMatch(/^policy\/[a-z2-7]{16}$/);
    expect(cedar`permit (principal, action, resource);`.id).toBe(one.id);
    expect(cedar`forbid (principal, action, resource);`.id).not.toBe(one.id);
    const text = '@id("a") permit (principal, action, resource);';
    expect(cedar(text + text.replace('"a"', '"b"')).id).toMatch(/^policy\//);
  });

  it('says at once where a text is wrong', () => {
    expect(() => cedar`permit (principal, action resource);`).toThrow(
      "policy syntax error at line 1, column 27: expected ',', got 'resource'",
    );
    expect(() => cedar`   `).toThrow('there is no policy');
    expect(() => cedar`@id("") permit (principal, action, resource);`).toThrow('policy.id');
  });

  it('puts values in as literals', () => {
    const policy = cedar`
      permit (principal == Org::${globex}, action, resource)
      when { [${1}, ${-2n}].contains(context.n) && context.on == ${true} && ${['a', 'b']}.contains("a")
             && principal == ${{ type: 'My::Org', id: 'x"y' }} && context.s like "a\*${''.length}*" };`;
    expect(policy.text).toContain(`principal == Org::"${globex}"`);
    expect(policy.text).toContain('[1, -2]');
    expect(policy.text).toContain('context.on == true');
    expect(policy.text).toContain('["a", "b"].contains');
    expect(policy.text).toContain('principal == My::Org::"x\\"y"');
  });

  it('lets no string break out of its quotes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        const { text } = cedar`permit (principal, action, resource) when { ${a} == ${b} };`;
        const condition = text.slice(text.indexOf('{') + 1, text.lastIndexOf('}'));
        expect(holds(condition)).toBe(a === b);
      }),
    );
  });

  it.each([
    [undefined],
    [null],
    [0.5],
    [Number.NaN],
    [1n << 63n],
    ['\ud800'],
    [{ a: 1 }],
    [{ type: 'Org::"x" || true', id: 'x' }],
    [new Date(0)],
    [[undefined]],
  ])('refuses to put in what is no literal: %#', (value) => {
    expect(() => cedar`permit (principal, action, resource) when { ${value} == 1 };`).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});
