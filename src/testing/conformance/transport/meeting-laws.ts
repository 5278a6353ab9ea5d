/**
 * Laws of dialling and listening.
 * @module
 */
import { check, checkEqual, checkRejects, checkWithin } from '../../assert.ts';
import { countingSignal } from '../../counting-signal.ts';
import { pause } from '../../real-time.ts';
import { framesOf, sendAll, type TransportLaw } from './transport-law.ts';

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
    name: 'closing a listener leaves its links alone',
    test: async (bench) => {
      const listener = await bench.listen();
      const { near, far } = await bench.pair(listener);
      far.receive();
      await checkWithin(bench.timeoutMs, 'closing the listener', listener.close());
      const frames = framesOf(3, 10);
      sendAll(near.link, frames);
      checkEqual(await far.first(3), frames, 'the frames after the listener closed');
    },
  },
  {
    name: 'the signal of a listener closes it',
    test: async (bench) => {
      const { signal, abort, listeners } = countingSignal();
      const listener = await bench.listen(signal);
      abort();
      await pause(20);
      const dialling = bench.dial(listener.endpoints[0]!);
      await checkRejects(dialling, 'PEER_UNREACHABLE', 'dialling an aborted listener');
      checkEqual(listeners(), 0, 'the listeners left on the signal');
    },
  },
];
