/**
 * The search for an order in which one process alone could have seen what the history says: Wing and Gong, "Testing and
 * Verifying Concurrent Objects" (1993), with Lowe's memory of what was tried, "Testing for Linearizability" (2017).
 * @module
 */
import { isPending, type LinearizabilityModel, type Operation } from './operation.ts';
import { Timeline } from './timeline.ts';

/** What the search found out about one part of a history. */
export type Found<Op> =
  /** `order` explains every operation that returned, and those others which had to take effect. */
  | { readonly verdict: 'linearizable'; readonly order: readonly Op[]; readonly steps: number }
  /** No order gets past the return of `stuck`; `order` is one that gets there, and leads to `state`. */
  | {
      readonly verdict: 'violated';
      readonly order: readonly Op[];
      readonly stuck: Op;
      readonly state: string;
      readonly steps: number;
    }
  | { readonly verdict: 'unknown'; readonly steps: number };

/** Searches for at most `maxSteps` steps; each tries to place one operation next, or takes the last one back. */
export function search<State, Op extends Operation>(
  history: readonly Op[],
  model: LinearizabilityModel<State, Op>,
  maxSteps: number,
): Found<Op> {
  return new Search(history, model).run(maxSteps);
}

class Search<State, Op extends Operation> {
  readonly #model: LinearizabilityModel<State, Op>;
  readonly #operations: readonly Op[];
  /** What is not placed yet. */
  readonly #timeline: Timeline;
  /** The calls of what is placed, each with the state before it. */
  readonly #placed: { readonly call: number; readonly before: State }[] = [];
  readonly #tried: TriedStates;
  #state: State;
  /** The last return that stopped the search, and how it got there. */
  #furthest: { readonly end: number; readonly order: readonly Op[]; readonly state: State };

  constructor(history: readonly Op[], model: LinearizabilityModel<State, Op>) {
    this.#model = model;
    this.#operations = settledFirst(history);
    this.#timeline = new Timeline(this.#operations);
    this.#tried = new TriedStates(this.#operations.length);
    this.#state = model.init;
    this.#furthest = { end: 0, order: [], state: model.init };
  }

  run(maxSteps: number): Found<Op> {
    let entry = this.#timeline.first;
    let steps = 0;
    // While an operation that returned is left, its return stops the walk along the calls before it.
    for (; this.#timeline.open > 0; steps += 1) {
      if (steps === maxSteps) return { verdict: 'unknown', steps };
      if (this.#timeline.isReturn(entry)) {
        this.#noteHowFar(entry);
        const call = this.#takeBack();
        if (call === undefined) return this.#violated(steps);
        entry = this.#timeline.after(call);
      } else {
        entry = this.#place(entry) ? this.#timeline.first : this.#timeline.after(entry);
      }
    }
    return { verdict: 'linearizable', order: this.#order(), steps };
  }

  /** Places the operation called at `call` next, if it can come next and that leads where the search has not been. */
  #place(call: number): boolean {
    const index = this.#timeline.operation(call);
    const operation = this.#operations[index]!;
    const next = this.#model.step(this.#state, operation);
    if (next === undefined) return false;
    const key = this.#model.key(next);
    // What nobody saw and changed nothing might as well not have happened.
    if (isPending(operation) && key === this.#model.key(this.#state)) return false;
    if (!this.#tried.add(index, key)) return false;
    this.#placed.push({ call, before: this.#state });
    this.#state = next;
    this.#timeline.lift(call);
    return true;
  }

  /** Takes the operation placed last back and returns its call. */
  #takeBack(): number | undefined {
    const last = this.#placed.pop();
    if (last === undefined) return undefined;
    this.#timeline.putBack(last.call);
    this.#tried.remove(this.#timeline.operation(last.call));
    this.#state = last.before;
    return last.call;
  }

  #noteHowFar(end: number): void {
    if (end <= this.#furthest.end) return;
    this.#furthest = { end, order: this.#order(), state: this.#state };
  }

  #order(): readonly Op[] {
    return this.#placed.map(({ call }) => this.#operationOf(call));
  }

  #violated(steps: number): Found<Op> {
    const { end, order, state } = this.#furthest;
    const stuck = this.#operationOf(end);
    return { verdict: 'violated', order, stuck, state: this.#model.key(state), steps };
  }

  #operationOf(entry: number): Op {
    return this.#operations[this.#timeline.operation(entry)]!;
  }
}

/** Those that returned in the order they were called, then the others: the words of {@link TriedStates} fill up from the left. */
function settledFirst<Op extends Operation>(history: readonly Op[]): readonly Op[] {
  return history.toSorted((a, b) => Number(isPending(a)) - Number(isPending(b)) || a.call - b.call);
}

/** Which operations are placed, and every such set that was reached together with the state it led to. */
class TriedStates {
  readonly #words: Uint32Array;
  readonly #reached = new Set<string>();
  /** A number for each state: states may be long texts, and many sets lead to the same one. */
  readonly #states = new Map<string, number>();

  constructor(operations: number) {
    this.#words = new Uint32Array(Math.ceil(operations / 32));
  }

  /** Adds `operation` to the set, unless that set was reached with this state before. */
  add(operation: number, state: string): boolean {
    this.#flip(operation);
    const before = this.#reached.size;
    this.#reached.add(`${this.#set()}|${String(this.#numberOf(state))}`);
    if (this.#reached.size > before) return true;
    this.#flip(operation);
    return false;
  }

  remove(operation: number): void {
    this.#flip(operation);
  }

  #numberOf(state: string): number {
    const known = this.#states.get(state);
    if (known === undefined) this.#states.set(state, this.#states.size);
    return known ?? this.#states.size - 1;
  }

  #flip(operation: number): void {
    this.#words[operation >>> 5]! ^= 1 << (operation & 31);
  }

  /** The set as text: the words between those that are full and those that are empty. */
  #set(): string {
    let [from, to] = [0, this.#words.length];
    while (from < to && this.#words[from] === 0xffff_ffff) from += 1;
    while (to > from && this.#words[to - 1] === 0) to -= 1;
    return `${String(from)}:${this.#words.subarray(from, to).join()}`;
  }
}
