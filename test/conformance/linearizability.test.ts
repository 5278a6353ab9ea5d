import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { thrown } from '../base/thrown.ts';
import { readEdn } from './edn.ts';
import { jepsenHistory } from './jepsen-history.ts';
import suite from './linearizability.ts';

const published = fileURLToPath(
  new URL('../../../shared/data/linearizability.public.jsonl.gz', import.meta.url),
);
const histories = existsSync(published) ? suite.read(published) : [];

describe.skipIf(histories.length === 0)('published histories (../shared/data)', () => {
  it('get the verdicts, and are stuck where others were stuck', async () => {
    expect(histories).toHaveLength(230);
    const results = (await Promise.all(histories.map((line) => suite.run(line)))).flat();
    expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(results).toHaveLength(230);
  }, 60_000);
});

const log = `
INFO  jepsen.util - 0 :invoke :write 1
INFO  jepsen.util - 1 :invoke :cas [1 2]
INFO  jepsen.util - 0 :ok :write 1
INFO  jepsen.util - 1 :fail :cas [1 2]
INFO  jepsen.util - 2 :invoke :read nil
INFO  jepsen.util - 2 :fail :read :timed-out
INFO  jepsen.util - 3 :invoke :write 3
INFO  jepsen.util - 3 :info :write :timed-out
INFO  jepsen.util - 4 :invoke :read nil
INFO  jepsen.util - 4 :ok :read nil
`;

describe('a log', () => {
  it('says what was called and what became of it', () => {
    expect(jepsenHistory(log)).toEqual([
      { process: 0, call: 0, return: 2, op: 'write', input: 1, output: 1 },
      { process: 1, call: 1, return: 3, op: 'cas', input: [1, 2], output: false },
      { process: 3, call: 6, op: 'write', input: 3 },
      { process: 4, call: 8, return: 9, op: 'read', output: null },
    ]);
  });
});

describe('a history in EDN', () => {
  it('says the same, but that what failed did not happen', () => {
    const text = `; somebody's history
      [{:process 0, :type :invoke, :f :cas, :value [1 2], :time 12}
       {:process :nemesis, :type :info, :f :kill}
       {:process 0, :type :fail, :f :cas, :value [1 2], :error [:gone nil]}
       {:process 1, :type :invoke, :f :put, :key "a", :value "\\"b\\""}
       {:process 1, :type :ok, :f :put, :key "a", :value "\\"b\\""}
       {:process 2, :type :invoke, :f :read, :value nil}
       {:process 2, :type :ok, :f :read, :value nil}
       {:process 3, :type :invoke, :f :txn, :value [[:read :x nil]]}]`;
    expect(jepsenHistory(text)).toEqual([
      {
        process: 1,
        call: 3,
        return: 4,
        op: 'put',
        input: { key: 'a', value: '"b"' },
        output: '"b"',
      },
      { process: 3, call: 7, op: 'txn', input: [['read', 'x', null]] },
    ]);
  });

  it('may be a row of maps', () => {
    const text =
      '{:process 1, :type :invoke, :f :read}\n{:process 1, :type :ok, :f :read, :value 5}';
    expect(jepsenHistory(text)).toMatchObject([{ op: 'read', output: 5 }]);
  });

  it.each([
    ['an ok before its invoke', '{:process 1, :type :ok, :f :read, :value 5}'],
    [
      'two invokes of one process',
      '{:process 1 :type :invoke :f :read} {:process 1 :type :invoke :f :read}',
    ],
    ['an unknown type', '{:process 1, :type :maybe, :f :read}'],
    ['an event without a name', '{:process 1, :type :invoke}'],
    ['what is no event', '[1 2]'],
    ['a bracket that is never closed', '[{:process 1'],
    ['a bracket that was never opened', '{:process 1]'],
    ['half a pair', '{:process}'],
    ['a text that does not end', '{:process "1}'],
    ['a number that is none', '{:process 1.2.3}'],
    ['what is nested without end', '['.repeat(100_000)],
    ['a log with another line in it', `${log}\nfull of good intentions`],
  ])('is refused with %s', (_, text) => {
    expect(thrown(() => jepsenHistory(text.trimStart()))?.code).toBe('SCHEMA_INVALID');
  });
});

