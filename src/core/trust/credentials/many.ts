/**
 * Much of the same work, each piece once, some at a time.
 * @module
 */

/** The answers of `work` to `items`, in their order. Equal items are asked about once; `width` of them at a time. */
export async function eachOnce<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
  width: number,
): Promise<readonly R[]> {
  const answers = new Map<T, R>();
  const waiting = new Set(items).values();
  const lane = async (): Promise<void> => {
    for (const item of waiting) answers.set(item, await work(item));
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  return items.map((item) => answers.get(item)!);
}
