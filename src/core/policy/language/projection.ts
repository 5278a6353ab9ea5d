/**
 * What a set of policies reads. Whatever is not read cannot change an answer, so two requests that agree in what is
 * read may share one.
 * @module
 */
import type { Evaluation } from './evaluation.ts';
import type { Expression, Scope, Statement, Variable } from './syntax.ts';
import { asEntity, canonical, kindOf, type Uid, type Value } from './value.ts';

/** A place where a policy looks: attributes in a row, from a variable or an entity named in the policy. */
interface Path {
  readonly root: Variable | Uid;
  readonly names: readonly string[];
}

/** What is read there: its value, what stands above it, its tags. */
interface Read {
  readonly path: Path;
  readonly what: 'value' | 'ancestors' | 'tags';
}

/** Reads of a group of policies; `opaque` when some of them cannot be told beforehand. */
interface Reads {
  readonly list: readonly Read[];
  readonly opaque: boolean;
}

/** How many actions are remembered with their own list of reads. */
const maxActions = 256;

/** Computes the text of what a request's answer depends on. */
export class Projection {
  readonly #statements: readonly Statement[];
  readonly #byAction = new Map<string, Reads>();
  #all: Reads | undefined;

  constructor(statements: readonly Statement[]) {
    this.#statements = statements;
  }

  /** Equal texts mean equal answers; undefined when the policies read what only evaluation can find. */
  of(at: Evaluation): string | undefined {
    const reads = this.#readsFor(at);
    if (reads.opaque) return undefined;
    let text = `${at.principal.key}\n${at.action.key}\n${at.resource.key}\n`;
    try {
      for (const read of reads.list) text += valueOf(read, at);
    } catch {
      // Data that is no value of the language: evaluation says so, and its answer is not kept.
      return undefined;
    }
    return text;
  }

  #readsFor(at: Evaluation): Reads {
    const { action } = at;
    if (at.ancestors(action).size > 1) return (this.#all ??= readsOf(this.#statements));
    let reads = this.#byAction.get(action.key);
    if (reads === undefined) {
      reads = readsOf(this.#statements.filter((statement) => concerns(statement.action, action)));
      if (this.#byAction.size < maxActions) this.#byAction.set(action.key, reads);
    }
    return reads;
  }
}

/** Whether a scope can match `action`, which stands below nothing. */
function concerns({ equals, within }: Scope, action: Uid): boolean {
  if (equals !== undefined) return equals.key === action.key;
  return within === undefined || within.some((above) => above.key === action.key);
}

function readsOf(statements: readonly Statement[]): Reads {
  const collector = new Collector();
  for (const statement of statements) collector.statement(statement);
  return collector;
}

class Collector implements Reads {
  readonly #reads = new Map<string, Read>();
  opaque = false;

  get list(): readonly Read[] {
    return [...this.#reads.values()];
  }

  statement(statement: Statement): void {
    for (const name of ['principal', 'action', 'resource'] as const) {
      if (statement[name].within !== undefined) this.#add({ root: name, names: [] }, 'ancestors');
    }
    if (statement.condition !== undefined) this.#value(statement.condition);
  }

  #add(path: Path, what: Read['what']): void {
    const root = typeof path.root === 'string' ? path.root : path.root.key;
    // The uid of a variable is part of every text, and that of a literal never changes.
    if (what === 'value' && path.names.length === 0 && root !== 'context') return;
    this.#reads.set(JSON.stringify([root, path.names, what]), { path, what });
  }

  /** Notes everything the value of `expression` depends on. */
  #value(expression: Expression): void {
    const paths = pathsOf(expression);
    if (paths !== undefined) for (const path of paths) this.#add(path, 'value');
    switch (expression.kind) {
      case 'has':
        this.#has(expression.of, expression.path);
        break;
      case 'binary':
        if (expression.operator === 'in') this.#of(expression.left, 'ancestors');
        break;
      case 'is':
        if (expression.within !== undefined) this.#of(expression.of, 'ancestors');
        break;
      case 'call':
        if (expression.name.endsWith('Tag')) this.#of(expression.args[0]!, 'tags');
        break;
      case 'access':
        // `x.a` where x is no path: which entity is read shows only in evaluation.
        if (paths === undefined) this.opaque = true;
        break;
      default:
    }
    for (const child of childrenOf(expression, paths !== undefined)) this.#value(child);
  }

  #has(of: Expression, names: readonly string[]): void {
    const paths = pathsOf(of);
    if (paths === undefined) this.opaque = true;
    for (const path of paths ?? []) {
      this.#add({ root: path.root, names: [...path.names, ...names] }, 'value');
    }
  }

  #of(expression: Expression, what: 'ancestors' | 'tags'): void {
    const paths = pathsOf(expression);
    if (paths === undefined) this.opaque = true;
    for (const path of paths ?? []) this.#add(path, what);
  }
}

/** The places `expression` can stand for; undefined when it is computed. */
function pathsOf(expression: Expression): readonly Path[] | undefined {
  switch (expression.kind) {
    case 'variable':
      return [{ root: expression.name, names: [] }];
    case 'literal':
      return typeof expression.value === 'object' ? [{ root: expression.value, names: [] }] : [];
    case 'access':
      return pathsOf(expression.of)?.map(({ root, names }) => ({
        root,
        names: [...names, expression.name],
      }));
    case 'if': {
      const [then, otherwise] = [pathsOf(expression.then), pathsOf(expression.otherwise)];
      return then && otherwise && [...then, ...otherwise];
    }
    default:
      return undefined;
  }
}

/** Sub-expressions that must be looked at; those of a plain path are covered by the path itself. */
function childrenOf(expression: Expression, isPath: boolean): readonly Expression[] {
  switch (expression.kind) {
    case 'all':
    case 'any':
      return expression.of;
    case 'not':
    case 'negate':
    case 'has':
    case 'like':
      return [expression.of];
    case 'access':
      return isPath ? conditionsIn(expression.of) : [expression.of];
    case 'binary':
      return [expression.left, expression.right];
    case 'is':
      return expression.within === undefined ? [expression.of] : [expression.of, expression.within];
    case 'if':
      return [expression.condition, expression.then, expression.otherwise];
    case 'set':
      return expression.elements;
    case 'record':
      return expression.members.map(([, value]) => value);
    case 'call':
      return expression.args;
    default:
      return [];
  }
}

/** The conditions a path such as `(if c then principal else resource).trust` hides. */
function conditionsIn(expression: Expression): readonly Expression[] {
  if (expression.kind === 'access') return conditionsIn(expression.of);
  return expression.kind === 'if' ? [expression] : [];
}

function valueOf({ path, what }: Read, at: Evaluation): string {
  const { root, names } = path;
  let value: Value = typeof root === 'string' ? at.variable(root) : root;
  for (const [i, name] of names.entries()) {
    const next = at.member(value, name);
    if (next === undefined) return `-${String(i)}${gap(value, at)};`;
    value = next;
  }
  if (what === 'value') return canonical(value);
  const uid = asEntity(value);
  if (uid === undefined) return '-;';
  if (what === 'ancestors') return canonical([...at.ancestors(uid)]);
  return canonical(at.entity(uid)?.tags ?? {});
}

/** Where a path ended: the fault that follows names it. */
function gap(value: Value, at: Evaluation): string {
  const uid = asEntity(value);
  if (uid === undefined) return kindOf(value);
  return `${at.entity(uid) === undefined ? 'unknown' : 'known'}${canonical(uid)}`;
}
