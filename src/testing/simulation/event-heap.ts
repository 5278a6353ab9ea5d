/**
 * What is to happen, earliest first.
 * @module
 */

/** Names an event until it has happened or was cancelled. */
export type EventHandle = number;

const none = -1;

/**
 * A binary heap of callbacks by (time, order of adding). It lies in typed arrays, so that an event costs some forty bytes
 * and no garbage; a cancelled event leaves at once.
 */
export class EventHeap {
  #capacity = 64;
  #times = new Float64Array(this.#capacity);
  #orders = new Float64Array(this.#capacity);
  /** Slots in heap order. */
  #heap = new Int32Array(this.#capacity);
  /** Where each slot stands in the heap; `none` for a free one. */
  #places = new Int32Array(this.#capacity).fill(none);
  /** How often each slot was used, so that an old handle does not cancel the event that came after. */
  #uses = new Int32Array(this.#capacity);
  readonly #runs: ((() => void) | undefined)[] = [];
  readonly #free: number[] = [];
  #fresh = 0;
  #size = 0;
  #order = 0;

  /** Events waiting. */
  get size(): number {
    return this.#size;
  }

  /** When the first event is due; infinity when there is none. */
  get nextTime(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : this.#times[this.#heap[0]!]!;
  }

  /** Adds an event. Of those at one time, the one added first comes first. */
  add(time: number, run: () => void): EventHandle {
    const slot = this.#free.pop() ?? this.#freshSlot();
    this.#times[slot] = time;
    this.#orders[slot] = this.#order;
    this.#order += 1;
    this.#runs[slot] = run;
    const place = this.#size;
    this.#size += 1;
    this.#rise(slot, place);
    return this.#uses[slot]! * handleBase + slot;
  }

  /** Forgets the event; false when it is over already. */
  cancel(handle: EventHandle): boolean {
    const slot = handle % handleBase;
    if (this.#uses[slot] !== Math.floor(handle / handleBase)) return false;
    const place = this.#places[slot]!;
    if (place === none) return false;
    this.#remove(slot, place);
    return true;
  }

  /** Takes the first event away and returns what it does. */
  take(): (() => void) | undefined {
    if (this.#size === 0) return undefined;
    const slot = this.#heap[0]!;
    const run = this.#runs[slot];
    this.#remove(slot, 0);
    return run;
  }

  #remove(slot: number, place: number): void {
    this.#size -= 1;
    const last = this.#heap[this.#size]!;
    this.#places[slot] = none;
    this.#runs[slot] = undefined;
    this.#uses[slot] = (this.#uses[slot]! + 1) & useMask;
    this.#free.push(slot);
    if (last === slot) return;
    this.#rise(last, place);
    this.#sink(last, this.#places[last]!);
  }

  #rise(slot: number, from: number): void {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#heap[above]!;
      if (this.#isBefore(parent, slot)) break;
      this.#put(parent, place);
      place = above;
    }
    this.#put(slot, place);
  }

  #sink(slot: number, from: number): void {
    let place = from;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= this.#size) break;
      if (below + 1 < this.#size && this.#isBefore(this.#heap[below + 1]!, this.#heap[below]!)) {
        below += 1;
      }
      const child = this.#heap[below]!;
      if (this.#isBefore(slot, child)) break;
      this.#put(child, place);
      place = below;
    }
    this.#put(slot, place);
  }

  #put(slot: number, place: number): void {
    this.#heap[place] = slot;
    this.#places[slot] = place;
  }

  #isBefore(a: number, b: number): boolean {
    const [x, y] = [this.#times[a]!, this.#times[b]!];
    return x < y || (x === y && this.#orders[a]! < this.#orders[b]!);
  }

  #freshSlot(): number {
    if (this.#fresh === this.#capacity) this.#grow();
    this.#fresh += 1;
    return this.#fresh - 1;
  }

  #grow(): void {
    this.#capacity *= 2;
    this.#times = copied(this.#times, new Float64Array(this.#capacity));
    this.#orders = copied(this.#orders, new Float64Array(this.#capacity));
    this.#heap = copied(this.#heap, new Int32Array(this.#capacity));
    this.#places = copied(this.#places, new Int32Array(this.#capacity).fill(none));
    this.#uses = copied(this.#uses, new Int32Array(this.#capacity));
  }
}

/** A handle is the use of a slot times this, plus the slot: 2^27 events may wait, and a slot's uses repeat after 2^26. */
const handleBase = 2 ** 27;
const useMask = 2 ** 26 - 1;

function copied<A extends Float64Array | Int32Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
