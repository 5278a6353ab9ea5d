/**
 * What is asked about one credential, and what came of it.
 * @module
 */
import type { Did } from '../../../base/ids.ts';
import type { CredentialStatus } from '../../../schema/credential-status.ts';
import { type Check, failedCheck, type RefusalReason } from '../credentials/refusals.ts';
import {
  gravest,
  type SaidStatus,
  type StatusList,
  type StatusProblem,
  statusIn,
} from './status-list.ts';

/** Whether a credential stands by its list, and how long that can be said. */
export interface StatusVerdict {
  readonly check: Check;
  /** Epoch milliseconds from which the list says nothing any more. */
  readonly until: number;
  /** What lists say that does not speak against it: messages, and that a newer one is to be had. */
  readonly said?: readonly SaidStatus[];
}

/** What is asked of one list about one credential. */
export interface Question {
  /** Of the list, as this node keeps it. */
  readonly name: string;
  readonly id: string;
  readonly issuer: Did;
  readonly entries: readonly CredentialStatus[];
  /** What the list of that date says. */
  answer?: Answer;
}

interface Answer {
  /** Epoch milliseconds since which the list holds. */
  readonly from: number;
  /** What is not against the credential. */
  readonly said: readonly SaidStatus[];
  readonly problem: StatusProblem | undefined;
}

/** Of a credential without a status. */
export const cannotBeRevoked: StatusVerdict = {
  until: Infinity,
  check: Object.freeze({ check: 'status', ok: true, detail: 'it cannot be revoked' }),
};

/** The verdict of all `verdicts`: each must let the credential stand. */
export function whole(
  verdicts: readonly (StatusVerdict | Promise<StatusVerdict>)[],
): StatusVerdict | Promise<StatusVerdict> {
  return verdicts.every(isHere) ? weakest(verdicts) : allOf(verdicts);
}

function isHere(verdict: StatusVerdict | Promise<StatusVerdict>): verdict is StatusVerdict {
  return 'check' in verdict;
}

async function allOf(
  verdicts: readonly (StatusVerdict | Promise<StatusVerdict>)[],
): Promise<StatusVerdict> {
  const known: StatusVerdict[] = [];
  for (const verdict of verdicts) known.push(await verdict);
  return weakest(known);
}

/** What is final comes before what may pass. */
function weakest(verdicts: readonly StatusVerdict[]): StatusVerdict {
  const failing = verdicts.filter(({ check }) => !check.ok);
  const final = failing.find(({ check }) => check.retryable !== true);
  return final ?? failing[0] ?? verdicts.reduce(both, cannotBeRevoked);
}

/** One question for each list. */
export function questionsIn(
  statuses: readonly CredentialStatus[],
  issuer: Did,
): readonly Question[] {
  if (statuses.length === 1) {
    // The case of nearly all, and each credential comes here once.
    const id = statuses[0]!.statusListCredential;
    return [{ name: nameOf(id, issuer), id, issuer, entries: statuses }];
  }
  const ids = new Set(statuses.map(({ statusListCredential }) => statusListCredential));
  return [...ids].map((id) => ({
    name: nameOf(id, issuer),
    id,
    issuer,
    entries: statuses.filter((status) => status.statusListCredential === id),
  }));
}

/** What `list` says of `entries`. */
export function answerIn(list: StatusList, entries: readonly CredentialStatus[]): Answer {
  const answers = entries.map((entry) => statusIn(list, entry));
  const problem = gravest(answers.flatMap((answer) => answer.problem ?? []));
  return { from: list.from, said: answers.map(({ said }) => said).filter(isSaid), problem };
}

function isSaid({ value }: SaidStatus): boolean {
  return value > 0;
}

/** A verdict on two statuses that are not against a credential: as good as the weaker one. */
function both(a: StatusVerdict, b: StatusVerdict): StatusVerdict {
  const until = Math.min(a.until, b.until);
  const ageMs = Math.max(a.check.ageMs ?? 0, b.check.ageMs ?? 0);
  const said = [...(a.said ?? []), ...(b.said ?? [])];
  return {
    until,
    check: { check: 'status', ok: true, ageMs },
    ...(said.length > 0 ? { said } : {}),
  };
}

/** The verdict that says `reason`. */
export function failed(reason: RefusalReason, detail?: string): StatusVerdict {
  return { until: 0, check: failedCheck(reason, detail) };
}

/** What this node calls the list `id` of `issuer`. */
export function nameOf(id: string, issuer: Did): string {
  return `${issuer} ${id}`;
}
