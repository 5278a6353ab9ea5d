import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  checkLinearizable,
  type HistoryValue,
  type KvOperation,
  kvModel,
  type LinearizabilityModel,
  type Operation,
  type QueueOperation,
  queueModel,
  type RegisterOperation,
  registerModel,
} from '../../src/testing/index.ts';
import { thrown } from '../base/thrown.ts';
import { type Event, historyOf } from './linearizability-rig.ts';

const onQueue = (...events: readonly Event[]) =>
  checkLinearizable(historyOf(...events) as readonly QueueOperation[], queueModel());
const onRegister = (init: HistoryValue, ...events: readonly Event[]) =>
  checkLinearizable(historyOf(...events) as readonly RegisterOperation[], registerModel(init));

// M. Herlihy, J. Wing: Linearizability: A Correctness Condition for Concurrent Objects. ACM TOPLAS 12(3), 1990, section 1.2.
describe('the histories of Herlihy and Wing', () => {
  it('H1 is acceptable: x and y were enqueued at once, so either may come first', () => {
    const { verdict } = onQueue(
      ['A', 'enqueue', 'x'],
      ['B', 'enqueue', 'y'],
      ['B', 'ok'],
      ['A', 'ok'],
      ['B', 'dequeue'],
      ['B', 'ok', 'x'],
      ['A', 'dequeue'],
      ['A', 'ok', 'y'],
      ['A', 'enqueue', 'z'],
    );
    expect(verdict).toBe('linearizable');
  });

  it('H2 is not: x was in the queue before y was enqueued, and y came out first', () => {
    const found = onQueue(
      ['A', 'enqueue', 'x'],
      ['A', 'ok'],
      ['B', 'enqueue', 'y'],
      ['A', 'dequeue'],
      ['B', 'ok'],
      ['A', 'ok', 'y'],
    );
    expect(found).toMatchObject({ verdict: 'violated', stuck: { process: 'A', op: 'dequeue' } });
  });

  it('H3 is acceptable: an enqueue may take effect before it returns', () => {
    const { verdict } = onQueue(['A', 'enqueue', 'x'], ['B', 'dequeue'], ['B', 'ok', 'x']);
    expect(verdict).toBe('linearizable');
  });

  it('H4 is not: y was enqueued once and came out twice', () => {
    const found = onQueue(
      ['A', 'enqueue', 'x'],
      ['B', 'enqueue', 'y'],
      ['A', 'ok'],
      ['B', 'ok'],
      ['A', 'dequeue'],
      ['C', 'dequeue'],
      ['A', 'ok', 'y'],
      ['C', 'ok', 'y'],
    );
    expect(found).toMatchObject({ verdict: 'violated', stuck: { process: 'C', output: 'y' } });
  });

  const h5And6: readonly Event[] = [
    ['A', 'write', 0],
    ['A', 'ok'],
    ['B', 'write', 1],
    ['A', 'read'],
    ['A', 'ok', 1],
    ['C', 'write', 0],
    ['C', 'ok'],
    ['B', 'ok'],
    ['B', 'read'],
  ];

  it('H5 is acceptable: the register held 1 when it was read, and 0 was written after that', () => {
    expect(onRegister(null, ...h5And6, ['B', 'ok', 0]).verdict).toBe('linearizable');
  });

  it('H6 is not: the 1 that was read cannot come back after 0 was written', () => {
    const found = onRegister(null, ...h5And6, ['B', 'ok', 1]);
    expect(found).toMatchObject({ verdict: 'violated', stuck: { process: 'B', op: 'read' } });
  });
});

