/**
 * Catches library code that asks the machine for time, chance or the outside world while a simulation runs. Lint forbids the
 * same at rest; this finds what lint cannot see, a dependency above all.
 * @module
 */
import { MeshError } from '../../base/errors.ts';

/** Told of what was caught. */
export type Caught = (error: MeshError) => void;

/** Ways to ask the machine, and where each hangs. */
const asked = [
  { owner: () => Math, name: 'random', what: 'Math.random' },
  { owner: () => globalThis, name: 'setTimeout', what: 'setTimeout' },
  { owner: () => globalThis, name: 'setInterval', what: 'setInterval' },
  { owner: () => globalThis, name: 'setImmediate', what: 'setImmediate' },
  { owner: () => AbortSignal, name: 'timeout', what: 'AbortSignal.timeout' },
  { owner: () => globalThis, name: 'fetch', what: 'fetch' },
  { owner: () => globalThis.performance, name: 'now', what: 'performance.now' },
  { owner: () => globalThis.crypto, name: 'getRandomValues', what: 'crypto.getRandomValues' },
  { owner: () => globalThis.crypto, name: 'randomUUID', what: 'crypto.randomUUID' },
  // They work on a thread, for which virtual time does not wait.
  { owner: () => globalThis, name: 'CompressionStream', what: 'CompressionStream' },
  { owner: () => globalThis, name: 'DecompressionStream', what: 'DecompressionStream' },
] as const;

/** Simulations whose turn it is now. A real client beside them may do as it likes. */
const turns = new Set<Caught>();
let users = 0;
let remove: (() => void) | undefined;

/** Watches the turns of one simulation. */
export class Guard {
  readonly #caught: Caught;
  #open = false;

  constructor(caught: Caught) {
    this.#caught = caught;
  }

  /** Puts watchmen before the globals, unless another simulation has done so. */
  open(): void {
    if (this.#open) return;
    this.#open = true;
    users += 1;
    remove ??= install();
  }

  /** Takes them away, unless another simulation needs them. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.end();
    users -= 1;
    if (users > 0) return;
    remove?.();
    remove = undefined;
  }

  /** A turn begins: what library code does from now on belongs to the simulation. */
  begin(): void {
    if (this.#open) turns.add(this.#caught);
  }

  end(): void {
    turns.delete(this.#caught);
  }
}

function install(): () => void {
  const there = asked.filter(({ owner, name }) => name in owner());
  const removals = there.map(({ owner, name, what }) => replace(owner(), name, what));
  const original = globalThis.Date;
  globalThis.Date = guardedDate(original);
  return () => {
    for (const undo of removals) undo();
    globalThis.Date = original;
  };
}

type Callable = (...args: unknown[]) => unknown;

/** Puts a watchman in the place of `owner[name]`; the result puts the original back. */
function replace(owner: object, name: string, what: string): () => void {
  const before = Object.getOwnPropertyDescriptor(owner, name);
  const original = Reflect.get(owner, name) as Callable;
  const watchman = new Proxy(original, {
    apply: (target, self, args) => {
      refuseLibrary(what);
      return Reflect.apply(target, self, args);
    },
    construct: (target, args, newTarget) => {
      refuseLibrary(what);
      return Reflect.construct(target, args, newTarget) as object;
    },
  });
  Object.defineProperty(owner, name, { value: watchman, configurable: true, writable: true });
  return () => {
    if (before === undefined) Reflect.deleteProperty(owner, name);
    else Object.defineProperty(owner, name, before);
  };
}

/** `Date` that does not tell the time by itself; with an argument it asks nobody. */
function guardedDate(original: DateConstructor): DateConstructor {
  const now = (): number => {
    refuseLibrary('Date.now');
    return original.now();
  };
  const guarded: DateConstructor = new Proxy(original, {
    get: (target, name, receiver) =>
      name === 'now' ? now : (Reflect.get(target, name, receiver) as unknown),
    construct: (target, args, newTarget) => {
      if (args.length === 0) refuseLibrary('new Date()');
      return Reflect.construct(target, args, newTarget === guarded ? target : newTarget) as object;
    },
    apply: (target, self, args) => {
      refuseLibrary('Date()');
      return Reflect.apply(target, self, args) as unknown;
    },
  });
  return guarded;
}

/** Throws `NOT_REPLAYABLE` when library code, or a dependency in its service, is at the end of the stack. */
function refuseLibrary(what: string): void {
  if (turns.size === 0) return;
  const culprit = culpritIn(stackHere());
  if (culprit === undefined) return;
  const error = new MeshError('NOT_REPLAYABLE', { what, at: culprit });
  for (const caught of [...turns]) caught(error);
  throw error;
}

function stackHere(): string {
  const limit = Error.stackTraceLimit as number | undefined;
  if (limit !== undefined) Error.stackTraceLimit = 60;
  const { stack = '' } = new MeshError('INTERNAL');
  if (limit !== undefined) Error.stackTraceLimit = limit;
  return stack;
}

/** The file of a stack's line, `at name (file:1:2)` or `name@file:1:2`: an address or a path, which may hold any character. */
const framePlace = /(?:^|[\s(@])((?:[a-z][\w+.-]*:|\/).*):\d+:\d+\)?$/i;

/** This file; where the package is built it is the whole workshop's. */
const own = pathOf(import.meta.url);

/** Where the package lies, by where the workshop lies in it; undefined in a bundle, where nobody can be told from others. */
export function packageRoot(workshop: string): string | undefined {
  return /^(.*\/(?:src|dist)\/)testing\/(?:index\.js|simulation\/guard\.ts)$/.exec(workshop)?.[1];
}

/**
 * The first frame that is neither a dependency nor the platform: library code, or somebody else's, who may do as they like. The
 * workshop counts as somebody else; the frames of the guard, which the stack begins with, count for nothing.
 */
export function culpritIn(stack: string, workshop: string = own): string | undefined {
  const root = packageRoot(workshop);
  if (root === undefined) return undefined;
  const frames = stack.split('\n').flatMap((line) => {
    const place = framePlace.exec(line.trim())?.[1];
    return place === undefined ? [] : [{ path: pathOf(place), line: line.trim() }];
  });
  const asker = frames.findIndex(({ path }) => path !== workshop);
  for (const { path, line } of frames.slice(Math.max(0, asker))) {
    if (path.startsWith(root)) {
      return path.startsWith(`${root}testing/`) ? undefined : line.replace(/^at /, '');
    }
    if (!/^node:|[\\/]node_modules[\\/]/.test(path)) return undefined;
  }
  return undefined;
}

function pathOf(place: string): string {
  return place.replace(/^file:\/\//, '').replace(/\?.*$/, '');
}
