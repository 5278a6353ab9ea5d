import { describe, expect, it } from 'vitest';
import { compileText } from '../../../../src/core/policy/language/compiled-texts.ts';
import { thrown } from '../../../base/thrown.ts';

const textOf = (name: string): string => `permit (principal == Org::"${name}", action, resource);`;

describe('compiled texts', () => {
  it('makes a text ready once', () => {
    const first = compileText(textOf('once'));
    expect(first).toHaveLength(1);
    expect(compileText(textOf('once'))).toBe(first);
    expect(compileText(textOf('another'))).not.toBe(first);
  });

  it('remembers 512 texts, none of them long', () => {
    const [first, long] = [textOf('first'), `// ${'long '.repeat(1_000)}\n${textOf('long')}`];
    const [compiled, compiledLong] = [compileText(first), compileText(long)];
    for (let i = 0; i < 511; i += 1) compileText(textOf(String(i)));
    expect(compileText(first)).toBe(compiled);
    compileText(textOf('one more'));
    expect(compileText(first)).not.toBe(compiled);
    expect(compileText(long)).not.toBe(compiledLong);
  });

  it('refuses a wrong text as often as it is asked', () => {
    for (let i = 0; i < 2; i += 1) {
      expect(thrown(() => compileText('permit ('))).toMatchObject({ code: 'POLICY_SYNTAX' });
    }
  });
});
