/**
 * The policies every node begins with. docs/protocol/house-rules.cedar shows the same text.
 * @module
 */
import type { Policy } from './policy.ts';

/**
 * Within an organisation everything is permitted. Across organisations nothing is, but to meet, to tell of agents, and to
 * send tasks to those the user federated with. Quarantine overrides it all.
 */
export const houseRules: readonly Policy[] = [
  {
    id: 'house/own-organisation',
    text: `// An organisation may do everything on what belongs to itself.
@id("house/own-organisation")
permit (principal is Org, action, resource)
when { resource in principal };`,
  },
  {
    id: 'house/federate',
    text: `// Everybody may open a session. A session alone grants nothing else.
@id("house/federate")
permit (principal is Org, action == Action::"federate", resource);`,
  },
  {
    id: 'house/record-publish',
    text: `// Everybody we have a session with may tell us of agents: a record is a claim, and counts for nothing by itself.
@id("house/record-publish")
permit (principal is Org, action == Action::"record.publish", resource);`,
  },
  {
    id: 'house/task-send',
    text: `// Tasks may go where the user federated deliberately. The other side has a say of its own: task.receive.
@id("house/task-send")
permit (principal is Org, action == Action::"task.send", resource is Agent)
when { resource has org.federated && resource.org.federated };`,
  },
  {
    id: 'house/quarantined-subject',
    text: `// Nothing comes from an organisation in quarantine ...
@id("house/quarantined-subject")
@advice("The organisation that asks is in quarantine; see trust.")
forbid (principal is Org, action, resource)
when { principal has state && principal.state == "quarantined" };`,
  },
  {
    id: 'house/quarantined-agent',
    text: `// ... and nothing goes to its agents ...
@id("house/quarantined-agent")
@advice("The agent's organisation is in quarantine; choose another agent.")
forbid (principal, action, resource is Agent)
when { resource has org.state && resource.org.state == "quarantined" };`,
  },
  {
    id: 'house/quarantined-organisation',
    text: `// ... or to itself.
@id("house/quarantined-organisation")
@advice("The organisation is in quarantine; see trust.")
forbid (principal, action, resource is Org)
when { resource has state && resource.state == "quarantined" };`,
  },
];

/** The text of docs/protocol/house-rules.cedar. */
export function houseRulesText(): string {
  const title =
    '// House rules: the policies every mesh node begins with. They cannot be withdrawn.';
  return `${[title, ...houseRules.map(({ text }) => text)].join('\n\n')}\n`;
}
