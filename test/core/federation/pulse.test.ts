import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packPulse, pulseId, readWorkload } from '../../../src/core/federation/pulse.ts';

const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe('the payload of a ping', () => {
  it('gives back its number, load and capacity, in 12 bytes', () => {
    fc.assert(
      fc.property(u32, u32, u32, (id, load, capacity) => {
        const payload = packPulse(id, { load, capacity });
        expect(payload).toHaveLength(12);
        expect([pulseId(payload), readWorkload(payload)]).toEqual([id, { load, capacity }]);
      }),
    );
  });

  it('says nothing of the workload when nobody told it', () => {
    const payload = packPulse(7, undefined);
    expect([payload.length, pulseId(payload), readWorkload(payload)]).toEqual([4, 7, undefined]);
  });

  it('is read or passed over, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 16 }), (payload) => {
        expect(pulseId(payload) === undefined).toBe(payload.length < 4);
        expect(readWorkload(payload) === undefined).toBe(payload.length !== 12);
      }),
    );
  });

  it('holds counts that no 32 bits hold at the nearest', () => {
    const said = readWorkload(packPulse(1, { load: Number.NaN, capacity: Infinity }));
    expect(said).toEqual({ load: 0, capacity: 2 ** 32 - 1 });
  });
});
