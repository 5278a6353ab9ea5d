/**
 * The roof: what an application holds.
 * @module
 */
export type {
  Agent,
  AgentDefinition,
  CallOptions,
  HandlerContext,
  HandlerResult,
  TaskPart,
  TaskResult,
  TaskStream,
} from './agent.ts';
export type { FederateOptions, FederationLink } from './federation-link.ts';
export { Identity } from './identity.ts';
export { type CloseOptions, MeshClient } from './mesh-client.ts';
export type { MeshClientOptions } from './options.ts';
export type { Schema, SchemaIssue, SchemaResult } from './standard-schema.ts';
