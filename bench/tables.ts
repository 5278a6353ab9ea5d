/**
 * Experiments whose result is a table of their own rather than cases beside a peer. They run when asked for by name.
 * @module
 */

/** Options of an experiment. */
export interface TableOptions {
  /** What all chance follows from. */
  readonly seed: number;
  /** What `--share` means is said by the experiment; undefined for its own values. */
  readonly share: number | undefined;
  readonly progress: (line: string) => void;
}

/** What an experiment found. */
export interface TableResult {
  /** What `--json` prints, and nothing else. */
  readonly json: unknown;
  /** The table as Markdown; computes what only the table shows. */
  readonly text: () => string;
}

/** Experiments by name. */
export const tables: Readonly<
  Record<string, () => Promise<(options: TableOptions) => TableResult>>
> = {
  'trust-threats': async () => (await import('./threats/threat-table.ts')).threatTable,
};
