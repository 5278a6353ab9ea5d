import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fileAnchor } from '../../../src/adapters/anchors/file.ts';
import { memoryAnchor } from '../../../src/adapters/anchors/memory.ts';
import { verifyAuditLog } from '../../../src/audit.ts';
import { MeshClient } from '../../../src/index.ts';
import { anchorConformance } from '../../../src/testing/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'anchors-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
let files = 0;
const path = () => join(folder, `anchor-${(files += 1)}`);
const digest = (fill: number) => new Uint8Array(32).fill(fill);

describe('the memory anchor', () => {
  for (const { name, run } of anchorConformance(() => memoryAnchor())) it(name, run);

  it('takes no more than its limit', async () => {
    const anchor = memoryAnchor({ limit: 1 });
    await anchor.anchor(digest(1));
    await expect(anchor.anchor(digest(2))).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });
});

describe('the file anchor', () => {
  for (const { name, run } of anchorConformance(() => fileAnchor(path()))) it(name, run);

  it('goes on after a restart, by its clock', async () => {
    const file = path();
    const one = await fileAnchor(file, { clock: { now: () => 1_000 } }).anchor(digest(1));
    const again = fileAnchor(file, { clock: { now: () => 2_000 } });
    const two = await again.anchor(digest(2));
    expect([one.at, two.at]).toEqual([1_000, 2_000]);
    expect(await again.verify(digest(1), one)).toBe(true);
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(3);
  });

  it('does not stand behind a line before which something was changed', async () => {
    const file = path();
    const anchor = fileAnchor(file);
    const proofs = [];
    for (let i = 0; i < 4; i += 1) proofs.push(await anchor.anchor(digest(i)));
    const lines = readFileSync(file, 'utf8').split('\n');
    const changed = lines.toSpliced(1, 1, lines[1]!.replace('0101', '0102'));
    for (const text of [
      changed,
      lines.toSpliced(1, 1),
      [lines[0], 'nonsense', ...lines.slice(1)],
    ]) {
      writeFileSync(file, text.join('\n'));
      expect(await anchor.verify(digest(0), proofs[0]!)).toBe(true);
      expect(await anchor.verify(digest(2), proofs[2]!)).toBe(false);
      await expect(anchor.anchor(digest(9))).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    }
    writeFileSync(file, lines.slice(0, 2).join('\n'));
    expect(await anchor.verify(digest(3), proofs[3]!)).toBe(false);
  });

  it('says so when there is no place for it', async () => {
    const anchor = fileAnchor(join(folder, 'missing', 'anchor'));
    await expect(anchor.anchor(digest(1))).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });

  it('holds heads of a client, for whoever checks its log', async () => {
    const anchor = fileAnchor(path());
    await using mesh = new MeshClient({ audit: { anchors: [anchor], headEvery: 2 } });
    for (let i = 0; i < 3; i += 1) await mesh.audit.append('note', i);
    await mesh.audit.anchor();
    const bundle = await mesh.audit.export();
    const { intact, anchors } = await verifyAuditLog(JSON.stringify(bundle), { anchors: [anchor] });
    expect(intact).toBe(true);
    expect(anchors.at(-1)).toMatchObject({ anchor: 'file', index: 2, holds: true });
  });
});
