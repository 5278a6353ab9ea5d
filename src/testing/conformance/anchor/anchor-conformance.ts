/**
 * The conformance kit of anchors.
 * @module
 */
import type { Bytes } from '../../../base/bytes.ts';
import type { Anchor } from '../../../ports/anchor.ts';
import { type ConformanceCase, check, checkEqual } from '../../assert.ts';
import { closeIfItCan } from '../closable.ts';
import { casesOf, defaultTimeoutMs, type Law } from '../law.ts';

/** Options of {@link anchorConformance}. */
export interface AnchorConformanceOptions {
  /** The bound of each wait in real milliseconds. Default 5,000; a chain may need more. */
  readonly timeoutMs?: number;
}

/**
 * The laws every anchor keeps. `make` returns an anchor that nobody else uses; one that has `close()` or
 * `[Symbol.asyncDispose]()` is closed by the kit.
 *
 * @example
 * ```ts
 * for (const { name, run } of anchorConformance(() => myAnchor())) test(name, run);
 * ```
 */
export function anchorConformance(
  make: () => Anchor | Promise<Anchor>,
  options: AnchorConformanceOptions = {},
): ConformanceCase[] {
  const { timeoutMs = defaultTimeoutMs } = options;
  return casesOf(laws, { open: make, close: closeIfItCan, tools: { timeoutMs } });
}

function digest(fill: number): Bytes {
  return new Uint8Array(32).fill(fill);
}

const laws: readonly Law<Anchor>[] = [
  {
    name: 'what was anchored verifies, also later and again',
    test: async (anchor) => {
      const proof = await anchor.anchor(digest(1));
      checkEqual(proof.anchor, anchor.name, 'the proof names its anchor');
      check(Number.isSafeInteger(proof.at), 'the time is in whole epoch milliseconds');
      check(await anchor.verify(digest(1), proof), 'the proof verifies');
      await anchor.anchor(digest(2));
      check(await anchor.verify(digest(1), proof), 'the proof verifies after others came');
    },
  },
  {
    name: 'a proof holds for its own digest and time only',
    test: async (anchor) => {
      const [one, two] = [await anchor.anchor(digest(1)), await anchor.anchor(digest(2))];
      check(!(await anchor.verify(digest(2), one)), 'another digest');
      check(!(await anchor.verify(digest(1), two)), 'another proof');
      check(!(await anchor.verify(digest(1), { ...one, at: one.at + 1 })), 'another time');
      check(!(await anchor.verify(digest(1), { ...one, anchor: 'other' })), 'another anchor');
    },
  },
  {
    name: 'a proof of nothing holds for nothing',
    test: async (anchor) => {
      const { at } = await anchor.anchor(digest(1));
      for (const proof of [new Uint8Array(0), new Uint8Array(6).fill(255), digest(9)]) {
        const holds = await anchor.verify(digest(1), { anchor: anchor.name, at, proof });
        check(!holds, `a proof of ${String(proof.length)} bytes that nobody gave`);
      }
    },
  },
  {
    name: 'many at once each get a proof of their own',
    test: async (anchor) => {
      const fills = Array.from({ length: 20 }, (_, i) => i);
      const proofs = await Promise.all(fills.map((fill) => anchor.anchor(digest(fill))));
      for (const [i, proof] of proofs.entries()) {
        check(await anchor.verify(digest(i), proof), `proof ${String(i)}`);
      }
    },
  },
  {
    name: 'a digest anchored twice has two proofs, and both hold',
    test: async (anchor) => {
      const [one, two] = [await anchor.anchor(digest(1)), await anchor.anchor(digest(1))];
      check(await anchor.verify(digest(1), one), 'the first');
      check(await anchor.verify(digest(1), two), 'the second');
      check(one.at <= two.at, 'time goes forward');
    },
  },
  {
    name: 'a caller who gave up anchors nothing',
    test: async (anchor) => {
      const given = anchor.anchor(digest(1), { signal: AbortSignal.abort() });
      check(
        await given.then(
          () => false,
          () => true,
        ),
        'it rejects',
      );
    },
  },
];
