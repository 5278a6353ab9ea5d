/**
 * The delegations in a heap of tokens, found by whom they name. Nothing in them is proven.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import type { Did } from '../../../base/ids.ts';
import type { ShownDelegation } from './chains.ts';
import type { CredentialExaminer } from './credentials.ts';
import { delegationIn } from './delegation.ts';

/** The delegations to somebody. */
export type DelegationsTo = (delegate: Did) => readonly ShownDelegation[];

/** Sorts `tokens` when first asked; those that cannot be read are no delegations. */
export function delegationsAmong(
  tokens: readonly string[],
  examiner: Pick<CredentialExaminer, 'parse'>,
): DelegationsTo {
  let found: ReadonlyMap<Did, readonly ShownDelegation[]> | undefined;
  return (delegate) => {
    found ??= sorted(tokens, examiner);
    return found.get(delegate) ?? [];
  };
}

function sorted(
  tokens: readonly string[],
  examiner: Pick<CredentialExaminer, 'parse'>,
): ReadonlyMap<Did, readonly ShownDelegation[]> {
  const found = new Map<Did, ShownDelegation[]>();
  for (const token of new Set(tokens)) {
    const shown = read(token, examiner);
    const to = shown === undefined ? undefined : delegationIn(shown.credential)?.to;
    if (shown === undefined || to === undefined) continue;
    found.set(to, [...(found.get(to) ?? []), shown]);
  }
  return found;
}

function read(
  token: string,
  examiner: Pick<CredentialExaminer, 'parse'>,
): ShownDelegation | undefined {
  try {
    const { credential } = examiner.parse(token);
    return { token, credential };
  } catch (error) {
    if (!MeshError.is(error)) throw error;
    return undefined;
  }
}
