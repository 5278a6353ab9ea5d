/**
 * What has happened in a mesh, as its client tells it. Events ask for nothing back.
 * @module
 */
import type { MeshErrorCode, MeshErrorParams } from '../base/errors.ts';
import type { Did } from '../base/ids.ts';
import type { Risk } from './agent-record.ts';

/** What each type of event carries. */
export interface MeshEventData {
  'peer.connected': { readonly node: string; readonly handshakeMs: number };
  'peer.lost': {
    readonly node: string;
    readonly code: MeshErrorCode;
    readonly params: MeshErrorParams;
  };
  'peer.refused': { readonly code: MeshErrorCode; readonly params: MeshErrorParams };
  /** Own keys without `peer`, else those of a peer, whose history has become longer. */
  'identity.rotated': {
    /** Of the newest entry of its history. */
    readonly version: number;
    /** Multikeys of today. */
    readonly keys: readonly string[];
    /** Multikeys taken back as compromised. */
    readonly compromised: readonly string[];
    readonly reason?: string;
  };
  'identity.deactivated': { readonly version: number; readonly reason?: string };
  /** A scheduled rotation did not happen; it is tried again within the hour. */
  'identity.failed': { readonly code: MeshErrorCode; readonly params: MeshErrorParams };
  'agent.registered': { readonly name: string; readonly capabilities: readonly string[] };
  'agent.changed': { readonly name: string; readonly state: string; readonly before: string };
  'agent.retired': { readonly name: string };
  'trigger.failed': {
    /** Name of the agent. */
    readonly name: string;
    readonly code: MeshErrorCode;
    readonly params: MeshErrorParams;
  };
  'action.advised': { readonly action: string; readonly kind: string; readonly risk: Risk };
  'action.done': { readonly action: string; readonly kind: string; readonly risk: Risk };
  'action.failed': {
    readonly action: string;
    readonly kind: string;
    readonly code: MeshErrorCode;
    readonly params: MeshErrorParams;
  };
  'record.learned': { readonly name: string; readonly capabilities: readonly string[] };
  'record.withdrawn': { readonly name: string };
  'task.sent': { readonly task: string; readonly type: string };
  'task.completed': { readonly task: string; readonly type: string; readonly latencyMs: number };
  'task.failed': {
    readonly task: string;
    readonly type: string;
    readonly code: MeshErrorCode;
    readonly params: MeshErrorParams;
  };
  'task.executed': {
    readonly task: string;
    readonly type: string;
    readonly key?: string;
    readonly ms: number;
  };
  'task.refused': {
    readonly task: string;
    readonly type: string;
    readonly code: MeshErrorCode;
    readonly params: MeshErrorParams;
  };
  'task.suspended': { readonly task: string; readonly type: string; readonly due?: number };
  'task.resumed': { readonly task: string; readonly type: string; readonly attempt: number };
  'task.cancelled': { readonly task: string; readonly type: string; readonly reason: string };
  'trust.changed': { readonly score: number; readonly before: number; readonly because: string };
  'trust.slashed': {
    readonly verdict: string;
    readonly by: Did;
    readonly reason: string;
    readonly until: string;
    /** In broken tasks. */
    readonly weight: number;
  };
  'trust.quarantined': {
    readonly verdict: string;
    readonly by: Did;
    readonly reason: string;
    readonly until: string;
    /** Milliseconds that running tasks have to finish. */
    readonly drainMs: number;
  };
  'trust.released': {
    readonly verdict: string;
    readonly by: Did;
    readonly because: 'expired' | 'lifted' | 'appeal';
  };
  /** `received`, `granted`, `refused`: told by the issuer of the verdict, which decides. */
  'trust.appealed': {
    readonly verdict: string;
    readonly outcome: 'received' | 'granted' | 'refused';
    readonly grounds: string;
  };
  /** A verdict on this node itself. `mesh.trust.appeal(verdict)` says something against it. */
  'trust.noticed': {
    readonly verdict: string;
    readonly kind: 'quarantine' | 'slash';
    readonly by: Did;
    readonly reason: string;
    readonly until: string;
  };
  'trust.violation': {
    readonly action: string;
    readonly resource: string;
    readonly policies: readonly string[];
    readonly evidence: string;
  };
  'credential.accepted': { readonly credential: string; readonly types: readonly string[] };
  'credential.revoked': {
    readonly credential: string;
    readonly issuer: Did;
    readonly reason: string;
  };
  /** The credential stays, and stands again after `credential.reinstated`. */
  'credential.suspended': {
    readonly credential: string;
    readonly issuer: Did;
    readonly reason: string;
  };
  'credential.reinstated': { readonly credential: string; readonly issuer: Did };
  'audit.equivocated': {
    /** The log of which its keeper, the peer it is about, signed two truths. */
    readonly log: string;
    readonly index: number;
    /** Whether its two heads say so themselves, or it could not show that one goes on from the other. */
    readonly proven: boolean;
  };
  'audit.lost': {
    /** This node's own log, of which the peer it is about holds a signed head that is not in it. */
    readonly log: string;
    readonly index: number;
    readonly entries: number;
  };
  /** An anchor did not take the head of this node's log; it gets a later one, which stands for all before it. */
  'audit.unanchored': { readonly index: number; readonly code: MeshErrorCode };
  'policy.updated': { readonly revision: number };
  'broadcast.refused': { readonly code: MeshErrorCode; readonly params: MeshErrorParams };
  'role.taken': { readonly role: string; readonly epoch: number };
  'role.lost': {
    readonly role: string;
    readonly epoch: number;
    readonly code: MeshErrorCode;
    readonly params: MeshErrorParams;
  };
  'round.opened': { readonly round: string; readonly leader: Did };
  'round.completed': { readonly round: string; readonly participants: number };
  'round.failed': {
    readonly round: string;
    readonly code: MeshErrorCode;
    readonly params: MeshErrorParams;
  };
}

/** Types of events, `noun.verb`. */
export type MeshEventType = keyof MeshEventData;

/** An event of type `T`. */
export interface MeshEventOf<T extends MeshEventType> {
  readonly at: string;
  readonly type: T;
  /** Id of the agent it is about. */
  readonly agent?: string;
  /** Organisation it is about. */
  readonly peer?: Did;
  /** Tenant of the client that tells it, where it is for one. */
  readonly tenant?: string;
  readonly data: MeshEventData[T];
}

/** Any event; `switch (event.type)` tells them apart. */
export type MeshEvent = { [T in MeshEventType]: MeshEventOf<T> }[MeshEventType];

/** Tells an event; `at` is added by the client. */
export type Emit = <T extends MeshEventType>(
  type: T,
  data: MeshEventData[T],
  about?: { readonly agent?: string; readonly peer?: Did },
) => void;

/** Whether `type` is selected by `patterns` such as `task.*`; no pattern selects all. */
export function eventMatches(type: string, patterns: readonly string[]): boolean {
  return (
    patterns.length === 0 ||
    patterns.some((pattern) =>
      pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern,
    )
  );
}
