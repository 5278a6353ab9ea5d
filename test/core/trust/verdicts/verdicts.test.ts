import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../../src/base/bytes.ts';
import type { Did } from '../../../../src/base/ids.ts';
import { cidOfJson } from '../../../../src/base/multiformat.ts';
import type { TrustEngineOptions } from '../../../../src/core/trust/index.ts';
import { violationShape } from '../../../../src/core/trust/verdicts/violation.ts';
import { parseSanction } from '../../../../src/schema/sanction.ts';
import { sign } from '../../../../src/schema/signed.ts';
import type { TrustVerdict, VerdictType } from '../../../../src/schema/trust-verdict.ts';
import { toInstant } from '../../../../src/schema/words.ts';
import { type Org, type Party, party, receiptOf, TestKeys, until, World } from '../rig.ts';
import { Square } from '../town-crier.ts';

const hour = 3_600_000;
const day = 24 * hour;
const bothTypes: readonly VerdictType[] = ['SlashingAttestation', 'QuarantineAttestation'];
const guilty = party('guilty');

interface Effects {
  readonly shut: { readonly peer: Did; readonly drainMs: number }[];
  readonly back: Did[];
}

class Town {
  readonly world = new World();
  readonly square = new Square();

  async org(
    name: string,
    anchors: readonly Party[] = [],
    options: Partial<TrustEngineOptions> = {},
    types: readonly string[] = bothTypes,
  ): Promise<Org & Effects> {
    const effects: Effects = { shut: [], back: [] };
    const org = await this.world.org(name, {
      anchors: anchors.map(({ did: issuer }) => ({ issuer, types })),
      crier: this.square.at(party(name).did),
      onQuarantined: (peer, _, drainMs) => effects.shut.push({ peer, drainMs }),
      onReleased: (peer) => effects.back.push(peer),
      ...options,
    });
    return { ...org, ...effects };
  }
}

const request = { reason: 'it sold what it was lent', evidence: { seen: 1 } };
const eventsOf = (org: Org, type: string) => org.events.filter((event) => event.type === type);

/** A verdict as anybody could sign it. */
function verdictBy(by: Party, about: Did, now: number, more: Partial<TrustVerdict> = {}) {
  const body: TrustVerdict = {
    format: 1,
    id: 'verdict-1',
    type: 'QuarantineAttestation',
    by: by.did,
    about,
    at: toInstant(now),
    expiresAt: toInstant(now + hour),
    reason: 'because',
    evidence: cidOfJson({}),
    ...more,
  };
  return sign('trust-verdict', body, by.signer);
}

const hearing = (town: Town, org: Org, piece: unknown): void => {
  town.square.say(org.did, 'trust.verdict', utf8(JSON.stringify(piece)));
};

