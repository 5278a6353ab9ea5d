/**
 * Sees who asks the machine for time, chance, a timer or the network instead of its Host.
 * @module
 */

/** The ways to ask the machine that JavaScript has without an import, with the name each goes by. */
const ways: readonly [name: string, owner: object, member: string][] = [
  ...['setTimeout', 'setInterval', 'setImmediate', 'fetch', 'WebSocket', 'Worker', 'Date'].map(
    (member): [string, object, string] => [member, globalThis, member],
  ),
  ['Date.now', Date, 'now'],
  ['Math.random', Math, 'random'],
  ['performance.now', performance, 'now'],
  ['crypto.getRandomValues', crypto, 'getRandomValues'],
  ['crypto.randomUUID', crypto, 'randomUUID'],
];

/** Runs `run`, which must not wait, and tells `told` of every call to the machine and every new global. */
export function watchMachine<T>(run: () => T, told: (name: string) => void): T {
  const globals = new Set(Reflect.ownKeys(globalThis));
  const restore = ways
    .filter(([, owner, member]) => typeof Reflect.get(owner, member) === 'function')
    .map(([name, owner, member]) => watchMember(owner, member, told.bind(undefined, name)));
  try {
    return run();
  } finally {
    for (const undo of restore.toReversed()) undo();
    for (const name of Reflect.ownKeys(globalThis)) {
      if (!globals.has(name)) told(`globalThis.${String(name)}`);
    }
  }
}

function watchMember(owner: object, member: string, told: () => void): () => void {
  const own = Object.getOwnPropertyDescriptor(owner, member);
  const value = new Proxy(Reflect.get(owner, member) as new (...args: unknown[]) => object, {
    apply(target, self, args) {
      told();
      return Reflect.apply(target as unknown as (...all: unknown[]) => unknown, self, args);
    },
    construct(target, args, newTarget) {
      // A date that is told its time asks nobody.
      if (member !== 'Date' || args.length === 0) told();
      return Reflect.construct(target, args, newTarget) as object;
    },
  });
  Object.defineProperty(owner, member, { configurable: true, writable: true, value });
  return () => {
    if (own === undefined) Reflect.deleteProperty(owner, member);
    else Object.defineProperty(owner, member, own);
  };
}
