import { describe, expect, it } from 'vitest';
import { fromUtf8, utf8 } from '../../../src/base/bytes.ts';
import { MeshError } from '../../../src/base/errors.ts';
import { MeshClient } from '../../../src/index.ts';
import type { Extension, Host } from '../../../src/ports/extension.ts';
import type { Placement } from '../../../src/ports/placement.ts';
import { HostLog, spyOn } from '../../../src/testing/conformance/extension/host-spy.ts';
import { extensionConformance } from '../../../src/testing/index.ts';
import { but, caught } from './caught.ts';
import { startTally, type Tally, tally, tallyUses } from './tally.ts';

/** A tally that does one more thing when it starts. */
function starting(more: (host: Host) => void): () => Extension<Tally> {
  return () => ({
    name: 'tally',
    start: (host) => {
      more(host);
      return startTally(host);
    },
  });
}

/** A tally with one member at fault. */
function having(fault: (api: Tally, host: Host) => Partial<Tally>): () => Extension<Tally> {
  return () => ({
    name: 'tally',
    start: (host) => {
      const api = startTally(host);
      return but(api, fault(api, host));
    },
  });
}

function placing(choose: Placement['choose']): () => Extension<Tally> {
  return starting((host) => host.placement({ choose }));
}

function hasDid(host: Host): boolean {
  try {
    return host.did.length > 0;
  } catch {
    return false;
  }
}

const forever = new Promise<never>(() => undefined);

