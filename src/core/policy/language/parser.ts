/**
 * Reads policy text (Cedar, "Grammar for Cedar syntax").
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import { ExpressionReader } from './expression-reader.ts';
import type { Expression, Scope, Statement } from './syntax.ts';
import type { Uid } from './value.ts';

/** Characters of one text. */
export const maxPolicyText = 100_000;

/**
 * The policies of `text`, in order. `POLICY_SYNTAX` and `POLICY_UNSUPPORTED` name line and column; `LIMIT_EXCEEDED`
 * for a text of more than 100,000 characters.
 */
export function parsePolicies(text: string): readonly Statement[] {
  if (text.length > maxPolicyText) {
    const what = 'policy text (characters)';
    throw new MeshError('LIMIT_EXCEEDED', { what, limit: maxPolicyText, got: text.length });
  }
  const reader = new PolicyReader(text);
  const statements: Statement[] = [];
  while (!reader.atEnd) statements.push(reader.statement());
  return statements;
}

class PolicyReader extends ExpressionReader {
  statement(): Statement {
    const start = this.offset;
    const annotations = this.#annotations();
    const effect = this.#effect();
    this.expect('(');
    const principal = this.#scope('principal');
    this.expect(',');
    const action = this.#action();
    this.expect(',');
    const resource = this.#scope('resource');
    this.accept(',');
    this.expect(')');
    const condition = this.#conditions();
    this.expect(';');
    const text = this.textFrom(start);
    return { effect, annotations, principal, action, resource, condition, text };
  }

  #annotations(): ReadonlyMap<string, string> {
    const annotations = new Map<string, string>();
    while (this.accept('@')) {
      const name = this.anyName('the name of an annotation');
      if (annotations.has(name)) this.fail(`a second '@${name}'`);
      annotations.set(name, '');
      if (!this.accept('(')) continue;
      annotations.set(name, this.string());
      this.expect(')');
    }
    return annotations;
  }

  #effect(): 'permit' | 'forbid' {
    if (this.acceptName('permit')) return 'permit';
    if (this.acceptName('forbid')) return 'forbid';
    return this.fail("expected 'permit' or 'forbid'");
  }

  #scope(name: 'principal' | 'resource'): Scope {
    this.expectName(name);
    if (this.accept('==')) return { equals: this.#scopeEntity() };
    if (this.acceptName('in')) return { within: [this.#scopeEntity()] };
    if (!this.acceptName('is')) return {};
    const type = this.path();
    return this.acceptName('in') ? { type, within: [this.#scopeEntity()] } : { type };
  }

  #action(): Scope {
    this.expectName('action');
    if (this.accept('==')) return { equals: this.#actionEntity() };
    if (!this.acceptName('in')) return {};
    if (!this.accept('[')) return { within: [this.#actionEntity()] };
    return { within: this.listUntil(']', () => this.#actionEntity()) };
  }

  #scopeEntity(): Uid {
    this.refuseSlot();
    return this.entity();
  }

  #actionEntity(): Uid {
    const { next } = this;
    const uid = this.entity();
    if (!/(?:^|::)Action$/.test(uid.type)) this.fail('expected an action', next);
    return uid;
  }

  #conditions(): Expression | undefined {
    const conditions: Expression[] = [];
    for (;;) {
      const unless = this.acceptName('unless');
      if (!unless && !this.acceptName('when')) break;
      this.expect('{');
      const of = this.expression();
      this.expect('}');
      conditions.push(unless ? { kind: 'not', of } : of);
    }
    return conditions.length > 0 ? { kind: 'all', of: conditions } : undefined;
  }
}
