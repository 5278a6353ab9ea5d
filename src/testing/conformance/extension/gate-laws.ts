/**
 * Laws of gates and placements: they answer in time, say why not, and leave what they are shown alone.
 * @module
 */

import { MeshError } from '../../../base/errors.ts';
import type { Did } from '../../../base/ids.ts';
import type { GateRequest } from '../../../ports/gate.ts';
import type { Candidate } from '../../../ports/placement.ts';
import type { TaskRequest } from '../../../schema/task.ts';
import { check, checkEqual, checkWithin } from '../../assert.ts';
import type { ExtensionBench, ExtensionLaw, Station } from './extension-bench.ts';

/** The client waits so long for a gate, and then denies. */
const gateDeadlineMs = 5_000;

/** What holds for every extension that adds gates or takes over placement. */
export const gateLaws: readonly ExtensionLaw[] = [
  {
    name: 'its gates answer in time, and refuse with a MeshError',
    test: async (bench) => {
      const { log, mesh } = await inUse(bench);
      const ms = Math.min(gateDeadlineMs, bench.options.timeoutMs);
      for (const { name, gate } of log.gates) {
        for (const request of requestsTo(mesh.did)) {
          const asked = async (): Promise<unknown> => {
            await gate.before(request);
            return undefined;
          };
          const verdict = asked().catch((error: unknown) => error);
          const refusal = await checkWithin(ms, `the verdict of the ${name} gate`, verdict);
          const known = refusal === undefined || MeshError.is(refusal);
          check(
            known,
            `the ${name} gate must refuse with a MeshError, but threw ${String(refusal)}`,
          );
        }
      }
    },
  },
  {
    name: 'its gates hear the end of a task in time',
    test: async (bench) => {
      const { log, mesh } = await inUse(bench);
      const ms = Math.min(gateDeadlineMs, bench.options.timeoutMs);
      const error = new MeshError('TASK_FAILED', { task: 'task-1' });
      for (const { name, gate } of log.gates) {
        for (const request of requestsTo(mesh.did)) {
          const told = async (): Promise<unknown> => await gate.after?.(request, { error });
          const heard = told().catch(() => undefined);
          await checkWithin(ms, `the end of 'after' of the ${name} gate`, heard);
        }
      }
    },
  },
  {
    name: 'its placement chooses among the candidates, and the same again',
    test: async (bench) => {
      const { log, mesh } = await inUse(bench);
      for (const placement of log.placements) {
        const candidates = frozen(candidatesAt(mesh.did));
        const chosen = placement.choose(taskOf(null), candidates);
        checkEqual(placement.choose(taskOf(null), candidates), chosen, 'the second choice');
        const foreign = chosen.filter((one) => !candidates.includes(one));
        checkEqual(foreign, [], 'candidates that were not given');
        checkEqual(new Set(chosen).size, chosen.length, 'the number of candidates, each once');
        checkEqual(placement.choose(taskOf(null), []), [], 'the choice among nobody');
      }
    },
  },
];

/** A station whose extension has had the chance to add its gates. */
async function inUse(bench: ExtensionBench): Promise<Station> {
  const { near, far } = await bench.pair();
  await near.callAll(far.mesh.did);
  return near;
}

function requestsTo(peer: Did): GateRequest[] {
  const { signal } = new AbortController();
  return (['send', 'receive'] as const).flatMap((direction) =>
    [null, 'text', { nested: [1, 2, 3] }].flatMap((data) =>
      [undefined, `${peer}#main/agent`].map((agent) =>
        Object.freeze({ task: taskOf(data), direction, peer, agent, budget: undefined, signal }),
      ),
    ),
  );
}

function taskOf(data: unknown): TaskRequest {
  return frozen({ id: 'task-1', type: 'kit.probe', data });
}

function candidatesAt(meshId: Did): Candidate[] {
  return ['a', 'b', 'c'].map((name) => ({ meshId, node: 'main', name }));
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(frozen);
  return Object.freeze(value);
}
