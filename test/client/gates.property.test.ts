import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshError, type MeshErrorCode } from '../../src/base/errors.ts';
import type { Did } from '../../src/base/ids.ts';
import { ByTrust } from '../../src/client/by-trust.ts';
import { Gates } from '../../src/client/gates.ts';
import { TaskCaller } from '../../src/client/task-caller.ts';
import { type GateName, gateOrder } from '../../src/ports/gate.ts';
import type { Candidate } from '../../src/ports/placement.ts';
import { seededRandom, virtualClock } from '../../src/testing/index.ts';
import { failure } from './rig.ts';

const peer = 'did:key:z6MkpeerpeerpeerpeerA' as Did;
const asked = (signal = new AbortController().signal) => ({
  task: { id: 't', type: 'x', data: null },
  direction: 'send' as const,
  peer,
  agent: undefined,
  signal,
});
const names = fc.array(
  fc.record({ name: fc.constantFrom(...gateOrder), refuses: fc.boolean(), waits: fc.boolean() }),
  { maxLength: 12 },
);

describe('gates', () => {
  it('have one order: what forbids comes before what asks somebody', () => {
    expect(gateOrder.join(' ')).toBe('override policy trust sovereignty budget licence approval');
  });

  it('are asked in their order, however they were added, and no further than the first refusal', () =>
    fc.assert(
      fc.asyncProperty(names, async (list) => {
        const gates = new Gates(virtualClock());
        const visited: GateName[] = [];
        for (const { name, refuses, waits } of list) {
          gates.add(name, {
            before: async () => {
              visited.push(name);
              if (waits) await Promise.resolve();
              if (refuses) throw new MeshError('POLICY_DENIED', {});
            },
          });
        }
        const sorted = gateOrder.flatMap((name) => list.filter((gate) => gate.name === name));
        const stop = sorted.findIndex(({ refuses }) => refuses);
        const expected = stop < 0 ? sorted : sorted.slice(0, stop + 1);
        const refusal = await gates.ask(asked());
        expect(visited).toEqual(expected.map(({ name }) => name));
        expect(refusal?.gate).toBe(sorted[stop]?.name);
      }),
    ));

  it('that are taken away, twice too, take no other with them, not even while somebody is judged', async () => {
    const gates = new Gates(virtualClock());
    const visited: string[] = [];
    const offs = ['a', 'b', 'c'].map((id, i, all) =>
      gates.add('policy', {
        before: async () => {
          visited.push(id);
          await Promise.resolve();
          if (i === 0) offs[i]!();
          expect(all).toHaveLength(3);
        },
      }),
    );
    await gates.ask(asked());
    expect(visited).toEqual(['a', 'b', 'c']);
    offs[0]!();
    offs[0]!();
    await gates.ask(asked());
    expect(visited).toEqual(['a', 'b', 'c', 'b', 'c']);
  });

  it('hear how a task ended, each once, and cannot change it any more', async () => {
    const gates = new Gates(virtualClock());
    const heard: unknown[] = [];
    gates.add('approval', { before: () => undefined, after: (_, { error }) => heard.push(error) });
    gates.add('budget', {
      before: () => undefined,
      after: (_, { receipt }) => {
        heard.push(receipt);
        throw new TypeError('too late');
      },
    });
    const receipt = { id: 'r' } as never;
    expect(await gates.through(asked(), () => Promise.resolve({ receipt }))).toEqual({ receipt });
    expect(heard).toEqual([receipt, undefined]);
    const failed = new MeshError('TASK_FAILED', { task: 't' });
    const failing = gates.through(asked(), () => Promise.reject<{ receipt: never }>(failed));
    expect(await failure(failing)).toBe(failed);
    expect(heard.slice(2)).toEqual([undefined, failed]);
  });

  it('refuse when they fail or do not answer within 5 s, and leave no timer', async () => {
    const clock = virtualClock();
    const broken = new Gates(clock);
    broken.add('licence', {
      before: () => {
        throw new TypeError('oops');
      },
    });
    expect(await broken.ask(asked())).toMatchObject({
      gate: 'licence',
      error: { code: 'INTERNAL' },
    });
    const silent = new Gates(clock);
    silent.add('approval', { before: () => new Promise(() => undefined) });
    const asking = silent.ask(asked());
    await clock.advance('5s');
    expect(await asking).toMatchObject({ gate: 'approval', error: { code: 'TIMEOUT' } });
    expect(clock.timers).toBe(0);
  });

  it('let the caller go when its signal fires', async () => {
    const gates = new Gates(virtualClock());
    gates.add('approval', { before: () => new Promise(() => undefined) });
    const stop = new AbortController();
    const asking = failure(gates.ask(asked(stop.signal)));
    stop.abort();
    expect(await asking).toMatchObject({ code: 'ABORTED' });
  });
});

