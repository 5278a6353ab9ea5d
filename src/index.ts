/**
 * `@mesh/sdk`: run your part of an AI-agent mesh inside your own process. The rooms behind `mesh.trust`, `mesh.policy` and the others
 * stand here as types: a client makes them, and loads their code when it starts.
 * @module
 */
export { type MemoryStoreOptions, memoryStore } from './adapters/stores/memory.ts';
export {
  MemoryHub,
  type MemoryTransportOptions,
  memoryTransport,
} from './adapters/transports/memory.ts';
export type { Bytes } from './base/bytes.ts';
export type { Json } from './base/canonical.ts';
export type { Duration } from './base/duration.ts';
export {
  MeshError,
  type MeshErrorCode,
  type MeshErrorOptions,
  type MeshErrorParams,
  sentence,
  sentences,
  type WireError,
} from './base/errors.ts';
export type { Did, DidUrl } from './base/ids.ts';
export type { PublicJwk } from './base/jwk.ts';
export type { ScheduleSpec } from './base/schedule.ts';
export {
  type Agent,
  type AgentDefinition,
  type AuditSettings,
  type CallOptions,
  type CloseOptions,
  type DrainOptions,
  type ExplainedCandidate,
  type ExplainedRefusal,
  type ExplainedVerdict,
  type FederateOptions,
  type FederationLink,
  type HandlerContext,
  type HandlerResult,
  Identity,
  MeshClient,
  type MeshClientOptions,
  type PerformActionOptions,
  platformGround,
  type ResolutionOptions,
  type Schema,
  type SchemaIssue,
  type SchemaResult,
  sqliteStore,
  type TaskDesk,
  type TaskExplanation,
  type TaskPart,
  type TaskReply,
  type TaskResult,
  type TaskStream,
  type TriggeredInput,
} from './client/index.ts';
export type {
  AggregationRound,
  Aggregator,
  AggregatorOptions,
  Contribution,
  LatestResult,
  RoundOptions,
  RoundResult,
  Strategy,
} from './core/aggregation/index.ts';
export type {
  AgentDraft,
  AgentListing,
  AnnounceOptions,
  Discovery,
  DiscoveryOptions,
  Factors,
  LexicalIndex,
  LexicalIndexOptions,
  Observation,
  Observations,
  Reason,
  RecordBounds,
  SearchFilters,
  SearchQuery,
  TaskCandidate,
  TrustReading,
  ZoneOf,
} from './core/discovery/index.ts';
export type {
  AcceptRule,
  AddressBook,
  CallHandler,
  CallOptions as PeerCallOptions,
  Federation,
  FederationLimits,
  FederationOptions,
  FederationStats,
  HandleOptions,
  IncomingCall,
  IncomingStream,
  LocalIdentity,
  OpenTables,
  OutgoingStream,
  SessionLimits,
  SessionView,
  StreamHandler,
  Workload,
} from './core/federation/index.ts';
export type {
  CompromiseClaim,
  CreateIdentityOptions,
  CustodyOptions,
  Identity as OrganisationIdentity,
  IdentityChange,
  IdentityKey,
  IdentityLevel,
  NextSigner,
  OpenIdentityOptions,
  RecoverIdentityOptions,
  RecoveryKey,
  RotateOptions,
  VerifyOptions,
} from './core/identity/index.ts';
export {
  type AccessRequest,
  type Audience,
  type CedarEngineOptions,
  cedar,
  cedarEngine,
  type Decision,
  type DecisionLog,
  type DecisionMemoryOptions,
  type DecisionRecord,
  type EntitySource,
  type ExplainedPolicy,
  type Explanation,
  type Persistence,
  type Policy,
  type PolicyCache,
  type PolicyCacheOptions,
  type PolicyCallOptions,
  type PolicyChange,
  type PolicyStats,
  type Published,
  policyTemplates,
  type ViolatedRules,
} from './core/policy/index.ts';
export type {
  ActionResult,
  CheckpointFacts,
  CheckpointOptions,
  DurableTask,
  FinalState,
  ListOptions,
  OpenState,
  PerformOptions,
  Resumed,
  SubmitOptions,
  SuspendOptions,
  TaskBook,
  TaskContext,
  TaskEntry,
  TaskOutcome,
  TaskState,
  Trigger,
  Undoable,
  WaitOptions,
} from './core/tasks/index.ts';
export type {
  AnchorScope,
  AppealRequest,
  AttestationEdge,
  AttestationRequest,
  BookedAppeal,
  BookedCredential,
  BookedVerdict,
  Check,
  CheckName,
  CredentialEdge,
  CredentialInput,
  CredentialRequest,
  Delegation,
  DelegationLink,
  EvidenceBundle,
  EvidenceEdge,
  FactorName,
  FactorPart,
  FiledAppeal,
  GraphView,
  Histories,
  JudgedCredential,
  MergeResult,
  MermaidOptions,
  Neighbours,
  PresentationDemands,
  PresentationRequest,
  PresentationVerification,
  ProofOptions,
  QuarantineRequest,
  Reach,
  RefusalReason,
  SaidStatus,
  Skew,
  SlashRequest,
  Standing,
  TownCrier,
  TrustAnchor,
  TrustEdge,
  TrustEngine,
  TrustEngineOptions,
  TrustFactor,
  TrustGraph,
  TrustGraphJson,
  TrustScore,
  TrustState,
  TrustStatus,
  TrustWeights,
  TrustWeightsChoice,
  Verdict,
  VerdictEdge,
  VerdictRequest,
  Verification,
  VerifyRequest,
  ViolationReport,
} from './core/trust/index.ts';

