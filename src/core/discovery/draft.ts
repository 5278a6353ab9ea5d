/**
 * From what an application says of its agent to the record that is signed.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import { type AgentRecord, agentId, type Pricing, type Risk } from '../../schema/agent-record.ts';
import { toInstant } from '../../schema/words.ts';
import { recordLimits } from './held-record.ts';

/** What is announced of an agent. Everything in it is public, and nothing in it is believed for being said. */
export interface AgentDraft {
  readonly name: string;
  readonly description?: string;
  /** Default `1.0.0`. */
  readonly version?: string;
  readonly capabilities: readonly string[];
  readonly specializations?: readonly string[];
  readonly certifications?: readonly string[];
  /** Sample requests; the best help for search. The first 5 count. */
  readonly examples?: readonly string[];
  readonly region?: string;
  /** In credits. */
  readonly pricing?: { readonly perQuery?: bigint; readonly perHour?: bigint };
  readonly risk?: Risk;
  /** Default: the addresses of this node. */
  readonly endpoints?: readonly string[];
}

/** Who announces, when, and for how long. */
export interface Announcement {
  readonly meshId: Did;
  readonly node: string;
  readonly now: number;
  readonly ttlMs: number;
  /** The newest version known of the same agent. */
  readonly previous: AgentRecord | undefined;
  readonly endpoints: readonly string[];
}

/** The record of `draft`, ready to be signed. */
export function recordOf(draft: AgentDraft, announcement: Announcement): AgentRecord {
  const { pricing, version = '1.0.0', endpoints = announcement.endpoints } = draft;
  return {
    ...said(draft),
    ...frame(draft.name, announcement),
    version,
    capabilities: draft.capabilities,
    endpoints,
    ...(pricing === undefined ? {} : { pricing: inText(pricing) }),
  };
}

/** The members that go out as they are; nothing else of the object handed in becomes public. */
const spoken = [
  'description',
  'specializations',
  'certifications',
  'examples',
  'region',
  'risk',
] as const;

function said(draft: AgentDraft): Pick<AgentDraft, (typeof spoken)[number]> {
  const given = spoken.filter((member) => draft[member] !== undefined);
  return Object.fromEntries(given.map((member) => [member, draft[member]]));
}

/** The record that withdraws the agent of `previous`. */
export function withdrawalOf(
  previous: AgentRecord,
  announcement: Omit<Announcement, 'previous' | 'endpoints'>,
): AgentRecord {
  const { name, version } = previous;
  return {
    ...frame(name, { ...announcement, previous, endpoints: [] }),
    version,
    capabilities: [],
    endpoints: [],
    withdrawn: true,
  };
}

/**
 * A version never expires before the one it replaces, or the older one could return. The sequence is at least the time
 * in milliseconds, so that a node which has lost its store is not taken for its own past.
 */
function frame(name: string, { meshId, node, now, ttlMs, previous }: Announcement) {
  const earliestEnd = previous === undefined ? 0 : Date.parse(previous.expiresAt);
  const ends = Math.min(Math.max(now + ttlMs, earliestEnd), now + recordLimits.ttlMs);
  return {
    format: 1,
    id: agentId(meshId, node, name),
    meshId,
    node,
    name,
    sequence: Math.max(Math.floor(now), (previous?.sequence ?? 0) + 1),
    issuedAt: toInstant(now),
    expiresAt: toInstant(ends),
  } as const;
}

function inText({ perQuery, perHour }: NonNullable<AgentDraft['pricing']>): Pricing {
  return {
    ...(perQuery === undefined ? {} : { perQuery: credits('pricing.perQuery', perQuery) }),
    ...(perHour === undefined ? {} : { perHour: credits('pricing.perHour', perHour) }),
  };
}

function credits(argument: string, value: bigint): string {
  if (typeof value === 'bigint' && value >= 0n) return String(value);
  throw new MeshError('INVALID_ARGUMENT', { argument, expected: 'a bigint from 0n', got: value });
}
