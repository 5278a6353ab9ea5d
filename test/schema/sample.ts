import type { Shape } from '../../src/base/shape.ts';
import { type Path, signerOf } from './rig.ts';

/** One kind of document: a good one, and what breaks it. */
export interface Sample {
  readonly kind: string;
  readonly shape: Shape<unknown>;
  readonly good: unknown;
  /** An object in it where a newer peer may add members. */
  readonly open: Path;
  readonly broken: readonly (readonly [Path, unknown])[];
}

export const [a, b] = [signerOf(1), signerOf(2)];
export const at = '2026-01-31T23:59:59.000Z';
export const cid = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku';
export const multikey = a.did.slice('did:key:'.length);
/** A proof of the right form. */
export const proof = { keyId: a.keyId, signature: 'A'.repeat(86) };

/** What breaks the proof at `path`. */
export const proofBreaks = (path: Path): Sample['broken'] => [
  [[...path, 'proof'], undefined],
  [[...path, 'proof', 'keyId'], a.did],
  [[...path, 'proof', 'keyId'], `${a.did}#`],
  [[...path, 'proof', 'keyId'], 'key-1'],
  [[...path, 'proof', 'keyId'], `${a.did}#${'k'.repeat(600)}`],
  [[...path, 'proof', 'signature'], 'A'.repeat(84)],
  [[...path, 'proof', 'signature'], 'A'.repeat(85)],
  [[...path, 'proof', 'signature'], `${'A'.repeat(85)}B`],
  [[...path, 'proof', 'signature'], `${'A'.repeat(86)}==`],
  [[...path, 'proof', 'signature'], 64],
];
