// Laws of the checker, against an implementation that has nothing in common with it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkLinearizable,
  kvModel,
  type LinearizabilityModel,
  type LinearizabilityOptions,
  type LinearizabilityVerdict,
  type Operation,
  queueModel,
  registerModel,
} from '../../src/testing/index.ts';
import {
  agrees,
  anyHistory,
  bruteForce,
  isBefore,
  kinds,
  realHistory,
} from './linearizability-rig.ts';

const checking =
  <State, Op extends Operation>(model: LinearizabilityModel<State, Op>) =>
  (history: readonly Operation[], options?: LinearizabilityOptions): LinearizabilityVerdict =>
    checkLinearizable(history as readonly Op[], model, options);

const objects = [
  { name: 'register', kind: kinds.register, check: checking(registerModel()) },
  { name: 'map', kind: kinds.kv, check: checking(kvModel()) },
  { name: 'queue', kind: kinds.queue, check: checking(queueModel()) },
];

/** What was known of `history` at `end`. */
const until = (history: readonly Operation[], end: number): readonly Operation[] =>
  history
    .filter(({ call }) => call <= end)
    .map((operation) => {
      const { return: returned = Number.POSITIVE_INFINITY, output: _, ...begun } = operation;
      return returned > end ? begun : operation;
    });

describe.each(objects)('a $name', ({ kind, check }) => {
  it('used by many at once is found linearizable, with an order that proves it', () => {
    fc.assert(
      fc.property(fc.oneof(realHistory(kind, 40), realHistory(kind, 16, 12)), (history) => {
        const found = check(history);
        if (found.verdict !== 'linearizable') expect.fail(JSON.stringify(found));
        const ordered = found.orders.flat();
        expect(new Set(ordered).size).toBe(ordered.length);
        for (const operation of history) {
          if (operation.return !== undefined) expect(ordered).toContain(operation);
        }
        for (const order of found.orders) {
          expect(agrees(kind, order)).toBe(true);
          for (const [i, later] of order.entries()) {
            for (const earlier of order.slice(0, i)) expect(isBefore(later, earlier)).toBe(false);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('with one answer changed is refused exactly when no order at all explains it', () => {
    const changed = fc.tuple(realHistory(kind, 6), fc.nat(), kind.outputs);
    const verdicts = new Set<string>();
    fc.assert(
      fc.property(changed, ([history, at, output]) => {
        const returned = history.filter((operation) => operation.return !== undefined);
        const victim = returned[at % returned.length];
        const mutated = history.map((operation) =>
          operation === victim && operation.output !== undefined
            ? { ...operation, output }
            : operation,
        );
        const { verdict } = check(mutated);
        verdicts.add(verdict);
        expect(verdict).toBe(bruteForce(kind, mutated) ? 'linearizable' : 'violated');
      }),
      { numRuns: 300 },
    );
    expect([...verdicts].sort()).toEqual(['linearizable', 'violated']);
  });

  it('that may have answered anything is judged as trying every order judges it', () => {
    fc.assert(
      fc.property(anyHistory(kind, 6), (history) => {
        const expected = bruteForce(kind, history) ? 'linearizable' : 'violated';
        expect(check(history).verdict).toBe(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('that is refused is explained by the shortest beginning that nothing explains', () => {
    fc.assert(
      fc.property(anyHistory(kind, 6), (history) => {
        const found = check(history);
        if (found.verdict !== 'violated') return;
        // The object has parts that are checked alone; the message is about one of them.
        const part = history.filter(({ input }) => keyOf(input) === keyOf(found.stuck.input));
        const end = found.stuck.return!;
        expect(found.prefix).toEqual(until(part, end));
        expect(bruteForce(kind, found.prefix)).toBe(false);
        const ends = part.flatMap(({ return: returned }) => returned ?? []);
        for (const earlier of ends.filter((other) => other < end)) {
          expect(bruteForce(kind, until(part, earlier))).toBe(true);
        }
        expect(agrees(kind, found.order)).toBe(true);
        expect(found.message).toContain(
          `process ${String(found.stuck.process)}: ${found.stuck.op}`,
        );
      }),
      { numRuns: 300 },
    );
  });

  it('gets the same verdict or none when the search is bounded', () => {
    fc.assert(
      fc.property(anyHistory(kind, 12), fc.integer({ min: 1, max: 60 }), (history, maxSteps) => {
        const bounded = check(history, { maxSteps });
        if (bounded.verdict !== 'unknown') expect(bounded.verdict).toBe(check(history).verdict);
      }),
      { numRuns: 300 },
    );
  });
});

function keyOf(input: unknown): unknown {
  return typeof input === 'object' && input !== null && 'key' in input ? input.key : undefined;
}