// L. Lamport: On Interprocess Communication, part II. Distributed Computing 1, 1986: the registers between safe and atomic.
describe("Lamport's registers", () => {
  it('a read that overlaps a write gets the old value or the new one', () => {
    for (const read of [1, 2]) {
      const events: Event[] = [
        ['w', 'write', 2],
        ['r', 'read'],
        ['r', 'ok', read],
        ['w', 'ok'],
      ];
      expect(onRegister(1, ...events).verdict).toBe('linearizable');
    }
  });

  it('a safe register, which may then return anything, is not atomic', () => {
    const found = onRegister(1, ['w', 'write', 2], ['r', 'read'], ['r', 'ok', 3], ['w', 'ok']);
    expect(found.verdict).toBe('violated');
  });

  it('a regular register, which may return the new value and then the old one, is not atomic', () => {
    const found = onRegister(
      1,
      ['w', 'write', 2],
      ['r', 'read'],
      ['r', 'ok', 2],
      ['s', 'read'],
      ['s', 'ok', 1],
      ['w', 'ok'],
    );
    expect(found).toMatchObject({ verdict: 'violated', stuck: { process: 's', output: 1 } });
  });
});

describe('a compare-and-set register', () => {
  it('lets one of two that expect the same value win', () => {
    const race = (a: boolean, b: boolean) =>
      onRegister(0, ['A', 'cas', [0, 1]], ['B', 'cas', [0, 2]], ['A', 'ok', a], ['B', 'ok', b])
        .verdict;
    expect([race(true, false), race(false, true)]).toEqual(['linearizable', 'linearizable']);
    expect([race(true, true), race(false, false)]).toEqual(['violated', 'violated']);
  });

  it('tells numbers apart that JSON writes alike', () => {
    // Only the order in which null comes last explains the read, whatever was tried before.
    for (const odd of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (const [first, second] of [
        [odd, null],
        [null, odd],
      ]) {
        const found = onRegister(
          1,
          ['a', 'write', first],
          ['b', 'write', second],
          ['a', 'ok'],
          ['b', 'ok'],
          ['a', 'read'],
          ['a', 'ok', odd],
        );
        expect(found.verdict).toBe('linearizable');
      }
    }
  });

  it('may have done what nobody knows the outcome of, at any later time, or never', () => {
    const lost: readonly Event[] = [
      ['A', 'cas', [0, 1]],
      ['B', 'read'],
      ['B', 'ok', 0],
    ];
    const later = (output: number): string =>
      onRegister(0, ...lost, ['B', 'read'], ['B', 'ok', output]).verdict;
    expect([later(0), later(1), later(2)]).toEqual(['linearizable', 'linearizable', 'violated']);
  });
});

describe('a map', () => {
  const onMap = (...events: readonly Event[]) =>
    checkLinearizable(historyOf(...events) as readonly KvOperation[], kvModel());

  it('is checked key by key, and the violation names one', () => {
    const found = onMap(
      ['A', 'put', { key: 'x', value: 1 }],
      ['A', 'ok'],
      ['B', 'put', { key: 'y', value: 1 }],
      ['B', 'ok'],
      ['A', 'get', { key: 'y' }],
      ['A', 'ok', null],
    );
    if (found.verdict !== 'violated') expect.fail(found.verdict);
    expect(found.stuck.input).toEqual({ key: 'y' });
    expect(found.prefix).toHaveLength(2);
  });

  it('appends, deletes and compares', () => {
    const found = onMap(
      ['A', 'append', { key: 'x', value: 'a' }],
      ['A', 'ok'],
      ['A', 'append', { key: 'x', value: 'b' }],
      ['A', 'ok'],
      ['A', 'cas', { key: 'x', from: 'ab', to: 'c' }],
      ['A', 'ok', true],
      ['A', 'cas', { key: 'x', from: 'ab', to: 'd' }],
      ['A', 'ok', false],
      ['A', 'get', { key: 'x' }],
      ['A', 'ok', 'c'],
      ['A', 'delete', { key: 'x' }],
      ['A', 'ok'],
      ['A', 'get', { key: 'x' }],
      ['A', 'ok'],
    );
    expect(found.verdict).toBe('linearizable');
  });
});

