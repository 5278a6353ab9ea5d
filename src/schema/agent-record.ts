/**
 * What an organisation says of an agent it offers. Claims only: trust, latency and relevance are the reader's own.
 * @module
 */
import type { Did } from '../base/ids.ts';
import {
  boolean,
  integer,
  list,
  object,
  oneOf,
  optional,
  type Shape,
  text,
} from '../base/shape.ts';
import { proofShape, type Signed } from './signed.ts';
import { did, instant, name, nodeName } from './words.ts';

/** How much harm an agent could do by mistake. */
export type Risk = 'low' | 'medium' | 'high';

/** Price of an agent in credits, as decimal text since JSON has no 64-bit integers. */
export interface Pricing {
  readonly perQuery?: string;
  readonly perHour?: string;
}

/** The record of one agent on one node. */
export interface AgentRecord {
  readonly format: 1;
  /** `<meshId>#<node>/<name>`. */
  readonly id: string;
  readonly meshId: Did;
  readonly node: string;
  readonly name: string;
  readonly description?: string;
  readonly version: string;
  readonly capabilities: readonly string[];
  readonly specializations?: readonly string[];
  /** Names of certificates the publisher says it holds; a reader counts only those it has verified. */
  readonly certifications?: readonly string[];
  /** Sample requests; the best help for search. At most 5 count. */
  readonly examples?: readonly string[];
  readonly region?: string;
  readonly pricing?: Pricing;
  readonly risk?: Risk;
  /** Where the node can be dialled. */
  readonly endpoints: readonly string[];
  /** Grows with every change; the highest wins. */
  readonly sequence: number;
  readonly issuedAt: string;
  readonly expiresAt: string;
  /** The agent is gone. Kept until `expiresAt`, so that an older record cannot return. */
  readonly withdrawn?: boolean;
}

/** A record as it travels. */
export type SignedAgentRecord = Signed<AgentRecord>;

/** Parser of signed agent records. */
export const agentRecordShape: Shape<SignedAgentRecord> = object({
  format: integer({ min: 1, max: 1 }),
  id: text({ min: 1, max: 800 }),
  meshId: did,
  node: nodeName,
  name,
  description: optional(text({ max: 4_000 })),
  version: text({ min: 1, max: 64 }),
  capabilities: list(name, { max: 64 }),
  specializations: optional(list(name, { max: 64 })),
  certifications: optional(list(name, { max: 64 })),
  examples: optional(list(text({ max: 400 }), { max: 16 })),
  region: optional(name),
  pricing: optional(
    object({
      perQuery: optional(text({ pattern: /^\d{1,30}$/ })),
      perHour: optional(text({ pattern: /^\d{1,30}$/ })),
    }),
  ),
  risk: optional(oneOf('low', 'medium', 'high')),
  endpoints: list(text({ min: 1, max: 300 }), { max: 16 }),
  sequence: integer(),
  issuedAt: instant,
  expiresAt: instant,
  withdrawn: optional(boolean),
  proof: proofShape,
}) as unknown as Shape<SignedAgentRecord>;

/** The id of an agent: `<meshId>#<node>/<name>`. */
export function agentId(meshId: Did, node: string, agent: string): string {
  return `${meshId}#${node}/${agent}`;
}
