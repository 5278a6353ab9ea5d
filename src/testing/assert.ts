/**
 * Checks of the conformance kits: no test runner needed, and a failure says what the fault is.
 * @module
 */
import { equalBytes } from '../base/bytes.ts';
import { MeshError, type MeshErrorCode, printable } from '../base/errors.ts';
import { realClock } from './real-time.ts';

/** One law of a kit. Hand it to any test runner: `for (const { name, run } of cases) test(name, run)`. */
export interface ConformanceCase {
  /** The law, as a sentence. */
  readonly name: string;
  /** Rejects with `CONFORMANCE_FAILED` and the fault when the law is broken. */
  readonly run: () => Promise<void>;
}

/** Throws `CONFORMANCE_FAILED` with `fault` unless `holds`. */
export function check(holds: boolean, fault: string): asserts holds {
  if (!holds) throw failed(fault);
}

/** Checks that both are the same data: plain objects, arrays, bytes and primitives, member by member. */
export function checkEqual(actual: unknown, expected: unknown, what: string): void {
  if (same(actual, expected)) return;
  throw failed(`${what}: expected ${shown(expected)}, got ${shown(actual)}`);
}

/** Checks that `promise` rejects with a MeshError of one of `codes`, and returns the error. */
export async function checkRejects(
  promise: PromiseLike<unknown>,
  codes: MeshErrorCode | readonly MeshErrorCode[],
  what: string,
): Promise<MeshError> {
  const wanted = typeof codes === 'string' ? [codes] : codes;
  const error = await outcome(promise);
  check(error !== fulfilled, `${what} must fail with ${wanted.join(' or ')}, but it succeeded`);
  if (MeshError.is(error, ...wanted)) return error;
  if (MeshError.is(error, 'CONFORMANCE_FAILED')) throw error;
  const got = MeshError.is(error) ? error.code : printable(error);
  throw failed(`${what} must fail with ${wanted.join(' or ')}, but failed with ${got}`, error);
}

/** Like {@link checkRejects} for what throws at once. */
export function checkThrows(
  run: () => unknown,
  code: MeshErrorCode,
  what: string,
): Promise<MeshError> {
  return checkRejects(
    new Promise((resolve) => {
      resolve(run());
    }),
    code,
    what,
  );
}

/** `promise`, or `CONFORMANCE_FAILED` when it takes longer than `ms` of real time: an adapter that hangs must not hang its kit. */
export async function checkWithin<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = realClock.sleep(ms, over.signal).then(() => {
    throw failed(`${what} did not happen within ${String(ms)} ms`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    over.abort();
  }
}

const fulfilled = Symbol('fulfilled');

async function outcome(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
    return fulfilled;
  } catch (error) {
    return error;
  }
}

function failed(detail: string, cause?: unknown): MeshError {
  return new MeshError('CONFORMANCE_FAILED', { detail }, { cause });
}

function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    return a instanceof Uint8Array && b instanceof Uint8Array && equalBytes(a, b);
  }
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return (
    Array.isArray(a) === Array.isArray(b) &&
    [...keys].every((key) => same(a[key as keyof typeof a], b[key as keyof typeof b]))
  );
}

function shown(value: unknown): string {
  const plain = JSON.stringify(value, (_, member: unknown) =>
    member instanceof Uint8Array ? `${String(member.length)} bytes` : member,
  ) as string | undefined;
  return printable(plain ?? String(value));
}
