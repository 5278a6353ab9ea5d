import { describe, expect, it } from 'vitest';
import { MemoryHub, memoryTransport } from '../../../src/adapters/transports/memory.ts';
import { MeshError } from '../../../src/base/errors.ts';
import type { Link, LinkHandler, Transport } from '../../../src/ports/transport.ts';
import { transportConformance } from '../../../src/testing/index.ts';
import { but, caught } from './caught.ts';

/** Transports with one fault each, the law that catches it, and what the kit says. */
const faults: [
  fault: string,
  law: string,
  said: RegExp,
  make: (transport: Transport) => Transport,
][] = [
  [
    'loses what arrives before receive',
    'nothing is lost before receive',
    /frame 50 \(so far 0 frames/,
    links((link) => {
      let handler: LinkHandler | undefined;
      link.receive({
        frame: (bytes) => handler?.frame(bytes),
        closed: (end) => handler?.closed(end),
      });
      return but(link, { receive: (owner) => void (handler = owner) });
    }),
  ],
  [
    'swaps frames',
    'many small frames arrive in order',
    /the frames: number 0/,
    links((link) => {
      let held: Uint8Array | undefined;
      return but(link, {
        send: (frame) => {
          const before = held;
          held = before === undefined ? frame : undefined;
          return before === undefined || (link.send(frame) && link.send(before));
        },
      });
    }),
  ],
  [
    'delivers within send',
    'send never delivers within its own call',
    /the frames delivered within send: expected 0, got 1/,
    eager(),
  ],
  [
    'never says stop',
    'a sender is told to wait while the receiver does not take frames',
    /send must say false|OVERLOADED|is full/,
    links((link) => but(link, { send: (frame) => link.send(frame) || true })),
  ],
  [
    'lets senders wait for ever',
    'drained resolves at once on an idle link, and heeds its signal and the end',
    /drained of an idle link did not happen within/,
    links((link) => but(link, { drained: () => new Promise(() => undefined) })),
  ],
  [
    'takes frames of any size',
    'a frame above maxFrame is refused, and the link goes on',
    /send of a frame too large must fail with FRAME_TOO_LARGE, but it succeeded/,
    links((link) => but(link, { send: (frame) => link.send(frame.subarray(0, 1024 * 1024)) })),
  ],
  [
    'does not flush before it closes',
    'close flushes, then both ends hear of a clean end',
    /the end at the other side: expected .*"clean":true.*got .*"clean":false|frames that arrived/,
    links((link) =>
      but(link, {
        close: () => {
          link.abort(new Error('closed'));
          return Promise.resolve();
        },
      }),
    ),
  ],
  [
    'delivers after the end',
    'closed() comes last: no frame arrives after it',
    /the frames that arrived after the close: expected \[0,0\], got \[1,1\]/,
    ends((handler, end) => {
      handler.closed(end);
      handler.frame(new Uint8Array(1));
    }),
  ],
  [
    'says that it has closed before it has',
    'close flushes, then both ends hear of a clean end',
    /the ends told when close has resolved: expected 1, got 0/,
    links((link) =>
      but(link, {
        close: async () => {
          setImmediate(() => void link.close());
        },
      }),
    ),
  ],
  [
    'does not pause',
    'a sender is told to wait while the receiver does not take frames',
    /sent to a paused receiver some must stay, and count in buffered/,
    links((link) => but(link, { pause: () => undefined })),
  ],
  [
    'tells the end twice',
    'a second close of a link changes nothing',
    /the calls of closed\(\): expected \[1,1\], got \[2,2\]/,
    ends((handler, end) => {
      handler.closed(end);
      handler.closed(end);
    }),
  ],
  [
    'calls a break a goodbye',
    'abort ends now and says why, the other end learns that it was no goodbye',
    /clean at the aborting side: expected false, got true/,
    ends((handler, end) => {
      handler.closed({ ...end, clean: true });
    }),
  ],
  [
    'forgets what was not sent',
    'unsent counts exactly the frames that never left',
    /unsent, measured by buffered: expected \d+, got 0/,
    ends((handler, end) => {
      handler.closed({ ...end, unsent: 0 });
    }),
  ],
  [
    'swallows sends after the end',
    'after abort every method of a link fails with CLOSED',
    /send of a link after abort must fail with CLOSED, but it succeeded/,
    links((link) =>
      but(link, {
        send: (frame) => {
          try {
            return link.send(frame);
          } catch {
            return false;
          }
        },
      }),
    ),
  ],
  [
    'hangs when nobody is there',
    'dialling where nobody listens fails with PEER_UNREACHABLE',
    /dial did not happen within/,
    (transport) =>
      but(transport, {
        dial: (to, context) =>
          transport.dial(to, context).catch(() => new Promise(() => undefined)),
      }),
  ],
  [
    'keeps the link of a dial that was aborted',
    'a call of dialling aborted on its way is done whole or not at all',
    /the links of an aborted dial: expected 0, got 1/,
    (transport) =>
      but(transport, {
        dial: async (to, context) => {
          const { signal } = new AbortController();
          const link = await transport.dial(to, { ...context, signal });
          if (!context.signal.aborted) return link;
          throw new MeshError('ABORTED', { what: 'dialling' });
        },
      }),
  ],
  [
    'dials first and looks at its signal then',
    'a signal that has fired stops every method of dialling before it does anything',
    /the links of an aborted dial: expected 0, got 1/,
    (transport) =>
      but(transport, {
        dial: async (to, context) => {
          const link = await transport.dial(to, {
            ...context,
            signal: new AbortController().signal,
          });
          if (!context.signal.aborted) return link;
          throw new MeshError('ABORTED', { what: 'dialling' });
        },
      }),
  ],
  [
    'keeps the place where it was not to listen',
    'a signal that has fired stops every method of listening before it does anything',
    /exists already/,
    (transport) =>
      but(transport, {
        listenAt: 'mem:here',
        listen: async (at, accept, context) => {
          const { signal } = new AbortController();
          const listener = await transport.listen(at, accept, { ...context, signal });
          if (!context.signal.aborted) return listener;
          throw new MeshError('ABORTED', { what: 'listening' });
        },
      }),
  ],
  [
    'lets drained hang when the end overtakes it',
    'after close of the other end every method of a link fails with CLOSED',
    /drained after close of the other end did not happen within/,
    links((link) =>
      but(link, {
        drained: (signal) => link.drained(signal).catch(() => new Promise(() => undefined)),
      }),
    ),
  ],
  [
    'ends its links with the listener',
    'closing a listener leaves its links alone',
    /closed|CLOSED/,
    (transport) => {
      const accepted: Link[] = [];
      return but(transport, {
        listen: async (at, accept, context) => {
          const take = (link: Link): void => {
            accepted.push(link);
            accept(link);
          };
          const listener = await transport.listen(at, take, context);
          const close = async (): Promise<void> => {
            for (const link of accepted) await link.close();
            await listener.close();
          };
          return but(listener, { close });
        },
      });
    },
  ],
  [
    'claims it cannot listen but does',
    'a transport that claims it cannot listen refuses to',
    /listen must fail with UNSUPPORTED, but it succeeded/,
    (transport) => but(transport, { features: { ...transport.features, listen: false } }),
  ],
];

describe('the conformance kit of transports', () => {
  it.each(faults)('catches a transport that %s', async (_, law, said, make) => {
    const hub = new MemoryHub();
    const cases = transportConformance(() => make(memoryTransport({ hub })), { timeoutMs: 400 });
    const found = await caught(cases.filter(({ name }) => name === law));
    expect(found.get(law)).toMatch(said);
  });

  it('has a name for every law, and no name twice', () => {
    const names = transportConformance(() => memoryTransport()).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

/** Every link of a transport with a fault, at both ends. */
function links(fault: (link: Link) => Link): (transport: Transport) => Transport {
  return (transport) =>
    but(transport, {
      dial: async (to, context) => fault(await transport.dial(to, context)),
      listen: (at, accept, context) =>
        transport.listen(
          at,
          (link) => {
            accept(fault(link));
          },
          context,
        ),
    });
}

/** Every link with a fault in how it tells its end. */
function ends(
  tell: (handler: LinkHandler, end: Parameters<LinkHandler['closed']>[0]) => void,
): (transport: Transport) => Transport {
  return links((link) =>
    but(link, {
      receive: (handler) => {
        link.receive({
          frame: (bytes) => {
            handler.frame(bytes);
          },
          closed: (end) => {
            tell(handler, end);
          },
        });
      },
    }),
  );
}

/** Hands frames straight to whoever receives. */
function eager(): (transport: Transport) => Transport {
  const handlers: LinkHandler[] = [];
  return links((link) =>
    but(link, {
      receive: (handler) => {
        handlers.push(handler);
        link.receive(handler);
      },
      send: (frame) => {
        for (const handler of handlers) handler.frame(frame);
        return true;
      },
    }),
  );
}
