/**
 * The program that a mutant is bundled into: runs seeds of the scenario and prints, as one line of JSON, what became of them.
 * @module
 */
import { MeshError } from '../../src/base/errors.ts';
import { forSeeds } from '../../src/testing/index.ts';
import type { DrawnFault } from '../../src/testing/simulation/storm.ts';
import { scenario } from './scenario.ts';

/** What is asked of the program, as JSON in its only argument. */
export interface Request {
  readonly from: number;
  readonly seeds: number;
  /** Runs that shortening a failure may take. */
  readonly shrinkRuns: number;
}

/** The first failure among the seeds. */
export interface Found {
  readonly seed: number;
  /** The law that was broken; otherwise the code of the error. */
  readonly law: string;
  readonly detail: string;
  /** The shortest schedule that breaks it. */
  readonly faults: readonly Pick<DrawnFault, 'id' | 'kind' | 'node' | 'at'>[];
}

const { from, seeds, shrinkRuns } = JSON.parse(process.argv[2]!) as Request;

async function hunt(): Promise<Found | undefined> {
  try {
    await forSeeds(seeds, scenario, { from, shrinkRuns });
    return undefined;
  } catch (error) {
    if (!MeshError.is(error, 'SEED_FAILED')) throw error;
    const { seed, drawn } = error.params as { seed: number; drawn: DrawnFault[] };
    const cause: unknown = error.cause;
    const law = MeshError.is(cause, 'INVARIANT_BROKEN') ? cause.params['invariant'] : undefined;
    const detail = MeshError.is(cause, 'INVARIANT_BROKEN') ? cause.params['detail'] : String(cause);
    return {
      seed,
      law: String(law ?? (MeshError.is(cause) ? cause.code : cause)),
      detail: String(detail),
      faults: drawn.map(({ id, kind, node, at }) => ({ id, kind, node, at })),
    };
  }
}

process.stdout.write(`${JSON.stringify((await hunt()) ?? null)}\n`);
