/**
 * May this happen? Policies in the Cedar language, written by the organisation, decide on every step across its
 * border: whom it meets, what it sends, what it does for others. Nothing is permitted unless a policy permits it, a
 * forbid overrides every permit, and a forbid that cannot be evaluated forbids. Decisions are made from memory;
 * policies change while the mesh runs.
 * @module
 */
export { cedar } from './cedar.ts';
export type { PolicyChange } from './change-feed.ts';
export type {
  AccessRequest,
  Decision,
  ExplainedPolicy,
  Explanation,
  ViolatedRules,
} from './decision.ts';
export type { DecisionMemoryOptions } from './decision-memory.ts';
export { houseRules } from './house-rules.ts';
export { type CedarEngineOptions, cedarEngine } from './language/cedar-engine.ts';
export type { DecisionLog, DecisionRecord, EntitySource, Persistence } from './needs.ts';
export type { Policy } from './policy.ts';
export {
  PolicyCache,
  type PolicyCacheOptions,
  type PolicyCallOptions,
  type PolicyStats,
  type Published,
} from './policy-cache.ts';
export { type Audience, policyTemplates } from './policy-templates.ts';
