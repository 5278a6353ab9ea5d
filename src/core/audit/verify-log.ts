/**
 * Does a stored log still say what was written? Walks it from the first entry and names the first that does not stand.
 * @module
 */
import { toBase64url } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import { type ProofVerifier, type Signed, verifySigned } from '../../schema/signed.ts';
import {
  type AuditEntry,
  type ChainEnd,
  emptyChain,
  endOf,
  isStub,
  linkProblem,
  type Sha256,
} from './chain.ts';
import {
  type AuditHead,
  entryKey,
  entryPrefix,
  type LogKeeper,
  type LogView,
  readEnd,
  readEntry,
  readHeads,
  readLog,
} from './log-rows.ts';
import type { Keys } from './needs.ts';
import { TreeEdge } from './tree.ts';

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

/** What checking needs. */
export interface VerifyParts {
  readonly keys: Keys;
  readonly crypto: Sha256;
}

/** Checks the log of `owner` in `view`. What is wrong with it is a result, not an exception. */
export async function verifyLog(
  view: LogView,
  owner: LogKeeper,
  { keys, crypto }: VerifyParts,
): Promise<AuditVerdict> {
  const heads = await readHeads(view);
  const log = await nameIn(view);
  let end = emptyChain;
  const edge = new TreeEdge();
  let signed = 0;
  const broken = (because: string): AuditVerdict => {
    return { intact: false, entries: end.length, signed, firstBreak: end.length, because };
  };
  for await (const { key, value } of view.scan({ prefix: entryPrefix })) {
    if (key !== entryKey(end.length)) return broken(`in its place is ${key}`);
    const entry = readEntry(value, key);
    if (entry === undefined) return broken('it cannot be read');
    const problem = isStub(entry) ? 'it says nothing' : linkProblem(end, entry, crypto);
    if (problem !== undefined) return broken(problem);
    edge.add(entry.hash, crypto);
    if (heads.has(entry.index)) {
      const head = heads.get(entry.index);
      const root = toBase64url(edge.root(crypto));
      const { problem, counts } = await judgeHead(head, { ...owner, log, entry, root }, keys);
      if (problem !== undefined) return broken(problem);
      if (counts) signed = end.length + 1;
    }
    end = endOf(entry);
  }
  const beyond = [...heads.keys()].some((index) => !(index < end.length));
  if (beyond || !(await isWrittenEnd(view, end))) return broken('it is missing');
  return { intact: true, entries: end.length, signed };
}

/** What a head must say. */
interface HeadExpectations extends LogKeeper {
  readonly log: string | undefined;
  readonly entry: Pick<AuditEntry, 'hash'>;
  readonly root: string;
}

/** What a signed head is worth. */
interface HeadVerdict {
  /** What does not fit. */
  readonly problem?: string;
  /** Whether it signs what comes before it. False without a problem: its key was called compromised from before its time. */
  readonly counts: boolean;
}

/** Judges a signed head by the key of its time. */
export async function judgeHead(
  head: Signed<AuditHead> | undefined,
  { keeper, tenant, log, entry, root }: HeadExpectations,
  keys: Keys,
): Promise<HeadVerdict> {
  const unfit = (problem: string): HeadVerdict => ({ problem, counts: false });
  if (head === undefined) return unfit('its signed head cannot be read');
  const same = head.keeper === keeper && head.tenant === tenant && head.log === log;
  const isBy = async (verify: ProofVerifier): Promise<boolean> => {
    try {
      // Heads are signed in the order of the log, each by the key of its time.
      await verifySigned('audit-head', head, keeper, verify, Date.parse(head.at));
      return true;
    } catch (error) {
      if (!MeshError.is(error)) throw error;
      return false;
    }
  };
  const verifies = await isBy(keys.verify);
  const isDisowned = !verifies && keys.disowned !== undefined && (await isBy(keys.disowned));
  // What a thief of the key may have signed is as if it were not there.
  if (isDisowned) return { counts: false };
  if (head.hash !== entry.hash) return unfit('it is not what was signed');
  if (head.root !== root) return unfit('its signed head is of another tree');
  if (!verifies) return unfit('its signed head does not verify');
  return same ? { counts: true } : unfit('its signed head is of another log');
}

async function nameIn(view: LogView): Promise<string | undefined> {
  try {
    return (await readLog(view))?.log;
  } catch (error) {
    if (!MeshError.is(error)) throw error;
    return undefined;
  }
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
