/**
 * Laws of beginnings and endings, stated once for adapters of every kind: a kit says what lives, how it is called and how
 * it ends, and each law is tried on each method.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import { check, checkEqual, checkRejects, checkWithin } from '../assert.ts';
import { countingSignal } from '../counting-signal.ts';
import type { Law, Tools } from './law.ts';

/** One way to call what lives. */
export interface Method<Living> {
  readonly name: string;
  /** A call that succeeds while it lives. Without `takesSignal` there is no signal to heed. */
  readonly call: (living: Living, signal?: AbortSignal) => unknown;
  readonly takesSignal?: true;
  /** Checks what a call has left behind: the whole of it when it was `done`, otherwise nothing. */
  readonly leaves?: (living: Living, done: boolean) => Promise<void>;
}

/** One way to end what lives. */
export interface Ending<Living, Subject> {
  /** A word or two: `close`, `abort`. */
  readonly by: string;
  /** Ends it, and resolves when it has ended. */
  readonly run: (living: Living, subject: Subject) => unknown;
  /** Checks that it ended once, though it was told several times. */
  readonly once?: (living: Living) => Promise<void>;
}

/** What lives, from its opening to its end. */
export interface Life<Living, Subject> {
  /** With its article: `a store`. */
  readonly what: string;
  readonly open: (subject: Subject) => Living | Promise<Living>;
  readonly methods: readonly Method<Living>[];
  /** Empty for what is never ended. */
  readonly endings: readonly Ending<Living, Subject>[];
}

/** The laws of one life. */
export function lifecycleLaws<Living, Subject, T extends Tools = Tools>(
  life: Life<Living, Subject>,
): Law<Subject, T>[] {
  return [
    ...life.endings.flatMap((ending) => endingLaws<Living, Subject, T>(life, ending)),
    ...(life.methods.some(({ takesSignal }) => takesSignal)
      ? signalLaws<Living, Subject, T>(life)
      : []),
  ];
}

function endingLaws<Living, Subject, T extends Tools>(
  { what, open, methods }: Life<Living, Subject>,
  { by, run, once }: Ending<Living, Subject>,
): Law<Subject, T>[] {
  const end = (living: Living, subject: Subject, tools: T): Promise<unknown> =>
    within(tools, `the ${by} of ${what}`, () => run(living, subject));
  const again: Law<Subject, T> = {
    name: `a second ${by} of ${what} changes nothing`,
    test: async (subject, tools) => {
      const living = await open(subject);
      for (const { name, call } of methods) {
        await within(tools, `${name} of ${what}`, () => call(living));
      }
      await Promise.all([end(living, subject, tools), end(living, subject, tools)]);
      await end(living, subject, tools);
      if (isDisposable(living)) await living[Symbol.asyncDispose]();
      await once?.(living);
    },
  };
  const after: Law<Subject, T> = {
    name: `after ${by} every method of ${what} fails with CLOSED`,
    test: async (subject, tools) => {
      const living = await open(subject);
      await end(living, subject, tools);
      for (const { name, call } of methods) {
        const called = within(tools, `${name} after ${by}`, () => call(living));
        await checkRejects(called, 'CLOSED', `${name} of ${what} after ${by}`);
      }
    },
  };
  const overtaken: Law<Subject, T> = {
    name: `a call overtaken by the ${by} of ${what} is answered or fails with CLOSED`,
    test: async (subject, tools) => {
      const living = await open(subject);
      const calls = methods.map(({ name, call }) => {
        const called = within(tools, `an answer of ${name} of ${what}`, () => call(living));
        const done = doneOrNot(called, 'CLOSED', name);
        // Whoever awaits it below must not make the process complain now.
        done.catch(() => undefined);
        return done;
      });
      await end(living, subject, tools);
      await Promise.all(calls);
    },
  };
  return methods.length === 0 ? [again] : [again, after, overtaken];
}

function signalLaws<Living, Subject, T extends Tools>({
  what,
  open,
  methods,
}: Life<Living, Subject>): Law<Subject, T>[] {
  const cancellable = methods.filter(({ takesSignal }) => takesSignal);
  return [
    {
      name: `a signal that has fired stops every method of ${what} before it does anything`,
      test: async (subject, tools) => {
        const living = await open(subject);
        for (const { name, call, leaves } of cancellable) {
          const text = `${name} with a fired signal`;
          const called = within(tools, text, () => call(living, AbortSignal.abort()));
          await checkRejects(called, 'ABORTED', text);
          await leaves?.(living, false);
        }
      },
    },
    {
      name: `a call of ${what} aborted on its way is done whole or not at all`,
      test: async (subject, tools) => {
        const living = await open(subject);
        for (const { name, call, leaves } of cancellable) {
          const { signal, abort, listeners } = countingSignal();
          const called = within(tools, `the end of an aborted ${name}`, () => call(living, signal));
          abort();
          const done = await doneOrNot(called, 'ABORTED', name);
          checkEqual(listeners(), 0, `the listeners left by an aborted ${name}`);
          await leaves?.(living, done);
        }
      },
    },
    {
      name: `no method of ${what} leaves a listener on its signal`,
      test: async (subject, tools) => {
        const living = await open(subject);
        for (const { name, call } of cancellable) {
          const { signal, listeners } = countingSignal();
          await within(tools, `${name} of ${what}`, () => call(living, signal));
          checkEqual(listeners(), 0, `the listeners left by ${name}`);
        }
      },
    },
  ];
}

/** What `call` gives or throws, at once or later, within the bound. */
function within({ timeoutMs }: Tools, what: string, call: () => unknown): Promise<unknown> {
  const called = async (): Promise<unknown> => await call();
  return checkWithin(timeoutMs, what, called());
}

/** Whether the call was done; what stops it must be `code`. */
async function doneOrNot(
  called: Promise<unknown>,
  code: 'ABORTED' | 'CLOSED',
  name: string,
): Promise<boolean> {
  try {
    await called;
    return true;
  } catch (error) {
    if (MeshError.is(error, 'CONFORMANCE_FAILED')) throw error;
    check(
      MeshError.is(error, code),
      `${name} must be done or fail with ${code}, but failed with ${String(error)}`,
    );
    return false;
  }
}

function isDisposable(value: unknown): value is AsyncDisposable {
  return typeof value === 'object' && value !== null && Symbol.asyncDispose in value;
}
