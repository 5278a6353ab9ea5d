/**
 * Laws of endings: each link ends once, and both owners learn how.
 * @module
 */
import { check, checkEqual, checkThrows, checkWithin } from '../../assert.ts';
import { pause } from '../../real-time.ts';
import { framesOf, type LinkProbe, sendAll, type TransportLaw } from './transport-law.ts';

/** What holds for every transport. */
export const endingLaws: readonly TransportLaw[] = [
  {
    name: 'close flushes, then both ends hear of a clean end',
    test: async (bench) => {
      const { near, far } = await bench.pair();
      near.receive();
      far.receive();
      sendAll(near.link, framesOf(200, 4_096));
      await checkWithin(bench.timeoutMs, 'close', near.link.close());
      checkEqual(near.ends.length, 1, 'the ends told when close has resolved');
      checkEqual(await far.end(), { clean: true, unsent: 0 }, 'the end at the other side');
      checkEqual(far.frames.length, 200, 'the frames that arrived before it');
      checkEqual(await near.end(), { clean: true, unsent: 0 }, 'the end at the closing side');
    },
  },
  {
    name: 'closed() comes last: no frame arrives after it',
    test: async (bench) => {
      const listener = await bench.listen();
      for (const abort of [false, true]) {
        const { near, far } = await bench.pair(listener);
        near.receive();
        far.receive();
        for (const { link } of [near, far]) sendAll(link, framesOf(100, 4_096));
        if (abort) near.link.abort(new Error('enough'));
        else await checkWithin(bench.timeoutMs, 'close', near.link.close());
        await Promise.all([near.end(), far.end()]);
        await pause(20);
        const by = abort ? 'abort' : 'close';
        checkEqual([near.late, far.late], [0, 0], `the frames that arrived after the ${by}`);
      }
    },
  },
  {
    name: 'a link that is closing takes no frames',
    test: async (bench) => {
      const { near, far } = await bench.pair();
      far.receive();
      const closing = near.receive().link.close();
      await checkThrows(() => near.link.send(new Uint8Array(1)), 'CLOSED', 'send while closing');
      await closing;
    },
  },
  {
    name: 'pause, resume and abort after the end are harmless',
    test: async (bench) => {
      const { near, far } = await bench.pair();
      near.receive();
      far.receive();
      await checkWithin(bench.timeoutMs, 'close', near.link.close());
      await far.end();
      // An owner cannot know when the end comes.
      near.link.pause();
      near.link.resume();
      near.link.abort(new Error('too late'));
      await pause(20);
      checkEqual([near.ends.length, far.ends.length], [1, 1], 'the calls of closed()');
      checkEqual(near.ends[0]?.clean, true, 'the end after an abort that came too late');
    },
  },
  {
    name: 'abort ends now and says why, the other end learns that it was no goodbye',
    test: async (bench) => {
      const { near, far } = await bench.pair();
      near.receive();
      far.receive();
      const reason = new Error('enough');
      near.link.abort(reason);
      const end = await near.end();
      check(end.error === reason, 'the end must carry the reason of abort');
      checkEqual(end.clean, false, 'clean at the aborting side');
      const other = await far.end();
      checkEqual(other.clean, false, 'clean at the other side');
      check(other.error instanceof Error, 'an end that is not clean must carry an error');
    },
  },
  {
    name: 'an owner that paused can close',
    test: async (bench) => {
      const { near, far } = await bench.pair();
      near.receive();
      far.receive();
      near.link.pause();
      sendAll(near.link, framesOf(10, 100));
      await checkWithin(bench.timeoutMs / 2, 'close of a paused link', near.link.close());
      checkEqual(await far.end(), { clean: true, unsent: 0 }, 'the end at the other side');
      checkEqual(far.frames.length, 10, 'the frames that arrived before it');
    },
  },
  {
    name: 'a link that ended before receive still tells how',
    test: async (bench) => {
      const { near, far } = await bench.pair();
      near.link.abort(new Error('enough'));
      await pause(20);
      checkEqual((await near.receive().end()).clean, false, 'the end at the aborting side');
      checkEqual((await far.receive().end()).clean, false, 'the end at the other side');
    },
  },
  {
    name: 'unsent counts exactly the frames that never left',
    test: async (bench) => {
      const { near, far } = await bench.pair();
      near.receive();
      far.receive();
      const size = 65_536;
      far.link.pause();
      const sent = untilFull(near, size);
      const { buffered } = near.link;
      near.link.abort(new Error('enough'));
      const { unsent } = await near.end();
      checkEqual(unsent, Math.floor(buffered / size), 'unsent, measured by buffered');
      far.link.resume();
      await far.end();
      check(
        far.frames.length + unsent <= sent,
        `of ${String(sent)} frames ${String(far.frames.length)} arrived, but ${String(unsent)} are said to be unsent`,
      );
    },
  },
  {
    name: 'links are independent',
    test: async (bench) => {
      const listener = await bench.listen();
      const [one, two, three] = [
        await bench.pair(listener),
        await bench.pair(listener),
        await bench.pair(listener),
      ];
      for (const { near, far } of [one, two, three]) {
        near.receive();
        far.receive();
      }
      three.far.link.pause();
      sendAll(three.near.link, framesOf(10, 65_536));
      one.near.link.abort(new Error('enough'));
      const frames = framesOf(10, 100);
      sendAll(two.near.link, frames);
      checkEqual(await two.far.first(10), frames, 'the frames of an untouched link');
      checkEqual(two.near.ends.length + two.far.ends.length, 0, 'the ends of an untouched link');
    },
  },
];

function untilFull({ link }: LinkProbe, size: number): number {
  const limit = 1_024;
  for (let sent = 1; sent <= limit; sent += 1) {
    if (!link.send(new Uint8Array(size))) return sent;
  }
  check(false, `send must say false before ${String(limit)} frames of 64 KiB wait`);
}
