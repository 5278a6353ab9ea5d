/**
 * Errors which cross the public boundary: one class, many codes. Branch on {@link MeshError.code}, never on the message.
 * A failure is data, `{ code, params }`; its English sentence comes from {@link sentences}, so it can be said in any language.
 * @module
 */

/** The English sentence of each code; `{name}` stands for a parameter. Codes are stable, sentences may be reworded. */
export const sentences = {
  // Arguments and lifecycles
  INVALID_ARGUMENT: "argument '{argument}' must be {expected}, got {got}",
  SCHEMA_INVALID: "'{at}' must be {expected}, got {got}",
  NOT_STARTED: '{what} is not known before start()',
  CLOSED: '{what} is closed',
  ABORTED: '{what} was aborted',
  TIMEOUT: '{what} did not finish within {ms} ms',
  LIMIT_EXCEEDED: '{what} is limited to {limit}, got {got}',
  NOT_FOUND: "{what} '{id}' does not exist",
  ALREADY_EXISTS: "{what} '{id}' exists already",
  UNSUPPORTED: '{feature} is not supported by {by}',
  MODULE_MISSING: "{feature} needs the package '{module}': npm install {module}",
  INTERNAL: 'an internal error occurred in {what}',
  CONFORMANCE_FAILED: '{detail}',
  INVARIANT_BROKEN: "'{invariant}' broke at {at} ms: {detail} (seed {seed}; replay: {replay})",
  NOT_REPLAYABLE: '{what} was called in a simulation, which could not be repeated then: {at}',
  SEED_FAILED: 'seed {seed} fails: {detail}; faults needed: {faults}; replay: {replay}',

  // Stores
  STORE_VERSION: 'store {store} has format {found}, this release reads up to {supported}',
  STORE_FULL: 'store {store} has no room left',
  STORE_CORRUPT: 'store {store} cannot be read: {detail}',
  STORE_FAILED: 'store {store} failed: {detail}',

  // Identity and signatures
  DID_INVALID: "'{did}' is not a valid DID: {detail}",
  DID_METHOD_UNKNOWN: "DID method '{method}' is not configured",
  DID_NOT_FOUND: "'{did}' does not exist",
  DID_UNREACHABLE: "'{did}' could not be asked for: {detail}",
  DID_CONFLICT: "two different histories claim '{did}'",
  DID_DEACTIVATED: "'{did}' was ended by its holder",
  KEY_INVALID: 'the key {key} is not usable: {detail}',
  KEY_REVOKED: 'the key {key} is not to be believed: {detail}',
  IDENTITY_LOCKED: 'the secret keys of {did} stay sealed: {detail}',
  CLOCK_INVALID: 'the clock says {now}, which cannot be: {detail}',
  PETNAME_UNKNOWN: "the petname '{did}' is pinned to no identifier here",
  KEY_LOCKED: 'the key {key} stays locked: {detail}',
  SIGNER_FAILED: 'the signer {signer} failed: {detail}',
  SIGNATURE_INVALID: 'the signature of {what} does not verify',
  VERDICT_REFUSED: "the verdict '{verdict}' was refused: {detail}",
  CREDENTIAL_INVALID: 'the credential was refused by check {check}: {detail}',

  // The street
  PEER_UNREACHABLE: '{peer} cannot be reached: {detail}',
  PEER_REJECTED: '{peer} refused: {reason}',
  HANDSHAKE_FAILED: 'the handshake failed at {step}: {detail}',
  IDENTITY_MISMATCH: "expected '{expected}', the peer proved to be '{got}'",
  IDENTITY_CONFLICT: "two live nodes call themselves '{node}' of '{did}'",
  PROTOCOL_ERROR: 'the peer broke the protocol: {detail}',
  FRAME_TOO_LARGE: 'a frame of {size} bytes exceeds the limit of {limit}',
  OVERLOADED: '{what} is full (limit {limit})',
  HTTP_REFUSED: "the request to '{url}' was refused: {detail}",

  // Tasks
  AGENT_NOT_FOUND: "no agent offers '{capability}'",
  NO_CANDIDATE: "every agent for '{capability}' was refused ({refused})",
  POLICY_DENIED: "policy denies '{action}' on '{resource}' ({determining})",
  PEER_QUARANTINED: "'{peer}' is in quarantine until {until}: {reason}",
  TRUST_TOO_LOW: "trust in '{peer}' is {score}, needed is {needed}: {because}",
  SOVEREIGNTY_NO_REGION: "no region allowed by '{sovereignty}' offers '{capability}'",
  BUDGET_EXCEEDED: 'the budget of {budget} does not cover {cost}',
  LICENCE_MISSING: "the licence does not cover '{feature}'",
  APPROVAL_DENIED: "'{title}' was not approved",
  TASK_FAILED: "task '{task}' failed at the agent",
  TASK_TIMEOUT: "task '{task}' did not finish within {ms} ms",
  TASK_UNCERTAIN:
    "task '{task}' may have run before the agent's node stopped; its effect is unknown",
  TASK_SUSPENDED: "task '{task}' waits to be resumed",
  TASK_CANCELLED: "task '{task}' was cancelled: {reason}",
  TASK_INTERRUPTED: "task '{task}' was interrupted {attempts} times and is not begun again",
  CHECKPOINT_VERSION:
    "the checkpoint of task '{task}' has version {found}, agent '{agent}' reads up to {supported}",
  STATE_CONFLICT: "{what} '{id}' is {state}, so it cannot {move}",
  ACTION_REFUSED: "the autonomy level '{level}' does not let '{kind}' happen unasked",
  TRIGGER_OVERLAP: "trigger {trigger} of '{agent}' came while its last run was still going on",
  TRIGGER_MISSED: "trigger {trigger} of '{agent}' missed {count} runs",
  MODEL_UNKNOWN: "model '{model}' is not configured",
  RECORD_INVALID: "agent record '{id}' was refused: {detail}",
  RECEIPT_INVALID: "receipt '{id}' was refused: {detail}",

  // Policy
  POLICY_SYNTAX: 'policy syntax error at line {line}, column {column}: {detail}',
  POLICY_UNSUPPORTED:
    "the policy uses '{feature}' at line {line}, which this engine does not evaluate",

  // Roles
  ROLE_TAKEN: "role '{role}' is held by {holder} at epoch {epoch}",
  ROLE_NO_MAJORITY: "role '{role}' needs the word of {needed} of {among} nodes, got {got}",
  ROLE_LOST: "role '{role}' was lost at epoch {epoch}: {detail}",
  ROLE_EPOCH_STALE: "epoch {epoch} of role '{role}' is over, current is {current}",

  // Learning together
  ROUND_CLOSED: "round '{round}' takes no more contributions",
  ROUND_FAILED: "round '{round}' ended without a result: {detail}",
  UPDATE_INVALID: "the model update for round '{round}' was refused: {detail}",
} as const;

