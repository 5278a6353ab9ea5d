/**
 * The roof: what an application holds.
 * @module
 */
export type { PerformActionOptions } from './actions.ts';
export type {
  Agent,
  AgentDefinition,
  CallOptions,
  DrainOptions,
  HandlerContext,
  HandlerResult,
  TaskPart,
  TaskResult,
  TaskStream,
  TriggeredInput,
} from './agent.ts';
export type { TaskDesk } from './durable-tasks.ts';
export type {
  ExplainedCandidate,
  ExplainedRefusal,
  ExplainedVerdict,
  TaskExplanation,
} from './explanation.ts';
export type { FederateOptions, FederationLink } from './federation-link.ts';
export { platformGround } from './ground.ts';
export { Identity } from './identity.ts';
export { type CloseOptions, MeshClient } from './mesh-client.ts';
export type { AuditSettings, MeshClientOptions, ResolutionOptions } from './options.ts';
export { sqliteStore } from './platform-store.ts';
export type { Schema, SchemaIssue, SchemaResult } from './standard-schema.ts';
export type { TaskReply } from './task-server.ts';
