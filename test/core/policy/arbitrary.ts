/** Random policies, requests and worlds over a small vocabulary, so that they meet each other often. */
import fc from 'fast-check';
import type {
  Entity,
  EntityRef,
  PolicyRequest,
  PolicySource,
  PolicyValue,
} from '../../../src/ports/policy-engine.ts';
import { entityKey } from '../../../src/ports/policy-engine.ts';

const names = fc.constantFrom('a', 'b', 'org');
const orgs = fc.constantFrom('did:x:1', 'did:x:2');
const agents = fc.constantFrom('p', 'q');
const actions = fc.constantFrom('task.send', 'task.receive');

const orgText = orgs.map((id) => `Org::"${id}"`);
const agentText = agents.map((id) => `Agent::"${id}"`);
const entityText = fc.oneof(orgText, agentText);

/** Conditions that often hold and often do not. */
const path = fc.oneof(
  fc.tuple(fc.constantFrom('principal', 'resource', 'context'), names).map((p) => p.join('.')),
  fc
    .tuple(fc.constantFrom('principal', 'resource'), names)
    .map(([of, name]) => `${of}.org.${name}`),
  names.map((name) => `(if context has a then principal else resource).${name}`),
  names.map((name) => `{a: resource.org}.a.${name}`),
  names.map((name) => `(if principal.${name} then 1 else 2)`),
);
const scalar = fc.constantFrom('true', 'false', '1', '"s"');
const telling = fc.oneof(
  fc.tuple(path, fc.constantFrom('==', '!='), scalar).map((p) => `(${p.join(' ')})`),
  fc
    .tuple(fc.constantFrom('principal', 'resource', 'context'), names)
    .map((p) => `(${p.join(' has ')})`),
  fc
    .tuple(fc.constantFrom('principal', 'resource'), names)
    .map(([of, name]) => `(${of} has org.${name})`),
  fc
    .tuple(fc.constantFrom('principal', 'resource', 'resource.org'), entityText)
    .map((p) => `(${p.join(' in ')})`),
  fc
    .tuple(fc.constantFrom('principal', 'resource'), entityText)
    .map(([of, above]) => `(${of} is Agent in ${above})`),
  fc.constantFrom('principal', 'resource').map((of) => `${of}.hasTag("s")`),
  fc
    .tuple(fc.constantFrom('principal', 'resource'), scalar)
    .map(([of, is]) => `(${of}.getTag("s") == ${is})`),
  fc.tuple(names, scalar).map(([name, is]) => `(context == {${name}: ${is}})`),
);

const { expression } = fc.letrec<{ expression: string; value: string }>((tie) => {
  const value = tie('value');
  const whole = tie('expression');
  return {
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('true', 'false', '1', '-2', '"s"', 'principal', 'resource', 'action'),
      entityText,
      fc.tuple(fc.constantFrom('principal', 'resource', 'context'), names).map((p) => p.join('.')),
      fc.tuple(value, names).map(([of, name]) => `(${of}).${name}`),
      fc.tuple(whole, value, value).map(([c, a, b]) => `(if ${c} then ${a} else ${b})`),
      fc.array(value, { maxLength: 3 }).map((list) => `[${list.join(', ')}]`),
      fc.tuple(names, value).map(([name, of]) => `{${name}: ${of}}`),
      fc.tuple(value, value).map(([a, b]) => `(${a} + ${b})`),
      fc.tuple(value, value).map(([of, tag]) => `(${of}).getTag(${tag})`),
      fc.constant('context'),
    ),
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      { weight: 6, arbitrary: telling },
      value,
      fc
        .tuple(value, fc.constantFrom('==', '!=', '<', '>=', 'in'), value)
        .map((p) => `(${p.join(' ')})`),
      fc.tuple(value, names).map(([of, name]) => `(${of} has ${name})`),
      fc.tuple(value, names, names).map(([of, a, b]) => `(${of} has ${a}.${b})`),
      fc.tuple(value, fc.constantFrom('Org', 'Agent')).map(([of, type]) => `(${of} is ${type})`),
      fc.tuple(value, entityText).map(([of, above]) => `(${of} is Agent in ${above})`),
      fc
        .tuple(value, fc.constantFrom('contains', 'containsAny'), value)
        .map(([s, m, e]) => `(${s}).${m}(${e})`),
      fc.tuple(value, value).map(([of, tag]) => `(${of}).hasTag(${tag})`),
      fc.tuple(whole, fc.constantFrom('&&', '||'), whole).map((p) => `(${p.join(' ')})`),
      whole.map((of) => `!(${of})`),
    ),
  };
});

