import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../../src/base/errors.ts';
import type { Did } from '../../../../src/base/ids.ts';
import {
  DidCache,
  type DidCacheOptions,
} from '../../../../src/core/identity/resolution/did-cache.ts';
import type { DidResolver, Resolution, ResolveOptions } from '../../../../src/ports/resolver.ts';
import { virtualClock } from '../../../../src/testing/virtual-clock.ts';
import { rejected } from '../../../base/thrown.ts';

const did: Did = 'did:web:a.example';

/** A document; `mark` tells one version from another. */
const documentOf = (id: Did, mark = 0) => ({
  '@context': [],
  id,
  verificationMethod: [],
  authentication: [],
  assertionMethod: [],
  mark,
});

type Behaviour = (did: Did, options: ResolveOptions) => Promise<Resolution> | Resolution;

/** A cache over one resolver for the methods `web` and `ethr` whose behaviour a test can change, and how often it was asked. */
function rig(options: Partial<DidCacheOptions> = {}) {
  const clock = virtualClock();
  const state = {
    asked: [] as Did[],
    seen: [] as ResolveOptions[],
    behave: ((subject) => ({
      document: documentOf(subject, state.asked.length),
      ageMs: 0,
      deactivated: false,
    })) as Behaviour,
  };
  const resolver: DidResolver = {
    methods: ['web', 'ethr'],
    resolve: async (subject, given = {}) => {
      state.asked.push(subject);
      state.seen.push(given);
      return state.behave(subject, given);
    },
  };
  return { clock, state, cache: new DidCache({ clock, resolvers: [resolver], ...options }) };
}

const fail = (code: 'DID_UNREACHABLE' | 'DID_NOT_FOUND') => () => {
  throw new MeshError(code, { did, detail: 'a test' });
};

