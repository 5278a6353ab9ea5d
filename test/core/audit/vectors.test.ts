// docs/protocol/audit-vectors.json: what an independent implementation must get. Checked with nothing but node:crypto.
import { createDecipheriv, createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../../scripts/doors.ts';
import { memoryAnchor } from '../../../src/adapters/anchors/memory.ts';
import { verifyAuditLog } from '../../../src/audit.ts';
import type { AuditBundle } from '../../../src/core/audit/index.ts';
import { seededRandom } from '../../../src/testing/seeded-random.ts';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';
import { auditRig } from './audit-rig.ts';

const file = join(root, 'docs/protocol/audit-vectors.json');

/** A small log with everything in it; the same each time. */
async function madeAnew(): Promise<AuditBundle> {
  const clock = virtualClock();
  const { audit } = auditRig('audit vectors', {
    clock,
    random: seededRandom('audit vectors'),
    anchors: [memoryAnchor({ clock })],
  });
  await audit.append('task', { id: 't1', outcome: 'ok' });
  await clock.advance('1s');
  await audit.append(
    'note',
    { text: 'née Liddell', open: 1.5 },
    {
      subject: 'user:42',
      personal: ['text'],
    },
  );
  await audit.append('note', 'of user:7', { subject: 'user:7' });
  await audit.erase({ subject: 'user:7', basis: 'GDPR Art. 17' });
  await audit.append('policy', { effect: 'deny' });
  await audit.anchor();
  return audit.export({ include: ['note', 'task'], reveal: true });
}

const sha256 = (...parts: (string | Buffer)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** RFC 8785 for what stands in the vectors. */
function jcs(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(jcs).join(',')}]`;
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${jcs(member)}`);
  return `{${members.join(',')}}`;
}

describe('the vectors of docs/protocol/audit.md', () => {
  const bundle = JSON.parse(readFileSync(file, 'utf8')) as AuditBundle;

  it('are what this release writes', async () => {
    expect(await madeAnew()).toEqual(bundle);
  });

  it('verify', async () => {
    expect(await verifyAuditLog(bundle)).toMatchObject({
      intact: true,
      complete: true,
      entries: 4,
      stubs: 1,
      sealed: 2,
      opened: 1,
      heads: 1,
      anchors: [{ anchor: 'memory', index: 4 }],
    });
  });

  it('follow from the text, by the standard library alone', () => {
    let tree: Buffer[] = [];
    for (const entry of bundle.entries) {
      const { index, at, kind, previous, hash } = entry;
      const digest =
        'digest' in entry
          ? entry.digest
          : sha256(jcs({ body: entry.body, sealed: entry.sealed })).toString('base64url');
      const expected = sha256(jcs({ at, digest, index, kind, previous })).toString('base64url');
      expect({ index, hash }).toEqual({ index, hash: expected });
      tree.push(sha256(Buffer.of(0), Buffer.from(hash, 'base64url')));
    }
    // Five leaves: ((0 1)(2 3)) 4.
    while (tree.length > 1) {
      tree = tree.flatMap((left, i) => {
        if (i % 2 === 1) return [];
        const right = tree[i + 1];
        return [right === undefined ? left : sha256(Buffer.of(1), left, right)];
      });
    }
    const [head] = bundle.heads;
    expect(head!.root).toBe(tree[0]!.toString('base64url'));
    const [{ tag, secret }] = bundle.keys as [{ tag: string; secret: string }];
    const key = Buffer.from(secret, 'base64url');
    expect(createHmac('sha256', key).update('mesh/audit-tag/v1').digest('base64url')).toBe(tag);
    const entry = bundle.entries[1] as { sealed: { box: string; tag: string } };
    const box = Buffer.from(entry.sealed.box, 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(0, 12));
    decipher.setAAD(Buffer.from(`mesh/audit-seal/v1\n${head!.log}\n1\nnote\n${tag}`));
    decipher.setAuthTag(box.subarray(-16));
    const plain = Buffer.concat([decipher.update(box.subarray(12, -16)), decipher.final()]);
    expect(plain.length % 64).toBe(0);
    expect(JSON.parse(plain.toString())).toEqual({ text: 'née Liddell' });
  });
});