describe('the readers of foreign text', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]*$/);
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.string({ unit: 'binary' }),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  }));
  const printed = (data: unknown): string => {
    if (Array.isArray(data)) return `[${data.map(printed).join(' ')}]`;
    if (typeof data !== 'object' || data === null) {
      return data === null ? 'nil' : JSON.stringify(data);
    }
    const members = Object.entries(data).map(([key, member]) => `:${key} ${printed(member)}`);
    return `{${members.join(', ')}}`;
  };

  it('read back what was written', () => {
    fc.assert(
      fc.property(value, (data) => {
        // JSON has no negative zero.
        expect(readEdn(printed(data))).toEqual([JSON.parse(JSON.stringify(data))]);
      }),
    );
  });

  it('throw nothing but SCHEMA_INVALID, whatever they read', () => {
    const pieces = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('[', ']', '{', '}', '(', ')', '"', '\\', ';', ':type', ':ok', ' nil ', '\n'),
      value.map(printed),
      fc.constantFrom('INFO  jepsen.util - ', '1 :invoke :read nil'),
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 20 }), (parts) => {
        const error = thrown(() => jepsenHistory(parts.join('')));
        expect(error?.code ?? 'SCHEMA_INVALID').toBe('SCHEMA_INVALID');
      }),
      { numRuns: 1_000 },
    );
  });

  it('throw nothing but SCHEMA_INVALID for a log of which some characters changed', () => {
    const edits = fc.array(fc.tuple(fc.nat(log.length - 1), fc.string({ maxLength: 2 })), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(edits, (changes) => {
        let text = log;
        for (const [at, by] of changes) text = text.slice(0, at) + by + text.slice(at + 1);
        const error = thrown(() => jepsenHistory(text));
        expect(error?.code ?? 'SCHEMA_INVALID').toBe('SCHEMA_INVALID');
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('the runner', () => {
  const folder = mkdtempSync(join(tmpdir(), 'histories-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const written = (file: string, text: string): string => {
    writeFileSync(join(folder, file), text);
    return join(folder, file);
  };
  const outcomes = async (lines: readonly unknown[]) =>
    (await Promise.all(lines.map((line) => suite.run(line)))).flat();

  const stale = [
    { process: 'a', call: 0, return: 1, op: 'write', input: 1 },
    { process: 'b', call: 2, return: 3, op: 'read', output: null },
  ];

  it('reads lines with operations, with the text of a log, and with its path', async () => {
    written('some.log', log);
    const lines = [
      { name: 'stale', linearizable: false, stuck: 3, operations: stale },
      { name: 'inline', linearizable: false, log },
      { linearizable: false, file: 'some.log' },
    ];
    const file = written('lines.jsonl', lines.map((line) => JSON.stringify(line)).join('\n'));
    expect(await outcomes(suite.read(file))).toEqual([
      { name: 'stale' },
      { name: 'inline' },
      { name: 'some.log' },
    ]);
  });

  it('reads a bare log, which had better be linearizable', async () => {
    const [outcome] = await outcomes(suite.read(written('bare.log', log)));
    expect(outcome).toMatchObject({ name: 'bare.log', error: { code: 'CONFORMANCE_FAILED' } });
    const good = log.replace(':ok :read nil', ':ok :read 1');
    expect(await outcomes(suite.read(written('good.log', good)))).toEqual([{ name: 'good.log' }]);
  });

  it('knows the objects by their operations', async () => {
    const line = (linearizable: boolean, ...operations: readonly object[]) => ({
      linearizable,
      operations: operations.map((operation, i) => ({
        process: 0,
        call: 2 * i,
        return: 2 * i + 1,
        ...operation,
      })),
    });
    const results = await outcomes([
      line(true, { op: 'get', input: { key: 'a' }, output: '' }),
      line(false, { op: 'dequeue', output: 1 }),
      line(true, { op: 'acquire' }, { op: 'release' }, { op: 'acquire' }),
      line(false, { op: 'acquire' }, { op: 'acquire' }),
      line(
        true,
        { op: 'txn', input: [['write', 'x', 1]], output: [['write', 'x', 1]] },
        { op: 'txn', input: [['read', 'x', null]], output: [['read', 'x', 1]] },
      ),
      { ...line(false, { op: 'txn', input: [], output: [['read', 'x', 1]] }), init: { x: 0 } },
    ]);
    expect(results.map(({ error }) => error)).toEqual(Array(6).fill(undefined));
  });

  it('reports another verdict than the published one, and another place', async () => {
    const results = await outcomes([
      { linearizable: true, operations: stale },
      { linearizable: false, stuck: 1, operations: stale },
    ]);
    for (const { error } of results) {
      expect(error).toMatchObject({ code: 'CONFORMANCE_FAILED' });
      expect((error as Error).message).toContain('nothing explains process b: read');
    }
  });

  it('reports a line that is no history', async () => {
    const results = await outcomes([
      null,
      {},
      { linearizable: true },
      { linearizable: true, operations: [{ op: 'read' }] },
      { linearizable: true, operations: [{ process: 0, call: 0, op: 'reed' }] },
      { linearizable: true, operations: [{ process: 0, call: 0, op: 'toString' }] },
      { linearizable: true, operations: [{ process: 0, call: 0, op: 'cas', input: [1] }] },
      { linearizable: true, model: 'stack', operations: [] },
    ]);
    for (const { error } of results) expect(error).toMatchObject({ code: 'SCHEMA_INVALID' });
  });
});
