import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { sqliteStore } from '../../src/adapters/stores/sqlite.ts';
import { webSocketTransport } from '../../src/adapters/transports/websocket.ts';
import { MeshClient, type MeshClientOptions, MeshError, policyTemplates } from '../../src/index.ts';
import { Stage, until } from './orders.ts';

const stage = new Stage();
const open: MeshClient[] = [];
let victim: MeshClient;
let friend: MeshClient;
let address: string;

function node(name: string, peers: readonly string[], options: MeshClientOptions = {}): MeshClient {
  const client = new MeshClient({
    did: `did:mesh:enterprise:${name}`,
    transport: webSocketTransport({ listen: { port: 0 }, peers }),
    policies: policyTemplates.openTo({}),
    introductions: false,
    ...options,
  });
  client.createAgent({ name: 'echo', capabilities: ['echo'], handler: ({ input }) => input });
  open.push(client);
  return client;
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (MeshError.is(error)) return error.code;
    throw error;
  }
  return 'nothing failed';
}

/** Nothing of an attack is left in the tables, and the friend is served as ever. */
async function unharmed(): Promise<void> {
  const rest = { sessions: 1, streams: 0, handlers: 0, executions: 0, handshakes: 0 };
  await until(() => {
    const now = victim.federation.open();
    return Object.entries(rest).every(([table, size]) => now[table as keyof typeof now] === size);
  }, 'the tables to be as before');
  const data = String(randomBytes(4).readUInt32BE());
  expect((await friend.executeTask({ type: 'echo', data }, { to: victim.did })).output).toBe(data);
}

async function socket(): Promise<WebSocket> {
  const opened = new WebSocket(address);
  opened.on('error', () => undefined);
  await once(opened, 'open');
  return opened;
}

const closed = async (socket: WebSocket): Promise<void> => {
  if (socket.readyState !== WebSocket.CLOSED) await once(socket, 'close');
};

beforeAll(async () => {
  victim = await node('victim', []).start();
  address = victim.federation.endpoints[0]!;
  friend = await node('friend', [address]).start();
  await friend.federate(victim.did);
});

afterAll(async () => {
  await Promise.allSettled(open.map((client) => client.close({ drain: 0 })));
  await stage[Symbol.asyncDispose]();
});

describe('at the socket', () => {
  it('whoever speaks HTTP is told to leave', async () => {
    const { status } = await fetch(address.replace('ws:', 'http:'), { method: 'POST', body: 'hi' });
    expect(status).toBeGreaterThanOrEqual(400);
    await unharmed();
  });

  it('random bytes lead nowhere, before the upgrade or after it', async () => {
    const { hostname, port } = new URL(address);
    const raw = connect(Number(port), hostname);
    raw.on('error', () => undefined);
    raw.end(randomBytes(10_000));
    raw.resume();
    await once(raw, 'close');
    for (const size of [0, 1, 31, 32, 48, 96, 4_096, 4_097, 60_000]) {
      const attacker = await socket();
      attacker.send(randomBytes(size));
      await closed(attacker);
    }
    const failedBefore = victim.federation.stats().failedHandshakes;
    expect(failedBefore).toBeGreaterThanOrEqual(9);
    await unharmed();
  });

  it('half handshakes are forgotten when their senders leave', async () => {
    const attackers = await Promise.all(Array.from({ length: 60 }, socket));
    // A first message that is in order: 32 bytes of key and an empty payload, then silence.
    const [first] = await recorded();
    for (const attacker of attackers.slice(30)) attacker.send(first!);
    await until(() => victim.federation.open().handshakes === 60);
    for (const attacker of attackers) attacker.terminate();
    await unharmed();
  });

  it('a whole handshake of somebody else cannot be replayed', async () => {
    const frames = await recorded();
    expect(frames.length).toBeGreaterThan(2);
    const before = victim.federation.stats();
    const attacker = await socket();
    for (const frame of frames) attacker.send(frame);
    await closed(attacker);
    const after = victim.federation.stats();
    expect(after.handshakes).toBe(before.handshakes);
    expect(after.failedHandshakes).toBe(before.failedHandshakes + 1);
    await unharmed();
  });

  it('a frame of 100 MB costs its sender the link', async () => {
    const attacker = await socket();
    attacker.send(Buffer.alloc(100 * 1_048_576));
    await closed(attacker);
    await unharmed();
  });
});

