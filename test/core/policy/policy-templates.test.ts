import { describe, expect, it } from 'vitest';
import {
  type AccessRequest,
  cedar,
  type Policy,
  policyTemplates,
} from '../../../src/core/policy/index.ts';
import type { PolicyValue } from '../../../src/ports/policy-engine.ts';
import { acme, globex, initech, rig, type World } from './rig.ts';

const everything = cedar`@id("everything") permit (principal, action, resource);`;

function decide(
  policies: readonly Policy[],
  request: AccessRequest,
  make: (world: World) => unknown,
) {
  const { cache, world } = rig({ policies });
  make(world);
  return cache.decideSync(request);
}

describe('sovereignty', () => {
  const send = { action: 'task.send', resource: 'agent:a' };
  const effect = (rule: 'EU' | 'no-US' | 'any', zone?: string) =>
    decide([everything, ...policyTemplates.sovereignty(rule)], send, (world) =>
      world.organisation(globex).agent('a', globex, zone === undefined ? {} : { zone }),
    ).effect;

  it('into one zone: nowhere else, and nowhere unknown', () => {
    expect(['EU', 'US', undefined].map((zone) => effect('EU', zone))).toEqual([
      'allow',
      'deny',
      'deny',
    ]);
  });

  it('anywhere but one zone: not there, and nowhere unknown', () => {
    expect(['EU', 'US', undefined].map((zone) => effect('no-US', zone))).toEqual([
      'allow',
      'deny',
      'deny',
    ]);
  });

  it('anywhere: no policy is needed', () => {
    expect(policyTemplates.sovereignty('any')).toEqual([]);
    expect(effect('any')).toBe('allow');
  });

  it('binds the own organisation as well, denies an agent nobody knows, and gives advice', () => {
    const policies = policyTemplates.sovereignty('EU');
    const own = decide(policies, send, (world) => world.agent('a', acme, { zone: 'US' }));
    expect(own).toMatchObject({
      effect: 'deny',
      determining: ['sovereignty/EU'],
      advice: 'Choose an agent in EU.',
    });
    expect(decide([everything, ...policies], send, () => 0)).toMatchObject({
      effect: 'deny',
      errors: [],
    });
  });
});

