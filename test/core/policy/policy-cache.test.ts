import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import { cedar, type Decision, type Policy } from '../../../src/core/policy/index.ts';
import type { PolicyEngine } from '../../../src/ports/policy-engine.ts';
import { acme, globex, initech, persistence, rig } from './rig.ts';

const open = cedar`@id("open") permit (principal, action == Action::"task.receive", resource);`;
const closed = cedar`@id("closed") forbid (principal, action, resource);`;
const receive = { subject: globex, action: 'task.receive', resource: 'agent:adder' } as const;
const brief = ({ effect, determining, cache }: Decision) => [effect, ...determining, cache];

describe('a decision', () => {
  it('is the default deny, at once, before anything was published', () => {
    const { cache } = rig();
    expect(cache.decideSync(receive)).toEqual({
      effect: 'deny',
      determining: [],
      errors: [],
      revision: 0,
      arm: 'stable',
      cache: 'miss',
      ageMs: 0,
    });
  });

  it('is remembered, with its age, until it is too old', async () => {
    const { cache, clock } = rig({ cache: { ttlMs: 1_000 } });
    cache.decideSync(receive);
    await clock.advance(400);
    expect(cache.decideSync(receive)).toMatchObject({ cache: 'hit', ageMs: 400 });
    await clock.advance(599);
    expect(cache.decideSync(receive)).toMatchObject({ cache: 'hit', ageMs: 999 });
    await clock.advance(1);
    expect(cache.decideSync(receive)).toMatchObject({ cache: 'miss', ageMs: 0 });
    expect(cache.stats()).toMatchObject({ hits: 2, misses: 2, hitRate: 0.5, expired: 1, size: 1 });
  });

  it('forgets the one unused for longest when there are too many', () => {
    const { cache } = rig({ cache: { max: 2 } });
    const ask = (id: string) => cache.decideSync({ ...receive, resource: `agent:${id}` }).cache;
    expect(['a', 'b', 'a', 'c', 'a', 'b'].map(ask)).toEqual([
      'miss',
      'miss',
      'hit',
      'miss',
      'hit',
      'miss',
    ]);
    expect(cache.stats()).toMatchObject({ size: 2, evictions: 2 });
  });

  it('is shared by requests which differ only in what no policy reads', () => {
    const { cache, world } = rig({ policies: [open] });
    world.organisation(globex, { trust: 4n });
    cache.decideSync({ ...receive, context: { labels: ['a'], n: 1 } });
    world.organisation(globex, { trust: 5n });
    expect(cache.decideSync({ ...receive, context: { labels: ['b'] } }).cache).toBe('hit');
  });

  it('is made anew when what it rests on changes', () => {
    const policy = cedar`permit (principal, action, resource) when { principal.trust >= 50 };`;
    const { cache, world } = rig({ policies: [policy] });
    world.organisation(globex, { trust: 50n });
    expect(cache.decideSync(receive)).toMatchObject({ effect: 'allow', cache: 'miss' });
    world.organisation(globex, { trust: 49n });
    expect(cache.decideSync(receive)).toMatchObject({ effect: 'deny', cache: 'miss' });
    world.organisation(globex, { trust: 50n });
    expect(cache.decideSync(receive)).toMatchObject({ effect: 'allow', cache: 'hit' });
  });

  it('says which rules marked as a violation forbade it, and what the first asks for', () => {
    const policies = [
      cedar('@id("mild") @violation("slash") forbid (principal, action, resource);'),
      cedar('@id("plain") forbid (principal, action, resource);'),
      cedar('@id("hard") @violation forbid (principal, action, resource);'),
    ];
    const { violation } = rig({ policies }).cache.decideSync(receive);
    expect(violation?.policies.toSorted()).toEqual(['hard', 'mild']);
    const other = cedar('@violation("slash") permit (principal, action, resource);');
    expect(rig({ policies: [other] }).cache.decideSync(receive)).not.toHaveProperty('violation');
    expect(rig({ policies: [] }).cache.decideSync(receive)).not.toHaveProperty('violation');
  });

  it('accuses nobody by a rule that could not be read to its end', () => {
    const text = '@violation forbid (principal, action, resource) when { context.nowhere == 1 };';
    const decision = rig({ policies: [cedar(text)] }).cache.decideSync(receive);
    expect(decision.effect).toBe('deny');
    expect(decision).not.toHaveProperty('violation');
  });

  it('refuses a rule whose violation asks for something there is not', () => {
    const text = '@violation("death") forbid (principal, action, resource);';
    expect(() => rig({ policies: [cedar(text)] })).toThrow(/@violation/);
  });

  it('carries the advice of the policy that decided', () => {
    const text = '@advice("Ask for a credential.") forbid (principal, action, resource);';
    expect(rig({ policies: [cedar(text)] }).cache.decideSync(receive).advice).toBe(
      'Ask for a credential.',
    );
  });

  it('names what went wrong, and an erring forbid denies', () => {
    const erring = cedar`@id("eu") forbid (principal, action, resource) unless { context.zone == "EU" };`;
    const { cache } = rig({ policies: [open, erring] });
    expect(cache.decideSync(receive)).toMatchObject({
      effect: 'deny',
      determining: ['eu'],
      errors: ["eu: the record has no member 'zone'"],
    });
  });

  it('is a deny when the engine or the source of entities fails', () => {
    const broken: PolicyEngine = {
      name: 'broken',
      prepare: () => ({
        evaluate: () => {
          throw new TypeError('oops');
        },
        annotation: () => undefined,
      }),
    };
    expect(rig({ engine: broken }).cache.decideSync(receive)).toMatchObject({
      effect: 'deny',
      errors: ['broken: oops'],
      cache: 'bypass',
    });
    const entities = {
      entity: () => {
        throw new TypeError('no trust today');
      },
    };
    const { cache } = rig({ entities, policies: [open] });
    expect(cache.decideSync(receive)).toMatchObject({
      effect: 'deny',
      errors: ['cedar: no trust today'],
    });
  });

  it('asks an engine that cannot tell its dependencies every time', () => {
    const engine: PolicyEngine = {
      name: 'yes',
      prepare: () => ({
        evaluate: () => ({ effect: 'allow', determining: [], errors: [] }),
        annotation: () => undefined,
      }),
    };
    const { cache } = rig({ engine });
    expect([cache.decideSync(receive).cache, cache.decideSync(receive).cache]).toEqual([
      'bypass',
      'bypass',
    ]);
    expect(() => cache.explain(receive)).toThrow('explain is not supported by yes');
  });

  it('cannot be altered by whoever gets it', () => {
    const { cache } = rig({ policies: [open] });
    const first = cache.decideSync(receive);
    expect(() => (first.determining as string[]).push('mine')).toThrow(TypeError);
    expect(cache.decideSync(receive).determining).toEqual(['open']);
  });

  it.each([
    [{ ...receive, resource: 'adder' }, 'resource'],
    [{ ...receive, resource: 'agent:' }, 'resource'],
    [{ ...receive, resource: undefined as never }, 'resource'],
    [{ ...receive, action: '' }, 'action'],
    [{ ...receive, context: { n: 0.5 } }, 'context.n'],
    [{ ...receive, context: { list: [null] } }, 'context.list[0]'],
    [{ ...receive, context: { big: 1n << 63n } }, 'context.big'],
    [{ ...receive, context: { at: new Date(0) } }, 'context.at'],
  ])('refuses a request that makes no sense: %#', (request, argument) => {
    expect(() => rig().cache.decideSync(request)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        params: expect.objectContaining({ argument }) as unknown,
      }),
    );
  });

  it('refuses a subject or an organisation that is no DID, and endless context', () => {
    const { cache } = rig();
    expect(() => cache.decideSync({ ...receive, subject: 'globex' as never })).toThrow(
      'not a valid DID',
    );
    expect(() => cache.decideSync({ ...receive, resource: 'org:globex' })).toThrow(
      'not a valid DID',
    );
    const endless: Record<string, unknown> = {};
    endless['more'] = endless;
    expect(() => cache.decideSync({ ...receive, context: endless })).toThrow('at most 16 deep');
  });

  it('takes data from a peer for data, though it looks like an entity', () => {
    const policy = cedar`permit (principal, action, resource) when { context.who == Org::"did:mesh:org:acme" };`;
    const { cache } = rig({ policies: [policy] });
    const forged = { who: { type: 'Org', id: acme } };
    expect(cache.decideSync({ ...receive, context: forged }).effect).toBe('deny');
  });

  it('comes as a promise as well, under two names', async () => {
    const { cache } = rig({ policies: [open] });
    expect(brief(await cache.decide(receive))).toEqual(['allow', 'open', 'miss']);
    expect(brief(await cache.evaluate(receive))).toEqual(['allow', 'open', 'hit']);
    await expect(cache.decide(receive, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });
});

