/**
 * Whose word counts for what, about whom.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import type { Credential } from '../../schema/credential.ts';

/** Limits of what an issuer may say. What is left out is not limited. */
export interface AnchorScope {
  /**
   * Whom it may speak about: DIDs, or the beginning of a DID and `*` (`did:web:acme.example:*`). A credential without a subject
   * is outside every such list. The label inside a did:mesh is chosen by its holder, so a beginning that ends in one
   * limits the form of the name, not the party.
   */
  readonly subjects?: readonly string[];
  /** Which claims it may make, and with which values; a credential with any other claim is outside. */
  readonly claims?: Readonly<Record<string, 'any' | readonly (string | number | boolean)[]>>;
}

/** An issuer this node believes, for credentials of the given types and within `scope` only. */
export interface TrustAnchor {
  readonly issuer: Did;
  readonly types: readonly string[];
  readonly scope?: AnchorScope;
  /** How many times its right may be handed on, 0 to 5: 1 lets it name delegates, 2 lets those name further ones. Default 0. */
  readonly depth?: number;
}

/** What somebody may say: an anchor's right, or what is left of it after each time it was handed on. */
export interface Right {
  /** Types of credentials; `every` for this node itself. */
  readonly types: readonly string[] | 'every';
  /** All of them must permit a credential. */
  readonly scopes: readonly AnchorScope[];
  /** How many times it may still be handed on. */
  readonly depth: number;
}

/** The longest chain of delegations. */
export const maxDepth = 5;

/** The rights `issuer` has at first hand: as an anchor, or as this node itself, whose own word counts always. */
export function ownRights(
  issuer: Did,
  anchors: readonly TrustAnchor[],
  self: Did,
): readonly Right[] {
  if (issuer === self) return [{ types: 'every', scopes: [], depth: maxDepth }];
  const mine = anchors.filter((anchor) => anchor.issuer === issuer);
  return mine.map(({ types, scope, depth = 0 }) => ({
    types,
    scopes: scope === undefined ? [] : [scope],
    depth: Math.min(depth, maxDepth),
  }));
}

/** Whether a right lets its holder say that `credential` is of `type`. */
export function permits(right: Right, type: string, credential: Credential): boolean {
  return (
    (right.types === 'every' || right.types.includes(type)) &&
    right.scopes.every((scope) => isWithin(scope, credential))
  );
}

/** Whether `credential` is about somebody, and says what, `scope` allows. */
export function isWithin(scope: AnchorScope, { credentialSubject }: Credential): boolean {
  const { id, ...said } = credentialSubject;
  const { subjects, claims } = scope;
  if (!withinSubjects(subjects, id)) return false;
  return (
    claims === undefined ||
    Object.entries(said).every(([name, value]) => {
      const allowed = Object.hasOwn(claims, name) ? claims[name] : undefined;
      return allowed === 'any' || allowed?.includes(value as string) === true;
    })
  );
}

/** Whether `subjects`, as in {@link AnchorScope}, name `did`. */
export function withinSubjects(
  subjects: readonly string[] | undefined,
  did: string | undefined,
): boolean {
  if (subjects === undefined) return true;
  return did !== undefined && subjects.some((pattern) => matches(pattern, did));
}

function matches(pattern: string, did: string): boolean {
  return pattern.endsWith('*') ? did.startsWith(pattern.slice(0, -1)) : did === pattern;
}

/** The types a credential has beside the one all have. */
export function ownTypes({ type }: Credential): readonly string[] {
  return type.filter((name) => name !== 'VerifiableCredential');
}