const scopeOf = (name: string, entity: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(name) },
    entity.map((of) => `${name} == ${of}`),
    entity.map((of) => `${name} in ${of}`),
    fc.constantFrom('Org', 'Agent').map((type) => `${name} is ${type}`),
    orgText.map((of) => `${name} is Agent in ${of}`),
  );
const actionScope = fc.oneof(
  { weight: 3, arbitrary: fc.constant('action') },
  actions.map((id) => `action == Action::"${id}"`),
  fc
    .array(actions, { maxLength: 2 })
    .map((ids) => `action in [${ids.map((id) => `Action::"${id}"`).join()}]`),
  fc.constant('action in Action::"group"'),
);

const statement = fc
  .tuple(
    fc.constantFrom('permit', 'permit', 'forbid'),
    scopeOf('principal', orgText),
    actionScope,
    scopeOf('resource', entityText),
    fc.array(fc.tuple(fc.constantFrom('when', 'unless'), expression), { maxLength: 2 }),
  )
  .map(([effect, principal, action, resource, conditions]) => {
    const tail = conditions.map(([word, of]) => ` ${word} { ${of} }`).join('');
    return `${effect} (${principal}, ${action}, ${resource})${tail};`;
  });

/** One to eight valid policies. */
export const policies: fc.Arbitrary<readonly PolicySource[]> = fc
  .array(statement, { minLength: 1, maxLength: 8 })
  .map((texts) => texts.map((text, i) => ({ id: `p${String(i)}`, text })));

const ref = fc.oneof(
  orgs.map((id): EntityRef => ({ type: 'Org', id })),
  agents.map((id): EntityRef => ({ type: 'Agent', id })),
);
const { value } = fc.letrec<{ value: PolicyValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 2, arbitrary: fc.boolean() },
    fc.constantFrom(1n, 1n, 's', 's', -2n, ''),
    { weight: 2, arbitrary: ref },
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(names, tie('value'), { maxKeys: 2, noNullPrototype: true }),
  ),
}));
const attributes = fc.dictionary(names, value, { maxKeys: 3, noNullPrototype: true });

/** One entity with random attributes, parents and tags. */
export const entity: fc.Arbitrary<Entity> = fc.record({
  ref: fc.oneof(
    { weight: 6, arbitrary: ref },
    { weight: 1, arbitrary: actions.map((id): EntityRef => ({ type: 'Action', id })) },
  ),
  attributes,
  parents: fc.array(fc.oneof(ref, fc.constant<EntityRef>({ type: 'Action', id: 'group' })), {
    maxLength: 2,
  }),
  tags: fc.dictionary(fc.constantFrom('s', ''), value, { maxKeys: 2, noNullPrototype: true }),
});

/** The entity after one small change; undefined when it is gone. */
export const change = (before: Entity): fc.Arbitrary<Entity | undefined> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(names, value)
        .map(([name, now]) => ({ ...before, attributes: { ...before.attributes, [name]: now } })),
    },
    {
      weight: 2,
      arbitrary: names.map((name) => ({ ...before, attributes: without(before.attributes, name) })),
    },
    {
      weight: 2,
      arbitrary: ref.map((parent) => ({
        ...before,
        parents: before.parents.length > 0 ? [] : [parent],
      })),
    },
    {
      weight: 2,
      arbitrary: value.map((now) => ({
        ...before,
        tags: 's' in (before.tags ?? {}) ? {} : { s: now },
      })),
    },
    fc.constant(undefined),
  );

function without<T>(members: Readonly<Record<string, T>>, name: string): Record<string, T> {
  return Object.fromEntries(Object.entries(members).filter(([key]) => key !== name));
}

/** A set of entities. */
export const entities: fc.Arbitrary<ReadonlyMap<string, Entity>> = fc
  .array(entity, { minLength: 2, maxLength: 6 })
  .map((list) => new Map(list.map((item) => [entityKey(item.ref), item])));

/** The context of a request. */
export const context = attributes;

/** A request. */
export const request: fc.Arbitrary<PolicyRequest> = fc.record({
  principal: orgs.map((id): EntityRef => ({ type: 'Org', id })),
  action: actions.map((id): EntityRef => ({ type: 'Action', id })),
  resource: ref,
  context: attributes,
});
