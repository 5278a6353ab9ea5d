/**
 * Modules that are loaded when they are first used.
 * @module
 */

/**
 * A way to load something once: later calls find it at once, so that how long it took decides nothing twice. What failed is
 * tried again.
 */
export function loadOnce<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
}
