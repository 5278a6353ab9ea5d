/**
 * The label that says where a store's bytes rest.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';

const wellFormed = /^[^\s\p{C}](?:[^\p{C}]{0,126}[^\s\p{C}])?$/u;

/** The feature that `residency` becomes; none when it is undefined. `INVALID_ARGUMENT` for what is no name. */
export function residencyFeature(residency: unknown): { readonly residency?: string } {
  if (residency === undefined) return {};
  if (typeof residency === 'string' && wellFormed.test(residency)) return { residency };
  const expected = 'a name of 1 to 128 printable characters';
  throw new MeshError('INVALID_ARGUMENT', { argument: 'residency', expected, got: residency });
}
