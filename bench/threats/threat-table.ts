/**
 * The experiments on trust as one table: bad service under each threat, and the part of all trust that Sybils get.
 * @module
 */
import { machineLine } from '../harness.ts';
import type { TableOptions, TableResult } from '../tables.ts';
import { meanSybilShare } from './sybil-region.ts';
import { badService, gullible, threats } from './threat-model.ts';

/** What the Sybil table goes through; the JSON has the last number of attack edges. */
export const attackEdges = [0, 5, 20, 100] as const;
export const sybilCounts = [10, 100, 1_000, 10_000] as const;

/** Plays all experiments. */
export function threatTable({ seed, share, progress }: TableOptions): TableResult {
  const rows = threats.map(({ what, ...threat }) => {
    const options = { ...threat, seed, share: share ?? threat.share };
    const bad = badService(options);
    progress(`${threat.threat}: ${percent(bad)} bad service`);
    return { threat: threat.threat, what, share: options.share, bad, options };
  });
  const sybil = attackEdges.map((edges) => ({
    edges,
    shares: sybilCounts.map((sybils) => meanSybilShare({ sybils, attackEdges: edges, seed })),
  }));
  const json = {
    ...Object.fromEntries(rows.map(({ threat, bad }) => [threat, { bad }])),
    sybil: Object.fromEntries(sybilCounts.map((count, i) => [count, sybil.at(-1)!.shares[i]!])),
  };
  const unarmed = lazily(() =>
    rows.map(({ options }) => badService({ ...options, constants: gullible })),
  );
  const text = () =>
    [
      'Part of the services that good peers get which is bad, in the second half of 30 cycles; good peers fail in 5 %.',
      '',
      '| threat | malicious | bad service | with every rater believed |',
      '| --- | ---: | ---: | ---: |',
      ...rows.map(
        ({ threat, what, share: part, bad }, i) =>
          `| ${threat}: ${what} | ${percent(part)} | **${percent(bad)}** | ${percent(unarmed()[i]!)} |`,
      ),
      '',
      'Part of all trust that Sybils get, of 2,000 honest nodes with 10 edges each and 20 roots; mean of 5 graphs.',
      '',
      `| edges into the region | ${sybilCounts.map((count) => `${count.toLocaleString('en')} Sybils`).join(' | ')} |`,
      `| ---: |${sybilCounts.map(() => ' ---: |').join('')}`,
      ...sybil.map(({ edges, shares }) => `| ${edges} | ${shares.map(percent).join(' | ')} |`),
      '',
      `Seed ${seed}. ${machineLine()}.`,
    ].join('\n');
  return { json, text };
}

function percent(part: number): string {
  return `${(100 * part).toFixed(part < 0.1 ? 2 : 1)} %`;
}

/** Computes once, when it is asked for. */
function lazily<T>(compute: () => T): () => T {
  let known: { readonly value: T } | undefined;
  return () => (known ??= { value: compute() }).value;
}
