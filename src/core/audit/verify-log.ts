/**
 * Does a stored log still say what was written? Walks it from the first entry and names the first that does not stand.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import { type Signed, verifySigned } from '../../schema/signed.ts';
import { type AuditEntry, type ChainEnd, emptyChain, endOf, linkProblem } from './chain.ts';
import {
  type AuditHead,
  entryKey,
  entryPrefix,
  type LogKeeper,
  type LogView,
  readEnd,
  readEntry,
  readHeads,
} from './log-rows.ts';
import type { Keys } from './needs.ts';

/** What {@link verifyLog} found. */
export interface AuditVerdict {
  readonly intact: boolean;
  /** Entries that stand. */
  readonly entries: number;
  /** Entries that are under a signed head that holds; those after them are only chained. */
  readonly signed: number;
  /** Index of the first entry that does not stand. */
  readonly firstBreak?: number;
  readonly because?: string;
}

/** Checks the log of `owner` in `view`. What is wrong with it is a result, not an exception. */
export async function verifyLog(
  view: LogView,
  owner: LogKeeper,
  keys: Keys,
): Promise<AuditVerdict> {
  const heads = await readHeads(view);
  let end = emptyChain;
  let signed = 0;
  const broken = (because: string): AuditVerdict => {
    return { intact: false, entries: end.length, signed, firstBreak: end.length, because };
  };
  for await (const { key, value } of view.scan({ prefix: entryPrefix })) {
    if (key !== entryKey(end.length)) return broken(`in its place is ${key}`);
    const entry = readEntry(value, key);
    if (entry === undefined) return broken('it cannot be read');
    const isHead = heads.has(entry.index);
    const problem =
      linkProblem(end, entry) ??
      (isHead ? await headProblem(heads.get(entry.index), entry, owner, keys) : undefined);
    if (problem !== undefined) return broken(problem);
    end = endOf(entry);
    if (isHead) signed = end.length;
  }
  const beyond = [...heads.keys()].some((index) => !(index < end.length));
  if (beyond || !(await isWrittenEnd(view, end))) return broken('it is missing');
  return { intact: true, entries: end.length, signed };
}

async function headProblem(
  head: Signed<AuditHead> | undefined,
  entry: AuditEntry,
  { keeper, tenant }: LogKeeper,
  keys: Keys,
): Promise<string | undefined> {
  if (head === undefined) return 'its signed head cannot be read';
  if (head.hash !== entry.hash) return 'it is not what was signed';
  try {
    await verifySigned('audit-head', head, keeper, keys.verify);
  } catch (error) {
    if (!MeshError.is(error)) throw error;
    return 'its signed head does not verify';
  }
  const same = head.keeper === keeper && head.tenant === tenant;
  return same ? undefined : 'its signed head is of another log';
}

async function isWrittenEnd(view: LogView, found: ChainEnd): Promise<boolean> {
  try {
    const written = (await readEnd(view))?.end ?? emptyChain;
    return written.length === found.length && written.hash === found.hash;
  } catch (error) {
    if (!MeshError.is(error)) throw error;
    return false;
  }
}
