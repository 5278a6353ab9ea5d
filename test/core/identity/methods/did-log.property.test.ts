import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../../src/adapters/stores/memory.ts';
import { MeshError } from '../../../../src/base/errors.ts';
import { KeyRing, verifyDidLog } from '../../../../src/core/identity/index.ts';
import {
  entryAt,
  keyPeriods,
  signingKeyAt,
} from '../../../../src/core/identity/methods/key-periods.ts';
import { nodeCrypto } from '../../../../src/platform/node-crypto.ts';
import { didLogShape } from '../../../../src/schema/did-log.ts';
import { toInstant } from '../../../../src/schema/words.ts';
import { rejected } from '../../../base/thrown.ts';
import { changed, places } from '../../../schema/rig.ts';
import {
  clock,
  commitments,
  continued,
  grown,
  type Log,
  multikeys,
  recoveryKey,
  type Step,
  start,
} from '../rig.ts';

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('rotate', 'recover', 'end', 'compromise'),
    after: fc.integer({ min: 0, max: 5_000 }),
    which: fc.nat(5),
    ago: fc.nat(9_000),
  }),
  { maxLength: 6 },
);
const check = (log: Log) => rejected(verifyDidLog(log, nodeCrypto, start));
const newRing = () => new KeyRing({ clock, crypto: nodeCrypto, store: memoryStore() });

async function checkForeign(foreign: unknown) {
  const parsing = async () => {
    await verifyDidLog(didLogShape(foreign, 'log'), nodeCrypto, start);
  };
  return rejected(parsing());
}

