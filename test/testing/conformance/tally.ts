/** An extension for the tests of the kit: counts for itself and for its peers, says so, and guards a gate. */
import { fromUtf8, utf8 } from '../../../src/base/bytes.ts';
import { MeshError } from '../../../src/base/errors.ts';
import type { Did } from '../../../src/base/ids.ts';
import type { Extension, Host } from '../../../src/ports/extension.ts';
import type { ExtensionConformanceOptions } from '../../../src/testing/index.ts';

export interface Tally {
  /** What happened here so far. */
  readonly events: number;
  /** Adds `by` to the count kept in the store. */
  add(by: number): Promise<number>;
  /** The count at a peer. */
  countAt(peer: Did, options?: { signal?: AbortSignal }): Promise<unknown>;
  /** Tells everybody. */
  tell(): Promise<void>;
  /** Adds 1 in the role of the writer. */
  asWriter(): Promise<void>;
}

/** What the kit is told of it. */
export const tallyUses: ExtensionConformanceOptions<Tally> = {
  methods: {
    add: (api) => api.add(2),
    countAt: (api, { peer, signal }) => api.countAt(peer, signal && { signal }),
    tell: (api) => api.tell(),
    asWriter: (api) => api.asWriter(),
  },
  cancellable: ['countAt'],
  state: (api) => api.events,
};

export function tally(): Extension<Tally> {
  return { name: 'tally', start: startTally };
}

export function startTally(host: Host): Tally {
  let events = 0;
  let limit = Number.POSITIVE_INFINITY;
  const count = async (): Promise<number> => {
    const entry = await host.store.get('count');
    return entry === undefined ? 0 : Number(fromUtf8(entry.value));
  };
  const add = async (by: number): Promise<number> => {
    const sum = (await count()) + by;
    await host.store.write([{ put: 'count', value: utf8(String(sum)) }]);
    return sum;
  };
  const listen = async (): Promise<void> => {
    for await (const _event of host.events('agent.*', 'task.*')) events += 1;
  };
  void listen();
  host.handle('count', async ({ body }) => {
    if (typeof body !== 'string') {
      throw new MeshError('SCHEMA_INVALID', { at: 'body', expected: 'a name', got: body });
    }
    return await count();
  });
  host.gate('licence', {
    before: () => {
      if (events > limit) throw new MeshError('LICENCE_MISSING', { feature: 'more' });
      limit += 1;
    },
  });
  host.placement({ choose: (_, candidates) => candidates.toReversed() });
  return {
    get events() {
      return events;
    },
    add,
    countAt: (peer, options) => host.send(peer, 'count', 'all', options),
    tell: () => host.broadcast('told', utf8('1')),
    asWriter: async () => {
      const held = await host.roles.hold('writer', { ttl: '1s' });
      await add(1);
      await held.release();
    },
  };
}
