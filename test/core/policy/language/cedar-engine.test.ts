import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cedarEngine } from '../../../../src/core/policy/language/cedar-engine.ts';
import { record } from '../../../../src/core/policy/language/value.ts';
import {
  type EngineDecision,
  type Entity,
  type EntityRef,
  entityKey,
  type PolicyRequest,
  type PolicyValue,
} from '../../../../src/ports/policy-engine.ts';
import {
  entities as anyEntities,
  policies as anyPolicies,
  request as anyRequest,
} from '../arbitrary.ts';

const ref = (type: string, id: string): EntityRef => ({ type, id });
const known = (list: readonly Entity[]): ReadonlyMap<string, Entity> =>
  new Map(list.map((entity) => [entityKey(entity.ref), entity]));

const world = known([
  {
    ref: ref('Org', 'a'),
    attributes: { trust: 80n, state: 'trusted', home: ref('Zone', 'EU') },
    parents: [ref('Group', 'partners')],
    tags: { tier: 'gold' },
  },
  { ref: ref('Group', 'partners'), attributes: {}, parents: [ref('Group', 'all')] },
  // A circle must not stall anything.
  { ref: ref('Group', 'all'), attributes: {}, parents: [ref('Group', 'partners')] },
  { ref: ref('Zone', 'EU'), attributes: { name: 'EU' }, parents: [] },
]);

const request: PolicyRequest = {
  principal: ref('Org', 'a'),
  action: ref('Action', 'task.send'),
  resource: ref('Agent', 'x'),
  context: { labels: ['b', 'a', 'b'], n: 7n, type: 'T', id: 'I' },
};

/** How one condition ends: true, false, or the error. */
function evaluate(
  condition: string,
  context: Record<string, PolicyValue> = request.context,
): unknown {
  const text = `permit (principal, action, resource) when { ${condition} };`;
  const decision = cedarEngine()
    .prepare([{ id: 'p', text }])
    .evaluate({ ...request, context }, world);
  return decision.errors[0]?.message ?? decision.effect === 'allow';
}

