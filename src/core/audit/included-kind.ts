/**
 * Which kinds of entries a list of kinds takes in.
 * @module
 */

/** Whether `kind` is one of `include` or below it: `task` takes `task.failed`. No list takes all; an erasure is always shown. */
export function isIncludedKind(kind: string, include: readonly string[] | undefined): boolean {
  if (include === undefined || kind === 'erasure') return true;
  return include.some((wanted) => kind === wanted || kind.startsWith(`${wanted}.`));
}
