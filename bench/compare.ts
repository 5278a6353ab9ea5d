/**
 * Whether a bench got worse than its committed result. One run on a busy machine proves little, so a ratio that looks worse is measured
 * twice more, and the verdict goes by the median of the three: a single bad minute fails nothing, and code that got slower has to be
 * lucky twice to pass.
 * @module
 */
import { median, type Result } from './harness.ts';
import { regressions } from './report.ts';

/** Runs that a verdict of "worse" rests on. */
const runs = 3;

/** One line for each of our ratios that got worse; none, after one run, when `after` shows nothing worse. */
export async function compare(
  before: Result,
  after: Result,
  measureAgain: () => Promise<Result>,
): Promise<readonly string[]> {
  if (regressions(before, after).length === 0) return [];
  const all = [after];
  while (all.length < runs) all.push(await measureAgain());
  return regressions(before, middle(all));
}

/** The first of `results`, with each ratio to the peer replaced by its median over all of them. */
function middle([first, ...others]: readonly Result[]): Result {
  const rows = first!.rows.map((row) => {
    const same = others.flatMap((each) => each.rows.filter(({ name }) => name === row.name));
    return { ...row, timesPeer: median([row, ...same].map(({ timesPeer }) => timesPeer)) };
  });
  return { ...first!, rows };
}
