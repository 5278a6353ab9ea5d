/**
 * Laws of dialling and listening.
 * @module
 */
import { check, checkEqual, checkRejects, checkWithin } from '../assert.ts';
import { countingSignal } from '../counting-signal.ts';
import { framesOf, pause, sendAll, type TransportLaw } from './transport-law.ts';

/** What holds for every transport. */
export const meetingLaws: readonly TransportLaw[] = [
  {
    name: 'a link knows its remote end and what the carrier knows',
    test: async (bench) => {
      const listener = await bench.listen();
      const endpoint = listener.endpoints[0]!;
      const scheme = endpoint.split(':')[0]!;
      check(bench.dialling.schemes.includes(scheme), `${endpoint} must be of a scheme it can dial`);
      const { near, far } = await bench.pair(listener);
      checkEqual(near.link.remote, endpoint, 'remote at the dialling end');
      check(far.link.remote.startsWith(`${scheme}:`), 'remote at the listening end needs a scheme');
      for (const { link } of [near, far]) {
        check(['none', 'tls'].includes(link.facts.secure), "facts.secure must be 'none' or 'tls'");
        checkEqual(link.buffered, 0, 'buffered at the beginning');
      }
    },
  },
  {
    name: 'dialling where nobody listens fails with PEER_UNREACHABLE',
    test: async (bench) => {
      const listener = await bench.listen();
      await listener.close();
      const dialling = bench.dial(listener.endpoints[0]!);
      await checkRejects(dialling, 'PEER_UNREACHABLE', 'dialling a closed listener');
    },
  },
  {
    name: 'dialling what is no endpoint fails with INVALID_ARGUMENT',
    test: async (bench) => {
      for (const to of ['', 'nonsense', 'gopher://127.0.0.1:70']) {
        await checkRejects(bench.dial(to), 'INVALID_ARGUMENT', `dialling '${to}'`);
      }
    },
  },
  {
    name: 'closing a listener twice is one close, and its links go on',
    test: async (bench) => {
      const listener = await bench.listen();
      const { near, far } = await bench.pair(listener);
      far.receive();
      const closing = Promise.all([listener.close(), listener.close()]);
      await checkWithin(bench.timeoutMs, 'closing the listener', closing);
      const frames = framesOf(3, 10);
      sendAll(near.link, frames);
      checkEqual(await far.first(3), frames, 'the frames after the listener closed');
    },
  },
  {
    name: 'a signal that has fired prevents dialling and listening',
    test: async (bench) => {
      const listener = await bench.listen();
      const signal = AbortSignal.abort();
      const dialling = bench.dial(listener.endpoints[0]!, signal);
      await checkRejects(dialling, 'ABORTED', 'dial with a fired signal');
      await checkRejects(bench.listen(signal), 'ABORTED', 'listen with a fired signal');
      await pause(20);
      checkEqual(bench.waiting, 0, 'the links of a dial that never was');
    },
  },
  {
    name: 'a signal that fires while dialling leaves no link behind',
    test: async (bench) => {
      const listener = await bench.listen();
      const { signal, abort } = countingSignal();
      const dialling = bench.dial(listener.endpoints[0]!, signal);
      abort();
      await checkRejects(dialling, 'ABORTED', 'dial when its signal fires');
    },
  },
  {
    name: 'the signal of a listener closes it',
    test: async (bench) => {
      const { signal, abort } = countingSignal();
      const listener = await bench.listen(signal);
      abort();
      await pause(20);
      const dialling = bench.dial(listener.endpoints[0]!);
      await checkRejects(dialling, 'PEER_UNREACHABLE', 'dialling an aborted listener');
    },
  },
  {
    name: 'dialling and listening leave no listener on their signals',
    test: async (bench) => {
      const one = countingSignal();
      const two = countingSignal();
      const listener = await bench.listen(one.signal);
      await bench.dial(listener.endpoints[0]!, two.signal);
      checkEqual(two.listeners(), 0, 'the listeners left by dial');
      await listener.close();
      checkEqual(one.listeners(), 0, 'the listeners left by listen');
    },
  },
];
