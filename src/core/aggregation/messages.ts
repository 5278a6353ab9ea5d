/**
 * What participants of a round say to each other. Everything here came from outside until its shape has looked at it.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import {
  boolean,
  integer,
  list,
  object,
  oneOf,
  optional,
  refused,
  type Shape,
  text,
} from '../../base/shape.ts';
import { type ModelUpdateHeader, modelUpdateHeaderShape } from '../../schema/model-update.ts';
import { proofShape, type Signed } from '../../schema/signed.ts';
import { did, name } from '../../schema/words.ts';
import type { Ballot } from './ballot.ts';
import { sizeLimit } from './fedavg.ts';

/** The most participants of a round. */
export const participantLimit = 1_000;

/** How contributions become one model. Both are the same mean; `fedprox` tells the participants how they train. */
export type Strategy = 'fedavg' | 'fedprox';

/** Which round is meant. */
export interface RoundName {
  readonly task: string;
  readonly number: number;
}

/** What all participants of a round must have agreed on before. */
export interface Terms {
  readonly strategy: Strategy;
  readonly minParticipants: number;
  /** CID of the sorted list of participants; absent when anyone whom policy lets in may take part. */
  readonly participants?: string;
  /** CID of the weights that contributions change; absent when there are none. */
  readonly base?: string;
}

/** The result of a round, as its leader signed it; the weights stand in by their hash. */
export interface ResultHeader {
  readonly format: 1;
  readonly type: 'result';
  readonly round: string;
  readonly leader: Did;
  readonly terms: Terms;
  /** Who may vote on the result: sorted, each once. */
  readonly electorate: readonly Did[];
  /** What went in, as the participants signed it. */
  readonly contributions: readonly Signed<ModelUpdateHeader>[];
  readonly size: number;
  /** CID of the weights' little-endian float32 bytes. */
  readonly weightsHash: string;
}

/** A result that is put to the vote. */
export interface Proposal {
  readonly header: Signed<ResultHeader>;
  readonly weights: Float32Array;
}

/** One member's signed word that it takes a result. */
export interface Vote {
  readonly format: 1;
  readonly type: 'vote';
  readonly round: string;
  readonly ballot: Ballot;
  readonly voter: Did;
  readonly weightsHash: string;
}

/** A result with the votes that made it final. */
export interface Outcome extends Proposal {
  readonly votes: readonly Signed<Vote>[];
}

/** Answer to `round.announce`. */
export interface Announced {
  /** Whether the answering node takes part, and on which terms. */
  readonly terms?: Terms;
  /** Whether the round is over there, with a result. */
  readonly completed: boolean;
}

/** Answer to `round.fetch`. */
export type Status =
  | {
      readonly state: 'open';
      /** Whom the answering node takes for the leader. */
      readonly leader?: Did;
      /** Whether it takes contributions. */
      readonly ready: boolean;
      /** Whether it has the asking node's. */
      readonly has: boolean;
      /** Until its deadline. */
      readonly leftMs: number;
    }
  | { readonly state: 'completed'; readonly outcome: Outcome }
  | { readonly state: 'failed'; readonly detail: string; readonly missing: readonly Did[] }
  | {
      /** Not taking part; `latest` is the last result it keeps, if any. */
      readonly state: 'unknown';
      readonly latest?: number;
    };

/** Answer to `round.contribute`. */
export type Receipt = { readonly accepted: true } | { readonly leader?: Did };

/** Answer to `round.prepare`. */
export type Promised =
  | {
      readonly state: 'promised';
      readonly accepted?: { readonly ballot: Ballot; readonly value: Proposal };
    }
  | { readonly state: 'refused'; readonly promised?: Ballot; readonly electorate?: readonly Did[] }
  | { readonly state: 'completed' };

/** Answer to `round.propose`. */
export type Voted =
  | { readonly state: 'voted'; readonly vote: Signed<Vote> }
  | { readonly state: 'refused'; readonly promised?: Ballot }
  | { readonly state: 'completed' };

const hash = text({ min: 1, max: 128 });
const members = list(did, { max: participantLimit });

/** Parsers of what each message begins with. */
export const roundNameMembers = { task: name, number: integer({ min: 1, max: 1e9 }) };

/** Parser of a round's name. */
export const roundNameShape: Shape<RoundName> = object(roundNameMembers);

/** Parser of terms. */
export const termsShape: Shape<Terms> = object({
  strategy: oneOf('fedavg', 'fedprox'),
  minParticipants: integer({ min: 1, max: participantLimit }),
  participants: optional(hash),
  base: optional(hash),
});

