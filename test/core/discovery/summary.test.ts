import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keysShape, packKeys } from '../../../src/core/discovery/batch.ts';
import { type HeldRecord, keyOf } from '../../../src/core/discovery/held-record.ts';
import {
  entryOf,
  packEntries,
  Summary,
  unpackEntries,
} from '../../../src/core/discovery/summary.ts';
import type { SignedAgentRecord } from '../../../src/schema/agent-record.ts';

/** Only what a summary reads. */
const version = fc
  .record({ name: fc.nat(40), sequence: fc.nat(3), content: fc.nat(1) })
  .map(({ name, sequence, content }): HeldRecord => {
    const fingerprint = new Uint8Array(16);
    fingerprint.set([name, sequence, content, 7]);
    const record = { sequence } as SignedAgentRecord;
    return { record, key: keyOf(String(name)), fingerprint, size: 1, expiresMs: 0 };
  });
const holding = fc.uniqueArray(version, { selector: ({ key }) => key, maxLength: 30 });

const summaryOf = (items: readonly HeldRecord[]): Summary => {
  const summary = new Summary();
  for (const item of items) summary.change(item, undefined);
  return summary;
};

describe('a summary', () => {
  it('depends on what is held, not on how it came', () => {
    fc.assert(
      fc.property(holding, holding, (kept, passing) => {
        const busy = summaryOf(passing);
        for (const item of passing) busy.change(undefined, item);
        for (const item of [...kept].reverse()) busy.change(item, undefined);
        expect(busy.digests()).toEqual(summaryOf(kept).digests());
      }),
    );
  });

  it('leads two nodes to exactly the versions that one has and the other lacks', () => {
    fc.assert(
      fc.property(holding, holding, (mine, theirs) => {
        const [here, there] = [summaryOf(mine), summaryOf(theirs)];
        const { buckets, entries } = there.list(there.differing(here.digests()));
        const { wanted, offered } = here.compare(buckets, unpackEntries(entries));
        const newer = (ours: readonly HeldRecord[], others: readonly HeldRecord[]) =>
          ours
            .filter((item) => {
              const other = others.find(({ key }) => key === item.key);
              if (other === undefined) return true;
              const ahead = item.record.sequence - other.record.sequence;
              return ahead > 0 || (ahead === 0 && item.fingerprint[2] !== other.fingerprint[2]);
            })
            .map(({ key }) => key)
            .sort();
        expect(wanted.map(({ key }) => key).sort()).toEqual(newer(theirs, mine));
        expect(offered).toEqual(newer(mine, theirs));
      }),
    );
  });

  it('lists nothing when both hold the same', () => {
    fc.assert(
      fc.property(holding, (items) => {
        expect(summaryOf(items).differing(summaryOf([...items].reverse()).digests())).toEqual([]);
      }),
    );
  });

  it('has the same entries after packing', () => {
    fc.assert(
      fc.property(holding, (items) => {
        const entries = items.map(entryOf);
        expect(unpackEntries(packEntries(entries))).toEqual(entries);
      }),
    );
  });

  it('reads foreign bytes as entries or refuses them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 130 }), (bytes) => {
        try {
          for (const { sequence } of unpackEntries(bytes)) {
            expect(Number.isSafeInteger(sequence)).toBe(true);
          }
        } catch (error) {
          expect(error).toMatchObject({ code: 'SCHEMA_INVALID' });
        }
      }),
    );
  });

  it('reads packed keys back, and refuses broken or too many', () => {
    const keys = ['a', 'b'].map(keyOf);
    expect(keysShape(packKeys(keys), 'keys')).toEqual(keys);
    for (const foreign of [new Uint8Array(15), new Uint8Array(16 * 257), [], 'x', null]) {
      expect(() => keysShape(foreign, 'keys')).toThrow("'keys' must be");
    }
  });
});