/** How a candidate answers: a gate refuses it, its node fails with a code, or it does the work. */
type Answer = 'refused' | 'done' | { readonly fails: MeshErrorCode; readonly sent?: boolean };

const answers = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant('refused' as const) },
    fc.constant('done' as const),
    fc.record(
      {
        fails: fc.constantFrom<MeshErrorCode>(
          'OVERLOADED',
          'AGENT_NOT_FOUND',
          'PEER_REJECTED',
          'PEER_UNREACHABLE',
          'TASK_FAILED',
          'TASK_UNCERTAIN',
          'POLICY_DENIED',
          'RECEIPT_INVALID',
          'CLOSED',
        ),
        sent: fc.boolean(),
      },
      { requiredKeys: ['fails'] },
    ),
  ),
  { maxLength: 24 },
);
const didNothing = ['OVERLOADED', 'AGENT_NOT_FOUND', 'PEER_REJECTED', 'PEER_UNREACHABLE'];
const sendLimit = 8;

/** The rule in words: in order, past the refused and those that certainly did nothing, to at most eight nodes. */
function model(list: readonly Answer[]): { asked: readonly number[]; code: string | undefined } {
  const visited: number[] = [];
  let code: string | undefined;
  for (const [i, answer] of list.entries()) {
    if (answer === 'refused') continue;
    visited.push(i);
    if (answer === 'done') return { asked: visited, code: undefined };
    code = answer.fails;
    const moves =
      didNothing.includes(answer.fails) &&
      !(answer.fails === 'PEER_UNREACHABLE' && answer.sent === true);
    if (!moves || visited.length === sendLimit) return { asked: visited, code };
  }
  return {
    asked: visited,
    code: code ?? (list.length === 0 ? 'AGENT_NOT_FOUND' : 'LICENCE_MISSING'),
  };
}

describe('the task caller', () => {
  it('goes to the candidates the model goes to, and ends as it does', () =>
    fc.assert(
      fc.asyncProperty(answers, async (list) => {
        const clock = virtualClock();
        const gates = new Gates(clock);
        const didOf = (i: number): Did => `did:key:zpeer${String(i)}`;
        const numberOf = (did: Did): number => Number(did.slice('did:key:zpeer'.length));
        gates.add('licence', {
          before: ({ peer: to }) => {
            if (list[numberOf(to)] === 'refused') throw new MeshError('LICENCE_MISSING', {});
          },
        });
        const visited: number[] = [];
        const events: string[] = [];
        const candidates: Candidate[] = list.map((_, i) => ({
          meshId: didOf(i),
          node: 'main',
          name: 'a',
        }));
        const caller = new TaskCaller({
          did: peer,
          tenant: undefined,
          clock,
          random: seededRandom(1),
          gates,
          emit: (type) => events.push(type),
          placement: () => new ByTrust(seededRandom(2)),
          candidates: () => candidates,
          observe: () => undefined,
          judged: () => undefined,
          priceOf: () => undefined,
          closing: new AbortController().signal,
          shutOut: () => undefined,
          feedback: () => Promise.reject(new MeshError('UNSUPPORTED', {})),
          send: (to, request) => {
            const i = numberOf(to);
            visited.push(i);
            const answer = list[i]!;
            if (typeof answer === 'object') {
              const { fails, sent } = answer;
              return Promise.reject(new MeshError(fails, sent === undefined ? {} : { sent }));
            }
            return Promise.resolve({ output: i, receipt: receiptOf(to, request.id) });
          },
          checkReceipt: () => Promise.resolve(),
          onReceipt: () => Promise.resolve(),
        });
        const expected = model(list);
        const ended = await caller.run({ type: 'x', data: null }).then(
          ({ output }) => output,
          (error: unknown) => (error as MeshError).code,
        );
        expect(visited).toEqual(expected.asked);
        expect(ended).toBe(expected.code ?? expected.asked.at(-1));
        expect(events.filter((type) => type === 'task.sent')).toHaveLength(visited.length);
        expect(events.at(-1)).toBe(expected.code === undefined ? 'task.completed' : 'task.failed');
        expect(clock.timers).toBe(0);
      }),
    ));
});

function receiptOf(by: Did, task: string): object {
  const hash = 'bafkreiabcdefghij';
  const at = '2030-01-01T00:00:00.000Z';
  const proof = { type: 'mesh-ed25519', keyId: `${by}#${by.slice(8)}`, signature: 'A'.repeat(86) };
  return {
    format: 1,
    id: 'r',
    task,
    type: 'x',
    agent: `${by}#main/a`,
    by,
    for: peer,
    at,
    outcome: 'ok',
    inputHash: hash,
    outputHash: hash,
    policyVersion: 'v',
    proof,
  };
}
