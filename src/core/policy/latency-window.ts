/**
 * The time the latest decisions took.
 * @module
 */

/** A window over the last 1,024 measurements. */
export class LatencyWindow {
  readonly #samples = new Float64Array(1_024);
  #count = 0;

  /** Adds a measurement in milliseconds. */
  add(ms: number): void {
    this.#samples[this.#count % this.#samples.length] = ms;
    this.#count += 1;
  }

  /** The 95th percentile in milliseconds; 0 before the first measurement. */
  get p95Ms(): number {
    const held = this.#samples.slice(0, this.#count).sort();
    return held.length === 0 ? 0 : held[Math.ceil(held.length * 0.95) - 1]!;
  }
}
