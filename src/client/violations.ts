/**
 * Peers that break a rule marked `@violation`: each refusal at one of this node's doors is told to trust. What somebody merely
 * asks the policies about accuses nobody.
 * @module
 */
import type { Did } from '../base/ids.ts';
import type { ViolationReport } from '../core/trust/index.ts';

/** A decision, as far as it can accuse. */
export interface AccusingDecision {
  readonly revision: number;
  readonly violation?: { readonly policies: readonly string[]; readonly sanction: string };
}

/** Who wanted to do what. */
export interface DoorQuestion {
  readonly subject: Did;
  readonly action: string;
  readonly resource: string;
}

/** Options of {@link Violations}. */
export interface ViolationsOptions {
  readonly self: Did;
  readonly violation: (report: ViolationReport) => Promise<unknown>;
  readonly failed: (error: unknown, peer: Did) => void;
}

/** Tells trust of rules that were broken. */
export class Violations {
  readonly #options: ViolationsOptions;

  constructor(options: ViolationsOptions) {
    this.#options = options;
  }

  /** `subject` stood at a door, proven by its session, and this was the answer. */
  note({ subject: peer, action, resource }: DoorQuestion, decision: AccusingDecision): void {
    const { self, violation, failed } = this.#options;
    const { violation: broken, revision } = decision;
    if (broken === undefined || peer === self) return;
    const { policies, sanction } = broken;
    violation({ peer, action, resource, policies, revision, sanction }).catch((error: unknown) => {
      failed(error, peer);
    });
  }
}
