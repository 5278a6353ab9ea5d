/**
 * Peers that break a rule marked `@violation`: each refusal at one of this node's doors is told to trust. What somebody merely
 * asks the policies about accuses nobody.
 * @module
 */
import type { Json } from '../base/canonical.ts';
import type { Did } from '../base/ids.ts';
import type { Equivocation } from '../core/audit/index.ts';
import type { ViolationReport } from '../core/trust/index.ts';
import { parseSanction } from '../schema/sanction.ts';

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
  /** Revision of the policies. */
  readonly revision: () => number;
  /** What follows for a keeper that signed two heads of its log. */
  readonly equivocation: string;
  readonly violation: (report: ViolationReport) => Promise<unknown>;
  readonly failed: (error: unknown, peer: Did) => void;
}

/** Tells trust of rules that were broken. */
export class Violations {
  readonly #options: ViolationsOptions;

  /** `INVALID_ARGUMENT` for a sanction there is not. */
  constructor(options: ViolationsOptions) {
    parseSanction(options.equivocation, 'audit.equivocation');
    this.#options = options;
  }

  /** `subject` stood at a door, proven by its session, and this was the answer. */
  note({ subject: peer, action, resource }: DoorQuestion, decision: AccusingDecision): void {
    const { violation: broken, revision } = decision;
    if (broken === undefined || peer === this.#options.self) return;
    const { policies, sanction } = broken;
    this.#report({ peer, action, resource, policies, revision, sanction });
  }

  /** A keeper signed two heads of its log that cannot both be true: the heads prove it to everybody. */
  noteEquivocation({ first, second }: Equivocation): void {
    const { revision, equivocation: sanction } = this.#options;
    const { keeper: peer, log } = first;
    const [action, resource] = ['audit.equivocate', `log:${log}`];
    const policies = ['audit-equivocation'];
    const shown = { first, second } as unknown as Json;
    this.#report({ peer, action, resource, policies, revision: revision(), sanction, shown });
  }

  #report(report: ViolationReport): void {
    const { violation, failed } = this.#options;
    violation(report).catch((error: unknown) => {
      failed(error, report.peer);
    });
  }
}