/** Lets background work come to an end. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

describe('a quarantine', () => {
  it('is in force here at once, and where its issuer is an anchor as soon as it is heard', async () => {
    const town = new Town();
    const issuer = await town.org('issuer');
    const other = await town.org('other', [party('issuer')]);
    const verdict = await issuer.trust.quarantine(guilty.did, request);
    expect(issuer.trust.score(guilty.did).state).toBe('quarantined');
    expect(issuer.trust.quarantined()).toEqual([guilty.did]);
    await until(() => other.trust.score(guilty.did).state === 'quarantined');
    expect(other.shut).toEqual([{ peer: guilty.did, drainMs: 0 }]);
    expect(eventsOf(other, 'trust.quarantined')).toEqual([
      {
        type: 'trust.quarantined',
        data: {
          verdict: verdict.id,
          by: issuer.did,
          reason: request.reason,
          until: verdict.expiresAt,
          drainMs: 0,
        },
        peer: guilty.did,
      },
    ]);
    expect(town.square.priorities).toEqual(new Set(['high']));
    expect(await issuer.trust.proof(verdict.evidence)).toEqual({ seen: 1 });
    expect(verdict.evidence).toBe(cidOfJson({ seen: 1 }));
  });

  it('by somebody who is no anchor for it changes nothing, however often it is said', async () => {
    const town = new Town();
    const anchor = party('anchor');
    const org = await town.org('org', [anchor]);
    const wrongType = await town.org('wrong', [anchor], {}, ['SlashingAttestation']);
    const now = town.world.clock.now();
    for (let n = 0; n < 20; n += 1) {
      const griefer = party(`griefer ${String(n)}`);
      hearing(town, org, { verdict: await verdictBy(griefer, guilty.did, now) });
    }
    hearing(town, wrongType, { verdict: await verdictBy(anchor, guilty.did, now) });
    await settled();
    expect(org.trust.score(guilty.did).state).toBe('unknown');
    expect(wrongType.trust.score(guilty.did).state).toBe('unknown');
    expect(org.trust.verdicts(guilty.did)).toEqual([]);
    expect(org.shut).toEqual([]);
  });

  it('that is forged, altered, foreign, of the future, expired or about its issuer is refused', async () => {
    const town = new Town();
    const anchor = party('anchor');
    const org = await town.org('org', [anchor]);
    await town.world.clock.advance(2 * hour);
    const now = town.world.clock.now();
    const good = await verdictBy(anchor, guilty.did, now);
    const forged = await verdictBy(party('thief'), guilty.did, now, { by: anchor.did });
    const { proof: _, ...body } = good;
    const wrongKind = await sign('acceptance', body, anchor.signer);
    const bad = [
      forged,
      { ...good, about: party('bystander').did },
      { ...good, expiresAt: toInstant(now + 2 * hour) },
      wrongKind,
      await verdictBy(anchor, guilty.did, now + 2 * 60_000),
      await verdictBy(anchor, guilty.did, now - hour),
      await verdictBy(anchor, anchor.did, now),
      await verdictBy(anchor, guilty.did, now, { expiresAt: toInstant(now) }),
      await verdictBy(anchor, guilty.did, now, { expiresAt: toInstant(now + 400 * day) }),
      await verdictBy(anchor, guilty.did, now, { type: 'Other' as VerdictType }),
      'text',
      null,
    ];
    for (const verdict of bad) hearing(town, org, { verdict });
    town.square.say(org.did, 'trust.verdict', utf8('{'));
    town.square.say(org.did, 'trust.verdict', new Uint8Array([0xff]));
    await settled();
    expect(org.trust.quarantined()).toEqual([]);
    hearing(town, org, { verdict: good });
    await until(() => org.trust.quarantined().length === 1);
    // The same name for something else.
    hearing(town, org, { verdict: await verdictBy(anchor, party('bystander').did, now) });
    await settled();
    expect(org.trust.quarantined()).toEqual([guilty.did]);
  });

  it('ends to the millisecond, probation follows, and then nothing is left', async () => {
    const town = new Town();
    const issuer = await town.org('issuer', [], { probationMs: 10 * day });
    await issuer.trust.attest({ about: guilty.did, type: 'reliable' });
    await issuer.trust.attest({ about: guilty.did, type: 'compliance/soc2' });
    for (let n = 0; n < 20; n += 1) {
      const receipt = await receiptOf(guilty, issuer, `r${String(n)}`);
      await issuer.trust.observe(receipt, 'kept');
    }
    expect(issuer.trust.score(guilty.did).state).toBe('trusted');
    await issuer.trust.quarantine(guilty.did, { ...request, period: '2h' });
    await town.world.clock.advance(2 * hour - 1);
    expect(issuer.trust.score(guilty.did).state).toBe('quarantined');
    expect(issuer.back).toEqual([]);
    await town.world.clock.advance(1);
    expect(issuer.trust.score(guilty.did).state).toBe('probation');
    expect(issuer.back).toEqual([guilty.did]);
    expect(eventsOf(issuer, 'trust.released')).toMatchObject([{ data: { because: 'expired' } }]);
    await town.world.clock.advance(10 * day - 1);
    expect(issuer.trust.verdicts(guilty.did)).toHaveLength(1);
    await town.world.clock.advance(1);
    await until(() => issuer.trust.verdicts(guilty.did).length === 0);
  });

  it('can be lifted by its issuer only, and cannot be shown again afterwards', async () => {
    const town = new Town();
    const issuer = await town.org('issuer');
    const other = await town.org('other', [party('issuer')]);
    const verdict = await issuer.trust.quarantine(guilty.did, request);
    await until(() => other.trust.quarantined().length === 1);
    await expect(other.trust.release(verdict.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const stolen = {
      format: 1,
      verdict: verdict.id,
      by: issuer.did,
      about: guilty.did,
      at: toInstant(town.world.clock.now()),
      because: 'lifted',
    } as const;
    const thief = party('thief');
    hearing(town, other, { release: await sign('trust-release', stolen, thief.signer) });
    await settled();
    expect(other.trust.quarantined()).toEqual([guilty.did]);
    await issuer.trust.release(verdict.id, 'a mistake');
    await until(() => other.trust.quarantined().length === 0);
    expect(other.back).toEqual([guilty.did]);
    hearing(town, other, { verdict });
    await settled();
    expect(other.trust.quarantined()).toEqual([]);
    expect(eventsOf(other, 'trust.released')).toMatchObject([{ data: { because: 'lifted' } }]);
    expect(eventsOf(other, 'trust.quarantined')).toHaveLength(1);
  });

  it('ends when it said it would, also where its issuer ends it later', async () => {
    const town = new Town();
    const { clock } = town.world;
    const issuer = party('issuer');
    const other = await town.org('other', [issuer]);
    const began = clock.now();
    const verdict = await verdictBy(issuer, guilty.did, began);
    hearing(town, other, { verdict });
    await until(() => other.trust.quarantined().length === 1);
    await clock.advance(hour - 20_000);
    const end = {
      format: 1,
      verdict: verdict.id,
      by: issuer.did,
      about: guilty.did,
      at: toInstant(began + hour + 30_000),
      because: 'lifted',
    } as const;
    hearing(town, other, { release: await sign('trust-release', end, issuer.signer) });
    await settled();
    await clock.advance(20_000);
    expect(other.trust.quarantined()).toEqual([]);
  });

  it('is not ended by an end that is of the future', async () => {
    const town = new Town();
    const { clock } = town.world;
    const issuer = party('issuer');
    const other = await town.org('other', [issuer]);
    const verdict = await verdictBy(issuer, guilty.did, clock.now());
    hearing(town, other, { verdict });
    await until(() => other.trust.quarantined().length === 1);
    const { id, by, about } = verdict;
    const at = toInstant(clock.now() + 60_001);
    const end = { format: 1, verdict: id, by, about, at, because: 'lifted' } as const;
    hearing(town, other, { release: await sign('trust-release', end, issuer.signer) });
    await settled();
    await clock.advance('5m');
    expect(other.trust.quarantined()).toEqual([guilty.did]);
  });

  it('silences whom it is about: neither its words nor its credentials count meanwhile', async () => {
    const town = new Town();
    const speaker = await town.org('speaker');
    const holder = await town.org('holder');
    const anchors = [{ issuer: speaker.did, types: ['Partner', 'reliable'] }];
    const node = await town.org('node', [], { anchors });
    for (const org of [speaker, holder]) town.world.street.connect(org.did, node.did);
    const subject = holder.did;
    const { jwt } = await speaker.trust.issue({ subject, type: 'Partner', claims: {} });
    await holder.trust.hold(jwt);
    await node.trust.meet(subject);
    const attestations = [await speaker.trust.attest({ about: subject, type: 'reliable' })];
    await node.trust.merge({ format: 1, evidence: [], attestations, logs: [] });
    const given = () =>
      node.trust
        .score(subject)
        .factors.filter(({ contribution }) => contribution > 0)
        .map(({ name }) => name);
    expect(given()).toEqual(['credentials', 'attestations']);
    expect([...node.trust.credentialsOf(subject)]).toEqual(['Partner']);
    const verdict = await node.trust.quarantine(speaker.did, request);
    expect(given()).toEqual([]);
    expect([...node.trust.credentialsOf(subject)]).toEqual([]);
    await node.trust.release(verdict.id);
    expect(given()).toEqual(['credentials', 'attestations']);
  });

  it('whose end came first never strikes', async () => {
    const town = new Town();
    const issuer = await town.org('issuer');
    const other = await town.org('other', [party('issuer')]);
    const verdict = await issuer.trust.quarantine(guilty.did, request);
    await issuer.trust.release(verdict.id);
    const late = await town.org('late', [party('issuer')]);
    const [told, ended] = town.square.told;
    town.square.say(late.did, 'trust.verdict', ended!.bytes);
    await settled();
    town.square.say(late.did, 'trust.verdict', told!.bytes);
    await settled();
    expect(late.trust.quarantined()).toEqual([]);
    expect(late.shut).toEqual([]);
    expect(other.trust.quarantined()).toEqual([]);
  });

  it('survives a restart, and is learnt on meeting by who was away', async () => {
    const town = new Town();
    const issuer = await town.org('issuer');
    const other = await town.org('other', [party('issuer')]);
    const verdict = await issuer.trust.quarantine(guilty.did, request);
    await until(() => other.trust.quarantined().length === 1);
    await other.trust.close();
    const again = await town.org('other', [party('issuer')], { store: other.store });
    expect(again.trust.quarantined()).toEqual([guilty.did]);
    expect(again.shut).toEqual([]);
    const late = await town.org('late', [party('issuer')]);
    // Not by the issuer itself: somebody else shows it.
    town.world.street.connect(late.did, again.did);
    await until(() => late.trust.quarantined().length === 1);
    expect(late.trust.verdicts(guilty.did)).toMatchObject([{ verdict: { id: verdict.id } }]);
    // Who is no anchor any longer is believed no longer.
    await again.trust.close();
    const turned = await town.org('other', [], { store: other.store });
    expect(turned.trust.quarantined()).toEqual([]);
  });

  it('is shown with the history of its issuer, and no other is taken in', async () => {
    const town = new Town();
    const issuer = await town.org('issuer');
    const keys = new TestKeys();
    const learnt: Did[] = [];
    keys.learn = (log?: unknown) => {
      learnt.push((log as { did: Did }[])[0]!.did);
      return Promise.resolve();
    };
    const node = await town.org('node', [issuer], { keys });
    const verdict = await issuer.trust.quarantine(guilty.did, request);
    const proof = { keyId: issuer.signer.keyId, signature: 'A'.repeat(86) };
    const entry = { format: 1, version: 1, at: toInstant(0), keys: [], next: [], proof };
    const logs = [party('sybil').did, issuer.did].map((did) => [{ ...entry, did }]);
    const { street } = town.world;
    street.at(issuer.did).handle('trust.verdicts', () => {
      return Promise.resolve({ verdicts: [{ verdict }], logs });
    });
    street.connect(issuer.did, node.did);
    await node.trust.meet(issuer.did);
    expect(node.trust.quarantined()).toEqual([guilty.did]);
    expect(new Set(learnt)).toEqual(new Set([issuer.did]));
  });

  it('by an issuer that is itself in quarantine is not gone by', async () => {
    const town = new Town();
    const [first, second] = [party('first'), party('second')];
    const org = await town.org('org', [first, second]);
    const now = town.world.clock.now();
    hearing(town, org, { verdict: await verdictBy(first, second.did, now) });
    await until(() => org.trust.quarantined().length === 1);
    hearing(town, org, { verdict: await verdictBy(second, guilty.did, now) });
    await settled();
    expect(org.trust.quarantined()).toEqual([second.did]);
  });

  it('checks what it is asked for', async () => {
    const town = new Town();
    const issuer = await town.org('issuer');
    const wrong = { code: 'INVALID_ARGUMENT' };
    const { trust } = issuer;
    await expect(trust.quarantine(issuer.did, request)).rejects.toMatchObject(wrong);
    await expect(trust.quarantine('nobody' as Did, request)).rejects.toMatchObject(wrong);
    const long = { ...request, period: '400d' } as const;
    await expect(trust.quarantine(guilty.did, long)).rejects.toMatchObject(wrong);
    const slow = { ...request, drain: '1h' } as const;
    await expect(trust.quarantine(guilty.did, slow)).rejects.toMatchObject(wrong);
    const heavy = { ...request, weight: 101 };
    await expect(trust.slash(guilty.did, heavy)).rejects.toMatchObject(wrong);
    const empty = { ...request, reason: '' };
    await expect(trust.quarantine(guilty.did, empty)).rejects.toMatchObject({
      code: 'SCHEMA_INVALID',
    });
    expect(trust.quarantined()).toEqual([]);
  });
});

describe('a slashing', () => {
  it('weighs as broken tasks until it ends, with its own line in the explanation', async () => {
    const town = new Town();
    const issuer = await town.org('issuer');
    for (let n = 0; n < 20; n += 1) {
      const receipt = await receiptOf(guilty, issuer, `r${String(n)}`);
      await issuer.trust.observe(receipt, 'kept');
    }
    const before = issuer.trust.score(guilty.did);
    const verdict = await issuer.trust.slash(guilty.did, { ...request, weight: 40, period: '1d' });
    const after = issuer.trust.score(guilty.did);
    expect(after.score).toBeLessThan(before.score);
    expect(after.state).toBe('degraded');
    const history = after.factors.find(({ name }) => name === 'history')!;
    expect(history.parts.at(-1)).toMatchObject({
      what: `slashing ${verdict.id}`,
      by: issuer.did,
    });
    expect(history.parts.at(-1)!.points).toBeLessThan(0);
    expect(eventsOf(issuer, 'trust.slashed')).toMatchObject([
      { data: { weight: 40, reason: request.reason }, peer: guilty.did },
    ]);
    expect(issuer.trust.quarantined()).toEqual([]);
    await town.world.clock.advance(day);
    expect(issuer.trust.score(guilty.did).state).not.toBe('degraded');
  });
});

describe('a violation', () => {
  const report = {
    peer: guilty.did,
    action: 'task.receive',
    resource: 'agent:a',
    policies: ['eu-residency'],
    revision: 3,
  };

  it('becomes signed evidence and the sanction that the rule names, once', async () => {
    const town = new Town();
    const issuer = await town.org('issuer');
    const cid = await issuer.trust.violation({ ...report, sanction: 'quarantine for 2h' });
    await issuer.trust.violation({ ...report, sanction: 'quarantine for 2h' });
    const [booked, ...more] = issuer.trust.verdicts(guilty.did);
    expect(more).toEqual([]);
    expect(booked!.verdict.evidence).toBe(cid);
    const life = Date.parse(booked!.verdict.expiresAt) - Date.parse(booked!.verdict.at);
    expect(life).toBe(2 * hour);
    const proof = violationShape(await issuer.trust.proof(cid), 'proof');
    expect(proof).toMatchObject({ by: issuer.did, about: guilty.did, policies: ['eu-residency'] });
    expect(cidOfJson(proof)).toBe(cid);
    expect(eventsOf(issuer, 'trust.violation')).toHaveLength(2);
  });

  it('can be worth a slashing, or nothing but a note', async () => {
    const town = new Town();
    const issuer = await town.org('issuer');
    const cid = await issuer.trust.violation({ ...report, sanction: 'evidence' });
    expect(issuer.trust.verdicts(guilty.did)).toEqual([]);
    expect(await issuer.trust.proof(cid)).toMatchObject({ about: guilty.did });
    await issuer.trust.violation({ ...report, sanction: 'slash' });
    expect(issuer.trust.verdicts(guilty.did)).toMatchObject([
      { verdict: { type: 'SlashingAttestation' } },
    ]);
  });

  it('asks for one of three things', () => {
    expect(parseSanction('')).toEqual({ kind: 'quarantine' });
    expect(parseSanction('slash')).toEqual({ kind: 'slash' });
    expect(parseSanction('quarantine for 90m')).toEqual({
      kind: 'quarantine',
      periodMs: 90 * 60_000,
    });
    expect(() => parseSanction('death')).toThrow(/@violation/);
    expect(() => parseSanction('quarantine for ever')).toThrow(/@violation/);
  });
});

describe('notice and appeal', () => {
  /** `issuer` has no session with `judged` any more; `friend` has one with both. */
  async function three() {
    const town = new Town();
    const issuer = await town.org('issuer');
    const judged = await town.org('guilty');
    const friend = await town.org('friend');
    const { street } = town.world;
    street.connect(issuer.did, judged.did);
    street.connect(issuer.did, friend.did);
    street.connect(judged.did, friend.did);
    const verdict = await issuer.trust.quarantine(judged.did, request);
    await until(() => judged.trust.notices().length === 1);
    street.disconnect(issuer.did, judged.did);
    return { town, issuer, judged, friend, verdict };
  }

  it('tells the peer why and until when', async () => {
    const { judged, issuer, verdict } = await three();
    expect(judged.trust.notices()).toEqual([verdict]);
    expect(eventsOf(judged, 'trust.noticed')).toMatchObject([
      {
        data: { verdict: verdict.id, kind: 'quarantine', reason: request.reason },
        peer: issuer.did,
      },
    ]);
    // It judges nobody itself by that.
    expect(judged.trust.quarantined()).toEqual([]);
  });

  it('is carried to the issuer by a neighbour, and ends the verdict when granted', async () => {
    const { issuer, judged, verdict } = await three();
    const receipt = await receiptOf(judged, issuer, 'good work');
    const evidence = await issuer.trust.observe(receipt, 'kept');
    const filed = await judged.trust.appeal(verdict.id, {
      grounds: 'it was given to me',
      evidence: [evidence],
    });
    expect(filed.delivered).toBe(true);
    expect(issuer.trust.appeals()).toMatchObject([
      { appeal: { grounds: 'it was given to me', evidence: [evidence] }, times: 1 },
    ]);
    await issuer.trust.answerAppeal(verdict.id, { grant: true, note: 'true' });
    expect(issuer.trust.quarantined()).toEqual([]);
    expect(issuer.trust.score(judged.did).state).toBe('probation');
    expect(eventsOf(issuer, 'trust.appealed').map(({ data }) => data)).toMatchObject([
      { outcome: 'received' },
      { outcome: 'granted' },
    ]);
    expect(eventsOf(issuer, 'trust.released')).toMatchObject([{ data: { because: 'appeal' } }]);
    await expect(issuer.trust.answerAppeal(verdict.id, { grant: true })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('can be tried three times, each after the one before was decided', async () => {
    const { town, issuer, judged, verdict } = await three();
    for (let n = 1; n <= 3; n += 1) {
      await town.world.clock.advance(1_000);
      const { appeal } = await judged.trust.appeal(verdict.id, { grounds: 'no' });
      // Once more the same, and another one while it waits: nothing comes of it.
      await issuer.trust.hear(appeal);
      expect(issuer.trust.appeals()).toMatchObject([{ times: n }]);
      await issuer.trust.answerAppeal(verdict.id, { grant: false });
      await expect(issuer.trust.hear(appeal)).rejects.toMatchObject({ code: 'VERDICT_REFUSED' });
    }
    await town.world.clock.advance(1_000);
    const filed = await judged.trust.appeal(verdict.id, { grounds: 'please' });
    expect(filed.delivered).toBe(false);
    expect(issuer.trust.quarantined()).toEqual([judged.did]);
  });

  it('is taken of a verdict on this node alone, and only when it is signed', async () => {
    const { town, judged, friend, verdict } = await three();
    const { id } = verdict;
    const told = (piece: unknown) =>
      town.world.street.call(friend.did, judged.did, 'trust.notice', { verdict: piece });
    const now = town.world.clock.now();
    const onOther = await verdictBy(friend, guilty.did, now, { about: party('other').did });
    const forged = { ...verdict, id: 'verdict-2', reason: 'something worse' };
    for (const piece of [onOther, forged]) {
      await expect(told(piece)).rejects.toMatchObject({ code: 'VERDICT_REFUSED' });
    }
    expect(judged.trust.notices().map((one) => one.id)).toEqual([id]);
  });

  it('is refused once the verdict is over', async () => {
    const { issuer, judged, verdict } = await three();
    const { appeal } = await judged.trust.appeal(verdict.id, { grounds: 'no' });
    await issuer.trust.answerAppeal(verdict.id, { grant: true });
    const { proof: _, ...body } = appeal;
    const again = await sign('trust-appeal', { ...body, grounds: 'yes' }, judged.signer);
    await expect(issuer.trust.hear(again)).rejects.toMatchObject({
      code: 'VERDICT_REFUSED',
      params: { detail: 'it is over' },
    });
  });

  it('is refused from others, about others, and with an altered text', async () => {
    const { issuer, judged, friend, verdict } = await three();
    const { appeal } = await judged.trust.appeal(verdict.id, { grounds: 'no' });
    await issuer.trust.answerAppeal(verdict.id, { grant: false });
    const refused = { code: 'VERDICT_REFUSED' };
    await expect(issuer.trust.hear({ ...appeal, grounds: 'yes' })).rejects.toMatchObject(refused);
    await expect(friend.trust.hear(appeal)).rejects.toMatchObject(refused);
    const { proof: _, ...body } = appeal;
    const other = await sign('trust-appeal', { ...body, by: friend.did }, friend.signer);
    await expect(issuer.trust.hear(other)).rejects.toMatchObject(refused);
    await expect(issuer.trust.hear('please')).rejects.toMatchObject({ code: 'SCHEMA_INVALID' });
    await expect(judged.trust.appeal('unknown', { grounds: 'x' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('survives a restart at both sides', async () => {
    const { town, issuer, judged, verdict } = await three();
    await judged.trust.appeal(verdict.id, { grounds: 'no' });
    await issuer.trust.close();
    await judged.trust.close();
    const later = await town.org('issuer', [], { store: issuer.store });
    expect(later.trust.appeals()).toMatchObject([{ appeal: { verdict: verdict.id } }]);
    const again = await town.org('guilty', [], { store: judged.store });
    expect(again.trust.notices()).toEqual([verdict]);
  });
});
