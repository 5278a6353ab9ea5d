/**
 * Looks into what others sent before it is read: enough to see whether it is worth reading, and nothing to go by.
 * @module
 */
import { isPlainObject } from '../../base/shape.ts';
import type { DidLog } from '../../schema/did-log.ts';

/** What stands at `path` in something nobody has looked at yet. */
export function memberOf(value: unknown, ...path: readonly string[]): unknown {
  let at = value;
  for (const name of path) at = isPlainObject(at) ? at[name] : undefined;
  return at;
}

/** Those of `logs` that are histories of `speakers`: with others a stranger would fill the store. */
export function logsOf(logs: readonly DidLog[], speakers: readonly unknown[]): readonly DidLog[] {
  const named = new Set(speakers);
  return logs.filter(([first]) => first !== undefined && named.has(first.did));
}
