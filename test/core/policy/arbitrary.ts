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
    fc.constant(name),
    entity.map((of) => `${name} == ${of}`),
    entity.map((of) => `${name} in ${of}`),
    fc.constantFrom('Org', 'Agent').map((type) => `${name} is ${type}`),
    orgText.map((of) => `${name} is Agent in ${of}`),
  );
const actionScope = fc.oneof(
  fc.constant('action'),
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
    fc.boolean(),
    fc.constantFrom(1n, -2n, 's', ''),
    ref,
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

/** A set of entities. */
export const entities: fc.Arbitrary<ReadonlyMap<string, Entity>> = fc
  .array(entity, { maxLength: 5 })
  .map((list) => new Map(list.map((item) => [entityKey(item.ref), item])));

/** A request. */
export const request: fc.Arbitrary<PolicyRequest> = fc.record({
  principal: orgs.map((id): EntityRef => ({ type: 'Org', id })),
  action: actions.map((id): EntityRef => ({ type: 'Action', id })),
  resource: ref,
  context: attributes,
});
