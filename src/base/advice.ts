/**
 * What helps when something fails, one line for each code: the page of errors is made of it, and `explain` says it.
 * @module
 */
import type { MeshErrorCode } from './errors.ts';

/** What to do about each code. A code without a line here does not compile. */
export const advice: Readonly<Record<MeshErrorCode, string>> = {
  INVALID_ARGUMENT: 'Correct the argument named; `params` says what was expected and what came.',
  SCHEMA_INVALID:
    'The data at the path named has the wrong shape. If it is yours, correct it; if it came from a peer, it was refused before anything was done with it.',
  NOT_STARTED:
    'Await `start()` first, or call something that starts the client, e.g. `executeTask()`.',
  CLOSED: 'The object was closed, by you or by what owned it. Make a new one.',
  ABORTED: 'The `signal` you passed has fired. `cause` holds its reason.',
  TIMEOUT: 'Try again, or give the call more time.',
  LIMIT_EXCEEDED: 'Send less at once, or raise the limit named where you set it.',
  NOT_FOUND: 'Check the id. It may have been removed or have expired.',
  ALREADY_EXISTS: 'Take another name, or use what is there.',
  UNSUPPORTED: 'Choose an adapter or a platform that can do it; adapters declare their `features`.',
  MODULE_MISSING: 'Install the package named: it is an optional peer, loaded on first use.',
  INTERNAL:
    'A fault of the SDK or of your handler. `cause` has the first error; it never leaves the process.',
  CONFORMANCE_FAILED: 'The adapter under test breaks the rule named. See the case of the kit.',
  INVARIANT_BROKEN:
    'A law of the mesh was broken in a simulation: a fault of the SDK or of an extension. `prefix` holds the events up to there.',
  SEED_FAILED: 'Replay the seed with the command named; `cause` is the failure itself.',
  NOT_REPLAYABLE:
    'Take time, chance and I/O from the ports (`Clock`, `Random`, `Http`). `at` names the place that did not.',
  STORE_VERSION: 'The store was written by a newer release. Upgrade; nothing was changed in it.',
  STORE_FULL: 'Make room. What was refused was not written; what was acknowledged is kept.',
  STORE_CORRUPT: 'Restore the store from a backup. The SDK does not guess at what it cannot read.',
  STORE_FAILED: 'Look at `cause`: the engine below the store reported it.',
  DID_INVALID: 'Correct the DID; `detail` names the part at fault.',
  DID_METHOD_UNKNOWN: 'Add a resolver for that method to the client.',
  DID_NOT_FOUND: 'The DID does not exist, says whoever answers for it. Asking again will not help.',
  DID_UNREACHABLE: 'Nobody who could know was reached. Try again later.',
  DID_CONFLICT:
    'Somebody signed two histories for one DID. Trust neither until its holder has explained which is right.',
  DID_DEACTIVATED: 'Nobody signs in this name any more. Remove it from what you rely on.',
  KEY_INVALID: 'Use a key of the kind named. Keys with known weaknesses are refused.',
  KEY_REVOKED: 'Its holder has replaced the key. Ask for the same signed with the key of today.',
  IDENTITY_LOCKED: 'Pass the passphrase with which the keys were sealed.',
  CLOCK_INVALID: 'Set the clock of this machine, then do it again. Nothing was written.',
  PETNAME_UNKNOWN:
    'Get the whole identifier by a way you trust and pin the petname to it. Nobody else can say who is meant.',
  KEY_LOCKED:
    'Give the right pass phrase or PIN. A token counts wrong ones and locks itself; a key file that was changed cannot be opened any more.',
  SIGNER_FAILED:
    'The device or the module that holds the key reported a failure of its own; `params.detail` has its name for it.',
  SIGNATURE_INVALID: 'The data was changed, or signed by another key. Do not use it.',
  VERDICT_REFUSED:
    'Only this node and anchors named for `SlashingAttestation` or `QuarantineAttestation` are believed; `detail` says what is wrong.',
  CREDENTIAL_INVALID:
    'Ask the holder for a valid credential. `check` names the gate: signature, time, status, issuer, ...',
  PEER_UNREACHABLE:
    'Check the address and that the peer runs. Safe to try again: nothing was sent.',
  PEER_REJECTED: 'The peer does not want this session; `reason` is what it was willing to say.',
  HANDSHAKE_FAILED:
    'The other end does not speak the protocol, or its proof does not hold. Nothing was sent to it.',
  IDENTITY_MISMATCH:
    'Somebody else answered at that address. Check the address; nothing was sent to whoever it is.',
  IDENTITY_CONFLICT: 'Stop one of the two nodes, or give them different node names.',
  PROTOCOL_ERROR: 'The peer sent what no version of the protocol allows; the session was ended.',
  FRAME_TOO_LARGE: 'Send large values as a stream. A peer that sends such frames is cut off.',
  OVERLOADED: 'Slow down and try again; the queue named has a written bound.',
  HTTP_REFUSED:
    'The address, size, time or redirects of the request break the limits of the way out. `detail` says which.',
  AGENT_NOT_FOUND: 'Check the capability, or federate with somebody who offers it.',
  NO_CANDIDATE: '`params.refused` lists each candidate with the gate that refused and why.',
  POLICY_DENIED:
    '`params.determining` names the policies that decided; none means nothing permits it, so write a permit.',
  PEER_QUARANTINED:
    'Choose another peer. `mesh.trust.verdicts(peer)` shows who said so and until when; the peer may appeal.',
  TRUST_TOO_LOW: '`because` lists the factors. Trust grows with receipts and valid credentials.',
  SOVEREIGNTY_NO_REGION:
    'No agent in an allowed region offers this. Widen the rule or add a region.',
  BUDGET_EXCEEDED: 'Raise the budget of the call, or choose a cheaper agent.',
  LICENCE_MISSING: 'The licence of this tenant does not include the feature named.',
  APPROVAL_DENIED: 'A person said no, or nobody answered in time.',
  TASK_FAILED: 'The handler of the agent failed; its details stay with its organisation.',
  TASK_TIMEOUT: 'Give the task more time, or send it again with the same idempotency key.',
  TASK_UNCERTAIN:
    'The task may or may not have had its effect. Find out before you send it again with a new key.',
  TASK_SUSPENDED:
    'How a handler gives its task up until it is resumed or due. Let it pass: who catches it keeps the task running.',
  TASK_CANCELLED:
    'Somebody called the task off; `reason` is what they said. Nothing more comes of it.',
  TASK_INTERRUPTED:
    'The process ended again and again while the task ran. Find out whether the task is why, then submit it under a new key.',
  CHECKPOINT_VERSION:
    'A newer release of the agent wrote the checkpoint. Nothing is lost: the task stays suspended and goes on once an agent that reads the version is here.',
  STATE_CONFLICT:
    '`state` says how it stands now; what was asked for is possible from other states only.',
  ACTION_REFUSED: 'Ask for the action explicitly, or raise the autonomy level of the client.',
  TRIGGER_OVERLAP: 'The run was left out. Make the trigger rarer or its work shorter.',
  TRIGGER_MISSED:
    'The process was down or asleep at those times. With `catchUp` one run makes up for all of them.',
  MODEL_UNKNOWN: 'Name the model in the `models` of the client.',
  RECORD_INVALID: 'The record was not announced by whom it names, or has expired. It is not used.',
  RECEIPT_INVALID: 'Do not rely on the receipt; it counts as no evidence.',
  POLICY_SYNTAX: 'Correct the policy at the line and column named.',
  POLICY_UNSUPPORTED:
    'Rewrite the policy without the feature, or plug in an engine that knows it. It was not loaded.',
  ROLE_TAKEN:
    'Somebody else holds the role. Hold it with `standby: true` to take it when it is free.',
  ROLE_NO_MAJORITY:
    'Too few of the nodes in `among` were reached, or two asked at once. Try again; make sure that all run.',
  ROLE_LOST:
    'Stop what needs the role: somebody else may hold it any moment. Hold it again to go on, with a higher epoch.',
  ROLE_EPOCH_STALE:
    'The sender held the role once and does not know that it was lost. Refuse what it sent; it must stop.',
  ROUND_CLOSED: 'Wait for the next round.',
  ROUND_FAILED: '`detail` says what was missing: quorum, time, or an agreed model.',
  UPDATE_INVALID: 'The contribution has the wrong length, weight, or values, and was left out.',
};
