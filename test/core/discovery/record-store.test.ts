import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import type { HeldRecord } from '../../../src/core/discovery/held-record.ts';
import { keyOf, readRecord } from '../../../src/core/discovery/held-record.ts';
import { RecordStore, type RecordStoreOptions } from '../../../src/core/discovery/record-store.ts';
import type { Store } from '../../../src/ports/store.ts';
import type { SignedAgentRecord } from '../../../src/schema/agent-record.ts';
import { toInstant } from '../../../src/schema/words.ts';
import { hour, keys, party, record, signed, start, virtualClock } from './rig.ts';

const [ann, bob, own] = [party(1), party(2), party(9)] as const;

function setUp(more: Partial<RecordStoreOptions> = {}) {
  const clock = virtualClock();
  const store = memoryStore({ clock });
  const contradictions: [SignedAgentRecord, SignedAgentRecord][] = [];
  const changes: (readonly [HeldRecord | undefined, HeldRecord | undefined])[] = [];
  const options: RecordStoreOptions = {
    own: own.did,
    store,
    clock,
    keys,
    welcomes: () => true,
    changed: (now, before) => changes.push([now, before]),
    reportEquivocation: (one, other) => contradictions.push([one, other]),
    ...more,
  };
  return { clock, store, contradictions, changes, options, records: new RecordStore(options) };
}

const held = (records: RecordStore): SignedAgentRecord[] =>
  [...records.values()].map((item) => item.record).sort((a, b) => (a.id < b.id ? -1 : 1));

