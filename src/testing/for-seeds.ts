/**
 * Many seeds, and the shortest story of the one that fails.
 * @module
 */
import { MeshError } from '../base/errors.ts';
import type { DrawnFault } from './simulation/storm.ts';

/** Options of {@link forSeeds}. */
export interface ForSeedsOptions {
  /** The first seed. Default 1; with it and `n` = 1 one seed is replayed. */
  readonly from?: number;
  /** Only these faults of each storm, by number: how a shortened failure is replayed. */
  readonly faults?: readonly number[];
  /** The command that replays `seed` with `faults`, as your runner takes it. Default: the call of `forSeeds` that does. */
  readonly replay?: (seed: number, faults: readonly number[] | undefined) => string;
  /** Told of a failure while it is being shortened, and of its shortest form. Default: nobody; the error says it too. */
  readonly report?: (line: string) => void;
  /** Runs that shortening may take. Default 60. */
  readonly shrinkRuns?: number;
}

/** What a run under {@link forSeeds} tells and is told. */
export interface SeedRun {
  readonly seed: number;
  readonly faults: ReadonlySet<number> | undefined;
  /** Faults its meshes have drawn. */
  readonly drawn: DrawnFault[];
  readonly replay: string;
}

let current: SeedRun | undefined;

/** The run that is going on, for meshes made in it. */
export function currentSeedRun(): SeedRun | undefined {
  return current;
}

/**
 * Runs `body` with `n` seeds, one after the other. When one fails, it is run again with fewer and fewer of the faults its
 * storms drew, as long as it fails in the same way; then `SEED_FAILED` is thrown, with the seed, the faults that are needed, the
 * command that replays them, and the failure as `cause`.
 *
 * @example
 * ```ts
 * await forSeeds(1_000, async (seed) => {
 *   await using mesh = await createTestMesh({ orgs: ['a', 'b'], seed, chaos: 'default' });
 *   await mesh.clock.advance('10m');
 *   mesh.assertInvariants();
 * });
 * ```
 */
export async function forSeeds(
  n: number,
  body: (seed: number) => Promise<void>,
  options: ForSeedsOptions = {},
): Promise<void> {
  checkSeeds(n, body, options);
  const { from = 1, faults } = options;
  const only = faults && new Set(faults);
  for (let seed = from; seed < from + n; seed += 1) {
    const first = await attempt(seed, only, body, options);
    if (first.failure === undefined) continue;
    options.report?.(`seed ${String(seed)} fails: ${messageOf(first.failure)}`);
    const shortest = await shrink(first, body, options);
    throw failed(shortest, options);
  }
}

interface Attempt {
  readonly run: SeedRun;
  /** What was thrown; undefined when all went well. */
  readonly failure: unknown;
}

async function attempt(
  seed: number,
  faults: ReadonlySet<number> | undefined,
  body: (seed: number) => Promise<void>,
  options: ForSeedsOptions,
): Promise<Attempt> {
  const run: SeedRun = { seed, faults, drawn: [], replay: replayOf(seed, faults, options) };
  const outer = current;
  current = run;
  try {
    await body(seed);
    return { run, failure: undefined };
  } catch (error) {
    return { run, failure: error ?? new MeshError('INTERNAL', { what: 'the body' }) };
  } finally {
    current = outer;
  }
}

/** Leaves out halves, then quarters, and in the end single faults, as long as what is left fails in the same way. */
async function shrink(
  first: Attempt,
  body: (seed: number) => Promise<void>,
  options: ForSeedsOptions,
): Promise<Attempt> {
  let best = first;
  let runs = options.shrinkRuns ?? 60;
  let needed = first.run.drawn.map(({ id }) => id);
  for (let size = Math.ceil(needed.length / 2); size >= 1; ) {
    let shortened = false;
    for (let at = 0; at < needed.length && runs > 0; ) {
      const fewer = [...needed.slice(0, at), ...needed.slice(at + size)];
      runs -= 1;
      const tried = await attempt(first.run.seed, new Set(fewer), body, options);
      if (signOf(tried.failure) === signOf(first.failure)) {
        best = tried;
        needed = fewer;
        shortened = true;
        options.report?.(`  still fails with ${String(needed.length)} faults`);
      } else {
        at += size;
      }
    }
    if (size === 1 && !shortened) break;
    size = size === 1 ? 1 : Math.ceil(size / 2);
    if (runs === 0) break;
  }
  return best;
}

/** Two failures are the same when they break the same law, or have the same code. */
function signOf(failure: unknown): string {
  if (failure === undefined) return '';
  if (!MeshError.is(failure)) return failure instanceof Error ? failure.name : typeof failure;
  return `${failure.code} ${String(failure.params['invariant'])}`;
}

function failed({ run, failure }: Attempt, options: ForSeedsOptions): MeshError {
  const { seed, drawn } = run;
  const struck = drawn.filter(({ id }) => run.faults?.has(id) ?? true);
  const error = new MeshError(
    'SEED_FAILED',
    {
      seed,
      detail: messageOf(failure),
      faults: struck.length === 0 ? 'none' : struck.map(({ id }) => id).join(', '),
      replay: run.replay,
      drawn: struck,
    },
    { cause: failure },
  );
  options.report?.(`seed ${String(seed)} needs ${String(struck.length)} faults to fail:`);
  for (const fault of struck) options.report?.(`  ${told(fault)}`);
  options.report?.(`replay: ${run.replay}`);
  return error;
}

function told({ id, at, kind, node, other, ms }: DrawnFault): string {
  return `${String(id)}: at ${String(at)} ms ${kind} of ${node} (${other}) for ${String(ms)} ms`;
}

function replayOf(
  seed: number,
  faults: ReadonlySet<number> | undefined,
  { replay }: ForSeedsOptions,
): string {
  const list = faults && [...faults];
  if (replay !== undefined) return replay(seed, list);
  const only = list === undefined ? '' : `, faults: [${list.join(', ')}]`;
  return `forSeeds(1, body, { from: ${String(seed)}${only} })`;
}

function messageOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}

function checkSeeds(n: number, body: unknown, options: ForSeedsOptions): void {
  const { from = 1, faults = [], shrinkRuns = 0, replay } = options;
  assertThat(isCount(n) && n > 0, 'n', 'a whole number above 0', n);
  assertThat(typeof body === 'function', 'body', 'a function of a seed', body);
  assertThat(Number.isSafeInteger(from), 'from', 'a whole number', from);
  const areNumbers = Array.isArray(faults) && faults.every(isCount);
  assertThat(areNumbers, 'faults', 'the numbers of faults', faults);
  assertThat(isCount(shrinkRuns), 'shrinkRuns', 'a whole number', shrinkRuns);
  const isWording = replay === undefined || typeof replay === 'function';
  assertThat(isWording, 'replay', 'a function that words the command', replay);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function assertThat(holds: boolean, argument: string, expected: string, got: unknown): void {
  if (!holds) throw new MeshError('INVALID_ARGUMENT', { argument, expected, got });
}
