/**
 * Frames that wait.
 * @module
 */

/** First in, first out, and how many bytes that is. Whoever pushes keeps the bound. */
export class FrameQueue {
  #frames: (Uint8Array | undefined)[] = [];
  #head = 0;
  #bytes = 0;

  get length(): number {
    return this.#frames.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(frame: Uint8Array): void {
    this.#frames.push(frame);
    this.#bytes += frame.length;
  }

  shift(): Uint8Array | undefined {
    const frame = this.#frames[this.#head];
    if (frame === undefined) return undefined;
    this.#frames[this.#head] = undefined;
    this.#head += 1;
    this.#bytes -= frame.length;
    if (this.#head === this.#frames.length) this.clear();
    else if (this.#head > 1_024 && this.#head * 2 > this.#frames.length) this.#compact();
    return frame;
  }

  clear(): void {
    this.#frames = [];
    this.#head = 0;
    this.#bytes = 0;
  }

  #compact(): void {
    this.#frames = this.#frames.slice(this.#head);
    this.#head = 0;
  }
}
