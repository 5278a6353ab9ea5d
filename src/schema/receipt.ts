/**
 * Proof that a task was done: signed by the organisation that did it, and it names who asked, what went in and out
 * (by hash) and under which policy. Unknown members stay under the signature.
 * @module
 */
import type { Did } from '../base/ids.ts';
import {
  integer,
  number,
  object,
  oneOf,
  optional,
  type Shape,
  text,
  unknown,
} from '../base/shape.ts';
import { proofShape, type Signed } from './signed.ts';
import { did, instant, name } from './words.ts';

/** How a task ended at the agent. */
export type Outcome = 'ok' | 'failed' | 'cancelled' | 'timeout';

/** What a task used. */
export interface Usage {
  readonly wallMs?: number;
  readonly cpuMs?: number;
  readonly bytes?: number;
  readonly tokens?: number;
}

/** The receipt, version 1. */
export interface Receipt {
  readonly format: 1;
  readonly id: string;
  /** Id of the task. */
  readonly task: string;
  readonly type: string;
  /** Id of the agent. */
  readonly agent: string;
  /** Who did it. */
  readonly by: Did;
  /** Who asked. */
  readonly for: Did;
  readonly at: string;
  readonly outcome: Outcome;
  /** CID of the input packet. */
  readonly inputHash: string;
  /** CID of the output packet. */
  readonly outputHash: string;
  /** Digest of the policies that allowed it, at the agent's side. */
  readonly policyVersion: string;
  readonly usage?: Usage;
  readonly quote?: unknown;
  readonly hold?: string;
  readonly region?: string;
  /** Tenant of who asked, on whose behalf it was done. */
  readonly tenant?: string;
  /** Tenant of who did it. */
  readonly byTenant?: string;
  readonly agentVersion?: string;
  readonly arm?: string;
  readonly approval?: string;
}

/** A receipt as it travels. */
export type SignedReceipt = Signed<Receipt>;

const cid = text({ min: 10, max: 128 });

/** Members that the core leaves to extensions. */
const openMembers = {
  quote: optional(unknown),
  hold: optional(text({ max: 256 })),
  arm: optional(text({ max: 64 })),
  approval: optional(text({ max: 256 })),
};

const coreMembers = {
  format: integer({ min: 1, max: 1 }),
  id: text({ min: 1, max: 128 }),
  task: text({ min: 1, max: 128 }),
  type: name,
  agent: text({ min: 1, max: 800 }),
  by: did,
  for: did,
  at: instant,
  outcome: oneOf('ok', 'failed', 'cancelled', 'timeout'),
  inputHash: cid,
  outputHash: cid,
  policyVersion: text({ max: 128 }),
  usage: optional(
    object({
      wallMs: optional(number({ min: 0 })),
      cpuMs: optional(number({ min: 0 })),
      bytes: optional(integer()),
      tokens: optional(integer()),
    }),
  ),
  region: optional(name),
  tenant: optional(name),
  byTenant: optional(name),
  agentVersion: optional(text({ max: 64 })),
  proof: proofShape,
};

/** Parser of signed receipts. */
export const receiptShape: Shape<SignedReceipt> = object({
  ...coreMembers,
  ...openMembers,
}) as unknown as Shape<SignedReceipt>;

/** Parser of what is added to a receipt from outside the core. */
export const addedMembersShape = object(openMembers);

/** Not members of a receipt, but what its hashes are made of; and a name that is no member of anything. */
const neverMembers = new Set(['input', 'output', '__proto__']);

/** Whether only the node that signs a receipt says what `member` is. */
export function isCoreMember(member: string): boolean {
  return Object.hasOwn(coreMembers, member) || neverMembers.has(member);
}
