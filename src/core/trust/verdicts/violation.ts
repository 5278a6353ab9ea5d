/**
 * What a peer did against the rules, signed by the node that saw it: the evidence behind an automatic verdict.
 * @module
 */
import type { Json } from '../../../base/canonical.ts';
import type { Did } from '../../../base/ids.ts';
import { integer, list, object, optional, type Shape, text, unknown } from '../../../base/shape.ts';
import { proofShape, type Signed } from '../../../schema/signed.ts';
import { did, instant } from '../../../schema/words.ts';

/** What was seen. */
export interface ViolationReport {
  /** Who did it, proven by its session. */
  readonly peer: Did;
  readonly action: string;
  readonly resource: string;
  /** Ids of the policies that forbid it. */
  readonly policies: readonly string[];
  /** Revision of the policies. */
  readonly revision: number;
  /** What the rule asks for: the text of its annotation `@violation`. */
  readonly sanction: string;
  /** What proves it to anybody, without this node's word: it becomes part of the evidence. Default: nothing does. */
  readonly shown?: Json;
}

/** The signed form. */
export interface Violation {
  readonly format: 1;
  readonly kind: 'policy-violation';
  readonly by: Did;
  readonly about: Did;
  readonly at: string;
  readonly action: string;
  readonly resource: string;
  readonly policies: readonly string[];
  readonly revision: number;
  readonly shown?: Json;
}

/** Parser of signed violations. */
export const violationShape: Shape<Signed<Violation>> = object({
  format: integer({ min: 1, max: 1 }),
  by: did,
  about: did,
  at: instant,
  action: text({ max: 256 }),
  resource: text({ max: 1_024 }),
  policies: list(text({ max: 128 }), { max: 64 }),
  revision: integer(),
  kind: optional(text({ max: 32 })),
  shown: optional(unknown),
  proof: proofShape,
}) as unknown as Shape<Signed<Violation>>;
