/**
 * Policies that many want, ready to publish.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import { asDid, type Did } from '../../base/ids.ts';
import type { EntityRef } from '../../ports/policy-engine.ts';
import type { Sovereignty } from '../../schema/task.ts';
import { cedar, contentId, literal } from './cedar.ts';
import type { Policy } from './policy.ts';

/** Who is meant: all conditions given must hold, and none given means everybody. */
export interface Audience {
  /** Only these organisations. */
  readonly orgs?: readonly Did[];
  /** Only who holds a verified credential of this type. */
  readonly credential?: string;
  /** Only at this trust or above, 0 to 100. */
  readonly minTrust?: number;
  /** Only for these capabilities. */
  readonly capabilities?: readonly string[];
}

/** Makers of common policies; hand the result to `publish`. */
export const policyTemplates = {
  /**
   * Tasks go only where `rule` lets data go: `'EU'` into that zone, `'no-US'` anywhere but there. A forbid, so that no
   * permit overrides it; an agent whose zone is not known is refused, the own organisation's as well.
   */
  sovereignty(rule: Sovereignty): Policy[] {
    if (rule === 'any') return [];
    const isExclusion = rule.startsWith('no-');
    const zone = isExclusion ? rule.slice(3) : rule;
    const advice = isExclusion ? `Choose an agent outside ${zone}.` : `Choose an agent in ${zone}.`;
    const id = `sovereignty/${rule}`;
    return [
      isExclusion
        ? cedar`@id(${id}) @advice(${advice})
forbid (principal, action == Action::"task.send", resource)
unless { resource has zone && resource.zone != ${zone} };`
        : cedar`@id(${id}) @advice(${advice})
forbid (principal, action == Action::"task.send", resource)
unless { resource has zone && resource.zone == ${zone} };`,
    ];
  },

  /**
   * Nothing is exchanged with organisations whose trust is below `score` (0 to 100) or not known. Meeting
   * (`federate`) and telling of agents (`record.publish`) stay possible, for trust has to begin somewhere.
   */
  minimumTrust(score: number): Policy[] {
    const least = percentage(score, 'score');
    const advice = `Trust of ${String(least)} is needed.`;
    return [
      cedar`@id("minimum-trust/from") @advice(${advice})
forbid (principal, action in [Action::"task.receive", Action::"tool.call", Action::"round.join"], resource)
unless { resource in principal || (principal has trust && principal.trust >= ${least}) };`,
      cedar`@id("minimum-trust/to") @advice(${advice})
forbid (principal, action == Action::"task.send", resource)
unless { resource in principal || (resource has org.trust && resource.org.trust >= ${least}) };`,
    ];
  },

  /** Nothing comes from `did`, and nothing goes to it or its agents. */
  quarantine(did: Did): Policy[] {
    const org = organisation(did);
    const advice = `${did} is in quarantine.`;
    return [
      cedar`@id(${contentId('quarantine-from', did)}) @advice(${advice})
forbid (principal == Org::${org.id}, action, resource);`,
      cedar`@id(${contentId('quarantine-to', did)}) @advice(${advice})
forbid (principal, action, resource in Org::${org.id});`,
    ];
  },

  /** Lets others have tasks done here: permits `task.receive`. `openTo({})` lets everybody. */
  openTo(audience: Audience): Policy[] {
    return [permit('open-to', 'task.receive', 'resource', conditions(audience, 'principal'))];
  },

  /** Lets tasks go out to others: permits `task.send` to their agents. */
  mayAsk(audience: Audience): Policy[] {
    return [
      permit('may-ask', 'task.send', 'resource is Agent', conditions(audience, 'resource.org')),
    ];
  },
};

function conditions(audience: Audience, org: string): readonly string[] {
  const { orgs, credential, minTrust, capabilities } = audience;
  const list: string[] = [];
  if (orgs !== undefined) list.push(`${literal(orgs.map(organisation))}.contains(${org})`);
  if (credential !== undefined) list.push(`${org}.credentials.contains(${literal(credential)})`);
  if (minTrust !== undefined)
    list.push(`${org}.trust >= ${literal(percentage(minTrust, 'minTrust'))}`);
  if (capabilities !== undefined) {
    list.push(`${literal(capabilities)}.contains(context.capability)`);
  }
  return list;
}

// An attribute that is not known makes a permit err, and a permit that errs permits nothing.
function permit(kind: string, action: string, resource: string, tests: readonly string[]): Policy {
  const when = tests.length === 0 ? '' : `\nwhen { ${tests.join(' && ')} }`;
  const text = `permit (principal is Org, action == Action::${literal(action)}, ${resource})${when};`;
  return { ...cedar(text), id: contentId(kind, text) };
}

function organisation(did: Did): EntityRef {
  return { type: 'Org', id: asDid(did) };
}

function percentage(value: number, argument: string): number {
  if (Number.isSafeInteger(value) && value >= 0 && value <= 100) return value;
  throw new MeshError('INVALID_ARGUMENT', {
    argument,
    expected: 'an integer from 0 to 100',
    got: value,
  });
}
