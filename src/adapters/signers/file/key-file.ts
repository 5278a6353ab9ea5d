/**
 * Files that are there whole or not at all, and for their owner alone.
 * @module
 */
import { link, open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MeshError } from '../../../base/errors.ts';

/** A key file has less than 1,000 bytes. */
const maxBytes = 16_384;

/** The text of the file; undefined when there is none. */
export async function read(path: string): Promise<string | undefined> {
  try {
    if ((await stat(path)).size > maxBytes) {
      throw new MeshError('STORE_CORRUPT', { store: path, detail: 'it is no key file' });
    }
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw failed(path, error);
  }
}

/** Writes a new file; false when there is one already. */
export async function create(path: string, content: string): Promise<boolean> {
  return await written(path, content, async (draft) => {
    try {
      // A link, unlike a renaming, does not take the place of what is there.
      await link(draft, path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    } finally {
      await unlink(draft);
    }
  });
}

/** Puts a new file in the place of the one that is there. */
export async function replace(path: string, content: string): Promise<void> {
  await written(path, content, async (draft) => {
    await rename(draft, path);
    return true;
  });
}

/** Writes a draft beside `path`, flushed, and lets `place` put it there. */
async function written(
  path: string,
  content: string,
  place: (draft: string) => Promise<boolean>,
): Promise<boolean> {
  const draft = `${path}.${crypto.randomUUID()}.draft`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    const placed = await place(draft);
    await flushFolder(dirname(path));
    return placed;
  } catch (error) {
    await unlink(draft).catch(() => undefined);
    throw failed(path, error);
  }
}

/** A new name is safe only when its folder is on the disk too; Windows has no such call. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

function failed(path: string, cause: unknown): MeshError {
  if (MeshError.is(cause)) return cause;
  const detail = (cause as NodeJS.ErrnoException).code ?? 'unknown';
  return new MeshError('STORE_FAILED', { store: path, detail }, { cause });
}
