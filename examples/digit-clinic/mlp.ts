/**
 * A small neural network for digits: 784 inputs, 64 rectified units, 10 outputs with softmax, trained by stochastic
 * gradient descent. Its weights are one flat Float32Array, which is what a round of learning together exchanges.
 * @module
 */
import { setImmediate as otherWork } from 'node:timers/promises';
import { generator, pixels } from './digits.ts';

const hidden = 64;
const outputs = 10;

// Where each part begins in the flat array: pixel-to-hidden (one row of 64 for each pixel), hidden bias,
// hidden-to-output (one row of 10 for each hidden unit), output bias.
const hiddenBias = pixels * hidden;
const second = hiddenBias + hidden;
const outputBias = second + hidden * outputs;

/** How many numbers the network has. */
export const weightCount = outputBias + outputs;

/** How {@link train} goes about it. */
export interface TrainOptions {
  /** Passes over the images. Default 1. */
  readonly epochs?: number;
  /** Images between two updates. Default 32. */
  readonly batch?: number;
  /** Step size. Default 0.1. */
  readonly rate?: number;
  /** Decides the order of the images. Default 1. */
  readonly seed?: number;
  /** Told after each pause: the part that is done, 0 to 1, and the mean loss since the last time. */
  readonly onProgress?: (done: number, loss: number) => void;
  /** Stops at the next pause. */
  readonly signal?: AbortSignal;
}

/** Weights to begin with (He et al. 2015): small and random from `seed`, biases zero. */
export function initialWeights(seed: number): Float32Array<ArrayBuffer> {
  const weights = new Float32Array(weightCount);
  const chance = generator(seed);
  const fill = (from: number, to: number, inputs: number): void => {
    // Uniform numbers with the variance 2 / inputs.
    const reach = Math.sqrt(6 / inputs);
    for (let i = from; i < to; i += 1) weights[i] = (2 * chance() - 1) * reach;
  };
  fill(0, hiddenBias, pixels);
  fill(second, outputBias, hidden);
  return weights;
}

// How long to compute before other work gets its turn: heartbeats of a mesh node in the same process must not wait.
const longestStretchMs = 8;

/** New weights after training from `weights`, which stay as they are. Pauses every few milliseconds for other work. */
export async function train(
  weights: Float32Array,
  images: Uint8Array,
  labels: Uint8Array,
  options: TrainOptions = {},
): Promise<Float32Array<ArrayBuffer>> {
  const { epochs = 1, batch = 32, rate = 0.1, seed = 1, onProgress, signal } = options;
  const network = new Network(Float32Array.from(weights));
  const chance = generator(seed);
  const total = epochs * labels.length;
  let [seen, seenBefore, loss] = [0, 0, 0];
  let resumed = performance.now();
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    const order = shuffled(labels.length, chance);
    for (let from = 0; from < order.length; from += batch) {
      const chosen = order.subarray(from, from + batch);
      loss += network.learn(images, labels, chosen, rate);
      seen += chosen.length;
      if (performance.now() - resumed < longestStretchMs && seen < total) continue;
      onProgress?.(seen / total, loss / (seen - seenBefore));
      [seenBefore, loss] = [seen, 0];
      await otherWork();
      signal?.throwIfAborted();
      resumed = performance.now();
    }
  }
  return network.weights;
}

/** Share of `images` that the network with `weights` reads as labelled, 0 to 1. */
export function accuracy(weights: Float32Array, images: Uint8Array, labels: Uint8Array): number {
  const network = new Network(weights);
  let right = 0;
  for (let i = 0; i < labels.length; i += 1) {
    const scores = network.forward(images, i);
    if (scores.indexOf(Math.max(...scores)) === labels[i]) right += 1;
  }
  return right / labels.length;
}

/** The digit that `image` shows, in the eyes of the network. */
export function read(weights: Float32Array, image: Uint8Array): number {
  const scores = new Network(weights).forward(image, 0);
  return scores.indexOf(Math.max(...scores));
}