describe('a cache of DIDs', () => {
  it('asks once for a hundred who want one DID at the same time (T13)', async () => {
    const { cache, state } = rig();
    const all = await Promise.all(Array.from({ length: 100 }, () => cache.resolve(did)));
    expect(state.asked).toEqual([did]);
    expect(new Set(all.map(({ document }) => document)).size).toBe(1);
    await cache.resolve(did);
    expect(state.asked).toHaveLength(1);
    expect(cache.inFlight).toBe(0);
  });

  it('asks again after the time of the method (T13)', async () => {
    const { cache, state, clock } = rig({ ttlMs: { web: 1_000 } });
    await cache.resolve(did);
    await clock.advance(999);
    expect((await cache.resolve(did)).ageMs).toBe(999);
    await clock.advance(1);
    expect((await cache.resolve(did)).ageMs).toBe(0);
    expect(state.asked).toHaveLength(2);
  });

  it('has five minutes for did:web and one for did:ethr', async () => {
    const { cache, state, clock } = rig();
    const ethr: Did = `did:ethr:0x${'00'.repeat(20)}`;
    await cache.resolve(did);
    await cache.resolve(ethr);
    await clock.advance(60_000);
    await cache.resolve(did);
    await cache.resolve(ethr);
    expect(state.asked).toEqual([did, ethr, ethr]);
    await clock.advance(240_000);
    await cache.resolve(did);
    expect(state.asked).toHaveLength(4);
  });

  it('has one entry for a DID whatever fragment, query or path it comes with (T13)', async () => {
    const { cache, state } = rig();
    for (const url of [did, `${did}#k1`, `${did}?x=1#k2`, `${did}/path`]) {
      expect((await cache.resolve(url as Did)).document.id).toBe(did);
    }
    expect(state.asked).toEqual([did]);
    expect(cache.size).toBe(1);
    cache.invalidate(`${did}#k1` as Did);
    expect(cache.size).toBe(0);
  });

  it('hands out a frozen document of its own (T13)', async () => {
    const { cache, state } = rig();
    const theirs = { ...documentOf(did), service: [{ id: '#s', type: 'S', serviceEndpoint: 'x' }] };
    state.behave = () => ({ document: theirs, ageMs: 0, deactivated: false });
    const resolution = await cache.resolve(did);
    theirs.service[0]!.serviceEndpoint = 'https://evil.example';
    expect(resolution.document.service?.[0]?.serviceEndpoint).toBe('x');
    expect(Object.isFrozen(resolution)).toBe(true);
    expect(Object.isFrozen(resolution.document.service?.[0])).toBe(true);
  });

  it('never keeps a failure to ask (T13, T15)', async () => {
    const { cache, state } = rig();
    const good = state.behave;
    for (const broken of [
      fail('DID_UNREACHABLE'),
      () => {
        throw new TypeError('fetch failed');
      },
    ]) {
      state.behave = broken;
      expect(await rejected(cache.resolve(did))).toMatchObject({ code: 'DID_UNREACHABLE' });
      expect(cache.size).toBe(0);
    }
    state.behave = good;
    expect((await cache.resolve(did)).document.id).toBe(did);
  });

  it('keeps "it does not exist" for ten seconds', async () => {
    const { cache, state, clock } = rig();
    const good = state.behave;
    state.behave = fail('DID_NOT_FOUND');
    for (const ms of [0, 9_999]) {
      await clock.advance(ms);
      expect(await rejected(cache.resolve(did))).toMatchObject({
        code: 'DID_NOT_FOUND',
        params: { did },
      });
    }
    expect(state.asked).toHaveLength(1);
    state.behave = good;
    await clock.advance(1);
    expect((await cache.resolve(did)).document.id).toBe(did);
  });

  it('forgets a document whose source says that it does not exist', async () => {
    const { cache, state, clock } = rig({ maxStaleMs: 1e9, ttlMs: { web: 1 } });
    await cache.resolve(did);
    state.behave = fail('DID_NOT_FOUND');
    await clock.advance(1);
    expect(await rejected(cache.resolve(did))).toMatchObject({ code: 'DID_NOT_FOUND' });
    state.behave = fail('DID_UNREACHABLE');
    await clock.advance(10_000);
    expect(await rejected(cache.resolve(did))).toMatchObject({ code: 'DID_UNREACHABLE' });
  });

  it('serves nothing stale unless told to', async () => {
    const { cache, state, clock } = rig({ ttlMs: { web: 1_000 } });
    await cache.resolve(did);
    state.behave = fail('DID_UNREACHABLE');
    await clock.advance(1_000);
    expect(await rejected(cache.resolve(did))).toMatchObject({ code: 'DID_UNREACHABLE' });
    expect(await cache.resolve(did, { maxStaleMs: 500 })).toMatchObject({
      stale: true,
      ageMs: 1_000,
    });
    await clock.advance(500);
    expect(await cache.resolve(did, { maxStaleMs: 500 })).toMatchObject({
      stale: true,
      ageMs: 1_500,
    });
    await clock.advance(1);
    expect(await rejected(cache.resolve(did, { maxStaleMs: 500 }))).toMatchObject({
      code: 'DID_UNREACHABLE',
    });
  });

  it('serves nothing stale where somebody did answer, or the caller gave up', async () => {
    const { cache, state, clock } = rig({ ttlMs: { web: 1_000 }, maxStaleMs: 1e9 });
    await cache.resolve(did);
    await clock.advance(1_000);
    state.behave = () => ({
      document: documentOf('did:web:b.example'),
      ageMs: 0,
      deactivated: false,
    });
    expect(await rejected(cache.resolve(did))).toMatchObject({ code: 'DID_INVALID' });
    state.behave = () => new Promise(() => undefined);
    const gone = rejected(cache.resolve(did, { signal: AbortSignal.abort() }));
    expect(await gone).toMatchObject({ code: 'ABORTED' });
    await clock.advance(5_000);
  });

  it('lets the DID go that was not used for the longest time', async () => {
    const { cache, state } = rig({ limit: 2 });
    await cache.resolve('did:web:a');
    await cache.resolve('did:web:b');
    await cache.resolve('did:web:a');
    await cache.resolve('did:web:c');
    await cache.resolve('did:web:a');
    expect(state.asked).toEqual(['did:web:a', 'did:web:b', 'did:web:c']);
    await cache.resolve('did:web:b');
    expect(state.asked).toHaveLength(4);
  });

  it('says nothing of staleness once the source answers again', async () => {
    const { cache, state, clock } = rig({ ttlMs: { web: 1_000 }, maxStaleMs: 5_000 });
    const good = state.behave;
    await cache.resolve(did);
    await clock.advance(2_000);
    state.behave = fail('DID_UNREACHABLE');
    expect((await cache.resolve(did)).stale).toBe(true);
    state.behave = good;
    expect(await cache.resolve(did)).not.toHaveProperty('stale');
  });

  it('gives up after its deadline, and says that nobody answered', async () => {
    const { cache, state, clock } = rig({ timeoutMs: 5_000 });
    let signal: AbortSignal | undefined;
    state.behave = (_, options) => {
      signal = options.signal;
      return new Promise(() => undefined);
    };
    const waiting = rejected(cache.resolve(did));
    await clock.advance(5_000);
    expect(await waiting).toMatchObject({ code: 'DID_UNREACHABLE' });
    expect(signal?.aborted).toBe(true);
    expect(clock.timers).toBe(0);
    expect(cache.inFlight).toBe(0);
  });

  it('lets one caller give up and the others have the answer', async () => {
    const { cache, state } = rig();
    const gate = Promise.withResolvers<Resolution>();
    state.behave = () => gate.promise;
    const controller = new AbortController();
    const impatient = rejected(cache.resolve(did, { signal: controller.signal }));
    const patient = cache.resolve(did);
    controller.abort();
    expect(await impatient).toMatchObject({ code: 'ABORTED' });
    gate.resolve({ document: documentOf(did), ageMs: 0, deactivated: false });
    expect((await patient).document.id).toBe(did);
    expect(state.asked).toHaveLength(1);
  });

  it('asks again after invalidate, also while an answer is on its way, which is not kept', async () => {
    const { cache, state } = rig();
    const gates = [Promise.withResolvers<Resolution>(), Promise.withResolvers<Resolution>()];
    state.behave = () => gates[state.asked.length - 1]!.promise;
    const before = cache.resolve(did);
    cache.invalidate(did);
    const after = cache.resolve(did);
    gates[1]!.resolve({ document: documentOf(did, 2), ageMs: 0, deactivated: false });
    expect((await after).document).toMatchObject({ mark: 2 });
    gates[0]!.resolve({ document: documentOf(did, 1), ageMs: 0, deactivated: false });
    expect((await before).document).toMatchObject({ mark: 1 });
    expect((await cache.resolve(did)).document).toMatchObject({ mark: 2 });
    expect(state.asked).toHaveLength(2);
  });

  it('refuses a document about somebody else, and one that is none', async () => {
    const { cache, state } = rig();
    for (const document of [
      documentOf('did:web:b.example'),
      { id: did, assertionMethod: [7] },
      null,
    ]) {
      state.behave = () => ({ document, ageMs: 0, deactivated: false }) as never;
      expect(await rejected(cache.resolve(did))).toMatchObject({
        code: 'DID_INVALID',
        params: { did },
      });
    }
    expect(cache.size).toBe(0);
  });

  it('has a code for methods nobody answers for, and for what is no DID', async () => {
    const { cache } = rig();
    expect(await rejected(cache.resolve('did:nope:x'))).toMatchObject({
      code: 'DID_METHOD_UNKNOWN',
      params: { method: 'nope' },
    });
    expect(await rejected(cache.resolve('https://a.example' as Did))).toMatchObject({
      code: 'DID_INVALID',
    });
  });

  it('asks for at most so many at one time', async () => {
    const { cache, state } = rig({ maxInFlight: 2 });
    const gate = Promise.withResolvers<undefined>();
    state.behave = async (subject) => {
      await gate.promise;
      return { document: documentOf(subject), ageMs: 0, deactivated: false };
    };
    const two = [
      cache.resolve('did:web:a'),
      cache.resolve('did:web:b'),
      cache.resolve('did:web:b'),
    ];
    expect(await rejected(cache.resolve('did:web:c'))).toMatchObject({ code: 'OVERLOADED' });
    gate.resolve(undefined);
    await Promise.all(two);
    await cache.resolve('did:web:c');
  });

  it('keeps what its source lets it keep, not longer', async () => {
    const { cache, state, clock } = rig({ ttlMs: { web: 10_000 } });
    const answer = (rest: Partial<Resolution>) => {
      state.behave = (subject) => ({
        document: documentOf(subject),
        ageMs: 0,
        deactivated: false,
        ...rest,
      });
    };
    answer({ maxAgeMs: 2_000, ageMs: 500 });
    await cache.resolve(did);
    await clock.advance(1_499);
    expect((await cache.resolve(did)).ageMs).toBe(1_999);
    expect(state.asked).toHaveLength(1);
    await clock.advance(1);
    answer({ maxAgeMs: 1e9 });
    await cache.resolve(did);
    await clock.advance(10_000);
    answer({ maxAgeMs: 0 });
    await cache.resolve(did);
    expect(state.asked).toHaveLength(3);
    expect(cache.size).toBe(0);
  });

  it('tells the resolver what it has, and keeps the document that still holds', async () => {
    const { cache, state, clock } = rig({ ttlMs: { web: 1_000 } });
    state.behave = (subject, { known }) =>
      known === undefined
        ? { document: documentOf(subject), ageMs: 0, deactivated: false, validator: '"1"' }
        : { ...known, ageMs: 0 };
    const first = await cache.resolve(did);
    await clock.advance(1_000);
    const second = await cache.resolve(did);
    expect(state.seen[1]?.known?.validator).toBe('"1"');
    expect(second.document).toBe(first.document);
    expect(second.ageMs).toBe(0);
  });

  it('counts the time that the answer took', async () => {
    const { cache, state, clock } = rig();
    state.behave = async (subject) => {
      await clock.sleep(700);
      return { document: documentOf(subject), ageMs: 0, deactivated: false };
    };
    const waiting = cache.resolve(did);
    await clock.advance(700);
    expect((await waiting).ageMs).toBe(700);
  });

  it('does not believe a wall clock that was set back, and takes one set forward for time passed', async () => {
    const clock = virtualClock();
    let jump = 0;
    const jumping = {
      ...clock,
      now: () => clock.now() + jump,
      monotonic: () => clock.monotonic(),
      after: (ms: number, run: () => void) => clock.after(ms, run),
    };
    const { state, cache } = rig({ clock: jumping, ttlMs: { web: 1_000 } });
    await cache.resolve(did);
    jump = -1e9;
    await clock.advance(999);
    expect((await cache.resolve(did)).ageMs).toBe(999);
    await clock.advance(1);
    await cache.resolve(did);
    expect(state.asked).toHaveLength(2);
    jump += 1_000;
    await cache.resolve(did);
    expect(state.asked).toHaveLength(3);
  });

  it('asks for a version of the past each time, and keeps the present', async () => {
    const { cache, state } = rig();
    state.behave = (subject, { versionId }) => ({
      document: documentOf(subject, Number(versionId ?? 9)),
      ageMs: 0,
      deactivated: false,
      versionId: versionId ?? '9',
    });
    expect(await cache.resolve(did, { versionId: '3' })).toMatchObject({ versionId: '3' });
    expect(await cache.resolve(did)).toMatchObject({ versionId: '9', document: { mark: 9 } });
    expect(cache.size).toBe(1);
  });

  it('asks the first of two resolvers for one method', async () => {
    const named = (mark: number): DidResolver => ({
      methods: ['web'],
      resolve: (subject) =>
        Promise.resolve({ document: documentOf(subject, mark), ageMs: 0, deactivated: false }),
    });
    const { cache } = rig({ resolvers: [named(1), named(2)] });
    expect((await cache.resolve(did)).document).toMatchObject({ mark: 1 });
    expect(cache.methods).toEqual(['web']);
  });
});