describe('conditions', () => {
  it.each([
    ['1 + 2 * 3 == 7 && -(-3) - 1 == 2'],
    ['9223372036854775807 > 9223372036854775806'],
    ['principal.trust >= 80 && principal["state"] == "trusted"'],
    ['principal.home.name == "EU"'],
    ['context.labels == ["a", "b"]'],
    ['[1, [2], {a: 3}].contains({a: 3}) && [[1, 2]].contains([2, 1])'],
    ['[1, 2, 3, 4, 5, 6].contains(6) && !["1", "2", "3", "4", "5"].contains(1)'],
    ['[1, 2, 3].containsAll([]) && ![].containsAny([1]) && [].isEmpty()'],
    ['principal in Group::"all" && principal in principal && !(resource in principal)'],
    ['principal in [Org::"z", Group::"partners"] && !(principal in [])'],
    ['principal is Org && !(principal is Org in Org::"z") && principal is Org in Group::"all"'],
    ['principal has trust && !(principal has zone) && !(Org::"nobody" has trust)'],
    ['principal has home.name && !(principal has home.none) && !(principal has none.name)'],
    ['context has labels && context has "n" && !(context has m)'],
    ['principal.hasTag("tier") && principal.getTag("tier") == "gold" && !principal.hasTag("x")'],
    ['!resource.hasTag("tier")'],
    ['"did:mesh:org:a" like "did:*:a" && !("ab" like "a") && "a*b" like "a\\*b" && "" like "*"'],
    ['"abcabc" like "*bc*bc" && !("abc" like "*bc*bc") && "\\\\x" like "\\\\*"'],
    ['if principal.trust > 90 then false else 1 != "1"'],
    ['"\\u{1F600}\\x41\\n" == "\u{1F600}A\\n"'],
    ['true || 1 == principal.none'],
    ['!(false && principal.none)'],
    // A context that looks like an entity is still a record.
    ['context.type == "T" && context == {labels: ["a", "b"], n: 7, type: "T", id: "I"}'],
    ['!({type: "Org", id: "a"} == principal)'],
  ])('%s holds', (condition) => {
    expect(evaluate(condition)).toBe(true);
  });

  it.each([
    ['9223372036854775807 + 1 == 0', 'integer arithmetic overflows 64 bits'],
    ['-(-9223372036854775808) == 0', 'integer arithmetic overflows 64 bits'],
    ['4611686018427387904 * 2 == 0', 'integer arithmetic overflows 64 bits'],
    ['1', 'expected a bool, got a long'],
    ['1 && true', 'expected a bool, got a long'],
    ['true && 1', 'expected a bool, got a long'],
    ['false || "x"', 'expected a bool, got a string'],
    ['!context', 'expected a bool, got a record'],
    ['"a" < "b"', 'expected a long, got a string'],
    ['decimal("1.0") < decimal("2.0")', 'expected a long, got a decimal'],
    ['duration("1s") < datetime("2024-01-01")', 'expected a duration, got a datetime'],
    ['1 in principal', 'expected an entity, got a long'],
    ['principal in [principal, 1]', 'expected an entity, got a long'],
    ['1 is Org', 'expected an entity, got a long'],
    ['1 has a', 'a long has no members'],
    ['1.a == 1', 'a long has no members'],
    ['1 like "1"', 'expected a string, got a long'],
    ['1.contains(1)', 'expected a set, got a long'],
    ['principal.getTag("none") == 1', 'no such tag'],
    ['principal.hasTag(1)', 'expected a string, got a long'],
    ['principal.zone == "EU"', 'Org::"a" has no attribute \'zone\''],
    ['resource.zone == "EU"', 'nothing is known of Agent::"x"'],
    ['context.none == 1', "the record has no member 'none'"],
    ['context.toString == 1', "the record has no member 'toString'"],
    ['if 1 then true else true', 'expected a bool, got a long'],
    ['ip("256.0.0.1").isIpv4()', 'not a ip'],
    ['ip("1.1.1.1", "2").isIpv4()', "'ip' takes 1 values, got 2"],
  ])('%s errs: %s', (condition, message) => {
    expect(evaluate(condition)).toBe(message);
  });

  it('a number with a fraction is no value of the language, and null is none at all', () => {
    expect(evaluate('context.n == 1 || context.n < 1', { n: 0.5 as never })).toMatch(/number/);
    expect(evaluate('context has n', { n: null as never })).toBe(false);
  });
});