/** The network with room for its intermediate values, so that nothing is allocated on the way. */
class Network {
  readonly weights: Float32Array<ArrayBuffer>;
  readonly #gradient = new Float32Array(weightCount);
  readonly #activity = new Float32Array(hidden);
  readonly #blame = new Float32Array(hidden);
  readonly #scores = new Float32Array(outputs);

  constructor(weights: Float32Array) {
    if (weights.length !== weightCount) throw new Error(`expected ${weightCount} weights`);
    this.weights = weights as Float32Array<ArrayBuffer>;
  }

  /** Scores of image `i` before softmax. Valid until the next call. */
  forward(images: Uint8Array, i: number): Float32Array {
    const w = this.weights;
    const activity = this.#activity;
    for (let h = 0; h < hidden; h += 1) activity[h] = w[hiddenBias + h]!;
    for (let p = 0; p < pixels; p += 1) {
      const grey = images[i * pixels + p]!;
      // Four of five pixels are blank and cost nothing.
      if (grey === 0) continue;
      const x = grey / 255;
      const row = p * hidden;
      for (let h = 0; h < hidden; h += 1) activity[h] = activity[h]! + x * w[row + h]!;
    }
    const scores = this.#scores;
    for (let o = 0; o < outputs; o += 1) scores[o] = w[outputBias + o]!;
    for (let h = 0; h < hidden; h += 1) {
      const a = (activity[h] = Math.max(0, activity[h]!));
      if (a === 0) continue;
      const row = second + h * outputs;
      for (let o = 0; o < outputs; o += 1) scores[o] = scores[o]! + a * w[row + o]!;
    }
    return scores;
  }

  /** One step against the mean gradient of the images in `chosen`; returns the sum of their losses. */
  learn(images: Uint8Array, labels: Uint8Array, chosen: Uint32Array, rate: number): number {
    let loss = 0;
    for (const i of chosen) loss += this.#accumulate(images, i, labels[i]!);
    const [w, g] = [this.weights, this.#gradient];
    const step = rate / chosen.length;
    for (let k = 0; k < weightCount; k += 1) w[k] = w[k]! - step * g[k]!;
    g.fill(0);
    return loss;
  }

  /** Adds the gradient of the cross-entropy of one image; returns the loss. */
  #accumulate(images: Uint8Array, i: number, label: number): number {
    const scores = this.forward(images, i);
    const loss = toBlame(scores, label);
    const [w, g, activity, blame] = [this.weights, this.#gradient, this.#activity, this.#blame];
    for (let o = 0; o < outputs; o += 1) g[outputBias + o] = g[outputBias + o]! + scores[o]!;
    for (let h = 0; h < hidden; h += 1) {
      const a = activity[h]!;
      let sum = 0;
      if (a > 0) {
        const row = second + h * outputs;
        for (let o = 0; o < outputs; o += 1) {
          sum += w[row + o]! * scores[o]!;
          g[row + o] = g[row + o]! + a * scores[o]!;
        }
      }
      blame[h] = sum;
      g[hiddenBias + h] = g[hiddenBias + h]! + sum;
    }
    for (let p = 0; p < pixels; p += 1) {
      const grey = images[i * pixels + p]!;
      if (grey === 0) continue;
      const x = grey / 255;
      const row = p * hidden;
      for (let h = 0; h < hidden; h += 1) g[row + h] = g[row + h]! + x * blame[h]!;
    }
    return loss;
  }
}

/** Turns scores into the derivative of the loss by the scores: softmax minus the truth. Returns the loss. */
function toBlame(scores: Float32Array, label: number): number {
  const top = Math.max(...scores);
  let sum = 0;
  for (let o = 0; o < outputs; o += 1) {
    scores[o] = Math.exp(scores[o]! - top);
    sum += scores[o]!;
  }
  for (let o = 0; o < outputs; o += 1) scores[o] = scores[o]! / sum;
  const loss = -Math.log(Math.max(scores[label]!, 1e-12));
  scores[label] = scores[label]! - 1;
  return loss;
}

function shuffled(count: number, chance: () => number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i -= 1) {
    const j = Math.floor(chance() * (i + 1));
    const held = order[i]!;
    order[i] = order[j]!;
    order[j] = held;
  }
  return order;
}
