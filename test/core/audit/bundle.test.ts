import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyAuditLog, verifyInclusion } from '../../../src/audit.ts';
import { utf8 } from '../../../src/base/bytes.ts';
import { canonicalJson } from '../../../src/base/canonical.ts';
import type { AuditBundle, AuditEntry, AuditStub } from '../../../src/core/audit/index.ts';
import { link } from '../../../src/core/audit/index.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import { sign } from '../../../src/schema/signed.ts';
import { seededRandom } from '../../../src/testing/seeded-random.ts';
import { party } from '../trust/rig.ts';
import { all, auditRig, fill } from './audit-rig.ts';

type Shown = AuditEntry | AuditStub;

/** A bundle of a log of `count` entries. */
async function bundleOf(count: number): Promise<AuditBundle> {
  const { audit } = auditRig();
  await fill(audit, count);
  return audit.export();
}

/** What somebody may do to the entries; each gives the number of the first that no longer stands. */
const harms: Readonly<Record<string, (entries: Shown[], at: number, chance: number) => number>> = {
  flip(entries, at, chance) {
    const json = canonicalJson(entries[at]);
    for (let i = chance % json.length; ; i = (i + 1) % json.length) {
      const changed = flipped(json, i);
      if (changed !== undefined) {
        entries[at] = changed;
        return at;
      }
    }
  },
  delete(entries, at) {
    entries.splice(at, 1);
    return at;
  },
  insert(entries, at, chance) {
    entries.splice(at, 0, entries[chance % entries.length]!);
    // A copy right before its original is the original; the original is what is too much.
    return entries[at] === entries[at + 1] ? at + 1 : at;
  },
  swap(entries, at, chance) {
    const other = (at + 1 + (chance % (entries.length - 1))) % entries.length;
    [entries[at], entries[other]] = [entries[other]!, entries[at]!];
    return Math.min(at, other);
  },
  truncate(entries, at) {
    entries.length = at;
    return at;
  },
};

/** `json` with one bit of the character at `i` flipped, if it still is another JSON text. */
function flipped(json: string, i: number): Shown | undefined {
  const changed =
    json.slice(0, i) + String.fromCharCode(json.charCodeAt(i) ^ 1) + json.slice(i + 1);
  try {
    const value = JSON.parse(changed) as Shown;
    return canonicalJson(value) === json ? undefined : value;
  } catch {
    return undefined;
  }
}

