/**
 * Whose word counts for what, about whom.
 * @module
 */
import type { Did } from '../../../base/ids.ts';
import type { Credential } from '../../../schema/credential.ts';

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

/**
 * Who has rights at first hand: the anchors, and this node itself, whose own word counts always. Each issuer is looked up at every
 * verdict, so the rights are made once.
 */
export function ownRights(
  anchors: readonly TrustAnchor[],
  self: Did,
): (issuer: Did) => readonly Right[] {
  const rights = new Map<Did, Right[]>();
  for (const { issuer, types, scope, depth = 0 } of anchors) {
    const right = {
      types,
      scopes: scope === undefined ? [] : [scope],
      depth: Math.min(depth, maxDepth),
    };
    rights.set(issuer, [...(rights.get(issuer) ?? []), right]);
  }
  rights.set(self, [{ types: 'every', scopes: [], depth: maxDepth }]);
  return (issuer) => rights.get(issuer) ?? none;
}

const none: readonly Right[] = [];

/** Whether a right lets its holder say that `credential` is of `type`. */
export function permits(right: Right, type: string, credential: Credential): boolean {
  return speaksOf(right, type) && right.scopes.every((scope) => isWithin(scope, credential));
}

/** Whether credentials of `type` are within a right at all. */
export function speaksOf({ types }: Right, type: string): boolean {
  return types === 'every' || types.includes(type);
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
