/**
 * The words of this door.
 * @module
 */
import type { Did, DidUrl } from '../../base/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider, PublicKey } from '../../ports/crypto.ts';
import type { KeySource } from '../../ports/key-source.ts';
import type { Random } from '../../ports/random.ts';
import type { Signer } from '../../ports/signer.ts';

/** Where the status of a credential stands in a Token Status List. */
export interface StatusReference {
  readonly uri: string;
  readonly idx: number;
}

/** Why a credential with `status` by `issuer` does not stand; undefined when it does. A throw counts as "does not stand". */
export type SdJwtStatusCheck = (
  status: Readonly<Record<string, unknown>>,
  issuer: Did,
) => Promise<string | undefined>;

/** Options of {@link SdJwtVc}. */
export interface SdJwtVcOptions {
  /** Where the keys of others come from, e.g. a `MeshClient`. */
  readonly keys: KeySource;
  /** Default: the platform's. */
  readonly crypto?: CryptoProvider;
  /** Default: the platform's. */
  readonly clock?: Clock;
  /** Salts of disclosures come from here. Default: the platform's. */
  readonly random?: Random;
  /** Looks up `status`. Without it a credential that has one is refused. */
  readonly status?: SdJwtStatusCheck;
}

/** {@link SdJwtVcOptions} with what they leave to the platform. */
export type SdJwtVcTools = SdJwtVcOptions & {
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly random: Random;
};

/** What is to be said. */
export interface SdJwtVcRequest {
  /** What kind of statement it is: a URL or another name nobody else uses. */
  readonly vct: string;
  /** What is said; names of the form itself (`iss`, `exp`, `_sd`, ...) are refused. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** Names of claims that the holder may keep to itself. Default: none. */
  readonly disclosable?: readonly string[];
  /** Whose key must sign when it is shown: a key of a DID, or a key by value. Default: it may be shown by anybody. */
  readonly holder?: DidUrl | PublicKey;
  /** Whom it is about (`sub`). */
  readonly subject?: string;
  /** Seconds it is valid. Default 7,776,000 (90 days). */
  readonly validForS?: number;
  readonly status?: { readonly status_list: StatusReference };
}

/** What is shown, and to whom. */
export interface SdJwtVcShowing {
  /** Names of the disclosable claims to show. Default: none. */
  readonly disclose?: readonly string[];
  /** What the verifier asked to be repeated. */
  readonly nonce: string;
  /** Whom it is for. */
  readonly audience: string;
}

/** What a verifier asks for. */
export interface SdJwtVcExpectation {
  /** The kind of statement; another is refused. */
  readonly vct: string;
  /** What was asked to be repeated, and who asked. `false` takes a credential that nobody shows: it may be stolen. */
  readonly binding: { readonly nonce: string; readonly audience: string } | false;
}

/** The verdict on a credential. */
export interface SdJwtVcVerdict {
  readonly valid: boolean;
  /** Why it is not valid: the check that failed, and what it found. */
  readonly because?: { readonly check: string; readonly detail: string };
  readonly issuer?: Did;
  /** Everything the token shows, disclosed claims in their places; present when `valid`. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** SD-JWT VC. */
export interface SdJwtVc {
  /** Signs a credential; `INVALID_ARGUMENT` for claims that have no place in one. */
  issue(request: SdJwtVcRequest, signer: Signer): Promise<string>;
  /** Shows a credential and no more of it than wanted, signed by its holder. */
  present(credential: string, showing: SdJwtVcShowing, holder: Signer): Promise<string>;
  /** Makes every check; a bad credential is a result, not an exception. */
  verify(token: string, expected: SdJwtVcExpectation): Promise<SdJwtVcVerdict>;
}
