/**
 * A history as one line of calls and returns, from which operations are lifted and put back.
 * @module
 */
import { isPending, type Operation } from './operation.ts';

/** The list `0 (the head) -> 1 -> 2 ...` of calls and returns in the order they happened; an entry is its place in it. */
export class Timeline {
  /** How many operations that returned still stand in the list. */
  open: number;
  readonly #operation: Int32Array;
  /** Of a call its return, 0 when there is none; of a return -1. */
  readonly #returnOf: Int32Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;

  constructor(operations: readonly Operation[]) {
    const moments = momentsOf(operations);
    const size = moments.length + 1;
    this.open = moments.length - operations.length;
    this.#operation = new Int32Array(size);
    this.#returnOf = new Int32Array(size);
    this.#next = Int32Array.from({ length: size }, (_, entry) => (entry + 1) % size);
    this.#previous = Int32Array.from({ length: size }, (_, entry) => (entry + size - 1) % size);
    const calls = new Map<number, number>();
    for (const [i, { operation, returns }] of moments.entries()) {
      const entry = i + 1;
      this.#operation[entry] = operation;
      if (returns) {
        this.#returnOf[entry] = -1;
        this.#returnOf[calls.get(operation)!] = entry;
      } else calls.set(operation, entry);
    }
  }

  get first(): number {
    return this.#next[0]!;
  }

  after(entry: number): number {
    return this.#next[entry]!;
  }

  /** The index of the operation that `entry` calls or returns from. */
  operation(entry: number): number {
    return this.#operation[entry]!;
  }

  isReturn(entry: number): boolean {
    return this.#returnOf[entry]! < 0;
  }

  /** Takes the operation called at `call` out of the list. */
  lift(call: number): void {
    this.#unlink(call);
    const end = this.#returnOf[call]!;
    if (end === 0) return;
    this.#unlink(end);
    this.open -= 1;
  }

  /** Undoes the last {@link lift} that was not undone. */
  putBack(call: number): void {
    const end = this.#returnOf[call]!;
    if (end !== 0) {
      this.#link(end);
      this.open += 1;
    }
    this.#link(call);
  }

  // Knuth's dancing links: what is unlinked remembers where it stood.
  #unlink(entry: number): void {
    this.#next[this.#previous[entry]!] = this.#next[entry]!;
    this.#previous[this.#next[entry]!] = this.#previous[entry]!;
  }

  #link(entry: number): void {
    this.#next[this.#previous[entry]!] = entry;
    this.#previous[this.#next[entry]!] = entry;
  }
}

interface Moment {
  readonly at: number;
  readonly operation: number;
  readonly returns: boolean;
}

/** What happened at the same time overlaps, since nothing says that it did not: calls come before returns. */
function momentsOf(operations: readonly Operation[]): readonly Moment[] {
  return operations
    .flatMap((operation, i): readonly Moment[] => [
      { at: operation.call, operation: i, returns: false },
      ...(isPending(operation) ? [] : [{ at: operation.return!, operation: i, returns: true }]),
    ])
    .sort((a, b) => a.at - b.at || Number(a.returns) - Number(b.returns));
}
