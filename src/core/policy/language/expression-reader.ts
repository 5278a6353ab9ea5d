/**
 * Reads expressions by recursive descent, one method for each level of precedence.
 * @module
 */
import { parsePattern } from './escapes.ts';
import { coreMethods, functions } from './functions.ts';
import type { Token } from './lexer.ts';
import { inLong, maxLong } from './long.ts';
import type { BinaryOperator, Expression, Variable } from './syntax.ts';
import { show, TokenReader } from './token-reader.ts';

/** How deep a tree may be: what is parsed is later walked by recursion. */
const maxDepth = 200;
/** How often `!` or `-` may be repeated, as in Cedar. */
const maxPrefixes = 4;

const variables: ReadonlySet<string> = new Set<Variable>([
  'principal',
  'action',
  'resource',
  'context',
]);
const comparisons: ReadonlySet<string> = new Set<BinaryOperator>([
  '==',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
]);

/** Understands expressions. */
export class ExpressionReader extends TokenReader {
  readonly #depths = new WeakMap<Expression, number>();
  #nesting = 0;

  /** `Or`, or `if c then a else b`. */
  expression(): Expression {
    const start = this.next;
    this.#nesting += 1;
    if (this.#nesting > maxDepth) this.#tooDeep(start);
    const result = this.next.kind === 'name' && this.next.text === 'if' ? this.#if() : this.#or();
    this.#nesting -= 1;
    return result;
  }

  #if(): Expression {
    const start = this.take();
    const condition = this.expression();
    this.expectName('then');
    const then = this.expression();
    this.expectName('else');
    const otherwise = this.expression();
    return this.#node(
      { kind: 'if', condition, then, otherwise },
      [condition, then, otherwise],
      start,
    );
  }

  #or(): Expression {
    return this.#chain('any', '||', () => this.#and());
  }

  #and(): Expression {
    return this.#chain('all', '&&', () => this.#relation());
  }

  #chain(kind: 'all' | 'any', mark: string, operand: () => Expression): Expression {
    const start = this.next;
    const of = [operand()];
    while (this.accept(mark)) of.push(operand());
    return of.length === 1 ? of[0]! : this.#node({ kind, of }, of, start);
  }

  // One relation at most: `a == b == c` is an error in Cedar.
  #relation(): Expression {
    const left = this.#sum();
    const { next } = this;
    if (next.kind === 'mark' && comparisons.has(next.text)) {
      this.take();
      return this.#binary(next.text as BinaryOperator, left, this.#sum(), next);
    }
    if (this.acceptName('in')) return this.#binary('in', left, this.#sum(), next);
    if (this.acceptName('has')) return this.#has(left, next);
    if (this.acceptName('like')) return this.#like(left, next);
    return this.acceptName('is') ? this.#is(left, next) : left;
  }

  #has(of: Expression, start: Token): Expression {
    if (this.next.kind === 'string') {
      return this.#node({ kind: 'has', of, path: [this.string()] }, [of], start);
    }
    const path = [this.attribute()];
    while (this.accept('.')) path.push(this.attribute());
    return this.#node({ kind: 'has', of, path }, [of], start);
  }

  #like(of: Expression, start: Token): Expression {
    const token = this.next;
    if (token.kind !== 'string') this.fail('expected a pattern in quotes');
    const pattern = parsePattern(this.take().text) ?? this.fail('an unknown escape', token);
    return this.#node({ kind: 'like', of, pattern }, [of], start);
  }

  #is(of: Expression, start: Token): Expression {
    const type = this.path();
    const within = this.acceptName('in') ? this.#sum() : undefined;
    const children = within === undefined ? [of] : [of, within];
    return this.#node({ kind: 'is', of, type, within }, children, start);
  }

  #sum(): Expression {
    let left = this.#product();
    for (;;) {
      const { next } = this;
      if (!this.accept('+') && !this.accept('-')) return left;
      left = this.#binary(next.text as '+' | '-', left, this.#product(), next);
    }
  }

  #product(): Expression {
    let left = this.#unary();
    for (;;) {
      const { next } = this;
      if (!this.accept('*')) return left;
      left = this.#binary('*', left, this.#unary(), next);
    }
  }

  #unary(): Expression {
    const start = this.next;
    const mark = start.text === '!' ? '!' : '-';
    let prefixes = 0;
    while (this.accept(mark)) prefixes += 1;
    if (prefixes > maxPrefixes)
      this.fail(`more than ${String(maxPrefixes)} times '${mark}'`, start);
    // The smallest integer has no positive twin, so the sign belongs to the literal.
    const negative = mark === '-' && prefixes > 0 && this.next.kind === 'integer';
    let result = this.#member(negative);
    const isSigned = negative && result.kind === 'literal';
    for (let i = isSigned ? 1 : 0; i < prefixes; i += 1) {
      result = this.#node({ kind: mark === '!' ? 'not' : 'negate', of: result }, [result], start);
    }
    return result;
  }

  #member(negative: boolean): Expression {
    let of = this.#primary(negative);
    for (;;) {
      const { next } = this;
      if (this.accept('[')) {
        of = this.#node({ kind: 'access', of, name: this.string() }, [of], next);
        this.expect(']');
      } else if (this.accept('.')) {
        of = this.#afterPoint(of);
      } else {
        return of;
      }
    }
  }

  #afterPoint(of: Expression): Expression {
    const token = this.next;
    const name = this.attribute();
    if (!this.accept('(')) return this.#node({ kind: 'access', of, name }, [of], token);
    const args = [of, ...this.listUntil(')', () => this.expression())];
    return this.#call('method', token, args);
  }

  #primary(negative: boolean): Expression {
    const { next } = this;
    switch (next.kind) {
      case 'integer':
        return this.#node({ kind: 'literal', value: this.#integer(negative) }, [], next);
      case 'string':
        return this.#node({ kind: 'literal', value: this.string() }, [], next);
      case 'name':
        return this.#named();
      default:
        return this.#bracketed();
    }
  }

  #integer(negative: boolean): bigint {
    const token = this.take();
    const size = token.text.length > 40 ? maxLong + 2n : BigInt(token.text);
    const value = negative ? -size : size;
    return inLong(value) ? value : this.fail('an integer beyond 64 bits', token);
  }

  #named(): Expression {
    const { next } = this;
    if (next.text === 'true' || next.text === 'false') {
      this.take();
      return this.#node({ kind: 'literal', value: next.text === 'true' }, [], next);
    }
    const following = this.following.text;
    if (following === '::') {
      return this.#node({ kind: 'literal', value: this.entity() }, [], next);
    }
    const name = this.attribute();
    if (this.accept('(')) {
      return this.#call(
        'function',
        next,
        this.listUntil(')', () => this.expression()),
      );
    }
    if (!variables.has(name)) this.fail(`unknown name '${name}'`, next);
    return this.#node({ kind: 'variable', name: name as Variable }, [], next);
  }

  #bracketed(): Expression {
    const start = this.next;
    if (this.accept('(')) {
      const inner = this.expression();
      this.expect(')');
      return inner;
    }
    if (this.accept('[')) {
      const elements = this.listUntil(']', () => this.expression());
      return this.#node({ kind: 'set', elements }, elements, start);
    }
    if (this.accept('{')) return this.#record(start);
    this.refuseSlot();
    return this.fail(`expected an expression, got ${show(start)}`);
  }

  #record(start: Token): Expression {
    const names = new Set<string>();
    const members = this.listUntil('}', () => {
      const token = this.next;
      const name = token.kind === 'string' ? this.string() : this.attribute();
      if (names.has(name)) this.fail(`a second member '${name}'`, token);
      names.add(name);
      this.expect(':');
      return [name, this.expression()] as const;
    });
    return this.#node(
      { kind: 'record', members },
      members.map(([, value]) => value),
      start,
    );
  }

  #call(style: 'function' | 'method', token: Token, args: readonly Expression[]): Expression {
    const name = token.text;
    const wanted = coreMethods.get(name);
    const known = wanted === undefined ? functions.get(name)?.style : 'method';
    if (known === undefined) this.refuse(`${style} ${name}`, token);
    if (known !== style) this.fail(`'${name}' is called as a ${known}`, token);
    if (wanted !== undefined && args.length - 1 !== wanted) {
      this.fail(
        `'${name}' takes ${String(wanted)} argument(s), got ${String(args.length - 1)}`,
        token,
      );
    }
    return this.#node({ kind: 'call', name, args }, args, token);
  }

  #binary(operator: BinaryOperator, left: Expression, right: Expression, start: Token): Expression {
    return this.#node({ kind: 'binary', operator, left, right }, [left, right], start);
  }

  // Chains such as `a + b + ...` make deep trees without deep recursion here, so depth is counted at each node.
  #node(node: Expression, children: readonly Expression[], start: Token): Expression {
    let depth = 1;
    for (const child of children) depth = Math.max(depth, 1 + (this.#depths.get(child) ?? 0));
    if (depth > maxDepth) this.#tooDeep(start);
    this.#depths.set(node, depth);
    return node;
  }

  #tooDeep(token: Token): never {
    return this.fail(`nested more than ${String(maxDepth)} deep`, token);
  }
}
