/**
 * What policies can know of organisations and agents. docs/protocol/mesh.cedarschema lists every attribute.
 * @module
 */
import { type Did, isDid } from '../base/ids.ts';
import type { Entity, EntityRef, PolicyValue } from '../ports/policy-engine.ts';
import type { AgentRecord } from '../schema/agent-record.ts';

/** Where the facts come from. */
export interface EntityFacts {
  /** Score (0 to 100) and state of an organisation. */
  readonly trust: (did: Did) => { readonly score: number; readonly state: string };
  /** Types of its credentials that stand. */
  readonly credentials: (did: Did) => Iterable<string>;
  /** Types of its credentials that were revoked. */
  readonly revoked: (did: Did) => Iterable<string>;
  /** Whether the user federated with it. */
  readonly federated: (did: Did) => boolean;
  /** The record of an agent, of this node or another. */
  readonly agent: (id: string) => AgentRecord | undefined;
  /** What this node knows of an agent of its own; undefined for others. */
  readonly own: (
    id: string,
  ) => { readonly state: string; readonly tenant: string | undefined } | undefined;
  /** The tenant that another node says it serves. */
  readonly tenantOf: (org: Did, node: string) => string | undefined;
  readonly zoneOf: (region: string) => string | undefined;
}

/** Entities as they stand at this moment. */
export function entitySource(facts: EntityFacts): { entity(ref: EntityRef): Entity | undefined } {
  return {
    entity(ref) {
      if (ref.type === 'Org' && isDid(ref.id)) return organisation(ref, ref.id, facts);
      if (ref.type === 'Agent') return agent(ref, facts);
      return undefined;
    },
  };
}

function organisation(ref: EntityRef, did: Did, facts: EntityFacts): Entity {
  const { score, state } = facts.trust(did);
  return {
    ref,
    attributes: {
      trust: BigInt(Math.floor(score)),
      state,
      credentials: [...facts.credentials(did)].sort(),
      revoked: [...facts.revoked(did)].sort(),
      federated: facts.federated(did),
    },
    parents: [],
  };
}

function agent(ref: EntityRef, facts: EntityFacts): Entity {
  const record = facts.agent(ref.id);
  // An agent that was never announced still belongs to the organisation its id names.
  const org: EntityRef = {
    type: 'Org',
    id: record?.meshId ?? ref.id.slice(0, ref.id.indexOf('#')),
  };
  const attributes: Record<string, PolicyValue> = { org };
  // Others announce what is in service and withdraw the rest.
  const { state = record && 'active', tenant } = facts.own(ref.id) ?? {};
  if (state !== undefined) attributes['state'] = state;
  if (record !== undefined) {
    const { name, version, capabilities, region, risk } = record;
    const zone = region === undefined ? undefined : facts.zoneOf(region);
    Object.assign(attributes, { name, version, capabilities: [...capabilities] });
    if (region !== undefined) attributes['region'] = region;
    if (zone !== undefined) attributes['zone'] = zone;
    if (risk !== undefined) attributes['risk'] = risk;
  }
  const place = ref.id.slice(ref.id.indexOf('#') + 1);
  const said = tenant ?? facts.tenantOf(org.id as Did, place.slice(0, place.indexOf('/')));
  if (said !== undefined) attributes['tenant'] = said;
  const parents = tenant === undefined ? [org] : [org, { type: 'Tenant', id: tenant }];
  return { ref, attributes, parents };
}