describe('the record store', () => {
  let rig: ReturnType<typeof setUp>;
  beforeEach(() => {
    rig = setUp();
  });
  const offer = async (...records: unknown[]) => {
    const { accepted, refused } = await rig.records.offer(records);
    return {
      accepted: accepted.length,
      refused: refused.map(({ error, fault }) => [error.code, fault]),
    };
  };

  it('keeps a record that its publisher has signed', async () => {
    const one = await signed(ann);
    expect(await offer(one)).toEqual({ accepted: 1, refused: [] });
    expect(rig.records.get(keyOf(one.id))?.record).toEqual(one);
  });

  it('refuses a record that was altered, even in a member it does not know', async () => {
    const one = await signed(ann, 'adder', { future: 1 } as object);
    expect(await offer({ ...one, description: 'better' })).toEqual({
      accepted: 0,
      refused: [['SIGNATURE_INVALID', true]],
    });
    expect(await offer({ ...one, future: 2 })).toMatchObject({ accepted: 0 });
    expect(await offer(one)).toMatchObject({ accepted: 1 });
  });

  it('refuses a record signed by somebody else in the name of its publisher', async () => {
    const forged = await signed({ did: ann.did, signer: bob.signer });
    expect(await offer(forged)).toEqual({ accepted: 0, refused: [['SIGNATURE_INVALID', true]] });
  });

  it('refuses an id that does not follow from mesh, node and name', async () => {
    const stolen = await signed(bob, 'adder', { id: record(ann).id });
    expect(await offer(stolen)).toEqual({ accepted: 0, refused: [['RECORD_INVALID', true]] });
  });

  it('never lets an older record return', async () => {
    const [first, second] = [await signed(ann), await signed(ann, 'adder', { sequence: 2 })];
    await offer(first);
    await offer(second);
    expect(await offer(first)).toEqual({ accepted: 0, refused: [] });
    expect(held(rig.records)).toEqual([second]);
  });

  it('never lets an agent return that was withdrawn', async () => {
    const first = await signed(ann);
    const gone = await signed(ann, 'adder', { sequence: 2, withdrawn: true });
    await offer(gone);
    expect(await offer(first)).toEqual({ accepted: 0, refused: [] });
    await rig.clock.advance('24h');
    await rig.clock.advance('1m');
    await rig.records.prune();
    expect(rig.records.size).toBe(0);
    expect(await offer(first)).toEqual({ accepted: 0, refused: [['RECORD_INVALID', false]] });
  });

  it('reports two records with one sequence as evidence, once, and keeps the same one in either order', async () => {
    const one = await signed(ann, 'adder', { description: 'one' });
    const other = await signed(ann, 'adder', { description: 'other' });
    expect((await offer(one)).accepted).toBe(1);
    expect((await offer(other)).refused).toEqual([['RECORD_INVALID', false]]);
    await offer(one, other, one);
    expect(rig.contradictions).toEqual([[one, other]]);
    const kept = held(rig.records);

    rig = setUp();
    await offer(other);
    await offer(one);
    expect(held(rig.records)).toEqual(kept);
  });

  it('sees no contradiction in the same content signed again', async () => {
    const one = await signed(ann);
    await offer(one);
    await offer({ ...one });
    expect(rig.contradictions).toEqual([]);
  });

  it('allows clocks to differ by a minute, not more', async () => {
    const ahead = (ms: number) =>
      signed(ann, `a${String(ms)}`, { issuedAt: toInstant(start + ms) });
    expect(await offer(await ahead(60_000))).toMatchObject({ accepted: 1 });
    expect(await offer(await ahead(61_000))).toMatchObject({
      refused: [['RECORD_INVALID', false]],
    });
    const late = await signed(ann, 'late', {
      issuedAt: toInstant(start - hour),
      expiresAt: toInstant(start - 59_000),
    });
    expect(await offer(late)).toMatchObject({ accepted: 1 });
    await rig.clock.advance(1_000);
    expect(await offer({ ...late })).toEqual({ accepted: 0, refused: [] });
    await rig.records.prune();
    expect(await offer(late)).toMatchObject({ refused: [['RECORD_INVALID', false]] });
  });

  it('refuses a life of more than 30 days, or none', async () => {
    const life = (ms: number) => signed(ann, 'adder', { expiresAt: toInstant(start + ms) });
    expect(await offer(await life(720 * hour + 1))).toMatchObject({ accepted: 0 });
    expect(await offer(await life(0))).toMatchObject({ accepted: 0 });
    expect(await offer(await life(720 * hour))).toMatchObject({ accepted: 1 });
  });

  it('refuses a record of more than 32 KiB', async () => {
    const big = await signed(ann, 'adder', { padding: 'x'.repeat(33_000) } as object);
    expect(await offer(big)).toEqual({ accepted: 0, refused: [['RECORD_INVALID', true]] });
  });

  it('keeps at most so many records of one publisher, and in all, but always its own', async () => {
    rig = setUp({ bounds: { perPublisher: 2, total: 3 } });
    const three = await Promise.all(['a', 'b', 'c'].map((name) => signed(ann, name)));
    expect(await offer(...three)).toEqual({ accepted: 2, refused: [['LIMIT_EXCEEDED', false]] });
    expect(await offer(three[2])).toEqual({ accepted: 0, refused: [['LIMIT_EXCEEDED', false]] });
    expect(await offer(await signed(ann, 'a', { sequence: 2 }))).toMatchObject({ accepted: 1 });
    expect(await offer(await signed(bob, 'a'), await signed(bob, 'b'))).toMatchObject({
      accepted: 1,
    });
    await rig.records.keep(await signed(own));
    expect(rig.records.size).toBe(4);
  });

  it('makes room again for a publisher whose records are dropped', async () => {
    rig = setUp({ bounds: { perPublisher: 1 } });
    await offer(await signed(ann, 'a'));
    await rig.records.forget(ann.did);
    expect(rig.records.size).toBe(0);
    expect(await offer(await signed(ann, 'b'))).toMatchObject({ accepted: 1 });
  });

  it('keeps nothing of a publisher that is not welcome, which is no fault of who brings it', async () => {
    rig = setUp({ welcomes: (publisher) => publisher !== ann.did });
    expect(await offer(await signed(ann))).toEqual({
      accepted: 0,
      refused: [['RECORD_INVALID', false]],
    });
  });

  it('has everything again after a restart, and drops what it cannot read', async () => {
    const [one, gone] = [await signed(ann), await signed(bob, 'b', { withdrawn: true })];
    await offer(one, gone);
    await rig.store.write([{ put: 'record/zzz', value: new Uint8Array([1, 2]) }]);
    const again = new RecordStore(rig.options);
    await again.load();
    expect(held(again)).toEqual(held(rig.records));
    expect(await rig.store.get('record/zzz')).toBeUndefined();
  });

  it('does not take in what the store could not keep', async () => {
    const failing: Store = { ...memoryStore(), write: () => Promise.reject(new TypeError('disk')) };
    rig = setUp({ store: failing });
    await expect(offer(await signed(ann))).rejects.toThrow('disk');
    expect(rig.records.size).toBe(0);
    expect(rig.changes).toEqual([]);
  });

  it('ends with the same records whatever the order, repetition and grouping of offers', async () => {
    const variants = await Promise.all(
      [ann, bob].flatMap((owner) =>
        [1, 2, 3].flatMap((sequence) => [
          signed(owner, 'a', { sequence }),
          signed(owner, 'a', { sequence, description: 'another' }),
          signed(owner, 'b', { sequence, ...(sequence === 3 && { withdrawn: true }) }),
        ]),
      ),
    );
    const expected = setUp();
    await expected.records.offer(variants);
    const indexes = fc.array(fc.array(fc.nat(variants.length - 1), { maxLength: 6 }));
    await fc.assert(
      fc.asyncProperty(indexes, fc.boolean(), async (groups, atOnce) => {
        const { records } = setUp();
        const batches = [...groups.map((group) => group.map((i) => variants[i])), variants];
        if (atOnce) await Promise.all(batches.map((batch) => records.offer(batch)));
        else for (const batch of batches) await records.offer(batch);
        expect(held(records)).toEqual(held(expected.records));
      }),
      { numRuns: 30 },
    );
  });

  it('writes in the order it decides, so a restart finds what memory held', async () => {
    const store = memoryStore();
    let writes = 0;
    const uneven: Store = {
      ...store,
      scan: (range) => store.scan(range),
      write: async (ops) => {
        writes += 1;
        // The first write takes longest.
        for (let i = 0; i < 40 - 5 * writes; i += 1) await Promise.resolve();
        return store.write(ops);
      },
    };
    rig = setUp({ store: uneven });
    const versions = await Promise.all(
      Array.from({ length: 8 }, (_, i) => signed(ann, 'a', { sequence: i + 1 })),
    );
    await Promise.all(versions.map((version) => rig.records.offer([version])));
    const again = new RecordStore(rig.options);
    await again.load();
    expect(held(again)).toEqual([versions.at(-1)]);
  });

  it('refuses anything that is no record without failing', async () => {
    const one = await signed(ann);
    const bent = fc
      .tuple(fc.constantFrom(...Object.keys(one)), fc.anything())
      .map(([member, value]) => ({ ...one, [member]: value }));
    const changed = (item: unknown): boolean => JSON.stringify(item) !== JSON.stringify(one);
    const foreign = fc.oneof(fc.anything(), fc.jsonValue(), bent).filter((item) => {
      try {
        return changed(item);
      } catch {
        return true;
      }
    });
    await fc.assert(
      fc.asyncProperty(fc.array(foreign, { maxLength: 4 }), async (items) => {
        const { records } = setUp();
        const { accepted, refused } = await records.offer(items);
        expect(accepted).toEqual([]);
        expect(refused.every(({ error }) => typeof error.code === 'string')).toBe(true);
      }),
    );
  });
});

describe('reading a record', () => {
  it('throws only errors that name what is wrong', () => {
    fc.assert(
      fc.property(fc.anything(), (foreign) => {
        expect(() => readRecord(foreign)).toThrow(
          expect.objectContaining({ name: 'MeshError' }) as Error,
        );
      }),
    );
  });
});
