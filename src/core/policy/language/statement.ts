/**
 * One statement made ready: what it asks of a request's scope, and its condition.
 * @module
 */
import { compileTest, type Test } from './compile.ts';
import type { Evaluation } from './evaluation.ts';
import { PolicyFault } from './fault.ts';
import type { Scope, Statement } from './syntax.ts';
import type { Uid } from './value.ts';

/** How a policy answered: undefined when it has nothing to say, a text when it erred. */
export type Answer = 'matched' | 'not-matched' | { readonly erred: string };

/** A statement that can be asked. */
export interface CompiledStatement {
  readonly statement: Statement;
  answer(at: Evaluation): Answer;
}

/** One in a set of policies. */
export interface CompiledPolicy extends CompiledStatement {
  readonly id: string;
  /** Place in the set. */
  readonly index: number;
}

/** `statement`, ready to be asked. */
export function compileStatement(statement: Statement): CompiledStatement {
  const { condition } = statement;
  const scope = scopeTests(statement);
  const test = condition === undefined ? undefined : compileTest(condition);
  return { statement, answer: (at) => ask(scope, test, at) };
}

// Scopes cannot err, conditions can.
function ask(scope: readonly Test[], condition: Test | undefined, at: Evaluation): Answer {
  for (const test of scope) if (!test(at)) return 'not-matched';
  try {
    return condition === undefined || condition(at) ? 'matched' : 'not-matched';
  } catch (error) {
    if (error instanceof PolicyFault) return { erred: error.message };
    throw error;
  }
}

function scopeTests({ principal, action, resource }: Statement): readonly Test[] {
  return [
    ...testsOf(principal, (at) => at.principal),
    ...testsOf(action, (at) => at.action),
    ...testsOf(resource, (at) => at.resource),
  ];
}

function testsOf({ type, equals, within }: Scope, of: (at: Evaluation) => Uid): Test[] {
  const tests: Test[] = [];
  if (type !== undefined) tests.push((at) => of(at).type === type);
  if (equals !== undefined) tests.push((at) => of(at).key === equals.key);
  if (within !== undefined) {
    tests.push((at) => {
      const ancestors = at.ancestors(of(at));
      return within.some((above) => ancestors.has(above.key));
    });
  }
  return tests;
}
