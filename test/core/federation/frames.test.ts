import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../src/base/errors.ts';
import {
  type Frame,
  frameLength,
  maxStream,
  readFrames,
  writeFrame,
} from '../../../src/core/federation/frames.ts';

const frame = fc.record({
  type: fc.integer({ min: 0, max: 15 }),
  flags: fc.integer({ min: 0, max: 15 }),
  stream: fc.integer({ min: 0, max: maxStream }),
  payload: fc.uint8Array({ maxLength: 200 }),
});

describe('frames', () => {
  it('come back as they were written, in order', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 20 }), fc.nat(50), (frames, cut) => {
        const bytes = new Uint8Array(frames.reduce((sum, one) => sum + frameLength(one), 0));
        let offset = 0;
        for (const one of frames) {
          const at = Math.min(cut, one.payload.length);
          const [payload, rest] = [one.payload.subarray(0, at), one.payload.subarray(at)];
          offset = writeFrame(bytes, offset, { ...one, payload, rest });
        }
        const read: Frame[] = [];
        readFrames(bytes, (one) => read.push({ ...one, payload: one.payload.slice() }));
        expect(offset).toBe(bytes.length);
        expect(read).toEqual(frames);
      }),
    );
  });

  it('any bytes are read or refused with PROTOCOL_ERROR, in work bounded by their number', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        let count = 0;
        try {
          readFrames(bytes, () => (count += 1));
        } catch (error) {
          expect(MeshError.is(error, 'PROTOCOL_ERROR')).toBe(true);
        }
        expect(count).toBeLessThanOrEqual(bytes.length / 8);
      }),
      { numRuns: 500 },
    );
  });
});