describe('a model of one’s own', () => {
  interface Increment extends Operation {
    readonly op: 'increment';
    readonly output?: number;
  }
  const counter: LinearizabilityModel<number, Increment> = {
    init: 0,
    key: String,
    step: (count, { return: end, output }) =>
      end === undefined || output === count + 1 ? count + 1 : undefined,
  };
  const counted = (...outputs: readonly number[]): readonly Increment[] =>
    outputs.map((output, i) => ({ process: i, call: 0, return: 9, op: 'increment', output }));

  it('is a first state, a step and a key', () => {
    expect(checkLinearizable(counted(3, 1, 2), counter).verdict).toBe('linearizable');
    expect(checkLinearizable(counted(3, 1, 1), counter).verdict).toBe('violated');
  });

  it('gets back its own operations', () => {
    const found = checkLinearizable(counted(2), counter);
    if (found.verdict !== 'violated') expect.fail(found.verdict);
    expectTypeOf(found.stuck).toEqualTypeOf<Increment>();
  });
});

describe('what a violation says', () => {
  const at = (
    process: string,
    [call, end]: readonly [number, number?],
    what: Pick<RegisterOperation, 'op' | 'input' | 'output'>,
  ) => ({ process, call, return: end, ...what }) as RegisterOperation;

  it('names the operation, an order of what came before it, and what is not in that order', () => {
    const found = checkLinearizable(
      [
        at('a', [0, 100], { op: 'write', input: 200 }),
        at('b', [10, 30], { op: 'read', output: 200 }),
        at('d', [15, 300], { op: 'cas', input: [7, 8], output: false }),
        at('c', [40, 90], { op: 'read', output: 0 }),
        at('a', [200, 210], { op: 'read', output: 200 }),
      ],
      registerModel(0),
    );
    expect(found).toMatchObject({ verdict: 'violated', stuck: { process: 'c' } });
    expect('message' in found && found.message).toBe(
      [
        'not linearizable: nothing explains process c: read -> 0 (40 to 90)',
        'of 4 operations called before it returned, an order explains 2:',
        '  process a: write 200 -> ? (from 0 on)',
        '  process b: read -> 200 (10 to 30)',
        '  and so to the state 200',
        'not in this order:',
        '  process d: cas [7,8] -> ? (from 15 on)',
      ].join('\n'),
    );
  });

  it('shows the order that explains most, not the first that was tried', () => {
    const found = onRegister(
      0,
      ['a', 'write', 2],
      ['b', 'write', 1],
      ['a', 'ok'],
      ['b', 'ok'],
      ['a', 'read'],
      ['a', 'ok', 2],
      ['a', 'read'],
      ['a', 'ok', 3],
    );
    const shown = 'order' in found ? found.order.map(({ op, input }) => [op, input]) : [];
    expect(shown).toEqual([
      ['write', 1],
      ['write', 2],
      ['read', undefined],
    ]);
  });

  it('stays short, however long the history', () => {
    const history = Array.from({ length: 1_000 }, (_, i) =>
      at('a', [2 * i, 2 * i + 1], { op: 'write', input: 'x'.repeat(10_000) }),
    );
    const found = checkLinearizable(
      [...history, at('b', [3_000, 3_001], { op: 'read', output: 'y' })],
      registerModel(),
    );
    expect('message' in found && found.message.length).toBeLessThan(2_500);
    expect('message' in found && found.message).toContain('... 992 before');
  });

  it('does not know yet what returned later, and so may blame what made it known', () => {
    // Only when the comparison is known to have failed is it certain that 1 never was in the register.
    const found = checkLinearizable(
      [
        at('a', [0, 20], { op: 'cas', input: [0, 1], output: false }),
        at('b', [5, 10], { op: 'read', output: 1 }),
      ],
      registerModel(0),
    );
    expect(found).toMatchObject({ verdict: 'violated', stuck: { process: 'a', return: 20 } });
  });
});

