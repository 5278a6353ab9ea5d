/**
 * A fast hash for simulations. It spreads well and is no secret keeper: within one process nobody attacks it.
 * @module
 */
import type { Bytes } from '../../base/bytes.ts';

/** Takes in bytes and gives out words that depend on each of them. */
export class Mixer {
  #a = 0x243f6a88;
  #b = 0x85a308d3;
  #c = 0x13198a2e;
  #d = 0x03707344;

  /** Takes in a number of 32 bits. */
  word(word: number): this {
    this.#a = (Math.imul(turned(this.#a ^ word, 13), 0x9e3779b1) + this.#d) | 0;
    this.#b = Math.imul(turned(this.#b + word, 17), 0x85ebca77) ^ this.#a;
    this.#c = (Math.imul(turned(this.#c ^ word, 7), 0xc2b2ae3d) + this.#b) | 0;
    this.#d = Math.imul(turned(this.#d + word, 22), 0x27d4eb2f) ^ this.#c;
    return this;
  }

  /** Takes in a number of up to 53 bits, or a fraction. */
  number(value: number): this {
    view.setFloat64(0, value);
    return this.word(view.getInt32(0)).word(view.getInt32(4));
  }

  /** Takes in bytes and their length, so that two parts are not the same as one. */
  bytes(bytes: Uint8Array): this {
    const whole = bytes.length & ~3;
    for (let i = 0; i < whole; i += 4) {
      this.word(bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
    }
    let last = 0;
    for (let i = whole; i < bytes.length; i += 1) last = (last << 8) | bytes[i]!;
    return this.word(last).word(bytes.length);
  }

  /** Takes in UTF-16 text and its length. */
  text(text: string): this {
    for (let i = 0; i < text.length; i += 1) this.word(text.charCodeAt(i));
    return this.word(text.length);
  }

  /** A mixer that has taken in the same. */
  copy(): Mixer {
    const copy = new Mixer();
    copy.#a = this.#a;
    copy.#b = this.#b;
    copy.#c = this.#c;
    copy.#d = this.#d;
    return copy;
  }

  /** `length` bytes of what was taken in, a multiple of 16. What comes later depends on them too. */
  digest(length: number): Bytes {
    const bytes = new Uint8Array(length);
    const target = new DataView(bytes.buffer);
    for (let at = 0; at < length; at += 16) {
      for (let round = 0; round < 4; round += 1) this.word(at + round);
      target.setInt32(at, this.#a);
      target.setInt32(at + 4, this.#b);
      target.setInt32(at + 8, this.#c);
      target.setInt32(at + 12, this.#d);
    }
    return bytes;
  }
}

const view = new DataView(new ArrayBuffer(8));

function turned(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
