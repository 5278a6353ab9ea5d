// Whatever a client keeps of a person goes with `audit.erase`: here every byte of its store is looked at.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifyAuditLog } from '../../src/audit.ts';
import { fromUtf8, utf8 } from '../../src/base/bytes.ts';
import { contentHash } from '../../src/core/audit/index.ts';
import {
  type AgentDefinition,
  type Extension,
  type MeshClient,
  memoryStore,
  type Store,
  sqliteStore,
} from '../../src/index.ts';
import { failure, Town, until } from './rig.ts';

const subject = 'patient:4711-erasure';
const input = { name: 'Alice Liddell of Daresbury' };
const output = { finding: 'grows when she eats cake' };
const other = { name: 'Lewis Carroll' };
const basis = 'GDPR Art. 17';

/** A store, and all the bytes that could be read from it. */
interface Shelf {
  readonly store: Store;
  bytes(): Promise<string>;
  clear(): void;
}

const memoryShelf = (): Shelf => {
  const store = memoryStore();
  return {
    store,
    bytes: async () => {
      const rows: string[] = [];
      const stop = new AbortController();
      await store.write([{ put: 'the end', value: utf8('') }]);
      for await (const { key, value } of store.watch('', 0, { signal: stop.signal })) {
        rows.push(key, Buffer.from(value ?? []).toString('latin1'));
        if (key === 'the end') stop.abort();
      }
      return rows.join('\n');
    },
    clear: () => undefined,
  };
};

const sqliteShelf = (): Shelf => {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-erasure-'));
  return {
    store: sqliteStore(folder),
    bytes: () =>
      Promise.resolve(
        readdirSync(folder)
          .map((name) => readFileSync(join(folder, name), 'latin1'))
          .join('\n'),
      ),
    clear: () => {
      rmSync(folder, { recursive: true });
    },
  };
};

/** What must not be found any more: names, what went in and out, and their hashes. */
const traces = {
  'the name of the subject': subject,
  'what went in': input.name,
  'what came out': output.finding,
  'the hash of what went in': contentHash(input),
  'the hash of what came out': contentHash(output),
  'what was said of the work': 'a wonderland of a finding',
  'what an extension kept': 'a card of the patient',
};

const found = async (shelf: Shelf): Promise<readonly string[]> => {
  const bytes = await shelf.bytes();
  const words = Object.entries(traces).filter(([, trace]) =>
    [trace, Buffer.from(trace).toString('base64url'), Buffer.from(trace).toString('hex')].some(
      (spelling) => bytes.includes(spelling),
    ),
  );
  return words.map(([what]) => what);
};

const examine: AgentDefinition = {
  name: 'examiner',
  capabilities: ['examine'],
  handler: () => output,
};
const durable: AgentDefinition = {
  name: 'ward',
  capabilities: ['ward'],
  durable: true,
  handler: ({ input: given }) => ((given as typeof input).name === input.name ? output : 'well'),
};
const waiting: AgentDefinition = {
  name: 'waiting room',
  capabilities: ['wait'],
  durable: true,
  handler: async ({ input: given, checkpoint, suspend }) => {
    await checkpoint(utf8(JSON.stringify(given)));
    return suspend();
  },
};
const failing: AgentDefinition = {
  name: 'bad doctor',
  capabilities: ['fail'],
  durable: true,
  handler: () => {
    throw new Error('no cake');
  },
};

/** Keeps a card of each subject. */
const cards: Extension<{ write(about: string): Promise<void> }> = {
  name: 'cards',
  start: (host) => {
    const { store } = host;
    host.onErase(async ({ subject: whom }) => {
      const card = await store.get('card');
      if (card === undefined || !fromUtf8(card.value).endsWith(whom)) return 0;
      await store.write([{ del: 'card' }]);
      return 1;
    });
    return {
      write: async (about) => {
        await store.write([{ put: 'card', value: utf8(`a card of the patient ${about}`) }]);
      },
    };
  },
};

/** All that two organisations can do about a subject. */
async function visit(caller: MeshClient, server: MeshClient): Promise<void> {
  const about = { data: input, subject };
  const first = await caller.executeTask({ type: 'examine', ...about });
  await first.feedback(0.9, 'a wonderland of a finding');
  await caller.executeTask({ type: 'examine', ...about }, { idempotencyKey: 'once' });
  await caller.executeTask({ type: 'ward', ...about });
  await caller.executeTask({ type: 'ward', ...about }, { idempotencyKey: 'ward' });
  await failure(caller.executeTask({ type: 'fail', ...about }));
  await failure(caller.executeTask({ type: 'nobody', ...about }));
  caller.executeTask({ type: 'wait', ...about }, { idempotencyKey: 'w' }).catch(() => undefined);
  await until(async () => (await server.tasks.list({ state: 'suspended' })).length === 1);
  for (const mesh of [caller, server]) {
    await mesh.audit.append('note', input, { subject });
    await mesh.use(cards).write(subject);
  }
  await caller.executeTask({ type: 'ward', data: other, subject: 'patient:1' });
}

describe.each([
  ['memory', memoryShelf],
  ['sqlite', sqliteShelf],
])('a client on a %s store', (_, makeShelf) => {
  it('holds no byte of a subject that was erased, and the rest as it was', async () => {
    const shelves = [makeShelf(), makeShelf()] as const;
    try {
      await using town = new Town();
      const [{ store: callers }, { store: servers }] = shelves;
      const server = await town.open('globex', [examine, durable, waiting, failing], {
        store: servers,
      });
      const caller = await town.open('acme', [], { store: callers });
      await caller.federate(server.did);
      await visit(caller, server);
      expect(await found(shelves[0])).toContain('the hash of what went in');
      expect(await found(shelves[1])).toContain('what came out');
      const kept = server.audit.erase({ subject, basis });
      expect(await kept).toMatchObject({ found: true, removed: { tasks: 4, federation: 1 } });
      const { removed } = await caller.audit.erase({ subject, basis });
      expect(removed).toMatchObject({ trust: 4 });
      for (const [i, mesh] of [caller, server].entries()) {
        const shelf = shelves[i]!;
        expect(await found(shelf)).toEqual([]);
        expect(await mesh.audit.verify()).toMatchObject({ intact: true });
        const bundle = await mesh.audit.export({ reveal: true });
        expect(await verifyAuditLog(bundle)).toMatchObject({ intact: true, complete: true });
        const again = await mesh.audit.erase({ subject, basis });
        expect(again).toMatchObject({ found: false, removed: {} });
      }
      // Others are not touched, and what was learned of the peer stays.
      expect(await server.tasks.list()).toHaveLength(1);
      expect((await caller.trust.exportEvidence()).evidence).toHaveLength(1);
      expect(caller.trust.score(server.did).state).not.toBe('unknown');
      await caller.executeTask({ type: 'ward', data: other, subject: 'patient:1' });
      await caller.close();
      await server.close();
      for (const shelf of shelves) {
        await shelf.store.close().catch(() => undefined);
      }
    } finally {
      for (const shelf of shelves) shelf.clear();
    }
  });
});