describe('the decision log', () => {
  it('gets every decision across organisations, kept or not, and none of the house', () => {
    const { cache, world, decisions, clock } = rig({ policies: [open] });
    world.organisation(acme).agent('adder', acme).agent('theirs', globex);
    cache.decideSync(receive);
    cache.decideSync(receive);
    cache.decideSync({ action: 'task.send', resource: 'agent:theirs' });
    cache.decideSync({ action: 'task.send', resource: `org:${initech}` });
    cache.decideSync({ action: 'task.send', resource: 'agent:nobody-knows' });
    cache.decideSync({ action: 'task.send', resource: 'agent:adder' });
    cache.decideSync({ action: 'round.join', resource: 'mesh' });
    expect(decisions.map(({ resource }) => resource)).toEqual([
      'agent:adder',
      'agent:adder',
      'agent:theirs',
      `org:${initech}`,
      'agent:nobody-knows',
    ]);
    expect(decisions[0]).toEqual({
      at: new Date(clock.now()).toISOString(),
      subject: globex,
      action: 'task.receive',
      resource: 'agent:adder',
      effect: 'allow',
      determining: ['open'],
      revision: 0,
      errors: [],
    });
  });

  it('that fails makes the decision fail: what cannot be accounted for does not happen', () => {
    const decisions = {
      append: () => {
        throw new RangeError('full');
      },
    };
    expect(() => rig({ decisions, policies: [open] }).cache.decideSync(receive)).toThrow('full');
  });
});