describe('a bundle', () => {
  it('is verified from itself alone, in each of its forms', async () => {
    const { audit, self } = auditRig();
    await fill(audit, 150);
    const bundle = await audit.export();
    const text = (await all(audit.exportLines())).join('');
    const bytes = utf8(text);
    const chunks = [bytes.slice(0, 1_000), bytes.slice(1_000, 1_001), bytes.slice(1_001)];
    const lines = text.split('\n').map((line) => `${line}\n`);
    for (const form of [bundle, JSON.stringify(bundle), text, bytes, chunks, lines]) {
      expect(await verifyAuditLog(form)).toMatchObject({
        intact: true,
        complete: true,
        entries: 150,
        stubs: 0,
        heads: 1,
        keeper: self.did,
      });
    }
  });

  it('of a log without entries stands too', async () => {
    expect(await verifyAuditLog(await bundleOf(0))).toMatchObject({
      intact: true,
      complete: true,
      entries: 0,
    });
  });

  it('shows the kinds that were asked for, and proves that it left out nothing else', async () => {
    const { audit } = auditRig();
    await fill(audit, 40, ['task', 'task.failed', 'policy', 'tasks']);
    const bundle = await audit.export({ include: ['task'] });
    expect(await verifyAuditLog(bundle)).toMatchObject({
      intact: true,
      complete: true,
      entries: 20,
      stubs: 20,
    });
    expect(canonicalJson(bundle)).not.toContain('entry 2"');
    // Who shows a task without what it says is caught: its kind stands under the hash.
    const wanted = await audit.export({ include: ['policy'] });
    const entries = bundle.entries.map((entry, i) => (i === 4 ? wanted.entries[i]! : entry));
    expect(await verifyAuditLog({ ...bundle, entries })).toMatchObject({
      intact: true,
      complete: false,
      lacks: 'what entry 4 says',
    });
  });

  it('shows the time that was asked for, with one entry on each side', async () => {
    const { audit, clock } = auditRig();
    const start = clock.now();
    for (let i = 0; i < 30; i += 1) {
      await audit.append('task', { i });
      await clock.advance('1m');
    }
    const at = (minutes: number): string => new Date(start + minutes * 60_000).toISOString();
    const bundle = await audit.export({ from: at(10), to: at(20) });
    expect(bundle.entries.map(({ index }) => index)).toEqual(
      Array.from({ length: 12 }, (_, i) => i + 9),
    );
    expect(await verifyAuditLog(bundle)).toMatchObject({
      intact: true,
      complete: true,
      entries: 10,
      stubs: 2,
    });
    // Without the entry before, nobody knows what was left out.
    for (const [from, to] of [
      [undefined, at(5)],
      [at(25), undefined],
      [at(40), undefined],
      [undefined, at(-1)],
    ] as const) {
      const part = await audit.export({ ...(from && { from }), ...(to && { to }) });
      expect(await verifyAuditLog(part)).toMatchObject({ intact: true, complete: true });
    }
    await expect(audit.export({ from: 'yesterday' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('goes on when the clock is set back: time in the log does not', async () => {
    let now = Date.UTC(2030, 0, 2);
    const { clock } = auditRig();
    const turned = Object.assign(Object.create(clock) as typeof clock, { now: () => now });
    const { audit } = auditRig('keeper', { clock: turned });
    await audit.append('task', 1);
    now -= 86_400_000;
    const second = await audit.append('task', 2);
    expect(second.at).toBe('2030-01-02T00:00:00.000Z');
    expect(await verifyAuditLog(await audit.export())).toMatchObject({ intact: true });
  });

  it('made by somebody else, or changed at its head, does not verify', async () => {
    const bundle = await bundleOf(70);
    const mallory = party('mallory');
    const { proof: _, ...manifest } = bundle.manifest;
    const forgeries: unknown[] = [
      { ...bundle, manifest: await sign('audit-export', manifest, mallory.signer) },
      { ...bundle, manifest: { ...bundle.manifest, size: 71 } },
      { ...bundle, manifest: { ...bundle.manifest, to: '2031-01-01T00:00:00.000Z' } },
      { ...bundle, manifest: undefined },
      { manifest: bundle.manifest },
      { ...bundle, heads: bundle.heads.map((head) => ({ ...head, root: head.hash })) },
      { ...bundle, heads: bundle.heads.map((head) => ({ ...head, index: head.index - 1 })) },
    ];
    for (const forged of forgeries) {
      const check = await verifyAuditLog(forged as AuditBundle);
      expect(check).toMatchObject({ intact: false, complete: false });
      expect(check.because).toBeTruthy();
    }
  });

  it('written anew by its own keeper is found by who has an older head', async () => {
    const { audit } = auditRig();
    await fill(audit, 100);
    const { heads } = await audit.export();
    const again = auditRig('keeper', { store: auditRig().store });
    await fill(again.audit, 100);
    const other = await again.audit.export();
    // Another log of the same keeper: the old head says nothing of it, but neither is it the log that was asked for.
    const check = await verifyAuditLog(other, { checkpoints: heads });
    expect(check.log).not.toBe(heads[0]!.log);
  });

  it('cut off by its own keeper is found by who has a newer head', async () => {
    const { audit, store, self } = auditRig();
    await fill(audit, 100);
    const { heads } = await audit.export();
    // The keeper goes back to a copy from before, and adds other things.
    const copy = auditRig('keeper');
    const rows = await all(store.scan({}));
    const kept = rows.filter(({ key }) => !/(?:entry|head)\/0+(?:9\d|8\d)$/.test(key));
    const entry = JSON.parse(
      new TextDecoder().decode(rows.find(({ key }) => /entry\/0+79$/.test(key))!.value),
    ) as AuditEntry;
    const end = { length: 80, at: entry.at, hash: entry.hash };
    await copy.store.write(
      [...kept, { key: 'end', value: utf8(canonicalJson(end)) }].map(({ key, value }) => ({
        put: key,
        value,
      })),
    );
    const short = await copy.audit.export();
    expect(await verifyAuditLog(short)).toMatchObject({ intact: true, entries: 80 });
    expect(await verifyAuditLog(short, { checkpoints: heads })).toMatchObject({
      intact: false,
      firstBreak: 80,
    });
    await fill(copy.audit, 20, ['other']);
    const forked = await copy.audit.export();
    expect(await verifyAuditLog(forked)).toMatchObject({ intact: true, keeper: self.did });
    expect(await verifyAuditLog(forked, { checkpoints: heads })).toMatchObject({
      intact: false,
      firstBreak: 99,
    });
  });

  it('takes no further member that stands under no hash', async () => {
    const bundle = await bundleOf(10);
    const entries = bundle.entries.map((entry) => (entry.index === 3 ? { ...entry, x: 1 } : entry));
    expect(await verifyAuditLog({ ...bundle, entries })).toMatchObject({
      intact: false,
      firstBreak: 3,
    });
  });

  it('rewritten from an entry on is found at the next signed head, or at the end', async () => {
    const { audit } = auditRig();
    for (let i = 0; i < 3; i += 1) await fill(audit, 50);
    const bundle = await audit.export();
    expect(bundle.heads.map(({ index }) => index)).toEqual([99, 149]);
    for (const from of [0, 63, 99, 100, 149]) {
      let end = { length: from, ...(from > 0 && { hash: bundle.entries[from - 1]!.hash }) };
      const entries = bundle.entries.map((entry, i) => {
        if (i < from) return entry;
        const forged = link(end, { at: entry.at, kind: entry.kind, body: 'forged' }, nodeCrypto);
        end = { length: i + 1, hash: forged.hash };
        return forged;
      });
      const firstBreak = from < 100 ? 99 : 149;
      expect(await verifyAuditLog({ ...bundle, entries })).toMatchObject({
        intact: false,
        firstBreak,
      });
    }
  });
});

describe('harm to the entries of a bundle', () => {
  it.each(Object.keys(harms))(
    '%s: is found, and its place named (many small logs)',
    async (harm) => {
      const bundle = await bundleOf(90);
      await fc.assert(
        fc.asyncProperty(fc.nat({ max: 89 }), fc.nat(), async (at, chance) => {
          const entries = structuredClone(bundle.entries) as Shown[];
          const firstBreak = harms[harm]!(entries, at, chance);
          const check = await verifyAuditLog({ ...bundle, entries });
          expect(check).toMatchObject({ intact: false, complete: false, firstBreak });
          expect(check.entries).toBeLessThanOrEqual(firstBreak);
        }),
        { numRuns: 40 },
      );
    },
  );

  /** 220 entries, of which 100 to 159 are sealed; heads at 63, 127, 191 and the end. */
  const sealedRun = async () => {
    const { audit } = auditRig('keeper', { headEvery: 1 });
    await fill(audit, 64);
    await fill(audit, 36);
    for (let i = 0; i < 60; i += 1) {
      audit.appendSoon(
        'task',
        { number: i, name: `person ${String(i % 3)}` },
        { subject: `user:${String(i % 3)}`, personal: ['name'] },
      );
    }
    await fill(audit, 60);
    return { audit, bundle: await audit.export({ reveal: true }) };
  };
  const places = [0, 1, 63, 64, 99, 100, 101, 130, 158, 159, 160, 218, 219];

  it.each(Object.keys(harms))(
    '%s: is found at the edges, at heads, and amid sealed entries',
    async (harm) => {
      const { bundle } = await sealedRun();
      expect(await verifyAuditLog(bundle)).toMatchObject({ intact: true, opened: 60, sealed: 60 });
      for (const at of places) {
        const entries = structuredClone(bundle.entries) as Shown[];
        const firstBreak = harms[harm]!(entries, at, 7_919 * (at + 1));
        expect({ place: at, ...(await verifyAuditLog({ ...bundle, entries })) }).toMatchObject({
          place: at,
          intact: false,
          complete: false,
          firstBreak,
        });
      }
    },
  );

  it('and to what stands beside them: every bit of a head, a key or the manifest, and their order', async () => {
    const { bundle } = await sealedRun();
    expect(bundle.heads.length).toBeGreaterThan(2);
    expect(bundle.keys.length).toBe(3);
    const changed = <T>(value: T, at: number, chance: number): T => {
      const json = canonicalJson(value);
      for (let i = chance % json.length; ; i = (i + 1) % json.length) {
        const other = flipped(json, (i + at) % json.length);
        if (other !== undefined) return other as T;
      }
    };
    const { manifest, heads, keys } = bundle;
    const but = <T>(list: readonly T[], at: number, item: T): T[] =>
      list.map((one, i) => (i === at ? item : one));
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat({ max: 5_000 }), async (n, chance) => {
        const h = n % heads.length;
        const k = n % keys.length;
        const harmed: readonly (readonly [string, object])[] = [
          ['a manifest', { manifest: changed(manifest, 0, chance) }],
          ['a head', { heads: but(heads, h, changed(heads[h]!, 0, chance)) }],
          ['heads in another order', { heads: [...heads.slice(h + 1), ...heads.slice(0, h + 1)] }],
          ['a head twice', { heads: but(heads, h, heads[(h + 1) % heads.length]!) }],
        ];
        for (const [what, part] of harmed) {
          const same = canonicalJson({ ...bundle, ...part }) === canonicalJson(bundle);
          const { intact, because } = await verifyAuditLog({ ...bundle, ...part });
          if (!same)
            expect({ what, intact, because: because !== '' }).toEqual({
              what,
              intact: false,
              because: true,
            });
        }
        // A key that is another opens nothing, or does not fit what it is of.
        const other = { ...bundle, keys: but(keys, k, changed(keys[k]!, 0, chance)) };
        const { intact, opened } = await verifyAuditLog(other);
        expect(intact && opened === 60).toBe(false);
      }),
      { numRuns: 10 },
    );
  });

  it('is found wherever its lines are cut off before the last entry', async () => {
    const { audit } = await sealedRun();
    const lines = await all(audit.exportLines());
    const last = lines.findLastIndex((line) => line.startsWith('{"entry"'));
    for (let cut = 0; cut <= last; cut += cut < 5 || cut > last - 5 ? 1 : 17) {
      const check = await verifyAuditLog(lines.slice(0, cut).join(''));
      expect({ cut, intact: check.intact }).toEqual({ cut, intact: false });
    }
    expect(await verifyAuditLog(lines.join(''))).toMatchObject({ intact: true, entries: 220 });
  });

  it('is not what a checkpoint with a forged signature says', async () => {
    const { bundle } = await sealedRun();
    const head = bundle.heads[0]!;
    const mallory = party('mallory');
    const { proof: _, ...body } = head;
    const forged = { ...body, hash: bundle.entries[1]!.hash };
    const checkpoints = [
      { ...head, hash: forged.hash },
      await sign('audit-head', forged, mallory.signer),
    ];
    expect(await verifyAuditLog(bundle, { checkpoints })).toMatchObject({ intact: true });
  });

  it('is found in 100,000 entries, and its place named', async () => {
    const count = 100_000;
    const bundle = await bundleOf(count);
    const whole = await verifyAuditLog(bundle);
    expect(whole).toMatchObject({ intact: true, complete: true, entries: count });
    for (const harm of Object.keys(harms)) {
      const random = seededRandom(harm);
      const entries = [...bundle.entries];
      const at = Math.floor(random.next() * count);
      const firstBreak = harms[harm]!(entries, at, Math.floor(random.next() * count));
      expect({ harm, ...(await verifyAuditLog({ ...bundle, entries })) }).toMatchObject({
        harm,
        intact: false,
        firstBreak,
      });
    }
  }, 180_000);
});

describe('an inclusion proof', () => {
  it('shows one entry of a log without the others', async () => {
    const { audit } = auditRig();
    await fill(audit, 600);
    for (const index of [0, 1, 255, 256, 300, 511, 512, 598, 599]) {
      const proof = await audit.prove(index);
      expect(proof.path.length).toBeLessThanOrEqual(10);
      expect(await verifyInclusion(proof)).toEqual({ included: true });
      const other = await audit.prove((index + 1) % 600);
      const swapped = { ...proof, entry: other.entry };
      expect(await verifyInclusion(swapped)).toMatchObject({ included: false });
      const changed = { ...proof, entry: { ...proof.entry, body: { number: -1 } } } as typeof proof;
      expect(await verifyInclusion(changed)).toMatchObject({ included: false });
      const longer = { ...proof, path: [...proof.path, proof.head.root] };
      expect(await verifyInclusion(longer)).toMatchObject({ included: false });
    }
    await expect(audit.prove(600)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await verifyInclusion('nonsense' as never)).toMatchObject({ included: false });
  });
});
