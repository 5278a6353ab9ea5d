import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { concat, utf8 } from '../../../src/base/bytes.ts';
import { packPacket } from '../../../src/base/packet.ts';
import {
  type Frame,
  frameFlag,
  frameLength,
  frameType,
  readFrames,
  writeFrame,
} from '../../../src/core/federation/frames.ts';
import { type Handshaken, initiate } from '../../../src/core/federation/handshake.ts';
import { LocalParty } from '../../../src/core/federation/local-party.ts';
import { readError } from '../../../src/core/federation/wire-error.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import { didKeys, identityOf, seededRandom, settle, type TestNode, World } from './rig.ts';

/** A peer that has proven who it is and then says what it likes. */
class Hostile {
  readonly frames: Frame[] = [];
  readonly #handshaken: Handshaken;
  ended = false;

  static async connect(world: World, seed = 66): Promise<Hostile> {
    const base = { clock: world.clock, random: seededRandom(seed), crypto: nodeCrypto };
    const facts = { node: 'main', instance: `hostile-${String(seed)}`, features: [] };
    const party = new LocalParty(identityOf(seed), facts, base);
    const ground = { ...base, keys: didKeys, parties: [party], endpoints: () => [] };
    const context = { clock: world.clock, signal: new AbortController().signal };
    const link = await world.network.transport(undefined).dial('fake:b', context);
    return new Hostile(await initiate(ground, party, link));
  }

  private constructor(handshaken: Handshaken) {
    this.#handshaken = handshaken;
    handshaken.reader.handOver({
      frame: (record) => {
        const plaintext = handshaken.noise.receive.open(record);
        readFrames(plaintext!.subarray(1), (frame) => {
          this.frames.push({ ...frame, payload: frame.payload.slice() });
        });
      },
      closed: () => (this.ended = true),
    });
  }

  /** Sends one record with `frames`. */
  async send(...frames: Frame[]): Promise<void> {
    const bytes = new Uint8Array(1 + frames.reduce((sum, frame) => sum + frameLength(frame), 0));
    let offset = 1;
    for (const frame of frames) offset = writeFrame(bytes, offset, frame);
    await this.sendPlain(bytes);
  }

  async sendPlain(plaintext: Uint8Array): Promise<void> {
    this.#handshaken.link.send(this.#handshaken.noise.send.seal(plaintext));
    await settle();
  }

  cancels(): string[] {
    return this.frames
      .filter(({ type }) => type === frameType.cancel)
      .map(({ payload }) => readError(payload).code);
  }
}

const u32 = (value: number) => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
const open = (
  stream: number,
  method: string,
  message?: Uint8Array,
  size = message?.length ?? 0,
): Frame => {
  const header = utf8(JSON.stringify({ method, deadlineMs: 10_000 }));
  const length = Uint8Array.of(header.length >>> 8, header.length);
  const rest = message === undefined ? [] : [u32(size), message];
  const flags = message === undefined ? 0 : frameFlag.start;
  return { type: frameType.open, flags, stream, payload: concat(length, header, ...rest) };
};
const data = (stream: number, flags: number, ...parts: Uint8Array[]): Frame => ({
  type: frameType.data,
  flags,
  stream,
  payload: concat(...parts),
});
const control = (type: number, stream: number, payload: Uint8Array): Frame => ({
  type,
  flags: 0,
  stream,
  payload,
});