/** Extensions with one fault each, the law that catches it, and what the kit says. */
const faults: [fault: string, law: string, said: RegExp, make: () => () => Extension<Tally>][] = [
  [
    'lies in the corner of another',
    'its name is words joined by dashes, 64 characters at most',
    /'ledger\/tally' will not do/,
    () => () => ({ ...tally(), name: 'ledger/tally' }),
  ],
  [
    'is named anew each time',
    'every instance has one name, and a client takes one of them',
    /the name of another instance: expected tally-\d, got tally-\d|expected "tally-\d", got "tally-\d"/,
    () => {
      let made = 0;
      return () => ({ ...tally(), name: `tally-${(made += 1)}` });
    },
  ],
  [
    'makes its user wait',
    'start answers at once with its API, not with a promise',
    /start must not wait/,
    () => () => ({ name: 'tally', start: (async (host: Host) => startTally(host)) as never }),
  ],
  [
    'sets a timer when it starts',
    'start begins nothing: no timer, no word to the store, the street or the web',
    /the timers of the host before its first use: expected 0, got 1/,
    () => starting((host) => host.clock.after(60_000, () => undefined)),
  ],
  [
    'reads its store when it starts',
    'start begins nothing: no timer, no word to the store, the street or the web',
    /expected \[\], got \["store.get"\]/,
    () => starting((host) => void host.store.get('count').catch(() => undefined)),
  ],
  [
    'asks the web when it starts',
    'start begins nothing: no timer, no word to the store, the street or the web',
    /got \["http https:\/\/tally.example\/"\]/,
    () =>
      starting(
        (host) => void host.http.send({ url: 'https://tally.example/' }).catch(() => undefined),
      ),
  ],
  [
    'starts its client by listening',
    'start begins nothing: no timer, no word to the store, the street or the web',
    /whether using it has started the client: expected false, got true/,
    () => starting((host) => void Array.fromAsync(host.subscribe('told')).catch(() => undefined)),
  ],
  [
    'looks at the clock on the wall',
    'start asks the machine for nothing',
    /expected \[\], got \["Date.now","Date"\]/,
    () => starting(() => [Date.now(), new Date(), new Date(0)]),
  ],
  [
    'throws dice of its own, and sets a timer nobody sees',
    'start asks the machine for nothing',
    /got \["Math.random","crypto.randomUUID","setTimeout"\]/,
    () =>
      starting(() => {
        Math.random();
        crypto.randomUUID();
        clearTimeout(setTimeout(() => undefined));
      }),
  ],
  [
    'leaves a global',
    'start asks the machine for nothing',
    /got \["globalThis.tally"\]/,
    () =>
      starting(() => {
        Reflect.set(globalThis, 'tally', 1);
        // Gone by the next law, seen by this one.
        queueMicrotask(() => Reflect.deleteProperty(globalThis, 'tally'));
      }),
  ],
  [
    'answers only when it was used early',
    'it may be used after its client has started',
    /the methods handled by one used late/,
    () =>
      starting((host) => {
        if (!hasDid(host)) host.handle('early', async () => 1);
      }),
  ],
  [
    'cannot wait for its client',
    'a method called before the client has started waits for it, or says NOT_STARTED',
    /add before the start failed with TypeError: no did yet/,
    () =>
      having((api, host) => ({
        add: async (by) => {
          if (!hasDid(host)) throw new TypeError('no did yet');
          return await api.add(by);
        },
      })),
  ],
  [
    'calls what nobody answers',
    'its methods work between two organisations',
    /NOT_FOUND|does not exist/,
    () => having((_, host) => ({ countAt: (peer) => host.send(peer, 'counts', 'all') })),
  ],
  [
    'makes a sentence a topic',
    'what it names stays short and plain: methods, topics, roles',
    /'the count of today' is no name/,
    () => having((_, host) => ({ tell: () => host.broadcast('the count of today', utf8('1')) })),
  ],
  [
    'trips over what a peer sends',
    'whatever a peer sends, its handlers answer or refuse with a MeshError',
    /the handler of 'add' must refuse with a MeshError, but threw TypeError/,
    () =>
      starting((host) => {
        host.handle('add', async ({ body }) => (body as string).length);
      }),
  ],
  [
    'never answers what it does not understand',
    'whatever a peer sends, its handlers answer or refuse with a MeshError',
    /an answer of the handler of 'add' did not happen within/,
    () =>
      starting((host) => {
        host.handle('add', ({ body }) => (body === 'add' ? Promise.resolve(1) : forever));
      }),
  ],
  [
    'stops listening at the first odd broadcast',
    'whatever is broadcast on its topics, it listens on',
    /whether it has left its broadcasts on 'told'/,
    () =>
      starting((host) => {
        const listen = async (): Promise<void> => {
          for await (const { bytes } of host.subscribe('told')) {
            if (typeof JSON.parse(fromUtf8(bytes)) !== 'number') throw new Error('no count');
          }
        };
        void listen().catch(() => undefined);
      }),
  ],
  [
    'stops listening at the first new kind of event',
    'whatever happens, it listens on: events of types it never heard of do no harm',
    /whether it has left its events task\.\* \(after .*"task.unheard"/,
    () =>
      starting((host) => {
        const known = ['task.sent', 'task.completed', 'task.executed'];
        const listen = async (): Promise<void> => {
          for await (const { type } of host.events('task.*')) {
            if (!known.includes(type)) throw new Error(type);
          }
        };
        void listen().catch(() => undefined);
      }),
  ],
  [
    'refuses with an error of its own',
    'its gates answer in time, and refuse with a MeshError',
    /the budget gate must refuse with a MeshError, but threw Error: too dear/,
    () =>
      starting((host) => {
        host.gate('budget', {
          before: ({ direction }) => {
            if (direction === 'receive') throw new Error('too dear');
          },
        });
      }),
  ],
  [
    'lets a task wait at its gate',
    'its gates answer in time, and refuse with a MeshError',
    /the verdict of the approval gate did not happen within/,
    () => starting((host) => host.gate('approval', { before: () => forever })),
  ],
  [
    'changes the task at its gate',
    'its gates answer in time, and refuse with a MeshError',
    /must refuse with a MeshError, but threw TypeError/,
    () =>
      starting((host) => {
        host.gate('policy', { before: ({ task }) => void Object.assign(task, { tenant: 'x' }) });
      }),
  ],
  [
    'ponders the end of a task',
    'its gates hear the end of a task in time',
    /the end of 'after' of the trust gate did not happen within/,
    () => starting((host) => host.gate('trust', { before: () => undefined, after: () => forever })),
  ],
  [
    'sends tasks where nobody offered',
    'its placement chooses among the candidates, and the same again',
    /candidates that were not given/,
    () => placing((_, candidates) => candidates.map((candidate) => ({ ...candidate, name: 'me' }))),
  ],
  [
    'throws dice for a place',
    'its placement chooses among the candidates, and the same again',
    /the second choice/,
    () => {
      let calls = 0;
      return placing((_, candidates) => {
        calls += 1;
        return calls % 2 === 0 ? candidates : candidates.toReversed();
      });
    },
  ],
  [
    'sorts the list it is shown',
    'its placement chooses among the candidates, and the same again',
    /read only property/,
    () => placing((_, candidates) => (candidates as unknown[]).reverse() as never),
  ],
  [
    'sleeps past the end',
    'nothing of it goes on after the close of its client',
    /the timers that wait after the close: expected 0, got 1/,
    () =>
      having((api, host) => ({
        add: (by) => {
          void host.clock.sleep(30_000).catch(() => undefined);
          return api.add(by);
        },
      })),
  ],
  [
    'tries on after the end',
    'nothing of it goes on after the close of its client',
    /what it asked of its host after the close/,
    () =>
      having((api, host) => ({
        add: (by) => {
          const poll = setInterval(() => void host.store.get('k').catch(() => undefined), 10);
          setTimeout(() => {
            clearInterval(poll);
          }, 1_500);
          return api.add(by);
        },
      })),
  ],
  [
    'writes a farewell',
    'a client that closes before it has started ends it too',
    /what it asked of its host: expected \[\], got \["store.write"\]/,
    () =>
      starting((host) => {
        host.signal.addEventListener('abort', () => {
          void host.store.write([{ put: 'ended', value: utf8('1') }]).catch(() => undefined);
        });
      }),
  ],
  [
    'counts for the whole process',
    'two clients in one process share none of its state',
    /the state at a client that was not used: expected \d+, got \d+/,
    () => {
      let all = 0;
      return having((api) => ({
        get events() {
          return all;
        },
        add: (by) => {
          all += by;
          return api.add(by);
        },
      }));
    },
  ],
  [
    'has one API for the whole process',
    'two clients in one process share none of its state',
    /two clients must not share one API/,
    () => {
      let only: Tally | undefined;
      return () => ({ name: 'tally', start: (host) => (only ??= startTally(host)) });
    },
  ],
  [
    'ends everywhere when it ends once',
    'closing one client ends nothing at another',
    /CLOSED|the tally is closed/,
    () => {
      const ended = new AbortController();
      return having((api, host) => {
        host.signal.addEventListener('abort', () => {
          ended.abort();
        });
        return {
          add: async (by) => {
            if (ended.signal.aborted) throw new MeshError('CLOSED', { what: 'the tally' });
            return await api.add(by);
          },
        };
      });
    },
  ],
  [
    'cannot read what it wrote in its last life',
    'a new client on the same store goes on where the last one stopped',
    /format/,
    () =>
      having((api, host) => {
        let begun = false;
        return {
          add: async (by) => {
            const found = await host.store.get('count');
            if (!begun && found !== undefined) throw new Error('a count of another format');
            begun = true;
            return await api.add(by);
          },
        };
      }),
  ],
  [
    'works on after the end',
    'after close of its client every method of an extension fails with CLOSED',
    /add of an extension after close of its client must fail with CLOSED, but it succeeded/,
    () => having((api) => ({ add: (by) => api.add(by).catch(() => by) })),
  ],
  [
    'says in its own words that it has ended',
    'after close of its client every method of an extension fails with CLOSED',
    /must fail with CLOSED, but failed with an? Error/,
    () =>
      having((api) => ({
        tell: () =>
          api.tell().catch(() => {
            throw new Error('gone');
          }),
      })),
  ],
  [
    'hangs when the end overtakes it',
    'a call overtaken by the close of its client of an extension is answered or fails with CLOSED',
    /an answer of countAt of an extension did not happen within/,
    () =>
      having((api, { signal }) => ({
        countAt: (peer) => (signal.aborted ? api.countAt(peer) : forever),
      })),
  ],
  [
    'does not hand its signal on',
    'a signal that has fired stops every method of an extension before it does anything',
    /countAt with a fired signal must fail with ABORTED, but it succeeded/,
    () => having((api) => ({ countAt: (peer) => api.countAt(peer) })),
  ],
  [
    'forgets its listeners',
    'no method of an extension leaves a listener on its signal',
    /the listeners left by countAt: expected 0, got 1/,
    () =>
      having((api) => ({
        countAt: (peer, options) => {
          options?.signal?.addEventListener('abort', () => undefined);
          return api.countAt(peer, options);
        },
      })),
  ],
];

describe('the conformance kit of extensions', () => {
  describe('passes one that does a bit of everything', () => {
    for (const { name, run } of extensionConformance(tally, tallyUses)) it(name, run);
  });

  describe('passes one that does nothing', () => {
    const idle: Extension<void> = { name: 'idle', start: () => undefined };
    for (const { name, run } of extensionConformance(() => idle)) it(name, run);
  });

  it.each(faults)('catches an extension that %s', async (_, law, said, make) => {
    const cases = extensionConformance(make(), { ...tallyUses, timeoutMs: 1_000 });
    const found = await caught(cases.filter(({ name }) => name === law));
    expect(found.get(law)).toMatch(said);
  });

  it('has a name for every law, and no name twice', () => {
    const names = extensionConformance(tally, tallyUses).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('refuses to heed a signal for a method it was not told of', () => {
    expect(() => extensionConformance(tally, { ...tallyUses, cancellable: ['count'] })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });

  it('passes on what it does not know: a Host may grow', async () => {
    const seen: unknown[] = [];
    const curious: Extension<void> = {
      name: 'curious',
      start: (host) => {
        const grown = Object.assign(Object.create(host) as Host, { tenants: () => 'a new view' });
        const spied = spyOn(grown, new HostLog()) as Host & { tenants(): string };
        seen.push(spied.tenants(), spied.telemetry === host.telemetry);
      },
    };
    await using mesh = new MeshClient();
    mesh.use(curious);
    expect(seen).toEqual(['a new view', true]);
  });
});
