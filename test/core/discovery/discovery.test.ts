import { beforeEach, describe, expect, it } from 'vitest';
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import type { Did } from '../../../src/base/ids.ts';
import { Directory } from '../../../src/core/discovery/directory.ts';
import { Finder } from '../../../src/core/discovery/finder.ts';
import {
  type AgentDraft,
  type Discovery,
  LexicalIndex,
  type Observation,
  reasonSentences,
  type SearchFilters,
  type TrustReading,
} from '../../../src/core/discovery/index.ts';
import { scoreOf } from '../../../src/core/discovery/ranking.ts';
import type { Store } from '../../../src/ports/store.ts';
import { verifySigned } from '../../../src/schema/signed.ts';
import { toInstant } from '../../../src/schema/words.ts';
import type { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import {
  FakeNet,
  hour,
  keys,
  type Node,
  nodeOf,
  party,
  settle,
  signed,
  start,
  virtualClock,
} from './rig.ts';

const [ann, bob, eve] = [party(1), party(2), party(3)] as const;
const draft: AgentDraft = {
  name: 'forecaster',
  description: 'Forecasts the weather of any city',
  capabilities: ['weather.forecast'],
  pricing: { perQuery: 3n },
  region: 'eu-west-1',
};

const unknown: TrustReading = { score: 0, state: 'unknown', level: 'self-asserted' };

let net: FakeNet;
let clock: VirtualClock;
let store: Store;
let me: Node;
let trust: Map<Did, TrustReading>;
let certifications: Map<Did, string[]>;
let measured: Map<string, Observation>;

const setUp = (): Node =>
  nodeOf(0, net, clock, {
    store,
    endpoints: () => ['wss://n1.example'],
    trust: {
      score: (did) => trust.get(did) ?? unknown,
      certifications: (did) => certifications.get(did) ?? [],
    },
    observations: (id) => measured.get(id),
  });

/** Brings records in by way of a peer. */
const learn = async (...records: unknown[]): Promise<void> => {
  await me.discovery.start();
  net.street(eve.did);
  net.connect(eve.did, me.did);
  await net.call(eve.did, me.did, 'discovery.push', { records, logs: [] });
};

beforeEach(() => {
  net = new FakeNet();
  clock = virtualClock();
  store = memoryStore({ clock });
  trust = new Map();
  certifications = new Map();
  measured = new Map();
  me = setUp();
});

describe('announcing', () => {
  it('gives a signed record with the id, the time and the addresses of this node', async () => {
    const record = await me.discovery.announce(draft);
    expect(record).toMatchObject({
      id: `${me.did}#n1/forecaster`,
      version: '1.0.0',
      endpoints: ['wss://n1.example'],
      pricing: { perQuery: '3' },
      issuedAt: toInstant(start),
      expiresAt: toInstant(start + 24 * hour),
    });
    await verifySigned('agent-record', record, me.did, keys.verify);
    expect(me.discovery.get(record.id)).toEqual(record);
  });

  it('publishes nothing but what a record is made of', async () => {
    const more = { ...draft, handler: () => 'x', apiKey: 'secret' };
    const record = await me.discovery.announce(more);
    expect(Object.keys(record)).not.toContain('apiKey');
    expect(Object.keys(record)).not.toContain('handler');
  });

  it('again gives a higher sequence, also after a restart, and after the store was lost', async () => {
    const first = await me.discovery.announce(draft);
    const second = await me.discovery.announce(draft);
    await me.discovery.close();
    me = setUp();
    const third = await me.discovery.announce(draft);
    await me.discovery.close();
    store = memoryStore({ clock });
    await clock.advance('1s');
    me = setUp();
    const fourth = await me.discovery.announce(draft);
    const sequences = [first, second, third, fourth].map(({ sequence }) => sequence);
    expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
  });

  it('twice at once signs two different sequences', async () => {
    const both = await Promise.all([me.discovery.announce(draft), me.discovery.announce(draft)]);
    expect(both[0].sequence).not.toBe(both[1].sequence);
  });

  it('never lets a version expire before the one it replaces', async () => {
    await me.discovery.announce(draft, { ttl: '10d' });
    const next = await me.discovery.announce(draft, { ttl: '1h' });
    expect(next.expiresAt).toBe(toInstant(start + 240 * hour));
  });

  it('renews at half of its time, until it is withdrawn', async () => {
    const { id, sequence } = await me.discovery.announce(draft, { ttl: '2h' });
    await clock.advance('59m');
    expect(me.discovery.get(id)?.sequence).toBe(sequence);
    await clock.advance('3m');
    expect(me.discovery.get(id)?.sequence).toBeGreaterThan(sequence);
    await clock.advance('48h');
    expect(me.discovery.get(id)).toBeDefined();
    await me.discovery.withdraw('forecaster');
    await clock.advance('48h');
    expect(me.discovery.get(id)).toBeUndefined();
  });

  it('says so in the log when a renewal fails, and tries again', async () => {
    const lines: string[] = [];
    let fail = false;
    const flaky: Store = {
      ...store,
      scan: (range) => store.scan(range),
      write: (ops) => (fail ? Promise.reject(new TypeError('disk')) : store.write(ops)),
    };
    const node = nodeOf(8, net, clock, {
      store: flaky,
      logger: { log: (level, message) => lines.push(`${level}: ${message}`) },
    });
    const { id, sequence } = await node.discovery.announce(draft, { ttl: '2h' });
    fail = true;
    await clock.advance('62m');
    expect(lines[0]).toBe('warn: an internal error occurred in the upkeep of agent records');
    fail = false;
    await clock.advance('2m');
    expect(node.discovery.get(id)?.sequence).toBeGreaterThan(sequence);
  });

  it('refuses a lifetime, a price or a name no record can have', async () => {
    const announce = (more: object, ttl?: '1m' | '31d') =>
      me.discovery.announce({ ...draft, ...more }, ttl && { ttl });
    await expect(announce({}, '1m')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(announce({}, '31d')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(announce({ pricing: { perHour: -1n } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(announce({ name: '' })).rejects.toMatchObject({ code: 'SCHEMA_INVALID' });
    expect(me.discovery.records()).toEqual([]);
  });

  it('takes over from a record of its own past that a peer brings back', async () => {
    const mine = await me.discovery.announce(draft);
    const past = await signed(me.party, 'forecaster', {
      sequence: mine.sequence + 5,
      withdrawn: true,
    });
    await learn(past);
    expect(me.discovery.get(mine.id)).toBeUndefined();
    await clock.advance('2m');
    expect(me.discovery.get(mine.id)?.sequence).toBeGreaterThan(past.sequence);
  });

  it('signs everything anew on renew', async () => {
    const { id, sequence } = await me.discovery.announce(draft);
    await me.discovery.renew();
    expect(me.discovery.get(id)?.sequence).toBeGreaterThan(sequence);
  });

  it('is over with the withdrawal, even when a renewal was under way', async () => {
    const { id } = await me.discovery.announce(draft);
    await Promise.all([me.discovery.withdraw('forecaster'), me.discovery.renew()]);
    expect(me.discovery.get(id)).toBeUndefined();
  });

  it('with other capabilities takes the old ones back', async () => {
    await me.discovery.announce(draft);
    await me.discovery.announce({ ...draft, capabilities: ['weather.history'] });
    expect(me.discovery.records({ capability: 'weather.forecast' })).toEqual([]);
    expect(me.discovery.records({ capability: 'weather.history' })).toHaveLength(1);
    await me.discovery.withdraw('forecaster');
    expect(me.discovery.candidates('weather.history')).toEqual([]);
  });

  it('of an agent that was withdrawn brings it back', async () => {
    const { id } = await me.discovery.announce(draft);
    await me.discovery.withdraw('forecaster');
    expect(me.discovery.get(id)).toBeUndefined();
    await expect(me.discovery.withdraw('forecaster')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await me.discovery.announce(draft);
    expect(me.discovery.get(id)).toBeDefined();
  });
});

describe('searching', () => {
  const weather = { description: 'Weather forecasts', capabilities: ['weather.forecast'] };

  it('lists an agent with all an application wants to know of it', async () => {
    const record = await signed(ann, 'oracle', {
      ...weather,
      certifications: ['ISO14001', 'SOC2'],
      region: 'eu-west-1',
      pricing: { perQuery: '12345678901234567890' },
    });
    trust.set(ann.did, { score: 80, state: 'trusted', level: 'domain' });
    certifications.set(ann.did, ['ISO14001']);
    measured.set(record.id, { avgLatency: 250, uptime: 0.99 });
    await learn(record);
    await clock.advance('3h');
    const [listing] = await me.discovery.search('weather in my city');
    expect(listing).toEqual({
      agentId: record.id,
      meshId: ann.did,
      node: 'n1',
      name: 'oracle',
      description: 'Weather forecasts',
      version: '1.0.0',
      capabilities: ['weather.forecast'],
      score: scoreOf(listing!.factors),
      factors: listing!.factors,
      why: [
        "matches 'weather' in its description",
        "matches 'weather' in its capabilities",
        'trust in its publisher, as verified here, is 80 of 100 (times 0.86)',
        'certification ISO14001 was verified',
        'its record is 3 h old (freshness 0.98)',
        'answered 99 % of your calls, in 250 ms on average (usefulness 0.79)',
      ],
      reasons: listing!.reasons,
      trust: { score: 80, state: 'trusted', level: 'domain' },
      identity: { level: 'domain' },
      availability: { avgLatency: 250, uptime: 0.99, region: 'eu-west-1' },
      pricing: { perQuery: 12345678901234567890n },
      region: 'eu-west-1',
    });
    expect(listing!.reasons.every(({ code }) => code in reasonSentences)).toBe(true);
  });

  it('finds something in a mesh where nobody is trusted yet, and says so', async () => {
    await learn(await signed(ann, 'oracle', weather));
    const [listing] = await me.discovery.search('weather');
    expect(listing?.trust).toMatchObject({ score: 0, state: 'unknown' });
    expect(listing?.why).toContain(
      'too little was verified of its publisher yet: trust 0 of 100 (times 0.3)',
    );
    expect(await me.discovery.search('weather', { include: 'verified' })).toEqual([]);
  });

  it('takes its arguments one by one or in one object', async () => {
    await learn(await signed(ann, 'a', weather), await signed(bob, 'b', weather));
    const filters = { capabilities: ['weather.forecast'] };
    const one = await me.discovery.search('weather', filters, 1);
    expect(await me.discovery.search({ query: 'weather', filters, limit: 1 })).toEqual(one);
    expect(one).toHaveLength(1);
  });

  it('gives every agent that passes the filters when no words are asked for', async () => {
    trust.set(bob.did, { score: 90, state: 'trusted', level: 'domain' });
    await learn(await signed(ann, 'a', weather), await signed(bob, 'b'));
    expect((await me.discovery.search('')).map(({ name }) => name)).toEqual(['b', 'a']);
    expect((await me.discovery.search({}))[0]?.why[0]).toBe(
      'no words were asked for, so every agent that passes the filters counts alike',
    );
    const filtered = await me.discovery.search({ filters: { trustScore: { min: 75 } } });
    expect(filtered.map(({ name }) => name)).toEqual(['b']);
  });

  it('considers every known publisher however many strangers match better', async () => {
    trust.set(bob.did, { score: 60, state: 'trusted', level: 'domain' });
    const directory = new Directory(new LexicalIndex());
    const known = await signed(bob, 'a', {
      description: 'weather, and much else that nobody asked',
    });
    directory.put(known);
    for (let i = 0; i < 1_200; i += 1) {
      const stranger = { ...known, id: `x${String(i)}`, meshId: ann.did, name: 'weather' };
      directory.put({ ...stranger, description: 'weather', region: 'eu-west-1' });
    }
    const finder = new Finder({
      did: me.did,
      clock,
      directory,
      trust: { score: (did) => trust.get(did) ?? unknown },
      observations: () => undefined,
      zoneOf: () => undefined,
    });
    const search = (filters: SearchFilters): Did[] =>
      finder
        .search({ text: 'weather', filters, limit: 10, signal: undefined })
        .map(({ meshId }) => meshId);
    expect(search({}).slice(0, 3)).toContain(bob.did);
    expect(search({ region: 'eu-west-1' })).not.toContain(bob.did);
  });

  it('counts the own organisation as trusted', async () => {
    await me.discovery.announce(draft);
    const [listing] = await me.discovery.search('weather', {
      include: 'verified',
      trustScore: { min: 100 },
    });
    expect(listing?.trust).toMatchObject({ score: 100, state: 'own' });
    expect(listing?.why).toContain('belongs to your own organisation');
  });

  it('knows where a region lies', async () => {
    await learn(
      await signed(ann, 'a', { ...weather, region: 'eu-west-1' }),
      await signed(ann, 'b', { ...weather, region: 'us-east-1' }),
      await signed(ann, 'c', weather),
    );
    const names = async (sovereignty: string): Promise<string[]> =>
      (await me.discovery.search('weather', { sovereignty })).map(({ name }) => name);
    expect(await names('EU')).toEqual(['a']);
    expect(await names('no-EU')).toEqual(['b']);
    expect(await names('any')).toHaveLength(3);
  });

  it('refuses a question it does not understand instead of answering another', async () => {
    const ask = (asked: object) => me.discovery.search(asked);
    for (const asked of [
      { limit: 0 },
      { limit: 101 },
      { query: 7 },
      { filters: { minTrust: 80 } },
      { filters: { trustScore: 80 } },
      { filters: { certifications: 'ISO' } },
      { filters: { maxLatency: Number.NaN } },
      { filters: { include: 'trusted' } },
      { filters: JSON.parse('{"__proto__x": 1}') as object },
    ]) {
      await expect(ask(asked)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });

  it('stops before it begins when it was aborted', async () => {
    const signal = AbortSignal.abort();
    await expect(me.discovery.search({ query: 'x', signal })).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });

  it('does not show what has expired, even before it is cleared away', async () => {
    const soon = await signed(ann, 'a', { ...weather, expiresAt: toInstant(start + hour) });
    await learn(soon);
    await clock.advance('1h');
    expect(me.discovery.records()).toHaveLength(1);
    await clock.advance('61s');
    expect(await me.discovery.search('weather')).toEqual([]);
    expect(me.discovery.records()).toEqual([]);
    expect(me.discovery.get(soon.id)).toBeUndefined();
    expect(me.discovery.candidates('weather.forecast')).toEqual([]);
  });
});

describe('candidates for a task', () => {
  it('are those with exactly the capability: own agents, then by trust, none quarantined', async () => {
    trust.set(bob.did, { score: 90, state: 'trusted', level: 'domain' });
    const [cy, dan] = [party(5), party(6)];
    trust.set(dan.did, { score: 95, state: 'trusted', level: 'domain' });
    await learn(
      await signed(ann),
      await signed(bob),
      await signed(dan),
      await signed(cy, 'other', { capabilities: ['math.add.fast'] }),
    );
    trust.set(dan.did, { score: 95, state: 'quarantined', level: 'domain' });
    await me.discovery.announce({ name: 'mine', capabilities: ['math.add'] });
    const found = me.discovery.candidates('math.add');
    expect(found.map(({ record }) => record.meshId)).toEqual([me.did, bob.did, ann.did]);
    expect(found.map(({ own }) => own)).toEqual([true, false, false]);
    expect(me.discovery.candidates('math.add', { limit: 1 })).toHaveLength(1);
    expect(me.discovery.candidates('math')).toEqual([]);
  });
});

describe('quarantine', () => {
  it('drops the records of a peer, keeps them out, and lets them back when it ends', async () => {
    const record = await signed(ann);
    await learn(record);
    trust.set(ann.did, { score: 0, state: 'quarantined', level: 'self-asserted' });
    await me.discovery.forget(ann.did);
    await learn(record);
    expect(me.discovery.records()).toEqual([]);
    trust.delete(ann.did);
    await learn(record);
    expect(me.discovery.records()).toEqual([record]);
  });
});

describe('the life of discovery', () => {
  it('begins with nothing: no timer, no read, until it is started', () => {
    const unread = new Proxy(store, {
      get: () => {
        throw new TypeError('touched');
      },
    });
    const node = nodeOf(7, net, clock, { store: unread });
    expect(clock.timers).toBe(0);
    expect(() => node.discovery.records()).toThrow('is not known before start()');
  });

  it('remembers what it learned before a restart', async () => {
    const [one, other] = [await signed(ann, 'a'), await signed(bob, 'b', { withdrawn: true })];
    await learn(one, other);
    await me.discovery.close();
    const again = setUp();
    await again.discovery.start();
    expect(again.discovery.records()).toEqual([one]);
    expect(again.events).toEqual([]);
    expect(await again.discovery.search('math')).toHaveLength(1);
  });

  it('starts again after the store has failed once', async () => {
    let fail = true;
    const flaky: Store = {
      ...store,
      write: (ops, options) => store.write(ops, options),
      scan: (range) => {
        if (fail) throw new TypeError('disk');
        return store.scan(range);
      },
    };
    const node = nodeOf(8, net, clock, { store: flaky });
    await expect(node.discovery.start()).rejects.toThrow('disk');
    fail = false;
    await node.discovery.start();
    expect(node.discovery.records()).toEqual([]);
  });

  it('ends its timers when closed, and may be closed twice', async () => {
    await me.discovery.start();
    expect(clock.timers).toBe(1);
    await me.discovery.close();
    await me.discovery.close();
    expect(clock.timers).toBe(0);
  });

  it('closed, refuses every method with CLOSED', async () => {
    await me.discovery.start();
    await me.discovery.close();
    const { discovery } = me;
    for (const call of [
      () => discovery.announce(draft),
      () => discovery.withdraw('x'),
      () => discovery.renew(),
      () => discovery.search('x'),
      () => discovery.forget(ann.did),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'CLOSED' });
    }
    for (const call of [
      () => discovery.get('x'),
      () => discovery.records(),
      () => discovery.candidates('x'),
    ]) {
      expect(call).toThrow('discovery is closed');
    }
  });

  it('closed, answers no peer', async () => {
    await learn();
    await me.discovery.close();
    const push = net.call(eve.did, me.did, 'discovery.push', { records: [], logs: [] });
    await expect(push).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('is disposed by `await using`', async () => {
    {
      await using discovery: Discovery = me.discovery;
      await discovery.start();
      await settle(clock);
    }
    expect(clock.timers).toBe(0);
  });
});
