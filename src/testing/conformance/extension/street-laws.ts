/**
 * Laws of the street: what comes from outside harms an extension as little as it harms the house.
 * @module
 */
import { utf8 } from '../../../base/bytes.ts';
import { MeshError } from '../../../base/errors.ts';
import { check, checkEqual, checkWithin } from '../../assert.ts';
import { pause } from '../../real-time.ts';
import { seededRandom } from '../../seeded-random.ts';
import type { ExtensionLaw } from './extension-bench.ts';

/** What holds for every extension. */
export const streetLaws: readonly ExtensionLaw[] = [
  {
    name: 'its methods work between two organisations',
    test: async (bench) => {
      const { near, far } = await bench.pair();
      await near.callAll(far.mesh.did);
      await far.callAll(near.mesh.did);
    },
  },
  {
    name: 'what it names stays short and plain: methods, topics, roles',
    test: async (bench) => {
      const { near, far } = await bench.pair();
      await near.callAll(far.mesh.did);
      for (const name of near.log.names) {
        const plain = name.length <= 128 && /^[\w-]+(?:[./:~@][\w-]+)*$/.test(name);
        check(plain, `'${name}' is no name for a method, a topic or a role`);
      }
    },
  },
  {
    name: 'whatever a peer sends, its handlers answer or refuse with a MeshError',
    test: async (bench) => {
      const { near, far } = await bench.pair();
      await near.callAll(far.mesh.did);
      const { signal } = new AbortController();
      for (const [method, handler] of near.log.handlers) {
        for (const body of strangeBodies()) {
          const answer = async (): Promise<unknown> =>
            await handler({ from: far.mesh.did, body, signal });
          await checkRefusal(`the handler of '${method}'`, answer(), bench.options.timeoutMs);
        }
      }
      await near.callAll(far.mesh.did);
    },
  },
  {
    name: 'whatever is broadcast on its topics, it listens on',
    test: async (bench) => {
      const { near, far } = await bench.pair();
      await pause(20);
      const listening = [...near.log.subscriptions];
      await near.callAll(far.mesh.did);
      const noise = seededRandom('noise').bytes(200);
      for (const [topic] of listening) {
        for (const bytes of [new Uint8Array(0), utf8('{}'), utf8('null'), noise]) {
          await far.host!.broadcast(topic, bytes);
        }
      }
      await pause(50);
      checkListening(listening.map(([, stream]) => stream));
      await near.callAll(far.mesh.did);
    },
  },
  {
    name: 'whatever happens, it listens on: events of types it never heard of do no harm',
    test: async (bench) => {
      const { near, far } = await bench.pair();
      await pause(20);
      const listening = [...near.log.events];
      near.mesh.createAgent({ name: 'a', capabilities: ['a'], handler: () => 1 });
      await near.mesh.executeTask({ type: 'a', data: null });
      for (const { patterns, stream } of listening) {
        for (const type of typesFor(patterns)) {
          stream.put({ at: '2030-01-01T00:00:00.000Z', type, data: {} } as never);
        }
      }
      await pause(50);
      checkListening(listening.map(({ stream }) => stream));
      await near.callAll(far.mesh.did);
    },
  },
];

/** Checks that `answer` comes in time, and that a refusal is one of the mesh. */
async function checkRefusal(what: string, answer: Promise<unknown>, ms: number): Promise<void> {
  const refused = answer.then(
    () => undefined,
    (error: unknown) => error,
  );
  const error = await checkWithin(ms, `an answer of ${what}`, refused);
  const known = error === undefined || MeshError.is(error);
  check(known, `${what} must refuse with a MeshError, but threw ${String(error)}`);
}

/** Loops that ran in the background must run still. */
function checkListening(streams: readonly { what: string; left: boolean; last: unknown }[]): void {
  for (const { what, left, last } of streams) {
    checkEqual(left, false, `whether it has left its ${what} (after ${JSON.stringify(last)})`);
  }
}

function strangeBodies(): unknown[] {
  let deep: unknown = null;
  for (let i = 0; i < 60; i += 1) deep = { deep };
  return [
    undefined,
    null,
    true,
    0,
    -1,
    1e300,
    '',
    'x'.repeat(10_000),
    [],
    [null],
    {},
    { type: 1, id: null, key: [] },
    new Uint8Array(3),
    new Float32Array(3),
    Object.fromEntries([['__proto__', { polluted: true }]]),
    deep,
  ];
}

/** One type of event for each pattern that leaves room for types yet to come. */
function typesFor(patterns: readonly string[]): string[] {
  if (patterns.length === 0) return ['unheard.of'];
  return patterns
    .filter((pattern) => pattern.includes('*'))
    .map((pattern) => (pattern === '*' ? 'unheard.of' : pattern.replace('*', 'unheard')));
}