/** Every failure the SDK can report. */
export type MeshErrorCode = keyof typeof sentences;

/** What an error says about its case; plain data, safe to log and to localise. */
export type MeshErrorParams = Readonly<Record<string, unknown>>;

/** Options of {@link MeshError}. */
export interface MeshErrorOptions {
  /** The lower-level failure which led to this one. Never leaves the process. */
  readonly cause?: unknown;
  /** Whether the same call may succeed later without a change. Default: depends on the code. */
  readonly retryable?: boolean | undefined;
}

/** The part of an error that may cross to another organisation: no stack, no cause. */
export interface WireError {
  readonly code: MeshErrorCode;
  readonly params: MeshErrorParams;
  readonly retryable: boolean;
}

// Symbol.for survives two copies of the package in one process, where `instanceof` does not.
const brand: unique symbol = Symbol.for('mesh.error') as never;

const retryableCodes: ReadonlySet<MeshErrorCode> = new Set<MeshErrorCode>([
  'TIMEOUT',
  'DID_UNREACHABLE',
  'PEER_UNREACHABLE',
  'OVERLOADED',
  'STORE_FULL',
  'TASK_TIMEOUT',
  'ROLE_TAKEN',
  'ROLE_NO_MAJORITY',
]);

/**
 * The one error class of the SDK.
 *
 * @example
 * ```ts
 * const error = new MeshError('CLOSED', { what: 'the session' });
 * console.log(error.code, error.message); // CLOSED the session is closed
 * ```
 */
