/**
 * What lives in a transport: its listeners and both ends of each link. The transport itself is never ended.
 * @module
 */
import type { Listener } from '../../../ports/transport.ts';
import { checkEqual } from '../../assert.ts';
import { pause } from '../../real-time.ts';
import { type Ending, lifecycleLaws } from '../lifecycle.ts';
import type { LinkProbe, TransportBench, TransportLaw } from './transport-law.ts';

/** A link and the far end of it, both receiving. */
interface OpenLink {
  readonly near: LinkProbe;
  readonly far: LinkProbe;
}

/** A bench that listens. */
interface Meeting {
  readonly bench: TransportBench;
  readonly listener: Listener;
}

async function endedOnce({ near, far }: OpenLink): Promise<void> {
  await Promise.all([near.end(), far.end()]);
  await pause(20);
  checkEqual([near.ends.length, far.ends.length], [1, 1], 'the calls of closed()');
}

const linkEndings: readonly Ending<OpenLink, TransportBench>[] = [
  { by: 'close', run: ({ near }) => near.link.close(), once: endedOnce },
  {
    by: 'close of the other end',
    run: ({ near, far }) => Promise.all([far.link.close(), near.end()]),
    once: endedOnce,
  },
  {
    by: 'abort',
    run: ({ near }) => {
      near.link.abort(new Error('enough'));
      return near.end();
    },
    once: endedOnce,
  },
];

/** What holds for every transport. */
export const transportLifecycleLaws: readonly TransportLaw[] = [
  ...lifecycleLaws<OpenLink, TransportBench>({
    what: 'a link',
    open: async (bench) => {
      const { near, far } = await bench.pair();
      return { near: near.receive(), far: far.receive() };
    },
    methods: [
      { name: 'send', call: ({ near }) => near.link.send(new Uint8Array(1)) },
      { name: 'drained', takesSignal: true, call: ({ near }, signal) => near.link.drained(signal) },
    ],
    endings: linkEndings,
  }),
  ...lifecycleLaws<Listener, TransportBench>({
    what: 'a listener',
    open: (bench) => bench.listen(),
    methods: [],
    endings: [{ by: 'close', run: (listener) => listener.close() }],
  }),
  ...lifecycleLaws<Meeting, TransportBench>({
    what: 'dialling',
    open: async (bench) => ({ bench, listener: await bench.listen() }),
    methods: [
      {
        name: 'dial',
        takesSignal: true,
        call: ({ bench, listener }, signal) => bench.dial(listener.endpoints[0]!, signal),
        leaves: async ({ bench }, done) => {
          checkEqual(await bench.openLinks(), done ? 1 : 0, 'the links of an aborted dial');
        },
      },
    ],
    endings: [],
  }),
  ...lifecycleLaws<TransportBench, TransportBench>({
    what: 'listening',
    open: (bench) => bench,
    methods: [
      {
        name: 'listen',
        takesSignal: true,
        call: async (bench, signal) => (await bench.listen(signal)).close(),
        // The place must be free again.
        leaves: async (bench) => (await bench.listen()).close(),
      },
    ],
    endings: [],
  }),
];