describe('a history of rotations, recoveries, ends and keys taken back, in any order', () => {
  it('verifies, whole and every beginning of it, and so does its rest after a beginning', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (path) => {
        const log = await grown(path);
        for (let n = 1; n <= log.length; n += 1) {
          expect(await check(log.slice(0, n))).toBeUndefined();
          await verifyDidLog(log, nodeCrypto, start, n);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is refused after any change of any member of any entry', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(), fc.jsonValue({ maxDepth: 1 }), async (path, at, value) => {
        const log = await grown(path);
        const inside = places(log).filter((place) => place.length > 1);
        const altered = changed(log, inside[at % inside.length]!, value);
        fc.pre(JSON.stringify(altered) !== JSON.stringify(log));
        expect(await checkForeign(altered)).toBeInstanceOf(MeshError);
      }),
      { numRuns: 200 },
    );
  });

  it('is refused after any changed byte of its text', async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.nat(),
        fc.integer({ min: 32, max: 126 }),
        async (path, at, code) => {
          const text = JSON.stringify(await grown(path));
          const place = at % text.length;
          const altered = text.slice(0, place) + String.fromCharCode(code) + text.slice(place + 1);
          let foreign: unknown;
          try {
            foreign = JSON.parse(altered);
          } catch {
            return;
          }
          fc.pre(JSON.stringify(foreign) !== text);
          expect(await checkForeign(foreign)).toBeInstanceOf(MeshError);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('is in conflict with every other history of the same beginning, and the first seen stays', async () => {
    await fc.assert(
      fc.asyncProperty(steps, steps, async (one, other) => {
        const [left, right] = [await grown(one), await grown(other)];
        const shared = left.findIndex(
          ({ proof }, i) => proof.signature !== right[i]?.proof.signature,
        );
        fc.pre(shared > 0 && right.length > shared);
        const ring = newRing();
        await ring.learn(left);
        expect(await rejected(ring.learn(right))).toMatchObject({ code: 'DID_CONFLICT' });
        expect(await ring.logOf(left[0]!.did)).toEqual(left);
      }),
      { numRuns: 60 },
    );
  });

  it('gives every instant since its beginning to exactly one entry, and each key one span', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: -2_000, max: 40_000 }), async (path, offset) => {
        const log = await grown(path);
        const at = Date.parse(log[0]!.at) + offset;
        const inForce = log.filter((entry, i) => {
          const end = log[i + 1]?.at;
          return Date.parse(entry.at) <= at && (end === undefined || at < Date.parse(end));
        });
        expect(inForce).toEqual(offset < 0 ? [] : [entryAt(log, at)]);
        for (const { key, from, to } of keyPeriods(log)) {
          // Within the millisecond of a change both keys count.
          if (at === to) continue;
          const within = from <= at && (to === undefined || at < to);
          expect([key, usable(log, key, at)]).toEqual([key, within]);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('never lets a key be believed for anything from the time on from which it is compromised', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(40_000), async (path, offset) => {
        const log = await grown(path);
        for (const { key, from } of log.flatMap(({ compromised = [] }) => compromised)) {
          expect(usable(log, key, Date.parse(from) + offset)).toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('anything else than a history', () => {
  it('is refused with a code, whatever it is', async () => {
    const entry = {
      format: 1,
      version: 1,
      keys: ['z6Mk'],
      next: [],
      at: '2030-01-01T00:00:00.000Z',
    };
    const almost = fc.record({
      did: fc.constantFrom('did:mesh:a:b', 'did:mesh:a:b:zQm', 'did:key:z6Mk', 'x', 7, null),
      proof: fc.oneof(
        fc.jsonValue(),
        fc.constant({ keyId: 'did:a:b#c', signature: 'A'.repeat(86) }),
      ),
      recovery: fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constant(undefined)),
      compromised: fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant(undefined)),
    });
    const entries = fc.array(
      almost.map((members) => ({ ...entry, ...members })),
      { maxLength: 3 },
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.jsonValue(), entries), async (foreign) => {
        fc.pre(JSON.stringify(foreign) !== '[]');
        expect(await checkForeign(foreign)).toBeInstanceOf(MeshError);
      }),
      { numRuns: 500 },
    );
  });
});

function usable(log: Log, key: string, at: number): boolean {
  try {
    signingKeyAt({ log, keyId: `${log[0]!.did}#${key}`, at });
    return true;
  } catch (error) {
    expect(error).toMatchObject({
      code: expect.stringMatching(/KEY_REVOKED|DID_DEACTIVATED/) as string,
    });
    return false;
  }
}

describe('a recovering entry', () => {
  const recovery = (numbers: readonly number[]) => ({ recovery: commitments(numbers) });
  const base = () => grown([]);
  const [mine, later] = [recoveryKey(1), 77];

  it('may bring keys nobody committed to, after any entry', async () => {
    for (const kind of ['rotate', 'end'] as const) {
      const log = await grown([{ kind, after: 1, which: 0, ago: 0 }]);
      const saved = await continued(
        log,
        { keys: [50], next: [51], signer: mine },
        recovery([later]),
      );
      expect(await check(saved)).toBeUndefined();
    }
  });

  it('is the only way to other recovery keys', async () => {
    const log = await base();
    for (const change of [recovery([later]), recovery([]), {}, recovery([mine, later])]) {
      const taken = await continued(log, { keys: [2], next: [3] }, change);
      expect((await check(taken))?.message).toContain('without one of them');
    }
    expect(
      await check(await continued(log, { keys: [2], next: [3] }, recovery([mine]))),
    ).toBeUndefined();
  });

  it('spends its key', async () => {
    const log = await base();
    const kept = await continued(log, { keys: [50], signer: mine }, recovery([mine]));
    expect((await check(kept))?.message).toContain('spent');
    const once = await continued(log, { keys: [50], signer: mine }, recovery([later]));
    const twice = await continued(once, { keys: [51], signer: mine }, recovery([later]));
    expect((await check(twice))?.code).toBe('DID_INVALID');
  });

  it('is final when it ends the identifier without another recovery key', async () => {
    const log = await base();
    const ended = await continued(log, { keys: [50], signer: mine }, { deactivated: true });
    expect(await check(ended)).toBeUndefined();
    for (const signer of [50, mine, later]) {
      expect(await check(await continued(ended, { keys: [signer], signer }))).toMatchObject({
        code: 'DID_INVALID',
      });
    }
  });
});

describe('an entry that takes keys back', () => {
  const taking = async (key: string, ago: number, extra = {}) => {
    const log = await grown([{ kind: 'rotate', after: 1_000, which: 0, ago: 0 }]);
    const from = toInstant(Date.parse(log[1]!.at) + 1_000 - ago);
    const kept = { recovery: log[1]!.recovery!, compromised: [{ key, from }], ...extra };
    return check(await continued(log, { keys: [3], next: [4] }, kept));
  };

  it('names earlier keys and times that have been', async () => {
    const [one, two, three, four] = multikeys([1, 2, 3, 4]);
    expect(await taking(one!, 1e9)).toBeUndefined();
    expect(await taking(two!, 0)).toBeUndefined();
    expect((await taking(two!, -1))?.message).toContain('a time to come');
    for (const key of [three!, four!, 'z6Mk']) {
      expect((await taking(key, 0))?.message).toContain('never was one');
    }
  });

  it('is never the first', async () => {
    const first = await grown([]);
    const compromised = [{ key: first[0]!.keys[0], from: first[0]!.at }];
    expect(await checkForeign(changed(first, [0, 'compromised'], compromised))).toMatchObject({
      code: 'DID_INVALID',
    });
  });
});

describe('a key', () => {
  it('serves in one entry only', async () => {
    const log = await grown([{ kind: 'rotate', after: 1, which: 0, ago: 0 }]);
    const again = await continued(log, { keys: [50, 1], signer: recoveryKey(1) });
    expect((await check(again))?.message).toContain('again');
    const twice = await continued(log, { keys: [50, 50], signer: recoveryKey(1) });
    expect((await check(twice))?.message).toContain('again');
  });
});