describe('extension types', () => {
  it.each([
    ['decimal("1.5") == decimal("1.5000") && decimal("-0.0001").lessThan(decimal("0.0"))'],
    ['decimal("922337203685477.5807").greaterThanOrEqual(decimal("-922337203685477.5808"))'],
    ['ip("127.0.0.1").isLoopback() && ip("::1").isLoopback() && !ip("127.0.0.0/7").isLoopback()'],
    ['ip("10.1.2.3").isInRange(ip("10.0.0.0/8")) && !ip("10.0.0.0/7").isInRange(ip("10.0.0.0/8"))'],
    [
      'ip("ff00::/8").isMulticast() && ip("224.0.0.0/4").isMulticast() && !ip("10.0.0.1").isMulticast()',
    ],
    [
      '!ip("::1").isInRange(ip("0.0.0.0/0")) && ip("1::").isIpv6() && ip("10.0.0.1/32") == ip("10.0.0.1")',
    ],
    ['ip("1:2::8") == ip("1:2:0:0:0:0:0:8") && ip("10.0.0.0/8") != ip("10.0.0.1/8")'],
    ['datetime("2024-02-29") == datetime("2024-02-29T00:00:00Z")'],
    ['datetime("2024-01-01T01:30:00+0130") == datetime("2024-01-01T00:00:00.000Z")'],
    ['datetime("2023-12-31T22:30:00.250-0130") == datetime("2024-01-01T00:00:00.250Z")'],
    [
      'datetime("0001-01-01") < datetime("1969-12-31") && datetime("1969-12-31T23:59:59Z").toDate() == datetime("1969-12-31")',
    ],
    ['datetime("1969-12-31T23:59:59Z").toTime() == duration("23h59m59s")'],
    ['datetime("2024-01-02").durationSince(datetime("2024-01-01")) == duration("1d")'],
    ['datetime("2024-01-01").offset(duration("-1ms")) < datetime("2024-01-01")'],
    ['duration("1d2h3m4s5ms").toMilliseconds() == 93784005 && duration("-36h").toDays() == -1'],
    [
      'duration("90m").toHours() == 1 && duration("90s").toMinutes() == 1 && duration("1m").toSeconds() == 60',
    ],
  ])('%s holds', (condition) => {
    expect(evaluate(condition)).toBe(true);
  });

  it.each([
    ...['1', '1.', '.5', '1.12345', '+1.0', '922337203685477.5808', '1e2', ' 1.0'].map(
      (text) => `decimal("${text}")`,
    ),
    ...[
      '1.1.1',
      '01.1.1.1',
      '1.1.1.1/33',
      '1.1.1.1/08',
      '1.1.1.1/',
      '::1/129',
      ':::',
      '1::2::3',
      '::ffff:1.2.3.4',
      '12345::',
      'a',
      '',
    ].map((text) => `ip("${text}")`),
    ...[
      '2023-02-29',
      '2024-13-01',
      '2024-1-1',
      '2024-01-01T24:00:00Z',
      '2024-01-01T00:00:60Z',
      '2024-01-01T00:00:00',
      '2024-01-01T00:00:00+2400',
      '2024-01-01T00:00:00.1Z',
      '2024-01-01t00:00:00Z',
    ].map((text) => `datetime("${text}")`),
    ...['', '-', '1', '1h1d', '1d1d', '1.5s', '+1s', '9223372036854775808ms', '106751991168d'].map(
      (text) => `duration("${text}")`,
    ),
  ])('%s errs', (made) => {
    expect(evaluate(`${made} == 1`)).toMatch(/^not a /);
  });

  it('the ends of 64 bits are reached, not passed', () => {
    expect(evaluate('duration("-9223372036854775808ms") < duration("9223372036854775807ms")')).toBe(
      true,
    );
    expect(
      evaluate('datetime("2024-01-01").offset(duration("9223372036854775807ms")) == 1'),
    ).toMatch(/overflow/);
  });
});

