/**
 * Adapters whose port knows no end, but which may hold something that needs one: a session with an HSM, a worker.
 * @module
 */
import { type Law, type Tools, when } from './law.ts';
import { lifecycleLaws, type Method } from './lifecycle.ts';

/** What may have an end. */
interface Closable {
  close?(): unknown;
  [Symbol.asyncDispose]?(): unknown;
}

/** Ends `adapter`, if it can be ended. */
export async function closeIfItCan(adapter: object): Promise<void> {
  await endOf(adapter)?.();
}

/** The laws of its signals, and of its end when it has one. */
export function closableLaws<Adapter extends object, T extends Tools>(
  what: string,
  methods: readonly Method<Adapter>[],
): Law<Adapter, T>[] {
  const open = (adapter: Adapter): Adapter => adapter;
  return [
    ...lifecycleLaws<Adapter, Adapter, T>({ what, open, methods, endings: [] }),
    ...when(
      (adapter) => endOf(adapter) !== undefined,
      lifecycleLaws<Adapter, Adapter, T>({
        what,
        open,
        methods: methods.map(({ name, call }) => ({ name, call })),
        endings: [{ by: 'close', run: closeIfItCan }],
      }),
    ),
  ];
}

function endOf(adapter: object): (() => unknown) | undefined {
  const closable: Closable = adapter;
  if (closable.close !== undefined) return () => closable.close?.();
  if (closable[Symbol.asyncDispose] !== undefined) return () => closable[Symbol.asyncDispose]?.();
  return undefined;
}
