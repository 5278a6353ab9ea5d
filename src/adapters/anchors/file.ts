/**
 * An anchor in a file that is only ever added to, e.g. on a disk that is written once, or that somebody else keeps. Each line
 * holds the hash of the one before, so that who has one proof can tell whether anything before it was changed.
 *
 * A line: number, epoch milliseconds, digest and chain in lower-case hexadecimal, with a space between them, where
 * `chain = SHA-256(chain of the line before, or nothing, then "<number> <milliseconds> <digest>")`.
 * @module
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { throwIfAborted } from '../../base/abort.ts';
import { fromHex, toHex } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import type { Anchor, AnchorProof } from '../../ports/anchor.ts';

/** Options of {@link fileAnchor}. */
export interface FileAnchorOptions {
  /** What the anchor is called in proofs. Default `file`. */
  readonly name?: string;
  /** Default: the system's time. */
  readonly clock?: { now(): number };
}

/** What a line says. */
interface Line {
  readonly number: number;
  readonly at: number;
  readonly digest: string;
  readonly chain: string;
}

/**
 * The anchor in the file `path`, which is made when it is missing. One process writes to it. `anchor` resolves once the line is
 * on the disk; it throws `STORE_CORRUPT` when the file is no chain, and `STORE_FAILED` when it cannot be written.
 */
export function fileAnchor(path: string, options: FileAnchorOptions = {}): Anchor {
  const { name = 'file', clock = Date } = options;
  let turn: Promise<unknown> = Promise.resolve();
  const add = async (digest: Uint8Array): Promise<AnchorProof> => {
    const last = await lastOf(path);
    const fresh = next(last, clock.now(), toHex(digest));
    await append(path, `${written(fresh)} ${fresh.chain}\n`);
    return { anchor: name, at: fresh.at, proof: fromHex(fresh.chain) };
  };
  return {
    name,
    async anchor(digest, anchoring) {
      throwIfAborted(anchoring?.signal, 'anchoring');
      // One after the other: each line needs the one before.
      const mine = turn.then(() => add(digest));
      turn = mine.catch(() => undefined);
      return mine;
    },
    async verify(digest, { anchor, at, proof }) {
      if (anchor !== name) return false;
      const wanted = { at, digest: toHex(digest), chain: toHex(proof) };
      return holds(path, wanted);
    },
  };
}

/** Whether a line says what is `wanted`, and all lines before it are a chain. */
async function holds(path: string, wanted: Omit<Line, 'number'>): Promise<boolean> {
  let before: Line | undefined;
  try {
    for await (const line of linesOf(path, before)) {
      before = line;
      if (line.chain !== wanted.chain) continue;
      return line.at === wanted.at && line.digest === wanted.digest;
    }
    return false;
  } catch (error) {
    if (MeshError.is(error, 'STORE_CORRUPT')) return false;
    throw error;
  }
}

async function lastOf(path: string): Promise<Line | undefined> {
  let last: Line | undefined;
  for await (const line of linesOf(path, last)) last = line;
  return last;
}

/** Lines in order, each checked against the one before. Throws `STORE_CORRUPT`. */
async function* linesOf(path: string, before: Line | undefined): AsyncIterable<Line> {
  let last = before;
  const file = await opened(path);
  const input = file.createReadStream({ autoClose: false, start: 0 });
  try {
    for await (const text of createInterface({ input, crlfDelay: Infinity })) {
      const [number, at, digest = ''] = text.split(' ');
      const line = next(last, Number(at), digest);
      if (`${written(line)} ${line.chain}` !== text || String(line.number) !== number) {
        const detail = `line ${String(line.number + 1)} of the anchor does not follow`;
        throw new MeshError('STORE_CORRUPT', { store: path, detail });
      }
      last = line;
      yield line;
    }
  } finally {
    input.destroy();
    await file.close();
  }
}

function next(before: Line | undefined, at: number, digest: string): Line {
  const unchained = { number: (before?.number ?? -1) + 1, at, digest };
  const hash = createHash('sha256').update(before?.chain ?? '');
  return { ...unchained, chain: hash.update(written(unchained)).digest('hex') };
}

function written({ number, at, digest }: Omit<Line, 'chain'>): string {
  return `${String(number)} ${String(at)} ${digest}`;
}

async function append(path: string, line: string): Promise<void> {
  const file = await opened(path);
  try {
    await file.appendFile(line);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function opened(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'a+', 0o600);
  } catch (cause) {
    const detail = 'the file of the anchor cannot be opened';
    throw new MeshError('STORE_FAILED', { store: path, detail }, { cause });
  }
}
