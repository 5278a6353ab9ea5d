/**
 * Laws of delivery: what was sent arrives, whole, in order, and only as fast as it is wanted.
 * @module
 */
import { check, checkEqual, checkRejects, checkThrows, checkWithin } from '../../assert.ts';
import { countingSignal } from '../../counting-signal.ts';
import { pause } from '../../real-time.ts';
import { seededRandom } from '../../seeded-random.ts';
import { framesOf, type LinkProbe, sendAll, type TransportLaw } from './transport-law.ts';

/** What holds for every transport. */
export const deliveryLaws: readonly TransportLaw[] = [
  {
    name: 'frames of every size arrive whole and in order, both ways at once',
    test: async (bench) => {
      const { near, far } = await bench.pair();
      const { maxFrame } = bench.dialling.features;
      const random = seededRandom('sizes');
      const sizes = [0, 1, 125, 126, 65_535, 65_536, maxFrame].filter((size) => size <= maxFrame);
      while (sizes.length < 60)
        sizes.push(Math.floor(random.next() ** 3 * Math.min(maxFrame, 2e5)));
      const there = sizes.map((size) => random.bytes(size));
      const back = there.toReversed().map((frame) => frame.toReversed());
      near.receive();
      far.receive();
      await Promise.all([sendPolitely(near, there), sendPolitely(far, back)]);
      checkFrames(await far.first(there.length), there, 'the frames at the listening end');
      checkFrames(await near.first(back.length), back, 'the frames at the dialling end');
    },
  },
  {
    name: 'many small frames arrive in order',
    test: async (bench) => {
      const { near, far } = await bench.pair();
      const frames = framesOf(2_000, 20);
      far.receive();
      sendAll(near.link, frames);
      checkFrames(await far.first(frames.length), frames, 'the frames');
    },
  },
  {
    name: 'nothing is lost before receive',
    test: async (bench) => {
      const { near, far } = await bench.pair();
      const frames = framesOf(50, 1_000);
      sendAll(near.link, frames);
      sendAll(far.link, frames);
      await pause(30);
      checkFrames(await far.receive().first(50), frames, 'the frames at the listening end');
      checkFrames(await near.receive().first(50), frames, 'the frames at the dialling end');
    },
  },
  {
    name: 'nothing is lost before receive even if the sender is gone by then',
    test: async (bench) => {
      const { near, far } = await bench.pair();
      const frames = framesOf(20, 100);
      sendAll(near.link, frames);
      const closing = near.link.close();
      await pause(30);
      checkFrames(await far.receive().first(20), frames, 'the frames');
      checkEqual((await far.end()).clean, true, 'a clean end after the frames');
      await checkWithin(bench.timeoutMs, 'close', closing);
    },
  },
  {
    name: 'send never delivers within its own call',
    test: async (bench) => {
      const { near, far } = await bench.pair();
      far.receive();
      await pause(10);
      near.link.send(new Uint8Array(4));
      checkEqual(far.frames.length, 0, 'the frames delivered within send');
      await far.first(1);
    },
  },
  {
    name: 'a sender is told to wait while the receiver does not take frames',
    test: async (bench) => {
      const { near, far } = await bench.pair();
      far.receive();
      far.link.pause();
      const sent = await fill(near, bench.timeoutMs);
      const drained = near.link.drained();
      const early = await Promise.race([drained.then(() => true), pause(30).then(() => false)]);
      checkEqual(early, false, 'drained while the receiver is paused');
      far.link.resume();
      await checkWithin(bench.timeoutMs, 'drained after resume', drained);
      checkFrames(await far.first(sent.length), sent, 'the frames');
    },
  },
  {
    name: 'drained resolves at once on an idle link, and heeds its signal and the end',
    test: async (bench) => {
      const { near, far } = await bench.pair();
      await checkWithin(bench.timeoutMs, 'drained of an idle link', near.link.drained());
      const fired = near.link.drained(AbortSignal.abort());
      await checkRejects(fired, 'ABORTED', 'drained with a fired signal');
      far.receive();
      far.link.pause();
      await fill(near, bench.timeoutMs);
      const { signal, abort, listeners } = countingSignal();
      const aborted = near.link.drained(signal);
      abort();
      await checkRejects(aborted, 'ABORTED', 'drained when its signal fires');
      const late = countingSignal();
      const overtaken = near.link.drained(late.signal);
      near.link.abort(new Error('enough'));
      await checkRejects(overtaken, 'CLOSED', 'drained when the link ends first');
      checkEqual([listeners(), late.listeners()], [0, 0], 'the listeners left on the signals');
    },
  },
  {
    name: 'a frame above maxFrame is refused, and the link goes on',
    test: async (bench) => {
      const { near, far } = await bench.pair();
      far.receive();
      const { maxFrame } = bench.dialling.features;
      const big = new Uint8Array(maxFrame + 1);
      await checkThrows(() => near.link.send(big), 'FRAME_TOO_LARGE', 'send of a frame too large');
      const frames = framesOf(1, 10);
      sendAll(near.link, frames);
      checkFrames(await far.first(1), frames, 'the frames after the refusal');
    },
  },
];

/** Frames of 64 KiB until send says to wait and the carrier takes no more; all that were sent. */
async function fill({ link }: LinkProbe, timeoutMs: number): Promise<Uint8Array[]> {
  const limit = 1_024;
  const sent: Uint8Array[] = [];
  let waited = 0;
  for (const frame of framesOf(limit, 65_536)) {
    sent.push(frame);
    if (link.send(frame)) continue;
    const { buffered } = link;
    await pause(20);
    if (buffered > 0 && link.buffered === buffered) return sent;
    waited += 20;
    check(
      waited < timeoutMs,
      `of ${String(sent.length)} frames of 64 KiB sent to a paused receiver some must stay, and count in buffered`,
    );
  }
  check(false, `send must say false before ${String(limit)} frames of 64 KiB wait`);
}

async function sendPolitely(probe: LinkProbe, frames: readonly Uint8Array[]): Promise<void> {
  for (const frame of frames) if (!probe.link.send(frame)) await probe.link.drained();
}

function checkFrames(
  got: readonly Uint8Array[],
  expected: readonly Uint8Array[],
  what: string,
): void {
  checkEqual(got.length, expected.length, `${what}: their number`);
  for (const [i, frame] of got.entries())
    checkEqual(frame, expected[i], `${what}: number ${String(i)}`);
}
