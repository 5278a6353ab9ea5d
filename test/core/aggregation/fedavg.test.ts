import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  deltaOf,
  totalWeightLimit,
  valueLimit,
  WeightedMean,
  weightLimit,
} from '../../../src/core/aggregation/fedavg.ts';

interface Part {
  readonly vector: Float32Array;
  readonly weight: number;
}

const size = 5;
const value = fc.oneof(
  fc.float({ min: -valueLimit, max: valueLimit, noNaN: true }),
  fc.float({ min: -1, max: 1, noNaN: true }),
  fc.constantFrom(0, -0, valueLimit, -valueLimit, 2 ** -24, -(2 ** -25)),
);
const weight = fc.oneof(
  fc.integer({ min: 1, max: 60_000 }),
  fc.integer({ min: 1, max: weightLimit }),
  fc.constant(weightLimit),
);
const part: fc.Arbitrary<Part> = fc.record({
  vector: fc
    .array(value, { minLength: size, maxLength: size })
    .map((values) => Float32Array.from(values)),
  weight,
});
const parts = fc.array(part, { minLength: 1, maxLength: 40 });

describe('the weighted mean', () => {
  it('has the same bytes in every order of arrival', () => {
    fc.assert(
      fc.property(
        parts.chain((given) =>
          fc.tuple(fc.constant(given), fc.shuffledSubarray(given, { minLength: given.length })),
        ),
        ([given, shuffled]) => {
          expect(bytesOf(meanOf(shuffled))).toEqual(bytesOf(meanOf(given)));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is the exact mean of the values on the grid, rounded once', () => {
    fc.assert(
      fc.property(parts, (given) => {
        const mean = meanOf(given);
        const total = given.reduce((sum, { weight }) => sum + BigInt(weight), 0n);
        for (let i = 0; i < size; i += 1) {
          let sum = 0n;
          for (const { vector, weight } of given) {
            sum += BigInt(weight) * BigInt(nearestEven((vector[i] ?? 0) * 2 ** 24));
          }
          // Sixty-four more bits than the sum has: the quotient is exact as far as a float can tell.
          const exact = Number((sum << 64n) / total) / 2 ** 88;
          expect(Math.abs((mean[i] ?? 0) - exact)).toBeLessThanOrEqual(
            Math.abs(exact) * 2 ** -23.9 + 2 ** -80,
          );
        }
      }),
      { numRuns: 500 },
    );
  });

  it('differs from the mean of the values by less than the grid', () => {
    fc.assert(
      fc.property(parts, (given) => {
        const mean = meanOf(given);
        const total = given.reduce((sum, { weight }) => sum + weight, 0);
        for (let i = 0; i < size; i += 1) {
          const plain =
            given.reduce((sum, { vector, weight }) => sum + weight * (vector[i] ?? 0), 0) / total;
          expect(Math.abs((mean[i] ?? 0) - plain)).toBeLessThanOrEqual(
            2 ** -25 + Math.abs(plain) * 2 ** -23 + 1e-9,
          );
        }
      }),
    );
  });

  it('stays exact at the limits: a thousand of the heaviest at the largest value', () => {
    const mean = new WeightedMean(1);
    for (let i = 0; i < 1_000; i += 1) mean.add(Float32Array.of(valueLimit), weightLimit);
    expect(mean.weight).toBe(totalWeightLimit);
    expect(mean.mean()[0]).toBe(valueLimit);
    expect(() => {
      mean.add(Float32Array.of(1), 1);
    }).toThrow(expect.objectContaining({ code: 'UPDATE_INVALID' }));
  });

  it('of one vector is that vector, as far as the grid tells', () => {
    const vector = Float32Array.of(0.5, -3.25, 1000.125);
    expect(meanOf([{ vector, weight: 7 }])).toEqual(vector);
  });

  it('is added to the base', () => {
    const mean = new WeightedMean(2);
    mean.add(deltaOf(Float32Array.of(3, 3), Float32Array.of(1, 2)), 1);
    mean.add(deltaOf(Float32Array.of(5, 2), Float32Array.of(1, 2)), 3);
    expect([...mean.mean(Float32Array.of(1, 2))]).toEqual([4.5, 2.25]);
  });

  it.each([
    ['NaN', Float32Array.of(0, Number.NaN)],
    ['infinity', Float32Array.of(Number.NEGATIVE_INFINITY, 0)],
    ['a value beyond the limit', Float32Array.of(0, valueLimit * 1.001)],
    ['another size', Float32Array.of(1)],
  ])('refuses %s with UPDATE_INVALID, leaving the sum as it was', (_, vector) => {
    const mean = new WeightedMean(2);
    mean.add(Float32Array.of(1, 2), 3);
    expect(() => {
      mean.add(vector, 1, 'r');
    }).toThrow(expect.objectContaining({ code: 'UPDATE_INVALID' }));
    expect([...mean.mean()]).toEqual([1, 2]);
  });

  it.each([0, -1, 1.5, Number.NaN, weightLimit + 1])('refuses the weight %s', (weight) => {
    const mean = new WeightedMean(1);
    expect(() => {
      mean.add(Float32Array.of(1), weight);
    }).toThrow(expect.objectContaining({ code: 'UPDATE_INVALID' }));
  });

  it('of nothing does not exist', () => {
    expect(() => new WeightedMean(1).mean()).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });

  it('refuses vectors over the limit before taking memory for them', () => {
    expect(() => new WeightedMean(2 ** 24 + 1)).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    );
  });
});

function meanOf(given: readonly Part[]): Float32Array {
  const mean = new WeightedMean(given[0]?.vector.length ?? 1);
  for (const { vector, weight } of given) mean.add(vector, weight);
  return mean.mean();
}

function bytesOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

function nearestEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
