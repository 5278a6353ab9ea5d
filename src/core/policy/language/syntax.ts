/**
 * What policy text says, as a tree.
 * @module
 */
import type { Pattern } from './escapes.ts';
import type { Uid } from './value.ts';

/** The four things an expression can name. */
export type Variable = 'principal' | 'action' | 'resource' | 'context';

/** Operators on two values. */
export type BinaryOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | '+' | '-' | '*' | 'in';

/** An expression. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: boolean | bigint | string | Uid }
  | { readonly kind: 'variable'; readonly name: Variable }
  | { readonly kind: 'all' | 'any'; readonly of: readonly Expression[] }
  | { readonly kind: 'not' | 'negate'; readonly of: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'has'; readonly of: Expression; readonly path: readonly string[] }
  | { readonly kind: 'like'; readonly of: Expression; readonly pattern: Pattern }
  | {
      readonly kind: 'is';
      readonly of: Expression;
      readonly type: string;
      readonly within: Expression | undefined;
    }
  | {
      readonly kind: 'if';
      readonly condition: Expression;
      readonly then: Expression;
      readonly otherwise: Expression;
    }
  | { readonly kind: 'set'; readonly elements: readonly Expression[] }
  | { readonly kind: 'record'; readonly members: readonly (readonly [string, Expression])[] }
  | { readonly kind: 'access'; readonly of: Expression; readonly name: string }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] };

/** Which principals, actions or resources a policy speaks of: all named conditions hold. */
export interface Scope {
  readonly type?: string;
  readonly equals?: Uid;
  /** Below one of these. */
  readonly within?: readonly Uid[];
}

/** One policy. */
export interface Statement {
  readonly effect: 'permit' | 'forbid';
  readonly annotations: ReadonlyMap<string, string>;
  readonly principal: Scope;
  readonly action: Scope;
  readonly resource: Scope;
  /** All of `when` and none of `unless`; undefined when there is neither. */
  readonly condition: Expression | undefined;
  /** Its own text. */
  readonly text: string;
}