describe('the bound of a check', () => {
  // Twelve writes at once, and a read that none of them explains: every order of theirs must be tried.
  const hard: readonly RegisterOperation[] = [
    ...Array.from({ length: 12 }, (_, i) => ({
      process: i,
      call: 0,
      return: 100,
      op: 'write' as const,
      input: i,
    })),
    { process: 'r', call: 1, return: 99, op: 'read', output: 'nobody wrote this' },
  ];

  it('ends it with no verdict rather than a wrong one', () => {
    const found = checkLinearizable(hard, registerModel(), { maxSteps: 1_000 });
    expect(found).toEqual({ verdict: 'unknown', steps: 1_000 });
    expect(checkLinearizable(hard, registerModel()).verdict).toBe('violated');
  });

  it('does not keep a violation elsewhere from being found', () => {
    const inKey = (key: string, { op, ...operation }: RegisterOperation): KvOperation =>
      op === 'read'
        ? ({ ...operation, op: 'get', input: { key } } as KvOperation)
        : ({ ...operation, op: 'put', input: { key, value: operation.input } } as KvOperation);
    const easy: RegisterOperation = { process: 'e', call: 0, return: 1, op: 'read', output: 1 };
    const history = [...hard.map((o) => inKey('hard', o)), inKey('easy', easy)];
    const found = checkLinearizable(history, kvModel(), { maxSteps: 1_000 });
    expect(found).toMatchObject({ verdict: 'violated', stuck: { input: { key: 'easy' } } });
  });

  it('leaves long histories of few processes fast', () => {
    const history = Array.from(
      { length: 20_000 },
      (_, i): RegisterOperation =>
        i % 2 === 0
          ? { process: 'w', call: i, return: i + 2, op: 'write', input: i }
          : { process: 'r', call: i, return: i + 2, op: 'read', output: i - 1 },
    );
    const found = checkLinearizable(history, registerModel(), { maxSteps: 200_000 });
    expect(found.verdict).toBe('linearizable');
  });
});

describe('bad input', () => {
  const read: RegisterOperation = { process: 'a', call: 0, return: 1, op: 'read' };
  const check = (operation: object, options = {}) =>
    thrown(() => checkLinearizable([{ ...read, ...operation }], registerModel(), options));

  it('is refused by the name of the argument', () => {
    const argumentsOf = [
      check({ call: Number.NaN }),
      check({ call: '0' }),
      check({ return: -1 }),
      check({ return: Number.POSITIVE_INFINITY }),
      check({ return: null }),
      check({}, { maxSteps: 0 }),
      check({}, { maxSteps: 1e9 }),
      check({}, { maxSteps: 1.5 }),
      check({ op: 'reed' }),
    ].map((error) => [error?.code, error?.params['argument']]);
    const names = [
      'call',
      'call',
      'return',
      'return',
      'return',
      'maxSteps',
      'maxSteps',
      'maxSteps',
    ];
    expect(argumentsOf).toEqual([...names, 'op'].map((name) => ['INVALID_ARGUMENT', name]));
  });

  it('is an unknown operation of any ready-made model', () => {
    const wrong = [{ process: 1, call: 0, op: 'peek', input: { key: 'x' } }] as never[];
    const models = [registerModel(), kvModel(), queueModel()] as never as LinearizabilityModel<1>[];
    for (const model of models) {
      const history = [...wrong, { ...read, op: 'peek', input: { key: 'x' } }];
      expect(thrown(() => checkLinearizable<1, Operation>(history, model))?.code).toBe(
        'INVALID_ARGUMENT',
      );
    }
  });

  it('is no history without operations: nothing happened, and that is linearizable', () => {
    const nothing = { verdict: 'linearizable', orders: [], steps: 0 };
    expect(checkLinearizable([], registerModel())).toEqual(nothing);
  });
});