describe('laws of a cache of DIDs', () => {
  const subject = fc.integer({ min: 0, max: 5 }).map((n): Did => `did:web:${String(n)}.example`);
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('resolve' as const),
      subject,
      maxStaleMs: fc.constantFrom(0, 0, 400),
    }),
    fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 1_500 }) }),
    fc.record({ kind: fc.constant('invalidate' as const), subject }),
    fc.record({
      kind: fc.constant('source' as const),
      does: fc.constantFrom(
        'answer' as const,
        'slow' as const,
        'unreachable' as const,
        'absent' as const,
      ),
    }),
  );

  it('hold for any course of events: one in flight, nothing too old, the bound kept, no failure kept', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const ttl = 1_000;
        const limit = 3;
        const { cache, state, clock } = rig({
          ttlMs: { web: ttl },
          limit,
          timeoutMs: 2_000,
          notFoundTtlMs: 100,
        });
        const flying = new Map<Did, number>();
        let does: 'answer' | 'slow' | 'unreachable' | 'absent' = 'answer';
        const invalidated = new Set<Did>();
        state.behave = async (one) => {
          const now = (flying.get(one) ?? 0) + 1;
          flying.set(one, now);
          // Only who was called off may fly beside its successor.
          if (!invalidated.has(one)) expect(now).toBe(1);
          try {
            if (does === 'slow') await clock.sleep(700);
            if (does === 'unreachable') fail('DID_UNREACHABLE')();
            if (does === 'absent') fail('DID_NOT_FOUND')();
            return { document: documentOf(one), ageMs: 0, deactivated: false };
          } finally {
            flying.set(one, flying.get(one)! - 1);
          }
        };
        const waiting: Promise<void>[] = [];
        const resolveOne = async (one: Did, maxStaleMs: number): Promise<void> => {
          try {
            const { ageMs, stale, document } = await cache.resolve(one, { maxStaleMs });
            expect(document.id).toBe(one);
            expect(ageMs).toBeLessThanOrEqual(stale === true ? ttl + maxStaleMs : ttl);
            if (stale === true) expect(maxStaleMs).toBeGreaterThan(0);
          } catch (error) {
            if (!MeshError.is(error, 'DID_NOT_FOUND', 'DID_UNREACHABLE')) throw error;
          }
        };
        for (const one of steps) {
          if (one.kind === 'resolve') waiting.push(resolveOne(one.subject, one.maxStaleMs));
          if (one.kind === 'advance') await clock.advance(one.ms);
          if (one.kind === 'source') does = one.does;
          if (one.kind === 'invalidate') {
            invalidated.add(one.subject);
            cache.invalidate(one.subject);
          }
          expect(cache.size).toBeLessThanOrEqual(limit);
        }
        await clock.advance(5_000);
        await Promise.all(waiting);
        expect(cache.inFlight).toBe(0);
        expect(clock.timers).toBe(0);
        expect(cache.size).toBeLessThanOrEqual(limit);
      }),
      { numRuns: 150 },
    );
  });
});
