// Histories: written by hand, made by real objects under random concurrency, and judged by trying every order.
import fc from 'fast-check';
import type { HistoryValue, Operation } from '../../src/testing/index.ts';

/** `[process, op, input]` calls, `[process, 'ok', output]` returns; time is the place in the list. */
export type Event = readonly [process: string, what: string, value?: unknown];

/** The history of `events`; what never returns is pending. */
export function historyOf(...events: readonly Event[]): readonly Operation[] {
  const operations: Operation[] = [];
  for (const [at, [process, what, value]] of events.entries()) {
    if (what !== 'ok') operations.push({ process, call: at, op: what, input: value });
    else {
      const running = operations.findLastIndex((operation) => operation.process === process);
      operations[running] = { ...operations[running]!, return: at, output: value };
    }
  }
  return operations;
}

/** An object that one process uses at a time: does the operation, returns its output. */
export type Sequential = (op: string, input: unknown) => unknown;

/** A kind of object: how to make one, and what may be asked of it. */
export interface Kind {
  readonly make: () => Sequential;
  readonly asks: fc.Arbitrary<{ readonly op: string; readonly input?: unknown }>;
  readonly outputs: fc.Arbitrary<unknown>;
}

const value = fc.constantFrom<HistoryValue>('a', 'b', 'c');
const content = fc.option(value, { nil: null });
const key = fc.constantFrom('x', 'y');

export const kinds = {
  register: {
    make: () => {
      let held: HistoryValue = null;
      return (op, input) => {
        if (op === 'read') return held;
        if (op === 'write') {
          held = input as HistoryValue;
          return undefined;
        }
        const [from, to] = input as [HistoryValue, HistoryValue];
        const swaps = held === from;
        if (swaps) held = to;
        return swaps;
      };
    },
    asks: fc.oneof(
      fc.constant({ op: 'read' }),
      value.map((input) => ({ op: 'write', input })),
      fc.tuple(content, value).map((input) => ({ op: 'cas', input })),
    ),
    outputs: fc.oneof(content, fc.boolean()),
  },
  kv: {
    make: () => {
      const map = new Map<string, HistoryValue>();
      return (op, input) => {
        const { key, value } = input as { key: string; value: string };
        if (op === 'get') return map.get(key) ?? null;
        if (op === 'delete') map.delete(key);
        else map.set(key, op === 'put' ? value : `${String(map.get(key) ?? '')}${value}`);
        return undefined;
      };
    },
    asks: fc.oneof(
      key.map((key) => ({ op: 'get', input: { key } })),
      key.map((key) => ({ op: 'delete', input: { key } })),
      fc
        .tuple(fc.constantFrom('put', 'append'), key, value)
        .map(([op, key, value]) => ({ op, input: { key, value } })),
    ),
    outputs: fc.oneof(content, fc.constantFrom('aa', 'ab', 'bc')),
  },
  queue: {
    make: () => {
      const items: HistoryValue[] = [];
      return (op, input) => {
        if (op === 'dequeue') return items.shift() ?? null;
        items.push(input as HistoryValue);
        return undefined;
      };
    },
    asks: fc.oneof(
      fc.constant({ op: 'dequeue' }),
      value.map((input) => ({ op: 'enqueue', input })),
    ),
    outputs: content,
  },
} as const satisfies Record<string, Kind>;

interface Plan {
  readonly ask: { readonly op: string; readonly input?: unknown };
  readonly process: number;
  /** Pauses before the call, the effect and the return; 0 lets moments coincide. */
  readonly pauses: readonly [number, number, number];
  /** Whether nobody hears of the outcome; it may have happened all the same. */
  readonly fate: 'returns' | 'lost after' | 'lost before';
}

function plans(kind: Kind, most: number, processes: number): fc.Arbitrary<readonly Plan[]> {
  const pause = fc.nat(6);
  return fc.array(
    fc.record({
      ask: kind.asks,
      process: fc.nat(processes - 1),
      pauses: fc.tuple(pause, pause, pause),
      fate: fc.constantFrom<Plan['fate']>(
        'returns',
        'returns',
        'returns',
        'lost after',
        'lost before',
      ),
    }),
    { maxLength: most },
  );
}

/** What processes see of one real object which does each operation at one moment between call and return. */
export function realHistory(
  kind: Kind,
  most: number,
  processes = 4,
): fc.Arbitrary<readonly Operation[]> {
  return plans(kind, most, processes).map((planned) => {
    const free = new Map<number, number>();
    const timed = planned.map(({ ask, process, pauses: [before, during, after], fate }) => {
      const call = (free.get(process) ?? 0) + before;
      const effect = call + during;
      // A process that lost an operation goes on: it calls again while the lost one may still take effect.
      free.set(process, effect + after);
      return { ask, process, call, effect, end: effect + after, fate };
    });
    const object = kind.make();
    return timed
      .sort((a, b) => a.effect - b.effect)
      .map(({ ask, process, call, end, fate }): Operation => {
        const output = fate === 'lost before' ? undefined : object(ask.op, ask.input);
        return { process, call, ...ask, ...(fate === 'returns' && { return: end, output }) };
      });
  });
}

/** Operations with any output at all, at times that overlap a lot. */
export function anyHistory(kind: Kind, most: number): fc.Arbitrary<readonly Operation[]> {
  const operation = fc
    .tuple(kind.asks, kind.outputs, fc.nat(9), fc.option(fc.nat(5)))
    .map(([ask, output, call, length]): Operation => {
      const returned = length !== null && { return: call + length, output };
      return { process: 0, call, ...ask, ...returned };
    });
  return fc.array(operation, { maxLength: most });
}

/** Whether any order of what returned and any of the rest is one the object could have gone through: tries them all. */
export function bruteForce(kind: Kind, history: readonly Operation[]): boolean {
  return orders(history, []);

  function orders(left: readonly Operation[], placed: readonly Operation[]): boolean {
    if (!agrees(kind, placed)) return false;
    if (left.every((operation) => operation.return === undefined)) return true;
    return left.some((next) => {
      const others = left.filter((operation) => operation !== next);
      return !others.some((other) => isBefore(other, next)) && orders(others, [...placed, next]);
    });
  }
}

/** Whether the object, asked in this order, answers what was seen. */
export function agrees(kind: Kind, order: readonly Operation[]): boolean {
  const object = kind.make();
  return order.every(({ op, input, output, return: end }) => {
    const answer = object(op, input);
    return end === undefined || answer === undefined || answer === output;
  });
}

/** Whether `one` had returned when `other` was called. */
export function isBefore(one: Operation, other: Operation): boolean {
  return one.return !== undefined && one.return < other.call;
}