describe('a peer that has been let in and does not behave', () => {
  let world: World;
  let b: TestNode;
  let peer: Hostile;
  let handled: unknown[];

  beforeEach(async () => {
    world = new World();
    handled = [];
    b = world.node('b', { introductions: false });
    b.federation.handle('echo', ({ body }) => {
      handled.push(body);
      return Promise.resolve(body);
    });
    b.federation.handleStream(
      'wait',
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        }),
    );
    await world.start();
    peer = await Hostile.connect(world);
    await settle();
  });
  afterEach(async () => {
    await world.close();
    expect(b.federation.open()).toMatchObject({ sessions: 0, streams: 0, handlers: 0 });
    expect(world.clock.timers).toBe(0);
  });

  const message = packPacket('hi');

  it('is answered while it does', async () => {
    await peer.send({ ...open(1, 'echo', message), flags: frameFlag.start | frameFlag.end });
    expect(handled).toEqual(['hi']);
    const answer = peer.frames.find(({ type }) => type === frameType.data)!;
    expect(answer.flags).toBe(frameFlag.start | frameFlag.end | frameFlag.result);
    expect(answer.payload.subarray(4)).toEqual(message);
  });

  it('may use frames and flags of a newer version', async () => {
    await peer.send(control(15, 3, utf8('new')), {
      ...open(1, 'echo', message),
      flags: 8 | frameFlag.start | frameFlag.end,
    });
    expect(handled).toEqual(['hi']);
  });

  it('that announces 100 MB is refused before anything is kept, and goes on otherwise', async () => {
    await peer.send(open(1, 'echo', new Uint8Array(10), 100 * 1_048_576));
    expect(peer.cancels()).toEqual(['FRAME_TOO_LARGE']);
    await peer.send(data(1, 0, new Uint8Array(100)), { ...open(3, 'echo', message), flags: 3 });
    expect(handled).toEqual(['hi']);
    expect(peer.ended).toBe(false);
  });

  it('that opens too many streams has the excess refused, and those alone', async () => {
    for (let i = 0; i < 1_030; i += 10) {
      await peer.send(
        ...Array.from({ length: 10 }, (_, k) => open(2 * (i + k) + 1, 'wait', message)),
      );
    }
    expect(peer.cancels()).toEqual(Array(6).fill('OVERLOADED'));
    expect(b.federation.open().streams).toBe(1_024);
    expect(peer.ended).toBe(false);
  });

  it('that sends more than it may is cut off', async () => {
    await peer.send(open(1, 'wait', message));
    const chunk = packPacket(new Uint8Array(16_000));
    for (let i = 0; i < 20 && !peer.ended; i += 1)
      await peer.send(data(1, frameFlag.start, u32(chunk.length), chunk));
    expect(peer.ended).toBe(true);
    expect(b.events.at(-1)).toMatchObject({ type: 'peer.lost', data: { code: 'PROTOCOL_ERROR' } });
  });

  it('that fills the memory with messages nobody reads has those streams refused', async () => {
    const limited = new World();
    const node = limited.node('b', { introductions: false, limits: { heldBytes: 500_000 } });
    node.federation.handleStream('wait', () => new Promise(() => undefined));
    await limited.start();
    const flood = await Hostile.connect(limited);
    const chunk = new Uint8Array(16_000);
    for (let stream = 1; stream < 20; stream += 2) {
      await flood.send(open(stream, 'wait', message));
      for (let i = 0; i < 15; i += 1)
        await flood.send(
          data(stream, i === 0 ? frameFlag.start : 0, ...(i === 0 ? [u32(1_000_000)] : []), chunk),
        );
    }
    expect(flood.cancels()).toContain('OVERLOADED');
    expect(flood.ended).toBe(false);
    await limited.close();
  });

  it('that does not read its answers is cut off before memory is gone', async () => {
    for (const link of world.network.links) link.congested = true;
    const pings = Array.from({ length: 2_000 }, () =>
      control(frameType.ping, 0, new Uint8Array(16)),
    );
    for (let i = 0; i < 300 && !peer.ended; i += 1) await peer.send(...pings);
    expect(peer.ended).toBe(true);
  });

  it.each<[string, Frame[]]>([
    ['opens a stream of a number of ours', [open(2, 'echo', message)]],
    ['opens a stream twice', [open(1, 'wait', message), open(1, 'wait', message)]],
    ['opens a stream of number 0', [open(0, 'echo', message)]],
    ['goes back in its numbers', [open(3, 'wait', message), open(1, 'wait', message)]],
    ['sends data on a stream that never was', [data(7, 0, utf8('x'))]],
    ['sends data on a stream of ours that never was', [data(8, 0, utf8('x'))]],
    [
      'sends data after the end',
      [{ ...open(1, 'wait', message), flags: 3 }, data(1, frameFlag.start, u32(0))],
    ],
    ['sends data outside a message', [open(1, 'wait', message), data(1, 0, utf8('x'))]],
    [
      'sends a message inside a message',
      [open(1, 'wait', message, 100), data(1, frameFlag.start, u32(4))],
    ],
    [
      'sends more than the message holds',
      [open(1, 'wait', message, 100), data(1, 0, new Uint8Array(101))],
    ],
    ['ends inside a message', [{ ...open(1, 'wait', message, 100), flags: 3 }]],
    [
      'begins a message without its length',
      [open(1, 'wait', message), data(1, frameFlag.start, Uint8Array.of(1))],
    ],
    [
      'sends a header longer than its frame',
      [control(frameType.open, 1, Uint8Array.of(255, 255, 1))],
    ],
    [
      'sends a header that is no JSON',
      [control(frameType.open, 1, concat(Uint8Array.of(0, 2), utf8('{x')))],
    ],
    [
      'sends a header without a method',
      [control(frameType.open, 1, concat(Uint8Array.of(0, 2), utf8('{}')))],
    ],
    [
      'sends a credit of a wrong length',
      [open(1, 'wait', message), control(frameType.credit, 1, Uint8Array.of(1))],
    ],
    [
      'sends a cancel that is no error',
      [open(1, 'wait', message), control(frameType.cancel, 1, utf8('no'))],
    ],
    ['sends a ping that is too long', [control(frameType.ping, 0, new Uint8Array(17))]],
    [
      'sends a goodbye that is none',
      [control(frameType.ping, 0, new Uint8Array(4)), control(frameType.goodbye, 0, utf8('{}'))],
    ],
  ])('is cut off when it %s', async (_, frames) => {
    await peer.send(...frames);
    expect(peer.ended).toBe(true);
    expect(b.events.at(-1)).toMatchObject({ type: 'peer.lost', data: { code: 'PROTOCOL_ERROR' } });
  });

  it('that calls without a body is refused', async () => {
    await peer.send({ ...open(1, 'echo'), flags: frameFlag.end });
    expect(peer.cancels()).toEqual(['PROTOCOL_ERROR']);
  });

  it('whose body is no packet fails its own call', async () => {
    await peer.send({ ...open(1, 'echo', utf8('rubbish')), flags: 3 });
    expect(peer.cancels()).toEqual(['SCHEMA_INVALID']);
    expect(peer.ended).toBe(false);
  });

  it('cannot do worse than lose its session, whatever bytes it seals', async () => {
    const frame = fc.record({
      type: fc.integer({ min: 0, max: 8 }),
      flags: fc.integer({ min: 0, max: 15 }),
      stream: fc.nat(9),
      payload: fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.constant(open(1, 'echo', message).payload),
        fc.constant(open(1, 'wait', message).payload),
        fc.constant(utf8('{"lastStream":1,"code":"CLOSED","params":{},"retryable":false}')),
      ),
    });
    let seed = 70;
    await fc.assert(
      fc.asyncProperty(
        fc.array(frame, { maxLength: 12 }),
        fc.uint8Array({ maxLength: 64 }),
        async (frames, junk) => {
          const attacker = await Hostile.connect(world, (seed = 70 + ((seed - 69) % 150)));
          await settle();
          for (const one of frames) if (!attacker.ended) await attacker.send(one);
          if (!attacker.ended) await attacker.sendPlain(junk);
          for (const { data: said } of b.events.filter(({ type }) => type === 'peer.lost')) {
            expect(['PROTOCOL_ERROR', 'CLOSED', 'PEER_UNREACHABLE', 'ALREADY_EXISTS']).toContain(
              said['code'],
            );
          }
        },
      ),
      { numRuns: 120 },
    );
    await peer.send({ ...open(1, 'echo', message), flags: 3 });
    expect(handled).toContain('hi');
  });
});