describe('in the name of others', () => {
  it('a licence that somebody else is said to have issued counts for nothing', async () => {
    const authority = await node('authority', []).start();
    const keeper = node('keeper', [], {
      anchors: [{ issuer: authority.did, types: ['Licence'] }],
      policies: policyTemplates.openTo({ credential: 'Licence' }),
    });
    await keeper.start();
    const forger = node('forger', [keeper.federation.endpoints[0]!]);
    await forger.start();
    const { jwt } = await forger.trust.issue({ subject: forger.did, type: 'Licence', claims: {} });
    const [head, body, signature] = jwt.split('.') as [string, string, string];
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
    const said = JSON.stringify({ ...claims, issuer: authority.did, iss: authority.did });
    const forged = [head, Buffer.from(said).toString('base64url'), signature].join('.');
    expect(await codeOf(forger.trust.hold(forged))).toBe('CREDENTIAL_INVALID');
    // Shown past its own checks, it is refused where it is shown.
    await forger.federation.call(keeper.did, 'trust.offer', {
      credentials: [forged, jwt],
      lists: [],
      logs: [],
    });
    expect([...keeper.trust.credentialsOf(forger.did)]).toEqual([]);
    await forger.federate(keeper.did);
    expect(await codeOf(forger.executeTask({ type: 'echo', data: 1 }, { to: keeper.did }))).toBe(
      'POLICY_DENIED',
    );
    await forger.close();
  });

  it('a node with a copied store is shown the door, and the true one goes on', async () => {
    const folder = stage.path('original');
    const original = node('original', [address], { store: folder });
    await original.start();
    await until(() => victim.federation.peers().includes(original.did));
    const refused: string[] = [];
    const off = victim.on('peer.refused', ({ data }) => refused.push(data.code));
    cpSync(folder, stage.path('copy'), { recursive: true });
    const copy = node('original', [address], { store: stage.path('copy') });
    await copy.start();
    expect(copy.did).toBe(original.did);
    expect(await codeOf(copy.federation.dial(address))).toBe('IDENTITY_CONFLICT');
    expect(copy.federation.peers()).toEqual([]);
    expect(victim.federation.peers()).toContain(original.did);
    expect(await victim.federation.call(original.did, 'trust.credentials', {})).toBeDefined();
    off();
    expect(new Set(refused)).toEqual(new Set(['IDENTITY_CONFLICT']));
    await copy.close();
    await original.close();
    await unharmed();
  });
});

describe('with a bad store', () => {
  it('a node does not start on a store of a later release', async () => {
    const folder = stage.path('later');
    await (await node('later', [], { store: folder }).start()).close();
    const database = new DatabaseSync(join(folder, 'mesh.sqlite'));
    database.exec('PRAGMA user_version = 99');
    database.close();
    const later = node('later', [address], { store: folder });
    expect(await codeOf(later.start())).toBe('STORE_VERSION');
    expect(await codeOf(later.executeTask({ type: 'echo', data: 1 }))).toBe('STORE_VERSION');
    await later.close();
    await unharmed();
  });

  it('a node whose disk is full fails its tasks, says so at home alone, and lives on', async () => {
    const folder = stage.path('full');
    await using store = sqliteStore(folder, { maxBytes: 400 * 1_024 });
    const lines: unknown[] = [];
    const full = node('full', [address], {
      store,
      logger: { log: (_, __, fields) => lines.push(fields) },
    });
    await full.start();
    await friend.federation.dial(full.federation.endpoints[0]!);
    await friend.federate(full.did);
    const run = (data: unknown) => friend.executeTask({ type: 'echo', data }, { to: full.did });
    expect((await run('room')).output).toBe('room');
    const fill = async (): Promise<void> => {
      for (let size = 10_000; size >= 1; size = Math.floor(size / 2)) {
        for (let i = 0; i < 100; i += 1) {
          const put = `filler/${String(size)}/${String(i)}`;
          const filled = await store.write([{ put, value: new Uint8Array(size) }]).then(
            () => true,
            () => false,
          );
          if (!filled) break;
        }
      }
    };
    await fill();
    const failures: MeshError[] = [];
    await until(async () => {
      await run('no room').catch((error: unknown) => failures.push(error as MeshError));
      return failures.length > 0;
    }, 'a task to find no room');
    const [failure] = failures;
    expect(failure).toMatchObject({ code: 'TASK_FAILED' });
    expect(JSON.stringify([failure!.message, failure!.params])).not.toContain(stage.folder);
    expect(lines).toContainEqual(
      expect.objectContaining({
        error: expect.objectContaining({
          cause: expect.objectContaining({ code: 'STORE_FULL' }) as object,
        }) as object,
      }),
    );
    // It still answers what needs no room, and closing says what could not be kept, after it has ended everything.
    expect(await friend.federation.call(full.did, 'trust.credentials', {})).toBeDefined();
    expect(await codeOf(full.close())).toMatch(/STORE_FULL|nothing failed/);
    expect(full.federation.open()).toMatchObject({ sessions: 0, streams: 0, handlers: 0 });
    await unharmed();
  });
});

/** What a real node sends the victim, from its first byte to its first task, as frames. */
async function recorded(): Promise<readonly Buffer[]> {
  const frames: Buffer[] = [];
  const relay = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(relay, 'listening');
  relay.on('connection', (from) => {
    const to = new WebSocket(address);
    const waiting: Buffer[] = [];
    to.on('open', () => {
      for (const frame of waiting.splice(0)) to.send(frame);
    });
    from.on('message', (frame: Buffer) => {
      frames.push(frame);
      if (to.readyState === WebSocket.OPEN) to.send(frame);
      else waiting.push(frame);
    });
    to.on('message', (frame: Buffer) => {
      from.send(frame);
    });
    to.on('close', () => {
      from.close();
    });
    from.on('close', () => {
      to.close();
    });
  });
  const { port } = relay.address() as { port: number };
  const real = node('real', [`ws://127.0.0.1:${String(port)}`]);
  await real.start();
  await until(() => real.federation.peers().includes(victim.did));
  await real.close();
  relay.close();
  await until(() => victim.federation.open().sessions === 1);
  return frames;
}
