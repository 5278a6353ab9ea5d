import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { houseRulesText } from '../../../src/core/policy/house-rules.ts';
import { type AccessRequest, houseRules, policyTemplates } from '../../../src/core/policy/index.ts';
import { parsePolicies } from '../../../src/core/policy/language/parser.ts';
import { parseSchema } from '../../conformance/cedar-schema.ts';
import { acme, globex, initech, rig } from './rig.ts';

const protocol = (name: string): string =>
  readFileSync(new URL(`../../../docs/protocol/${name}`, import.meta.url), 'utf8');

describe('house rules', () => {
  it('are shown in docs/protocol/house-rules.cedar as they are', () => {
    expect(protocol('house-rules.cedar')).toBe(houseRulesText());
  });

  it('are known by the id their text says', () => {
    for (const { id, text } of houseRules) {
      expect(parsePolicies(text).map(({ annotations }) => annotations.get('id'))).toEqual([id]);
      expect(id).toMatch(/^house\//);
    }
  });

  // globex was federated with deliberately, initech only has a session, umbrella is in quarantine.
  const umbrella = 'did:mesh:org:umbrella';
  const stranger = 'did:mesh:org:stranger';
  const { cache, world } = rig();
  world
    .organisation(acme)
    .organisation(globex, { federated: true })
    .organisation(initech)
    .organisation(umbrella, { federated: true, state: 'quarantined' })
    .agent('own', acme)
    .agent('globex', globex)
    .agent('initech', initech)
    .agent('umbrella', umbrella);

  it.each<[string, AccessRequest, 'allow' | 'deny']>([
    [
      'the own organisation sends to itself',
      { action: 'task.send', resource: 'agent:own' },
      'allow',
    ],
    [
      'the own organisation works for itself',
      { action: 'task.receive', resource: 'agent:own' },
      'allow',
    ],
    [
      'the own organisation does anything on its mesh',
      { action: 'my.action', resource: 'mesh' },
      'allow',
    ],
    [
      'a stranger opens a session',
      { subject: stranger, action: 'federate', resource: 'mesh' },
      'allow',
    ],
    [
      'we open a session with a stranger',
      { action: 'federate', resource: `org:${stranger}` },
      'allow',
    ],
    [
      'one in quarantine opens a session',
      { subject: umbrella, action: 'federate', resource: 'mesh' },
      'deny',
    ],
    [
      'we open a session with one in quarantine',
      { action: 'federate', resource: `org:${umbrella}` },
      'deny',
    ],
    [
      'records of one federated with',
      { subject: globex, action: 'record.publish', resource: 'mesh' },
      'allow',
    ],
    [
      'records of one with a session only',
      { subject: initech, action: 'record.publish', resource: 'mesh' },
      'allow',
    ],
    [
      'records of a stranger',
      { subject: stranger, action: 'record.publish', resource: 'mesh' },
      'allow',
    ],
    [
      'records of one in quarantine',
      { subject: umbrella, action: 'record.publish', resource: 'mesh' },
      'deny',
    ],
    ['a task to one federated with', { action: 'task.send', resource: 'agent:globex' }, 'allow'],
    [
      'a task to one with a session only',
      { action: 'task.send', resource: 'agent:initech' },
      'deny',
    ],
    ['a task to one in quarantine', { action: 'task.send', resource: 'agent:umbrella' }, 'deny'],
    ['a task to an agent nobody knows', { action: 'task.send', resource: 'agent:none' }, 'deny'],
    [
      'a task from one federated with',
      { subject: globex, action: 'task.receive', resource: 'agent:own' },
      'deny',
    ],
    [
      'a tool call from one federated with',
      { subject: globex, action: 'tool.call', resource: 'agent:own' },
      'deny',
    ],
    [
      'a round with one federated with',
      { subject: globex, action: 'round.join', resource: 'mesh' },
      'deny',
    ],
    [
      'an action nobody thought of',
      { subject: globex, action: 'my.action', resource: 'mesh' },
      'deny',
    ],
  ])('%s: %o is %s', (_, request, effect) => {
    expect(cache.decideSync(request)).toMatchObject({ effect, errors: [] });
  });

  it('hold with nothing known of anybody, without an error', () => {
    const { cache: empty } = rig();
    for (const action of ['task.send', 'task.receive', 'tool.call', 'round.join']) {
      expect(empty.decideSync({ subject: globex, action, resource: 'agent:x' })).toMatchObject({
        effect: 'deny',
        errors: [],
      });
    }
  });
});

describe('the schema of the mesh', () => {
  const schema = parseSchema(protocol('mesh.cedarschema'));

  it('reads as Cedar schema, and knows every action of the protocol', () => {
    expect([...schema.entities.keys()]).toEqual(['Org', 'Tenant', 'Agent', 'Mesh']);
    expect([...schema.actions.keys()].sort()).toEqual(
      [
        'federate',
        'record.publish',
        'role.hold',
        'round.join',
        'task.receive',
        'task.send',
        'tool.call',
      ].map((action) => `Action::"${action}"`),
    );
  });

  it('declares every attribute the house rules and templates read', () => {
    const declared = new Set<string>();
    const collect = (type: unknown): void => {
      const { members } = type as { members?: ReadonlyMap<string, unknown> };
      for (const [name, member] of members ?? []) {
        declared.add(name);
        collect(member);
      }
    };
    for (const { attributes } of schema.entities.values()) collect(attributes);
    for (const { context } of schema.actions.values()) collect(context);
    const audience = { orgs: [globex], credential: 'x', minTrust: 1, capabilities: ['x'] };
    const policies = [
      ...houseRules,
      ...policyTemplates.sovereignty('EU'),
      ...policyTemplates.minimumTrust(1),
      ...policyTemplates.openTo(audience),
      ...policyTemplates.mayAsk(audience),
    ];
    const read = policies.flatMap(({ text }) =>
      [...text.replaceAll(/\/\/.*|"[^"]*"/g, '').matchAll(/(?:\.|has )([a-z]\w*)(?!\w*\()/g)].map(
        ([, name]) => name!,
      ),
    );
    expect(new Set(read).size).toBeGreaterThan(4);
    for (const name of read) expect(declared).toContain(name);
  });

  it('says of each attribute who supplies it', () => {
    const lines = protocol('mesh.cedarschema').split('\n');
    const attributes = lines.flatMap((line, i) =>
      /^\s+\w+\??: (?![[{])/.test(line) &&
      !line.includes('appliesTo') &&
      !/^ {2}(principal|resource):/.test(line)
        ? [i]
        : [],
    );
    expect(attributes.length).toBeGreaterThan(15);
    for (const i of attributes) expect(lines[i - 1]).toMatch(/\[(local|verified|claim)\]/);
  });
});