describe('minimumTrust', () => {
  const policies = [everything, ...policyTemplates.minimumTrust(60)];
  const receive = { subject: globex, action: 'task.receive', resource: 'agent:mine' } as const;
  const send = { action: 'task.send', resource: 'agent:theirs' };
  const world = (trust?: bigint) => (made: World) => {
    const known: Record<string, PolicyValue> = trust === undefined ? {} : { trust };
    made.organisation(acme).organisation(globex, known).agent('mine', acme).agent('theirs', globex);
  };

  it.each([
    [60n, 'allow'],
    [59n, 'deny'],
    [undefined, 'deny'],
  ])('with trust %s in the other side both directions are: %s', (trust, effect) => {
    expect(decide(policies, receive, world(trust))).toMatchObject({ effect, errors: [] });
    expect(decide(policies, send, world(trust))).toMatchObject({ effect, errors: [] });
  });

  it('leaves the own organisation alone, and meeting', () => {
    expect(
      decide(policies, { action: 'task.send', resource: 'agent:mine' }, world(1n)).effect,
    ).toBe('allow');
    expect(
      decide(policies, { ...receive, action: 'federate', resource: 'mesh' }, world(1n)).effect,
    ).toBe('allow');
  });

  it.each([-1, 101, 0.5, Number.NaN])('refuses %d, which is no percentage', (score) => {
    expect(() => policyTemplates.minimumTrust(score)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});

describe('quarantine', () => {
  const policies = [everything, ...policyTemplates.quarantine(globex)];
  const world = (made: World) =>
    made.agent('theirs', globex).agent('others', initech).agent('mine', acme);

  it.each<[AccessRequest, string]>([
    [{ subject: globex, action: 'federate', resource: 'mesh' }, 'deny'],
    [{ subject: globex, action: 'task.receive', resource: 'agent:mine' }, 'deny'],
    [{ action: 'task.send', resource: 'agent:theirs' }, 'deny'],
    [{ action: 'federate', resource: `org:${globex}` }, 'deny'],
    [{ action: 'task.send', resource: 'agent:others' }, 'allow'],
  ])('%j: %s', (request, effect) => {
    expect(decide(policies, request, world).effect).toBe(effect);
  });

  it('refuses what is no DID', () => {
    expect(() => policyTemplates.quarantine('globex' as never)).toThrow('not a valid DID');
  });
});

describe('openTo', () => {
  const ask = (
    audience: Parameters<typeof policyTemplates.openTo>[0],
    known: Record<string, PolicyValue> | undefined,
    capability = 'add',
  ) =>
    decide(
      policyTemplates.openTo(audience),
      { subject: globex, action: 'task.receive', resource: 'agent:mine', context: { capability } },
      (world) => {
        if (known !== undefined) world.organisation(globex, known);
        world.organisation(acme).agent('mine', acme);
      },
    ).effect;

  it('without conditions lets everybody, with them only who meets them all', () => {
    expect(ask({}, undefined)).toBe('allow');
    expect(ask({ orgs: [globex, initech] }, undefined)).toBe('allow');
    expect(ask({ orgs: [initech] }, undefined)).toBe('deny');
    expect(ask({ orgs: [] }, undefined)).toBe('deny');
    expect(ask({ credential: 'GDPR' }, { credentials: ['ISO', 'GDPR'] })).toBe('allow');
    expect(ask({ credential: 'GDPR' }, { credentials: ['ISO'] })).toBe('deny');
    expect(ask({ minTrust: 50 }, { trust: 50n })).toBe('allow');
    expect(ask({ minTrust: 50 }, { trust: 49n })).toBe('deny');
    expect(ask({ capabilities: ['add'] }, undefined)).toBe('allow');
    expect(ask({ capabilities: ['add'] }, undefined, 'divide')).toBe('deny');
    expect(ask({ orgs: [globex], minTrust: 50 }, { trust: 49n })).toBe('deny');
  });

  it('lets nobody of whom the needed is not known, and nobody in quarantine', () => {
    expect(ask({ minTrust: 0 }, undefined)).toBe('deny');
    expect(ask({ minTrust: 0 }, {})).toBe('deny');
    expect(ask({}, { state: 'quarantined' })).toBe('deny');
  });

  it('has an id of its own for each audience', () => {
    const ids = [{}, { orgs: [globex] }, { minTrust: 1 }].map(
      (a) => policyTemplates.openTo(a)[0]!.id,
    );
    expect(new Set(ids).size).toBe(3);
    expect(ids[0]).toMatch(/^open-to\//);
  });
});

describe('mayAsk', () => {
  const ask = (
    audience: Parameters<typeof policyTemplates.mayAsk>[0],
    known: Record<string, PolicyValue>,
  ) =>
    decide(
      policyTemplates.mayAsk(audience),
      { action: 'task.send', resource: 'agent:theirs', context: { capability: 'add' } },
      (world) => world.organisation(globex, known).agent('theirs', globex),
    ).effect;

  it('permits tasks to the agents of those who are meant', () => {
    expect(ask({ orgs: [globex] }, {})).toBe('allow');
    expect(ask({ orgs: [initech] }, {})).toBe('deny');
    expect(ask({ minTrust: 50, capabilities: ['add'] }, { trust: 70n })).toBe('allow');
    expect(ask({ minTrust: 71 }, { trust: 70n })).toBe('deny');
    expect(ask({ credential: 'GDPR' }, { credentials: ['GDPR'] })).toBe('allow');
    expect(ask({ credential: 'GDPR' }, {})).toBe('deny');
  });
});
