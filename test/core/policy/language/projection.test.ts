import { describe, expect, it } from 'vitest';
import { cedarEngine } from '../../../../src/core/policy/language/cedar-engine.ts';
import {
  type Entity,
  type EntityRef,
  entityKey,
  type PolicyRequest,
} from '../../../../src/ports/policy-engine.ts';

const ref = (type: string, id: string): EntityRef => ({ type, id });
const [asker, owner, top, agent] = [
  ref('Org', 'asker'),
  ref('Org', 'owner'),
  ref('Org', 'top'),
  ref('Agent', 'a'),
];
const request: PolicyRequest = {
  principal: asker,
  action: ref('Action', 'task.send'),
  resource: agent,
  context: { n: 1n },
};

const before: readonly Entity[] = [
  {
    ref: asker,
    attributes: { trust: 90n, home: { city: 'Rome' } },
    parents: [],
    tags: { tier: 'gold', boss: owner },
  },
  { ref: owner, attributes: { trust: 90n, above: top }, parents: [top] },
  { ref: top, attributes: { open: true }, parents: [] },
  { ref: agent, attributes: { org: owner }, parents: [owner] },
];

type World = Map<string, Entity>;
const worldOf = (list: readonly Entity[]): World =>
  new Map(list.map((entity) => [entityKey(entity.ref), entity]));
const put =
  (of: EntityRef, change: Partial<Entity>) =>
  (world: World): void => {
    const known = world.get(entityKey(of)) ?? { ref: of, attributes: {}, parents: [] };
    world.set(entityKey(of), { ...known, ...change });
  };

describe('the text of what an answer depends on', () => {
  // Each condition holds before the change and not after it.
  it.each<[string, (world: World) => unknown]>([
    ['principal.trust >= 50', put(asker, { attributes: { trust: 49n } })],
    ['principal has trust', put(asker, { attributes: {} })],
    ['principal.home.city == "Rome"', put(asker, { attributes: { home: { city: 'Oslo' } } })],
    ['principal has home.city', put(asker, { attributes: { home: {} } })],
    ['principal.hasTag("tier")', put(asker, { tags: {} })],
    ['principal.getTag("tier") == "gold"', put(asker, { tags: { tier: 'tin' } })],
    ['principal.getTag("boss") has trust', put(owner, { attributes: {} })],
    ['principal.getTag("boss").trust == 90', put(owner, { attributes: {} })],
    ['resource.org.trust == 90', put(owner, { attributes: { trust: 10n } })],
    ['resource.org.trust == 90', put(agent, { attributes: { org: top } })],
    ['resource has org.trust', put(owner, { attributes: {} })],
    ['resource has org.trust', (world) => world.delete(entityKey(owner))],
    ['{of: resource.org}.of.trust == 90', put(owner, { attributes: { trust: 10n } })],
    ['{of: resource.org}.of has trust', put(owner, { attributes: {} })],
    ['{of: resource.org}.of in Org::"top"', put(owner, { parents: [] })],
    ['{of: principal}.of.hasTag("tier")', put(asker, { tags: {} })],
    [
      '(if principal has trust then resource else principal).org == Org::"owner"',
      put(asker, { attributes: {} }),
    ],
    [
      '(if context.n == 1 then resource else principal).org.trust == 90',
      put(owner, { attributes: {} }),
    ],
    ['resource in Org::"top"', put(owner, { parents: [] })],
    ['resource is Agent in Org::"top"', put(agent, { parents: [] })],
    ['resource.org in resource.org.above', put(owner, { parents: [] })],
    ['[Org::"top"].contains(resource.org.above)', put(owner, { attributes: { above: asker } })],
    ['Org::"top".open', put(top, { attributes: { open: false } })],
    ['[principal.trust, 1].containsAll([90])', put(asker, { attributes: { trust: 1n } })],
    ['{a: principal.trust} == {a: 90}', put(asker, { attributes: { trust: 1n } })],
    ['-principal.trust + 1 == -89', put(asker, { attributes: { trust: 1n } })],
  ])('changes with what decides, or there is none: %s', (condition, change) => {
    const text = `permit (principal, action, resource) when { ${condition} };`;
    const prepared = cedarEngine().prepare([{ id: 'p', text }]);
    const world = worldOf(before);
    const first = prepared.dependencies!(request, world);
    expect(prepared.evaluate(request, world).effect).toBe('allow');
    expect(prepared.dependencies!(request, worldOf(before))).toBe(first);
    change(world);
    expect(prepared.evaluate(request, world).effect).toBe('deny');
    if (first !== undefined) expect(prepared.dependencies!(request, world)).not.toBe(first);
  });

  it('is there for every policy that reads by plain paths', () => {
    const text =
      'permit (principal, action, resource) when { principal.a.b == context.c && resource in principal };';
    const prepared = cedarEngine().prepare([{ id: 'p', text }]);
    expect(prepared.dependencies!(request, worldOf(before))).toBeDefined();
  });

  it('does not change with what no policy for the action reads', () => {
    const prepared = cedarEngine().prepare([
      {
        id: 'p',
        text: 'permit (principal, action == Action::"task.send", resource) when { principal.trust > 1 };',
      },
      {
        id: 'q',
        text: 'permit (principal, action == Action::"other", resource) when { context.n == 1 };',
      },
    ]);
    const world = worldOf(before);
    const first = prepared.dependencies!(request, world);
    put(owner, { attributes: {} })(world);
    put(asker, { tags: {} })(world);
    expect(prepared.dependencies!({ ...request, context: { n: 2n } }, world)).toBe(first);
    const other = { ...request, action: ref('Action', 'other') };
    expect(prepared.dependencies!({ ...other, context: { n: 2n } }, world)).not.toBe(
      prepared.dependencies!(other, world),
    );
  });
});
