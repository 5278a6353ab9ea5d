/**
 * How deep JSON is nested. What walks a value later by calling itself must not meet one that a stranger made bottomless.
 * @module
 */

/** Whether `value`, parsed from `json`, has more than `limit` levels. Walks without recursion. */
export function isDeep(value: unknown, json: string, limit: number): boolean {
  // As many levels need as many brackets; most documents have few, which is quickly seen.
  return brackets(json, limit) > limit && levels(value, limit) > limit;
}

function brackets(json: string, limit: number): number {
  let count = 0;
  for (const bracket of ['{', '[']) {
    for (let at = json.indexOf(bracket); at >= 0; at = json.indexOf(bracket, at + 1)) {
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