/** Parser of a ballot. */
export const ballotShape: Shape<Ballot> = object({
  attempt: integer({ min: 1, max: 1e9 }),
  leader: did,
});

/** Parser of vectors: finite numbers, at most {@link sizeLimit}. */
export const vectorShape: Shape<Float32Array> = (value, at) => {
  if (!(value instanceof Float32Array) || value.length < 1 || value.length > sizeLimit) {
    throw refused(at, `a Float32Array of 1 to ${String(sizeLimit)}`, value);
  }
  if (!value.every(Number.isFinite)) throw refused(at, 'finite numbers only', 'NaN or infinity');
  return value;
};

const resultHeaderShape = object({
  format: integer({ min: 1, max: 1 }),
  type: oneOf('result'),
  round: text({ min: 1, max: 200 }),
  leader: did,
  terms: termsShape,
  electorate: members,
  contributions: list(modelUpdateHeaderShape, { max: participantLimit }),
  size: integer({ min: 1, max: sizeLimit }),
  weightsHash: hash,
  proof: proofShape,
}) as unknown as Shape<Signed<ResultHeader>>;

/** Parser of a vote. */
export const voteShape = object({
  format: integer({ min: 1, max: 1 }),
  type: oneOf('vote'),
  round: text({ min: 1, max: 200 }),
  ballot: ballotShape,
  voter: did,
  weightsHash: hash,
  proof: proofShape,
}) as unknown as Shape<Signed<Vote>>;

/** Parser of a proposal. */
export const proposalShape: Shape<Proposal> = object({
  header: resultHeaderShape,
  weights: vectorShape,
});

/** Parser of the votes on a result. */
export const votesShape = list(voteShape, { max: participantLimit });

/** Parser of an outcome. */
export const outcomeShape: Shape<Outcome> = object({
  header: resultHeaderShape,
  weights: vectorShape,
  votes: votesShape,
});

const acceptedShape = object({ ballot: ballotShape, value: proposalShape });

/** Parser of a vow, as this node itself has stored it. */
export const vowShape = object({
  promised: optional(ballotShape),
  accepted: optional(acceptedShape),
});

/** Parser of the body of `round.announce`. */
export const announceShape = object({ ...roundNameMembers, terms: termsShape });

/** Parser of the answer to `round.announce`. */
export const announcedShape: Shape<Announced> = object({
  terms: optional(termsShape),
  completed: boolean,
});

/** Parser of the body of `round.prepare`. */
export const prepareShape = object({
  ...roundNameMembers,
  ballot: ballotShape,
  electorate: members,
});

/** Parser of the body of `round.propose`. */
export const proposeShape = object({
  ...roundNameMembers,
  ballot: ballotShape,
  proposal: proposalShape,
});

/** Parser of the body of `round.result`. */
export const resultShape = object({ ...roundNameMembers, votes: votesShape });

/** Parser of the answer to `round.contribute`. */
export const receiptShape: Shape<Receipt> = (value, at) => {
  const { accepted, leader } = object({ accepted: optional(boolean), leader: optional(did) })(
    value,
    at,
  );
  if (accepted === true) return { accepted };
  return leader === undefined ? {} : { leader };
};

const stateShape = object({ state: text({ max: 16 }) });

/** A parser that looks at `state` first. */
function byState<T>(shapes: Readonly<Record<string, Shape<unknown>>>): Shape<T> {
  return (value, at) => {
    const { state } = stateShape(value, at);
    const shape = Object.hasOwn(shapes, state) ? shapes[state] : undefined;
    if (shape === undefined) throw refused(`${at}.state`, 'a known state', state);
    return shape(value, at) as T;
  };
}

const bare = object({});

/** Parser of the answer to `round.fetch`. */
export const statusShape = byState<Status>({
  open: object({
    leader: optional(did),
    ready: boolean,
    has: boolean,
    leftMs: integer({ max: 1e10 }),
  }),
  completed: object({ outcome: outcomeShape }),
  failed: object({ detail: text({ max: 2_000 }), missing: members }),
  unknown: object({ latest: optional(roundNameMembers.number) }),
});

/** Parser of the answer to `round.prepare`. */
export const promisedShape = byState<Promised>({
  promised: object({ accepted: optional(acceptedShape) }),
  refused: object({ promised: optional(ballotShape), electorate: optional(members) }),
  completed: bare,
});

/** Parser of the answer to `round.propose`. */
export const votedShape = byState<Voted>({
  voted: object({ vote: voteShape }),
  refused: object({ promised: optional(ballotShape) }),
  completed: bare,
});