describe('decisions', () => {
  const ask = (texts: readonly string[], onForbidError?: 'deny' | 'cedar'): EngineDecision =>
    cedarEngine(onForbidError && { onForbidError })
      .prepare(texts.map((text, i) => ({ id: `p${String(i)}`, text })))
      .evaluate(request, world);
  const permit = 'permit (principal, action, resource);';
  const forbid = 'forbid (principal, action, resource);';
  const erring = 'forbid (principal, action, resource) when { resource.zone != "EU" };';

  it('nothing permitted is denied, by nobody', () => {
    expect(ask([])).toEqual({ effect: 'deny', determining: [], errors: [] });
  });

  it('a permit allows, and every permit that matched is named', () => {
    expect(ask([permit, `${permit.slice(0, -1)} when { false };`, permit])).toMatchObject({
      effect: 'allow',
      determining: ['p0', 'p2'],
    });
  });

  it('a forbid overrides every permit', () => {
    expect(ask([permit, forbid, permit])).toMatchObject({ effect: 'deny', determining: ['p1'] });
  });

  it('an error in a permit permits nothing and is told', () => {
    const { effect, errors } = ask(['permit (principal, action, resource) when { 1 };']);
    expect(effect).toBe('deny');
    expect(errors).toEqual([{ policy: 'p0', message: 'expected a bool, got a long' }]);
  });

  it('an error in a forbid denies, unless Cedar is taken at its word', () => {
    expect(ask([permit, erring])).toMatchObject({
      effect: 'deny',
      determining: ['p1'],
      errors: [{ policy: 'p1' }],
    });
    expect(ask([permit, erring], 'cedar')).toMatchObject({
      effect: 'allow',
      determining: ['p0'],
      errors: [{ policy: 'p1' }],
    });
  });

  it('policies in one text are known by their @id, or by their number', () => {
    const text = `@id("mine") ${permit} ${permit}`;
    const { determining } = cedarEngine()
      .prepare([{ id: 'set', text }])
      .evaluate(request, world);
    expect(determining).toEqual(['mine', 'set/1']);
  });

  it('two policies of one name are refused', () => {
    const sources = [
      { id: 'a', text: permit },
      { id: 'a', text: forbid },
    ];
    expect(() => cedarEngine().prepare(sources)).toThrow("policy 'a' exists already");
  });

  it('annotations can be read', () => {
    const prepared = cedarEngine().prepare([{ id: 'a', text: `@advice("why") ${permit}` }]);
    expect(prepared.annotation('a', 'advice')).toBe('why');
    expect(prepared.annotation('a', 'none')).toBeUndefined();
    expect(prepared.annotation('b', 'advice')).toBeUndefined();
  });

  it('the index never hides a policy: deciding agrees with asking every policy', () => {
    fc.assert(
      fc.property(anyPolicies, anyRequest, anyEntities, (policies, asked, entities) => {
        const prepared = cedarEngine({ onForbidError: 'cedar' }).prepare(policies);
        const { effect, determining, errors } = prepared.evaluate(asked, entities);
        const outcomes = prepared.explain!(asked, entities);
        const matched = (wanted: string): readonly string[] =>
          outcomes
            .filter((o) => o.outcome === 'matched' && o.effect === wanted)
            .map((o) => o.policy);
        const [permits, forbids] = [matched('permit'), matched('forbid')];
        expect(determining).toEqual(forbids.length > 0 ? forbids : permits);
        expect(effect).toBe(forbids.length === 0 && permits.length > 0 ? 'allow' : 'deny');
        expect(errors.map((e) => e.policy)).toEqual(
          outcomes.filter((o) => o.outcome === 'erred').map((o) => o.policy),
        );
      }),
      { numRuns: 1_000 },
    );
  });

  it('a policy for an action and its group is counted once', () => {
    const grouped = known([
      { ref: ref('Action', 'task.send'), attributes: {}, parents: [ref('Action', 'group')] },
    ]);
    const text = 'permit (principal, action in [Action::"task.send", Action::"group"], resource);';
    const { determining } = cedarEngine()
      .prepare([{ id: 'a', text }])
      .evaluate(request, grouped);
    expect(determining).toEqual(['a']);
  });

  it('the order of policies does not matter', () => {
    fc.assert(
      fc.property(anyPolicies, anyRequest, anyEntities, (policies, asked, entities) => {
        const forth = cedarEngine().prepare(policies).evaluate(asked, entities);
        const back = cedarEngine()
          .prepare([...policies].reverse())
          .evaluate(asked, entities);
        expect(back.effect).toBe(forth.effect);
        expect(new Set(back.determining)).toEqual(new Set(forth.determining));
      }),
    );
  });

  it('a context that looks like an entity is a record', () => {
    expect(evaluate('context == principal', { type: 'Org', id: 'a' })).toBe(false);
    expect(evaluate('context.trust == 80', { type: 'Org', id: 'a' })).toMatch(/no member/);
  });

  it('an attribute record named like an entity stays a record when it has no prototype', () => {
    const lookalike = record([
      ['type', 'Org'],
      ['id', 'a'],
    ]) as PolicyValue;
    expect(evaluate('context.it == principal', { it: lookalike })).toBe(false);
    expect(evaluate('context.it == principal', { it: ref('Org', 'a') })).toBe(true);
  });
});
