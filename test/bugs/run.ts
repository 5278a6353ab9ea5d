/**
 * The program that a mutant is bundled into: runs a seed of the scenario and prints, as one line of JSON, what became of it.
 * @module
 */
import { MeshError } from '../../src/base/errors.ts';
import { forSeeds } from '../../src/testing/index.ts';
import type { DrawnFault } from '../../src/testing/simulation/storm.ts';
import type { ScenarioName } from './bugs.ts';
import { quarantineScenario } from './quarantine-scenario.ts';
import { scenario } from './scenario.ts';

/** What is asked of the program, as JSON in its only argument. */
export interface Request {
  readonly seed: number;
  /** Runs that shortening a failure may take. */
  readonly shrinkRuns: number;
  readonly scenario: ScenarioName;
}

/** How a seed failed. */
export interface Found {
  /** The law that was broken; otherwise the code of the error. */
  readonly law: string;
  readonly detail: string;
  /** The shortest schedule that breaks it. */
  readonly faults: readonly Pick<DrawnFault, 'id' | 'kind' | 'node' | 'at'>[];
}

const { seed, shrinkRuns, scenario: name } = JSON.parse(process.argv[2]!) as Request;
const scenarios = { weather: scenario, quarantine: quarantineScenario };

async function attempt(): Promise<Found | undefined> {
  try {
    await forSeeds(1, scenarios[name], { from: seed, shrinkRuns });
    return undefined;
  } catch (error) {
    if (!MeshError.is(error, 'SEED_FAILED')) throw error;
    const { drawn } = error.params as { drawn: DrawnFault[] };
    const cause: unknown = error.cause;
    const law = MeshError.is(cause, 'INVARIANT_BROKEN') ? cause.params['invariant'] : undefined;
    const detail = MeshError.is(cause, 'INVARIANT_BROKEN') ? cause.params['detail'] : String(cause);
    return {
      law: String(law ?? (MeshError.is(cause) ? cause.code : cause)),
      detail: String(detail),
      faults: drawn.map(({ id, kind, node, at }) => ({ id, kind, node, at })),
    };
  }
}

process.stdout.write(`${JSON.stringify((await attempt()) ?? null)}\n`);
