/**
 * Laws of starting: an extension is there at once, and does nothing until it is used.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import { check, checkEqual, checkThrows, checkWithin } from '../../assert.ts';
import { pause } from '../../real-time.ts';
import type { ExtensionBench, ExtensionLaw, Station } from './extension-bench.ts';

/** What holds for every extension. */
export const startLaws: readonly ExtensionLaw[] = [
  {
    name: 'its name is words joined by dashes, 64 characters at most',
    test: (bench) => {
      const { name } = bench.options.make();
      check(
        typeof name === 'string' &&
          name.length <= 64 &&
          /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(name),
        `the name names its corner of the store and the street: '${name}' will not do`,
      );
      return Promise.resolve();
    },
  },
  {
    name: 'every instance has one name, and a client takes one of them',
    test: async (bench) => {
      const { mesh, extension } = usedStation(bench);
      const another = bench.options.make();
      checkEqual(another.name, extension.name, 'the name of another instance');
      await checkThrows(() => mesh.use(another), 'ALREADY_EXISTS', 'the use of another instance');
      check(mesh.use(extension) === mesh.use(extension), 'used again it must give the same API');
    },
  },
  {
    name: 'start answers at once with its API, not with a promise',
    test: (bench) => {
      const api = usedStation(bench).use();
      const waits = typeof api === 'object' && api !== null && 'then' in api;
      check(!waits, 'start must not wait: what takes time is awaited inside the API');
      return Promise.resolve();
    },
  },
  {
    name: 'start begins nothing: no timer, no word to the store, the street or the web',
    test: async (bench) => {
      const { log, mesh } = usedStation(bench);
      await pause(20);
      checkEqual(log.calls, [], 'what was asked of the host before its first use');
      checkEqual(log.timers, 0, 'the timers of the host before its first use');
      checkEqual(hasStarted(mesh), false, 'whether using it has started the client');
    },
  },
  {
    name: 'start asks the machine for nothing',
    test: (bench) => {
      const { log } = usedStation(bench);
      checkEqual(log.machine, [], 'what start asked of the machine, not of its host');
      return Promise.resolve();
    },
  },
  {
    name: 'it may be used after its client has started',
    test: async (bench) => {
      const early = await bench.pair();
      const late = await bench.pair({ late: true });
      const handled = [early, late].map(({ near }) => [...near.log.handlers.keys()]);
      checkEqual(handled[1], handled[0], 'the methods handled by one used late');
      await late.near.callAll(late.far.mesh.did);
    },
  },
  {
    name: 'a method called before the client has started waits for it, or says NOT_STARTED',
    test: async (bench) => {
      const { far } = await bench.pair();
      const peer = far.mesh.did;
      for (const name of Object.keys(bench.options.methods)) {
        const station = usedStation(bench);
        const called = station.call(name, peer).then(
          () => undefined,
          (error: unknown) => error,
        );
        const error = await checkWithin(
          bench.options.timeoutMs,
          `${name} before the start`,
          called,
        );
        const street = MeshError.is(error, 'PEER_UNREACHABLE', 'NOT_STARTED');
        check(
          error === undefined || street,
          `${name} before the start failed with ${String(error)}`,
        );
      }
    },
  },
];

function usedStation(bench: ExtensionBench): Station {
  const station = bench.station();
  station.use();
  return station;
}

function hasStarted(mesh: Station['mesh']): boolean {
  try {
    return mesh.did.length > 0;
  } catch (error) {
    if (MeshError.is(error, 'NOT_STARTED')) return false;
    throw error;
  }
}
