/**
 * The words of this door.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { KeySource } from '../../ports/key-source.ts';
import type { Signer } from '../../ports/signer.ts';

/** A credential of VC 1.1 as JSON, without its issuer: that is who signs. */
export interface Vc11Credential {
  /** Default: the context of VC 1.1 alone. */
  readonly '@context'?: readonly string[];
  readonly id?: string;
  /** `VerifiableCredential` is added where it is missing. */
  readonly type: readonly string[];
  readonly credentialSubject: Readonly<Record<string, unknown>>;
  /** When it begins. Default: now. */
  readonly issuanceDate?: string;
  readonly expirationDate?: string;
  readonly credentialStatus?: Readonly<Record<string, unknown>>;
  readonly [member: string]: unknown;
}

/** Why a credential with `status` by `issuer` does not stand; undefined when it does. A throw counts as "does not stand". */
export type Vc11StatusCheck = (
  status: Readonly<Record<string, unknown>>,
  issuer: Did,
) => Promise<string | undefined>;

/** Options of {@link vc11}. */
export interface Vc11Options {
  /** Where the keys of others come from, e.g. a `MeshClient`. */
  readonly keys: KeySource;
  /** Default: the platform's. */
  readonly crypto?: CryptoProvider;
  /** Default: the platform's. */
  readonly clock?: Clock;
  /** Looks up `credentialStatus`. Without it a credential that has one is refused. */
  readonly status?: Vc11StatusCheck;
}

/** {@link Vc11Options} with what they leave to the platform. */
export type Vc11Tools = Vc11Options & {
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
};

/** The verdict on one credential. */
export interface CredentialVerdict {
  readonly valid: boolean;
  /** Why it is not valid: the check that failed, and what it found. */
  readonly because?: { readonly check: string; readonly detail: string };
  readonly issuer?: Did;
  readonly subject?: string;
  /** The credential as VC 1.1 JSON; present when `valid`. */
  readonly credential?: Readonly<Record<string, unknown>>;
}

/** The verdict on a presentation and on each credential in it. */
export interface PresentationVerdict {
  readonly valid: boolean;
  readonly because?: { readonly check: string; readonly detail: string };
  readonly holder?: Did;
  /** In their order; present once the presentation itself holds. */
  readonly credentials?: readonly CredentialVerdict[];
}

/** Options of {@link Vc11.present}. */
export interface Vc11PresentOptions {
  /** What the verifier asked to be repeated (`nonce`). */
  readonly challenge: string;
  /** Whom it is for (`aud`). */
  readonly audience: string;
  /** Seconds it is valid. Default 300. */
  readonly validForS?: number;
}

/** Options of {@link Vc11.verifyPresentation}. */
export interface Vc11VerifyPresentationOptions {
  readonly challenge: string;
  readonly audience: string;
  /** Takes credentials about others than who shows them. Default false. */
  readonly anySubject?: boolean;
}

/** VC 1.1 as JWT. */
export interface Vc11 {
  /** Signs a credential; `INVALID_ARGUMENT` for what is none. */
  issue(credential: Vc11Credential, signer: Signer): Promise<string>;
  /** Makes every check; a bad credential is a result, not an exception. */
  verify(jwt: string): Promise<CredentialVerdict>;
  /** Shows `credentials` to one verifier, once. */
  present(
    credentials: readonly string[],
    signer: Signer,
    options: Vc11PresentOptions,
  ): Promise<string>;
  /** Makes every check of a presentation and of all credentials in it; valid only when each of them is. */
  verifyPresentation(
    jwt: string,
    options: Vc11VerifyPresentationOptions,
  ): Promise<PresentationVerdict>;
}
