/**
 * How a round comes to one result although leaders may die: the single decree of Paxos, as pure functions.
 *
 * A leader asks the electorate to promise itself to a ballot, learns what an earlier ballot may have decided, proposes
 * that (or, if nothing was, its own result) and has a result once more than half have voted for it in one ballot. Two
 * majorities share a member, so no second result can come to be. Lamport, "Paxos Made Simple" (2001), section 2.
 * @module
 */
import { compareText, type Did } from '../../base/ids.ts';

/** One attempt of one leader; a leader uses each attempt once. */
export interface Ballot {
  /** From 1. */
  readonly attempt: number;
  readonly leader: Did;
}

/** What a member of the electorate has bound itself to. */
export interface Vow<Value> {
  /** It answers no lower ballot. */
  readonly promised?: Ballot;
  /** What it voted for last. */
  readonly accepted?: Accepted<Value>;
}

/** A vote that was cast. */
export interface Accepted<Value> {
  readonly ballot: Ballot;
  readonly value: Value;
}

/** Negative when `a` is the lower ballot. */
export function compareBallots(a: Ballot, b: Ballot): number {
  return a.attempt - b.attempt || compareText(a.leader, b.leader);
}

/** The vow after `ballot` was promised; undefined when a higher one was promised before. */
export function promise<Value>(vow: Vow<Value>, ballot: Ballot): Vow<Value> | undefined {
  return allows(vow, ballot) ? { ...vow, promised: ballot } : undefined;
}

/** The vow after a vote for `value` in `ballot`; undefined when a higher ballot was promised before. */
export function vote<Value>(vow: Vow<Value>, ballot: Ballot, value: Value): Vow<Value> | undefined {
  if (!allows(vow, ballot)) return undefined;
  return { promised: ballot, accepted: { ballot, value } };
}

/** What a leader must propose after hearing a majority: the value of the highest ballot, if any was voted for. */
export function decided<Value>(heard: Iterable<Accepted<Value> | undefined>): Value | undefined {
  let highest: Accepted<Value> | undefined;
  for (const accepted of heard) {
    if (accepted === undefined) continue;
    if (highest === undefined || compareBallots(accepted.ballot, highest.ballot) > 0) {
      highest = accepted;
    }
  }
  return highest?.value;
}

/** More than half of `electorate`. */
export function majority(electorate: number): number {
  return Math.floor(electorate / 2) + 1;
}

function allows(vow: Vow<unknown>, ballot: Ballot): boolean {
  return vow.promised === undefined || compareBallots(ballot, vow.promised) >= 0;
}
