/**
 * Credentials in forms that the core does not read itself, e.g. SD-JWT, where a presentation holds one.
 * @module
 */
import type { Did } from '../base/ids.ts';
import type { Clock } from './clock.ts';
import type { CryptoProvider, PublicKey } from './crypto.ts';
import type { KeySource } from './key-source.ts';

/** Who shows a credential, to whom; the presentation it is in was checked. */
export interface Showing {
  readonly holder: Did;
  /** The key that signed the presentation, where it is known. */
  readonly key?: PublicKey;
  readonly audience: string;
  /** What the verifier asked to be repeated, else what the presentation repeats. */
  readonly nonce?: string;
}

/** What a client lends to its forms. */
export interface FormGround {
  readonly keys: KeySource;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
}

/** A credential that was found to be signed and shown rightly. */
export interface OpenedCredential {
  /** As the data model 2.0 has it, with `nbf` and `exp` where the form has those. What it claims is judged elsewhere. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** Whose key signed it. */
  readonly signer: Did;
  /** What the signature covers. */
  readonly signed: string;
  /** Milliseconds since the key was known to be so. */
  readonly ageMs: number;
}

/** Opens credentials of one form. */
export interface CredentialForm {
  /** Media types of the envelopes it opens, e.g. `application/vc+sd-jwt`. */
  readonly mediaTypes: readonly string[];
  /**
   * Checks form, key, signature and binding of `content`; throws `CREDENTIAL_INVALID`, or `MODULE_MISSING` where the library of the
   * form is not installed.
   */
  open(content: string, showing: Showing, ground: FormGround): Promise<OpenedCredential>;
}
