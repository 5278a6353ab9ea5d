/**
 * What a round is given: by its user, by its node.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Random } from '../../ports/random.ts';
import type { Signer } from '../../ports/signer.ts';
import type { Emit } from '../../schema/mesh-event.ts';
import type { RoundName, Terms } from './messages.ts';
import type { Keys, Street } from './needs.ts';
import type { OutcomeCheck } from './outcome.ts';
import type { Shelf } from './shelf.ts';

/** The node's part, the same for all its rounds. */
export interface RoundSetting {
  readonly did: Did;
  readonly signer: Signer;
  readonly keys: Keys;
  readonly crypto: Pick<CryptoProvider, 'hash'> | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly street: Street;
  readonly shelf: Shelf;
  readonly emit: Emit;
  /** Rejects for peers whom policy or trust keep out of rounds of `task`. */
  readonly admit: (peer: Did, task: string) => Promise<void>;
  /** How long a leader may be silent before the next rank takes over. */
  readonly leaseMs: number;
  /** How long one vector may be under way. */
  readonly transferMs: number;
  /** Fires when the node closes. */
  readonly signal: AbortSignal;
}

/** The user's part. */
export interface RoundPlan {
  readonly name: RoundName;
  readonly id: string;
  readonly terms: Terms;
  /** Sorted; undefined when anyone whom policy lets in may take part. */
  readonly participants: readonly Did[] | undefined;
  readonly base: Float32Array | undefined;
  readonly deadlineMs: number;
}

/** The id of a round, the same at every node. */
export function roundId({ task, number }: RoundName): string {
  return `${task}#${String(number)}`;
}

/** What results of the round are measured against. */
export function checkOf(setting: RoundSetting, plan: RoundPlan): OutcomeCheck {
  const { keys, crypto, did, admit } = setting;
  return {
    round: plan.id,
    terms: plan.terms,
    keys,
    crypto,
    admit: (peer) => (peer === did ? Promise.resolve() : admit(peer, plan.name.task)),
  };
}
