import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../src/base/bytes.ts';
import type { MeshError } from '../../../src/base/errors.ts';
import { type Frame, frameType } from '../../../src/core/federation/frames.ts';
import { NoiseHandshake } from '../../../src/core/federation/noise.ts';
import { noiseSuite } from '../../../src/core/federation/noise-suite.ts';
import { RecordLayer } from '../../../src/core/federation/record-layer.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import { FakeClock, type FakeLink, linkPair, seededRandom, settle } from './rig.ts';

function noisePair() {
  const random = seededRandom(3);
  const suite = noiseSuite('Noise_NN_25519_ChaChaPoly_SHA256');
  const make = (initiator: boolean) =>
    new NoiseHandshake({ crypto: nodeCrypto, suite, initiator, ephemeral: random });
  const [a, b] = [make(true), make(false)];
  b.read(a.write());
  a.read(b.write());
  return [a.split(), b.split()] as const;
}

interface End {
  readonly layer: RecordLayer;
  readonly link: FakeLink;
  readonly frames: Frame[];
  readonly errors: MeshError[];
  rooms: number;
}

function pair(clock = new FakeClock()): [End, End] {
  const links = linkPair();
  const [x, y] = noisePair().map((noise, i): End => {
    const link = links[i]!;
    const end: End = {
      link,
      frames: [],
      errors: [],
      rooms: 0,
      layer: new RecordLayer({
        link,
        noise,
        clock,
        events: {
          frame: (frame) => end.frames.push({ ...frame, payload: frame.payload.slice() }),
          room: () => (end.rooms += 1),
          failed: (error) => end.errors.push(error),
        },
      }),
    };
    link.receive({
      frame: (bytes) => {
        end.layer.read(bytes);
      },
      closed: () => undefined,
    });
    return end;
  });
  return [x!, y!];
}

const data = (stream: number, text: string): Frame => ({
  type: frameType.data,
  flags: 0,
  stream,
  payload: utf8(text),
});

describe('RecordLayer', () => {
  it('puts all frames of a tick, and of the microtasks after it, into one record', async () => {
    const [a, b] = pair();
    for (let i = 1; i <= 50; i += 1) a.layer.write(data(i, 'x'));
    await Promise.resolve();
    a.layer.write(data(51, 'x'));
    await settle();
    expect(a.link.sent).toHaveLength(1);
    expect(b.frames.map(({ stream }) => stream)).toEqual(
      Array.from({ length: 51 }, (_, i) => i + 1),
    );
  });

  it('delivers every frame once and in order, however they are spread over time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(16_000), fc.boolean()), { maxLength: 40 }),
        async (writes) => {
          const [a, b] = pair();
          for (const [i, [size, pause]] of writes.entries()) {
            a.layer.write({ ...data(i + 1, ''), payload: new Uint8Array(size).fill(i) });
            if (pause) await settle();
          }
          await settle();
          expect(b.frames.map(({ stream }) => stream)).toEqual(writes.map((_, i) => i + 1));
          expect(b.frames.map(({ payload }) => payload.length)).toEqual(
            writes.map(([size]) => size),
          );
          expect(a.link.sent.every(({ length }) => length <= 65_535)).toBe(true);
        },
      ),
      { numRuns: 25 },
    );
  });

  it.each<[string, (records: Uint8Array[]) => Uint8Array[]]>([
    ['replayed', ([first, second]) => [first!, first!, second!]],
    ['swapped', ([first, second]) => [second!, first!]],
    ['lost', ([, second]) => [second!]],
    ['changed', ([first]) => [first!.map((byte, i) => (i === 5 ? byte ^ 1 : byte))]],
    ['cut short', ([first]) => [first!.subarray(0, 10)]],
    ['empty', () => [new Uint8Array(0)]],
  ])('ends when a record is %s', async (_, change) => {
    const [a, b] = pair();
    a.link.wire = () => undefined;
    a.layer.write(data(1, 'one'));
    await settle();
    a.layer.write(data(2, 'two'));
    await settle();
    for (const record of change(a.link.sent)) b.layer.read(record);
    expect(b.errors.map(({ code }) => code)).toEqual(['PROTOCOL_ERROR']);
    expect(b.frames.length).toBeLessThan(3);
  });

  it('changes keys after ten minutes and after 65,536 records, and is still understood', async () => {
    const clock = new FakeClock();
    const [a, b] = pair(clock);
    a.layer.write(data(1, 'before'));
    await settle();
    clock.jump(600_001);
    a.layer.write(data(2, 'last under the old key'));
    await settle();
    a.layer.write(data(3, 'after'));
    await settle();
    for (let i = 0; i < 65_540; i += 1) {
      a.layer.write(data(4, ''));
      a.layer.flush();
    }
    await settle();
    expect(b.errors).toEqual([]);
    expect(b.frames).toHaveLength(3 + 65_540);
  });

  it('refuses a peer that never changes its key', async () => {
    const [sealing, opening] = noisePair();
    const errors: string[] = [];
    const [link] = linkPair();
    const layer = new RecordLayer({
      link,
      noise: opening,
      clock: new FakeClock(),
      events: {
        frame: () => undefined,
        room: () => undefined,
        failed: ({ code }) => errors.push(code),
      },
    });
    for (let i = 0; i < 65_536; i += 1) layer.read(sealing.send.seal(Uint8Array.of(0)));
    expect(errors).toEqual([]);
    layer.read(sealing.send.seal(Uint8Array.of(0)));
    expect(errors).toEqual(['PROTOCOL_ERROR']);
    await settle();
  });

  it('waits for a carrier that asks for it, and tells when there is room again', async () => {
    const [a, b] = pair();
    a.link.congested = true;
    a.layer.write(data(1, 'x'));
    await settle();
    for (let i = 0; i < 40; i += 1)
      a.layer.write({ ...data(2, ''), payload: new Uint8Array(16_000) });
    await settle();
    expect(a.layer.hasRoom).toBe(false);
    expect(a.link.sent).toHaveLength(1);
    a.link.drain();
    await settle();
    expect(a.layer.hasRoom).toBe(true);
    expect(a.rooms).toBe(1);
    expect(b.frames).toHaveLength(41);
  });

  it('gives up on a peer that does not read, before memory is gone', async () => {
    const [a] = pair();
    a.link.congested = true;
    a.layer.write(data(1, 'x'));
    await settle();
    for (let i = 0; i < 1_000; i += 1)
      a.layer.write({ ...data(2, ''), payload: new Uint8Array(16_000) });
    expect(a.errors.map(({ code }) => code)).toEqual(['PROTOCOL_ERROR']);
  });
});