describe('publishing', () => {
  it('takes effect with the next decision and tells so', async () => {
    const { cache, events } = rig();
    const before = cache.version;
    const published = await cache.publish(open);
    expect(published).toEqual({ revision: 1, version: cache.version });
    expect(cache.version).not.toBe(before);
    expect(cache.decideSync(receive)).toMatchObject({ effect: 'allow', revision: 1 });
    expect(events).toEqual([{ type: 'policy.updated', data: { revision: 1 } }]);
  });

  it('adds to what is there and replaces what has the same id', async () => {
    const { cache } = rig();
    await cache.publish([open, closed]);
    await cache.publish({ id: 'closed', text: 'permit (principal, action, resource);' });
    expect(cache.decideSync(receive).determining).toEqual(['open', 'closed']);
    expect(cache.policies.map(({ id }) => id)).toEqual(['open', 'closed']);
  });

  it('gives the same version to the same policies, in whatever order they came', async () => {
    const [a, b] = [rig().cache, rig({ policies: [closed] }).cache];
    await a.publish([open, closed]);
    await b.publish(open);
    expect(a.version).toBe(b.version);
  });

  it.each<[string, Policy | Policy[], string]>([
    ['is wrong', [open, { id: 'x', text: 'permit (principal, action);' }], 'POLICY_SYNTAX'],
    [
      'cannot be evaluated',
      { id: 'x', text: 'permit (principal == ?principal, action, resource);' },
      'POLICY_UNSUPPORTED',
    ],
    ['is named like a house rule', { id: 'house/federate', text: open.text }, 'INVALID_ARGUMENT'],
    ['has no name', { id: '', text: open.text }, 'SCHEMA_INVALID'],
    ['has statements of one name', { id: 'x', text: `${open.text}${open.text}` }, 'ALREADY_EXISTS'],
  ])('a policy that %s changes nothing', async (_, policies, code) => {
    const { cache, events } = rig();
    await cache.publish(closed);
    await expect(cache.publish(policies)).rejects.toMatchObject({ code });
    expect(cache.revision).toBe(1);
    expect(cache.decideSync(receive).determining).toEqual(['closed']);
    expect(events).toHaveLength(1);
  });

  it('one after the other, although all are asked for at once', async () => {
    const { cache } = rig();
    const policies = Array.from({ length: 5 }, (_, i) => ({
      id: `p${String(i)}`,
      text: open.text,
    }));
    const done = await Promise.all(policies.map((policy) => cache.publish(policy)));
    expect(done.map(({ revision }) => revision)).toEqual([1, 2, 3, 4, 5]);
    expect(new Set(done.map(({ version }) => version)).size).toBe(5);
    expect(cache.policies).toHaveLength(5);
  });

  it('is refused when too many wait', async () => {
    const { cache } = rig();
    const all = await Promise.allSettled(Array.from({ length: 101 }, () => cache.publish(open)));
    expect(all.filter(({ status }) => status === 'rejected')).toMatchObject([
      { reason: { code: 'OVERLOADED' } },
    ]);
  });

  it('can be called off before its turn', async () => {
    const { cache } = rig();
    await expect(cache.publish(open, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    expect(cache.revision).toBe(0);
  });

  it('withdraws what was published, and only that', async () => {
    const { cache } = rig({ policies: [open] });
    await cache.publish(closed);
    expect(await cache.withdraw('closed')).toMatchObject({ revision: 2 });
    expect(cache.decideSync(receive).effect).toBe('allow');
    await expect(cache.withdraw(['open'])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(cache.withdraw('house/federate')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('goes back to an earlier content under a higher number', async () => {
    const { cache } = rig();
    const first = await cache.publish(open);
    await cache.publish(closed);
    expect(await cache.rollback(1, 'too strict')).toEqual({ revision: 3, version: first.version });
    expect(cache.decideSync(receive)).toMatchObject({ effect: 'allow', revision: 3 });
    expect((await cache.rollback(0, 'start again')).revision).toBe(4);
    expect(cache.policies).toEqual([]);
    for (const revision of [9, -1, 0.5]) {
      await expect(cache.rollback(revision, 'x')).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    }
  });
});

describe('watching', () => {
  it('tells which policies are new, different or gone, selected by name', async () => {
    const { cache } = rig();
    const all = cache.watch()[Symbol.asyncIterator]();
    const some = cache.watch('eu-*')[Symbol.asyncIterator]();
    await cache.publish([open, { ...closed, id: 'eu-data' }]);
    await cache.publish(open);
    await cache.withdraw('eu-data');
    await cache.close();
    const read = async (reader: AsyncIterator<unknown>): Promise<unknown[]> => {
      const list: unknown[] = [];
      for (let next = await reader.next(); next.done !== true; next = await reader.next())
        list.push(next.value);
      return list;
    };
    expect(await read(all)).toEqual([
      { policy: 'open', revision: 1 },
      { policy: 'eu-data', revision: 1 },
      { policy: 'eu-data', revision: 3 },
    ]);
    expect(await read(some)).toEqual([
      { policy: 'eu-data', revision: 1 },
      { policy: 'eu-data', revision: 3 },
    ]);
  });

  it('ends with its signal and with its reader', async () => {
    const { cache } = rig();
    const controller = new AbortController();
    const watched = cache.watch(undefined, { signal: controller.signal });
    controller.abort();
    for await (const change of watched) expect(change).toBeUndefined();
    const changes = cache.watch();
    await cache.publish(open);
    for await (const change of changes) {
      expect(change.policy).toBe('open');
      break;
    }
    await cache.publish(open);
  });
});

describe('explaining', () => {
  it('says of each policy whether it matched, and why not', async () => {
    const erring = cedar`@id("err") @advice("Say where.") forbid (principal, action, resource) when { context.zone == "US" };`;
    const { cache, decisions } = rig({ policies: [open] });
    await cache.publish(erring);
    const { decision, policies } = cache.explain(receive);
    expect(decision).toMatchObject({ effect: 'deny', determining: ['err'], advice: 'Say where.' });
    expect(policies.slice(0, 2)).toEqual([
      { policy: 'house/own-organisation', effect: 'permit', outcome: 'not-matched' },
      { policy: 'house/federate', effect: 'permit', outcome: 'not-matched' },
    ]);
    expect(policies.slice(-2)).toEqual([
      { policy: 'open', effect: 'permit', outcome: 'matched' },
      {
        policy: 'err',
        effect: 'forbid',
        outcome: 'erred',
        message: "the record has no member 'zone'",
        advice: 'Say where.',
      },
    ]);
    expect(decisions).toEqual([]);
    expect(cache.stats().size).toBe(0);
  });
});

describe('over restarts', () => {
  it('published policies last, those of the program are not stored', async () => {
    const kept = persistence(memoryStore());
    const first = rig({ self: kept.self, persistence: kept, policies: [open] });
    await first.cache.publish(closed);
    const second = rig({ self: kept.self, persistence: kept });
    await second.cache.start();
    expect(second.cache.revision).toBe(1);
    expect(second.cache.policies.map(({ id }) => id)).toEqual(['closed']);
    expect(second.events).toEqual([{ type: 'policy.updated', data: { revision: 1 } }]);
    await second.cache.publish(open);
    expect((await second.cache.rollback(1, 'back')).revision).toBe(3);
  });

  it('nothing is decided before stored policies are read, for a forbid may be among them', async () => {
    const kept = persistence(memoryStore());
    const { cache } = rig({ self: kept.self, persistence: kept, policies: [open] });
    await cache.publish(closed);
    const later = rig({ self: kept.self, persistence: kept, policies: [open] }).cache;
    expect(() => later.decideSync(receive)).toThrow(
      expect.objectContaining({ code: 'NOT_STARTED' }),
    );
    expect((await later.decide(receive)).effect).toBe('deny');
    expect(later.decideSync(receive).effect).toBe('deny');
  });

  const revision1 = 'policy/bundle/0000000000000001';
  it.each<[string, (text: string) => [string, string], string]>([
    ['was altered', (text) => [revision1, text.replace('forbid', 'permit')], 'SIGNATURE_INVALID'],
    [
      'stands under a higher number',
      (text) => [revision1.replace(/1$/, '7'), text],
      'STORE_CORRUPT',
    ],
    ['is no bundle', () => [revision1, '{}'], 'SCHEMA_INVALID'],
  ])('a stored bundle that %s is refused', async (_, alter, code) => {
    const store = memoryStore();
    const kept = persistence(store);
    await rig({ self: kept.self, persistence: kept }).cache.publish(closed);
    const entry = await store.get(revision1);
    const [put, text] = alter(new TextDecoder().decode(entry!.value));
    await store.write([{ put, value: new TextEncoder().encode(text) }]);
    const { cache } = rig({ self: kept.self, persistence: kept, policies: [open] });
    await expect(cache.start()).rejects.toMatchObject({ code });
    expect(() => cache.decideSync(receive)).toThrow(
      expect.objectContaining({ code: 'NOT_STARTED' }),
    );
  });

  it('a bundle signed by somebody else is refused', async () => {
    const store = memoryStore();
    const [mine, theirs] = [persistence(store), persistence(store, 2)];
    await rig({ self: theirs.self, persistence: theirs }).cache.publish(open);
    const { cache } = rig({ self: mine.self, persistence: mine });
    await expect(cache.start()).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it('the second of two processes on one store does not write over the first', async () => {
    const kept = persistence(memoryStore());
    const [one, two] = [
      rig({ self: kept.self, persistence: kept }),
      rig({ self: kept.self, persistence: kept }),
    ];
    await Promise.all([one.cache.start(), two.cache.start()]);
    await one.cache.publish(closed);
    await expect(two.cache.publish(open)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(two.cache.revision).toBe(0);
  });

  it('only the last 32 revisions are kept', async () => {
    const store = memoryStore();
    const kept = persistence(store);
    const { cache } = rig({ self: kept.self, persistence: kept });
    for (let i = 0; i < 40; i += 1) await cache.publish(open);
    let stored = 0;
    for await (const entry of store.scan({ prefix: 'policy/' })) stored += entry.key === '' ? 0 : 1;
    expect(stored).toBe(32);
    await expect(cache.rollback(8, 'x')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await cache.rollback(9, 'x');
  });
});

describe('closing', () => {
  it('is idempotent, ends watchers and refuses what comes later', async () => {
    const { cache } = rig();
    const watched = cache.watch();
    const publishing = cache.publish(open);
    await Promise.all([cache.close(), cache.close(), cache[Symbol.asyncDispose]()]);
    expect((await publishing).revision).toBe(1);
    const seen: unknown[] = [];
    for await (const change of watched) seen.push(change);
    expect(seen.length).toBeLessThanOrEqual(1);
    expect(() => cache.decideSync(receive)).toThrow('the policy cache is closed');
    expect(() => cache.watch()).toThrow('the policy cache is closed');
    await expect(cache.publish(open)).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('the constructor', () => {
  it('refuses a program whose policies are wrong', () => {
    expect(() => rig({ policies: [{ id: 'x', text: 'permit' }] })).toThrow('policy syntax error');
  });
});