export class MeshError extends Error {
  readonly [brand] = true;
  override readonly name: string = 'MeshError';
  readonly code: MeshErrorCode;
  readonly params: MeshErrorParams;
  readonly retryable: boolean;

  constructor(code: MeshErrorCode, params: MeshErrorParams = {}, options: MeshErrorOptions = {}) {
    super(sentence(code, params), 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.params = params;
    this.retryable = options.retryable ?? retryableCodes.has(code);
  }

  /** True when `value` is a {@link MeshError} from any copy of this package, optionally with one of `codes`. */
  static is(value: unknown, ...codes: MeshErrorCode[]): value is MeshError {
    if (typeof value !== 'object' || value === null || !(brand in value)) return false;
    return codes.length === 0 || codes.includes((value as MeshError).code);
  }

  /** The error as it may be sent to another organisation: its params as bounded plain JSON data. */
  toWire(): WireError {
    const params = portable(this.params, 0) as MeshErrorParams;
    return { code: this.code, params, retryable: this.retryable };
  }
}

/** Renders `code` with `params` from `table`; a parameter that is missing stays visible as `{name}`. */
export function sentence(
  code: MeshErrorCode,
  params: MeshErrorParams,
  table: Readonly<Partial<Record<MeshErrorCode, string>>> = sentences,
): string {
  const template = table[code] ?? sentences[code];
  return template.replace(/\{(\w+)\}/g, (hole, name: string) =>
    name in params ? printable(params[name]) : hole,
  );
}

/** What `value` looks like in a message: one line, at most 120 characters, never a secret-sized dump. */
export function printable(value: unknown): string {
  const text = typeof value === 'string' ? value : describe(value);
  const short = text.length > 120 ? `${text.slice(0, 117)}...` : text;
  // Foreign text must not start a line of its own in a log, nor steer a terminal.
  return short.toWellFormed().replace(/\p{Cc}/gu, ' ');
}

/** Turns what was thrown somewhere into a MeshError; foreign errors become `INTERNAL` of `what`, kept as cause. */
export function toMeshError(thrown: unknown, what: string): MeshError {
  if (MeshError.is(thrown)) return thrown;
  return new MeshError('INTERNAL', { what }, { cause: thrown });
}

// Whatever a peer sent may stand here, so nothing of the value is trusted: not its depth, its size or its members.
function describe(value: unknown): string {
  if (value instanceof Uint8Array) return `${String(value.length)} bytes`;
  if (Array.isArray(value)) return value.slice(0, 120).map(item).join(', ');
  if (typeof value === 'object' && value !== null) {
    const name: unknown = (value.constructor as { name?: unknown } | null | undefined)?.name;
    return typeof name !== 'string' || name === 'Object' ? 'an object' : `a ${name}`;
  }
  return String(value);
}

function item(value: unknown): string {
  return Array.isArray(value) ? 'a list' : printable(value);
}

const wireDepth = 4;
const wireMembers = 64;
const wireText = 1_024;

/** `value` as JSON data that any peer can be sent; what JSON cannot carry is described. */
function portable(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return value.slice(0, wireText).toWellFormed();
  if (typeof value === 'boolean' || value === null || value === undefined) return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value !== 'object' || depth >= wireDepth) return printable(value);
  if (Array.isArray(value)) {
    return Array.from(value.slice(0, wireMembers), (entry) => portable(entry, depth + 1) ?? null);
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return printable(value);
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, wireMembers)
      .map(([key, member]) => [key.slice(0, wireText).toWellFormed(), portable(member, depth + 1)]),
  );
}
