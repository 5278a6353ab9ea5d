/** Books on a shared store, and processes that die between two writes. */
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import { subStore } from '../../../src/adapters/stores/parts/sub-store.ts';
import type { MeshError } from '../../../src/base/errors.ts';
import type { Did } from '../../../src/base/ids.ts';
import { TaskBook, type TaskBookOptions } from '../../../src/core/tasks/index.ts';
import type { Store } from '../../../src/ports/store.ts';
import type { TaskRequest } from '../../../src/schema/task.ts';
import { seededRandom } from '../../../src/testing/seeded-random.ts';
import { type VirtualClock, virtualClock } from '../../../src/testing/virtual-clock.ts';

export { virtualClock };

export interface Answer {
  readonly output: unknown;
}

export const ann: Did = 'did:key:ann';
export const bob: Did = 'did:key:bob';

export function request(id: string, more: Partial<TaskRequest> = {}): TaskRequest {
  return { id, type: 'math.add', data: { a: 1 }, ...more };
}

export interface Rig {
  readonly clock: VirtualClock;
  readonly store: Store;
  readonly reports: MeshError[];
  readonly events: { type: string; data: unknown }[];
  /** A book on the rig's store; each has another name. */
  book(more?: Partial<TaskBookOptions<Answer>>): TaskBook<Answer>;
}

export function rigOf(): Rig {
  const clock = virtualClock();
  const store = memoryStore({ clock });
  const reports: MeshError[] = [];
  const events: Rig['events'] = [];
  let books = 0;
  return {
    clock,
    store,
    reports,
    events,
    book: (more = {}) =>
      new TaskBook<Answer>({
        store,
        clock,
        random: seededRandom((books += 1)),
        run: async ({ request: { data } }) => ({ output: data }),
        report: (error) => reports.push(error),
        emit: (type, data) => events.push({ type, data }),
        ...more,
      }),
  };
}

/** Promise that never settles: what a dead process is told. */
export const never = new Promise<never>(() => undefined);

/** A process' view of a store. Once dead, nothing it asks for happens, and nothing is answered. */
export interface Mortal {
  readonly store: Store;
  readonly dead: boolean;
  kill(): void;
}

/** `store` as a process sees it that dies at its `writes`-th write: before it, or after it but before the answer. */
export function mortal(store: Store, writes = Number.POSITIVE_INFINITY, after = false): Mortal {
  let left = writes;
  let dead = false;
  const isDead = (): boolean => dead;
  // Slower than memory is, so that what does not wait for the store is found out.
  const alive = async <T>(work: () => Promise<T>): Promise<T> => {
    for (let hops = 0; hops < 20; hops += 1) await Promise.resolve();
    const value = await (isDead() ? never : work());
    return isDead() ? never : value;
  };
  const view: Store = storeWith(store, {
    sub: (prefix) => subStore(view, prefix),
    get: (key, options) => alive(() => store.get(key, options)),
    getMany: (keys, options) => alive(() => store.getMany(keys, options)),
    write: (ops, options) =>
      alive(() => {
        left -= 1;
        if (left >= 0) return store.write(ops, options);
        dead = true;
        if (after) void store.write(ops, options);
        return never;
      }),
    async *scan(range, options) {
      for await (const entry of store.scan(range, options)) {
        if (dead) await never;
        yield entry;
      }
      if (dead) await never;
    },
  });
  return {
    store: view,
    get dead() {
      return dead;
    },
    kill: () => {
      dead = true;
    },
  };
}

/** `store` with some of its methods replaced. */
export function storeWith(store: Store, more: Partial<Store>): Store {
  return {
    features: store.features,
    get: (key, options) => store.get(key, options),
    getMany: (keys, options) => store.getMany(keys, options),
    write: (ops, options) => store.write(ops, options),
    scan: (range, options) => store.scan(range, options),
    watch: (prefix, from, options) => store.watch(prefix, from, options),
    sub: (prefix) => store.sub(prefix),
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
    ...more,
  };
}
