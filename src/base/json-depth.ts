/**
 * How deep JSON is nested. What walks a value later by calling itself must not meet one that a stranger made bottomless.
 * @module
 */

const open = [0x7b, 0x5b] as const;

/** Whether `value`, parsed from the JSON in `bytes`, has more than `limit` levels. Walks without recursion. */
export function isDeep(value: unknown, bytes: Uint8Array, limit: number): boolean {
  // As many levels need as many brackets; most documents have few, which is quickly seen.
  return brackets(bytes, limit) > limit && levels(value, limit) > limit;
}

function brackets(bytes: Uint8Array, limit: number): number {
  let count = 0;
  for (const bracket of open) {
    for (let at = bytes.indexOf(bracket); at >= 0; at = bytes.indexOf(bracket, at + 1)) {
      count += 1;
      if (count > limit) return count;
    }
  }
  return count;
}

function levels(value: unknown, limit: number): number {
  let level = 0;
  let row = containersIn([value]);
  while (row.length > 0 && level <= limit) {
    level += 1;
    row = containersIn(row.flatMap((container): unknown[] => Object.values(container)));
  }
  return level;
}

function containersIn(values: readonly unknown[]): readonly object[] {
  return values.filter((value) => typeof value === 'object' && value !== null);
}
