import { describe, expect, it } from 'vitest';
import {
  type Digits,
  pixels,
  readDigits,
  shard,
  take,
} from '../../examples/digit-clinic/digits.ts';
import { accuracy, initialWeights, train, weightCount } from '../../examples/digit-clinic/mlp.ts';
import { deltaOf, WeightedMean } from '../../src/core/aggregation/fedavg.ts';

describe('the digits', () => {
  it('are the 60,000 and 10,000 of MNIST', async () => {
    const [training, testing] = await Promise.all([readDigits('train'), readDigits('test')]);
    expect([training.count, testing.count]).toEqual([60_000, 10_000]);
    expect(training.images).toHaveLength(60_000 * pixels);
    // Published at the source of the data set.
    expect([...training.labels.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    expect([...testing.labels.subarray(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
  });

  it.each([1, 2, 3, 7])('are dealt to %i clinics, each image to one of them', (clinics) => {
    const digits = numbered(2_000);
    const owned = Array.from({ length: clinics }, (_, c) => numbersOf(shard(digits, c, clinics)));
    expect(owned.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 2_000 }, (_, i) => i));
  });

  it('differ in their mix from clinic to clinic, yet every clinic has seen each', () => {
    const digits = numbered(6_000);
    for (const clinic of [0, 1, 2]) {
      const { labels } = shard(digits, clinic, 3);
      const shares = Array.from(
        { length: 10 },
        (_, d) => labels.filter((l) => l === d).length / 600,
      );
      for (const [d, share] of shares.entries()) {
        expect(share).toBeGreaterThan(d % 3 === clinic ? 0.5 : 0.08);
        expect(share).toBeLessThan(d % 3 === clinic ? 0.85 : 0.3);
      }
    }
  });

  it('can be limited, keeping their labels', () => {
    const digits = numbered(1_000);
    const some = shard(digits, 1, 3, 50);
    expect(some.count).toBe(50);
    expect(numbersOf(some).map((i) => i % 10)).toEqual([...some.labels]);
  });
});

describe('the network', () => {
  it('follows the gradient: one step on one image moves each weight by the slope of the loss', async () => {
    const { images, labels } = take(await readDigits('train'), 1);
    const before = initialWeights(3);
    const rate = 1e-3;
    const after = await train(before, images, labels, { rate, batch: 1 });
    // The loss at `weights`, as the training itself reports it.
    const loss = async (weights: Float32Array): Promise<number> => {
      let told = 0;
      await train(weights, images, labels, { batch: 1, rate: 0, onProgress: (_, l) => (told = l) });
      return told;
    };
    const active = after.findIndex((w, i) => Math.abs(w - before[i]!) > rate * 0.2);
    for (const i of [active, weightCount - 1, weightCount - 5, weightCount - 10 - 100]) {
      const [up, down] = [before.slice(), before.slice()];
      const nudge = 1e-2;
      up[i] = up[i]! + nudge;
      down[i] = down[i]! - nudge;
      const slope = ((await loss(up)) - (await loss(down))) / (2 * nudge);
      const moved = (before[i]! - after[i]!) / rate;
      expect(Math.abs(moved - slope)).toBeLessThan(0.02 + 0.05 * Math.abs(slope));
    }
  });

  it('learns the same from the same seed, and leaves the weights it was given alone', async () => {
    const { images, labels } = take(await readDigits('train'), 300);
    const start = initialWeights(1);
    const copy = start.slice();
    const once = await train(start, images, labels, { seed: 5 });
    expect(start).toEqual(copy);
    expect(await train(start, images, labels, { seed: 5 })).toEqual(once);
    expect(await train(start, images, labels, { seed: 6 })).not.toEqual(once);
  });

  it('gives other work its turn while it trains, and tells how far it is', async () => {
    const { images, labels } = take(await readDigits('train'), 2_000);
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    const told: number[] = [];
    await train(initialWeights(1), images, labels, { onProgress: (done) => told.push(done) });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
    expect(told.at(-1)).toBe(1);
    expect(told).toEqual([...told].sort((a, b) => a - b));
  });

  it('stops when its signal fires', async () => {
    const { images, labels } = take(await readDigits('train'), 2_000);
    const controller = new AbortController();
    const onProgress = (): void => {
      controller.abort(new Error('enough'));
    };
    const { signal } = controller;
    await expect(train(initialWeights(1), images, labels, { onProgress, signal })).rejects.toThrow(
      'enough',
    );
  });

  it('learns more together than any clinic alone', async () => {
    const [digits, tests] = await Promise.all([readDigits('train'), readDigits('test')]);
    const test = take(tests, 1_000);
    const shards = [0, 1, 2].map((clinic) => shard(digits, clinic, 3, 400));
    let shared = initialWeights(7);
    for (let round = 0; round < 4; round += 1) {
      const mean = new WeightedMean(weightCount);
      for (const [seed, { images, labels, count }] of shards.entries()) {
        const options = { seed: 10 * round + seed, rate: 0.2, batch: 16 };
        const trained = await train(shared, images, labels, options);
        mean.add(deltaOf(trained, shared), count);
      }
      shared = mean.mean(shared);
    }
    const together = accuracy(shared, test.images, test.labels);
    expect(together).toBeGreaterThan(0.78);
    for (const { images, labels } of shards) {
      const alone = await train(initialWeights(7), images, labels, {
        epochs: 4,
        rate: 0.2,
        batch: 16,
      });
      expect(accuracy(alone, test.images, test.labels)).toBeLessThan(together);
    }
  });
});

/** Digits whose first pixels say their number, with the labels 0 to 9 in turn. */
function numbered(count: number): Digits {
  const images = new Uint8Array(count * pixels);
  for (let i = 0; i < count; i += 1) {
    images[i * pixels] = i & 255;
    images[i * pixels + 1] = i >> 8;
  }
  return { count, images, labels: Uint8Array.from({ length: count }, (_, i) => i % 10) };
}

function numbersOf({ count, images }: Digits): number[] {
  return Array.from(
    { length: count },
    (_, i) => images[i * pixels]! + 256 * images[i * pixels + 1]!,
  );
}
