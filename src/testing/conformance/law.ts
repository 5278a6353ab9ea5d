/**
 * The form of a law, and how a list of them becomes the cases of a kit.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import { type ConformanceCase, checkWithin } from '../assert.ts';

/** What every law may use beside its subject. */
export interface Tools {
  /** The bound of each wait, in real milliseconds. */
  readonly timeoutMs: number;
}

/** One law, tried on a subject of its own. */
export interface Law<Subject, T extends Tools = Tools> {
  readonly name: string;
  /** Whether the subject claims what the law is about; default always. What is not claimed is not tested. */
  readonly claims?: (subject: Subject) => boolean;
  readonly test: (subject: Subject, tools: T) => Promise<void>;
}

/** How a kit gets subjects, and puts them away. */
export interface Kit<Subject, T extends Tools> {
  readonly open: () => Subject | Promise<Subject>;
  readonly close: (subject: Subject) => unknown;
  readonly tools: T;
}

/** The bound of each wait when a kit is given none. */
export const defaultTimeoutMs = 5_000;

/** The laws as cases, each with a subject of its own that is put away even if the law is broken. */
export function casesOf<Subject, T extends Tools>(
  laws: readonly Law<Subject, T>[],
  { open, close, tools }: Kit<Subject, T>,
): ConformanceCase[] {
  const { timeoutMs } = tools;
  if (!(Number.isFinite(timeoutMs) && timeoutMs > 0)) {
    const expected = 'milliseconds above 0';
    throw new MeshError('INVALID_ARGUMENT', { argument: 'timeoutMs', expected, got: timeoutMs });
  }
  return laws.map(({ name, claims = always, test }) => {
    const tried = async (): Promise<void> => {
      const subject = await open();
      try {
        if (claims(subject)) await test(subject, tools);
      } finally {
        await close(subject);
      }
    };
    // A law waits several times; twice the bound of one wait is enough for those that pass.
    return { name, run: () => checkWithin(2 * tools.timeoutMs, `'${name}'`, tried()) };
  });
}

/** `laws` for those subjects alone that make the claim. */
export function when<Subject, T extends Tools>(
  claims: (subject: Subject) => boolean,
  laws: readonly Law<Subject, T>[],
): Law<Subject, T>[] {
  return laws.map((law) => ({
    ...law,
    claims: (subject) => claims(subject) && (law.claims ?? always)(subject),
  }));
}

function always(): boolean {
  return true;
}