export type { Anchor, AnchorProof } from './ports/anchor.ts';
export type { Clock } from './ports/clock.ts';
export type { Compression } from './ports/compression.ts';
export type {
  CredentialForm,
  FormGround,
  OpenedCredential,
  Showing,
} from './ports/credential-form.ts';
export type {
  Aead,
  AeadName,
  AgreementKey,
  Awaitable,
  CryptoProvider,
  HashName,
  PublicKey,
  SignatureKeyType,
  SigningKey,
} from './ports/crypto.ts';
export type { Embedder } from './ports/embedder.ts';
export type {
  Extensible,
  Extension,
  HeldRole,
  HoldRoleOptions,
  Host,
  HostActionResult,
  HostBroadcast,
  HostBroadcastOptions,
  HostDiscovery,
  HostFederation,
  HostPerformOptions,
  HostPolicy,
  HostQuestion,
  HostRoles,
  HostTask,
  HostTasks,
  HostTrust,
  PeerMessage,
  ReceiptContributor,
  ReceiptOccasion,
  SendOptions,
  SubjectEraser,
  SubjectErasure,
} from './ports/extension.ts';
export {
  type Budget,
  type Gate,
  type GateName,
  type GateOutcome,
  type GateRequest,
  gateOrder,
} from './ports/gate.ts';
export type { Http, HttpRequest, HttpResponse } from './ports/http.ts';
export type { FoundKey, KeyPurpose, KeySource } from './ports/key-source.ts';
export type { Logger, LogLevel } from './ports/logger.ts';
export type { Model, ModelUsage } from './ports/model.ts';
export type { Candidate, CandidateTrust, Placement, PlacementReason } from './ports/placement.ts';
export type {
  EngineDecision,
  Entity,
  EntityRef,
  PolicyEngine,
  PolicyOutcome,
  PolicyRequest,
  PolicySource,
  PolicyValue,
  PreparedPolicies,
} from './ports/policy-engine.ts';
export type { Random } from './ports/random.ts';
export type { DidResolver, Resolution, ResolveOptions } from './ports/resolver.ts';
export type { IndexDocument, IndexHit, SearchIndex } from './ports/search-index.ts';
export type { KeySigner, SignatureAlgorithm, Signer } from './ports/signer.ts';
export type {
  Change,
  Commit,
  Condition,
  Durability,
  Entry,
  Key,
  Op,
  Range,
  ReadOptions,
  Revision,
  Snapshot,
  Store,
  StoreFeatures,
  WriteOptions,
} from './ports/store.ts';
export type { IncomingCall as StreetCall, Street } from './ports/street.ts';
export { type Attributes, type Span, silent, type Telemetry } from './ports/telemetry.ts';
export type {
  Endpoint,
  Link,
  LinkEnd,
  LinkFacts,
  LinkHandler,
  Listener,
  Transport,
  TransportContext,
  TransportFeatures,
} from './ports/transport.ts';
export type { WorkerOptions, WorkerPool } from './ports/worker-pool.ts';
export type {
  Action,
  ActionContext,
  ActionEntry,
  ActionVerdict,
  AutonomyLevel,
} from './schema/action.ts';
export type { AgentState } from './schema/agent-life.ts';
export type { AgentRecord, Pricing, Risk, SignedAgentRecord } from './schema/agent-record.ts';
export type { Attestation, SignedAttestation } from './schema/attestation.ts';
export type { Credential, CredentialSubject } from './schema/credential.ts';
export type { CredentialStatus, StatusMessage } from './schema/credential-status.ts';
export type { ProofPurpose } from './schema/data-integrity-proof.ts';
export type {
  DidDocument,
  DidService,
  Relationship,
  ServiceEndpoint,
} from './schema/did-document.ts';
export type { CompromisedKey, DidLog, DidLogEntry } from './schema/did-log.ts';
export type {
  Emit,
  MeshEvent,
  MeshEventData,
  MeshEventOf,
  MeshEventType,
} from './schema/mesh-event.ts';
export type { Outcome, Receipt, SignedReceipt, Usage } from './schema/receipt.ts';
export type { Proof, ProofVerifier, Signed } from './schema/signed.ts';
export type { Sovereignty, Task, TaskRequest, Zone } from './schema/task.ts';
export type { Acceptance, TrustEvidence } from './schema/trust-evidence.ts';
export type {
  TrustAppeal,
  TrustRelease,
  TrustVerdict,
  VerdictType,
} from './schema/trust-verdict.ts';
export type { VerificationKey, VerificationMethod } from './schema/verification-method.ts';
