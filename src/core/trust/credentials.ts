/**
 * Is this credential really its issuer's, and does it hold today? Cheap checks first, one signature check at most.
 * @module
 */
import { utf8 } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import type { Did, DidUrl } from '../../base/ids.ts';
import { toMultikey } from '../../base/multiformat.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Resolution } from '../../ports/resolver.ts';
import type { Credential } from '../../schema/credential.ts';
import { publicKeyOf } from '../../schema/verification-method.ts';
import { type Claims, readClaims, type Skew, timeProblem } from './claims.ts';
import { type Jws, keyIdOf, parseJws, refusal } from './jws.ts';
import type { Keys } from './needs.ts';
import { Recent } from './recent.ts';

/** The checks, in the order they are made. The first that fails is the last. */
export type CheckName =
  | 'form'
  | 'header'
  | 'claims'
  | 'issuer'
  | 'time'
  | 'key'
  | 'signature'
  | 'status'
  | 'anchor';

/** One check of a credential. */
export interface Check {
  readonly check: CheckName;
  readonly ok: boolean;
  readonly detail?: string;
  /** Milliseconds since what the check went by was fetched or signed. */
  readonly ageMs?: number;
  /** The check may succeed later without a change of the credential. */
  readonly retryable?: boolean;
}

/** What came out of the checks a credential can pass by itself. */
export interface Examination {
  readonly ok: boolean;
  readonly checks: readonly Check[];
  /** Present once the claims could be read; believe it only when `ok`. */
  readonly claims?: Claims;
}

/** Type of the tokens (VC-JOSE-COSE, section 3.1.1). */
export const credentialType = 'vc+jwt';

/** Options of {@link CredentialExaminer}. */
export interface CredentialExaminerOptions {
  readonly keys: Keys;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly skew?: Skew;
}

interface Known extends ParsedCredential {
  /** Multikey under which the signature was found good: that never changes, so it is never checked again. */
  signedBy?: string;
}

/** A token that could be read. Nothing in it is proven. */
export interface ParsedCredential {
  readonly jws: Jws;
  readonly claims: Claims;
  readonly keyId: DidUrl;
  readonly issuer: Did;
  readonly credential: Credential;
}

/** Tokens whose reading and signature are remembered. */
const memoryLimit = 4_096;
/** Longer tokens are status lists, which are read once: remembering them would only take room. */
const rememberedLength = 8_192;
/** The checks that `parse` makes. */
const parsingChecks = ['form', 'header', 'claims', 'issuer'] as const;

/** Examines credentials; remembers what cannot change and judges everything else anew each time. */
export class CredentialExaminer {
  readonly #options: CredentialExaminerOptions;
  readonly #known = new Recent<string, Known>(memoryLimit);
  /** Signatures computed so far. */
  signatureChecks = 0;

  constructor(options: CredentialExaminerOptions) {
    this.#options = options;
  }

  /** Reads `token` without believing it; throws `CREDENTIAL_INVALID`. */
  parse(token: string): ParsedCredential {
    return this.#parse(token);
  }

  /** Makes every check up to the signature. `expiry: false` takes what has ended. Never throws for a bad credential. */
  async examine(token: string, options: { expiry?: boolean } = {}): Promise<Examination> {
    const checks: Check[] = [];
    let claims: Claims | undefined;
    try {
      const known = this.#parse(token);
      claims = known.claims;
      for (const check of parsingChecks) checks.push({ check, ok: true });
      checks.push(this.#checkTime(claims, options.expiry ?? true));
      const { multikey, publicKey, ageMs } = await this.#authorisedKey(known);
      checks.push({ check: 'key', ok: true, ageMs });
      if (publicKey !== undefined) await this.#checkSignature(known, publicKey);
      known.signedBy = multikey;
      checks.push({ check: 'signature', ok: true });
      return { ok: true, checks, claims };
    } catch (error) {
      if (!MeshError.is(error, 'CREDENTIAL_INVALID')) throw error;
      addFailure(checks, error);
      return { ok: false, checks, ...(claims === undefined ? {} : { claims }) };
    }
  }

  #parse(token: string): Known {
    // The digest, not the token, is kept as the name: a long token then costs no memory beyond what was read of it.
    const name = String.fromCharCode(...this.#options.crypto.hash('sha256', utf8(token)));
    const remembered = this.#known.get(name);
    if (remembered !== undefined) return remembered;
    const jws = parseJws(token, credentialType);
    const { keyId, did } = keyIdOf(jws);
    const claims = readClaims(jws.payload);
    const { credential } = claims;
    if (did !== credential.issuer) throw refusal('issuer', 'kid is a key of somebody else');
    const known: Known = { jws, claims, keyId, issuer: did, credential };
    if (token.length <= rememberedLength) this.#known.set(name, known);
    return known;
  }

  #checkTime(claims: Claims, expiry: boolean): Check {
    const relevant = expiry ? claims : { ...claims, until: Infinity };
    const problem = timeProblem(relevant, this.#options.clock.now(), this.#options.skew);
    if (problem !== undefined) throw refusal('time', problem);
    return { check: 'time', ok: true };
  }

  /** The key its issuer signs with today; its bytes only where the signature was not checked with it before. */
  async #authorisedKey({ issuer, keyId, signedBy }: Known): Promise<{
    readonly multikey: string;
    readonly publicKey: Uint8Array | undefined;
    readonly ageMs: number;
  }> {
    const { document, ageMs, deactivated } = await this.#resolve(issuer);
    if (deactivated) throw refusal('key', 'its issuer has ended');
    if (document.id !== issuer || !document.assertionMethod.includes(keyId)) {
      throw refusal('key', 'its issuer makes no statements with that key');
    }
    const method = document.verificationMethod.find(({ id }) => id === keyId);
    if (method?.controller !== issuer) throw refusal('key', 'its issuer does not control that key');
    const key = publicKeyOf(method);
    if (key?.type !== 'Ed25519') throw refusal('key', 'not an Ed25519 key');
    const multikey = toMultikey(key.type, key.publicKey);
    return { multikey, publicKey: multikey === signedBy ? undefined : key.publicKey, ageMs };
  }

  async #resolve(issuer: Did): Promise<Resolution> {
    try {
      return await this.#options.keys.resolve(issuer);
    } catch (error) {
      if (!MeshError.is(error)) throw error;
      throw refusal('key', error.message, error);
    }
  }

  async #checkSignature({ jws }: Known, publicKey: Uint8Array): Promise<void> {
    this.signatureChecks += 1;
    const { signingInput, signature } = jws;
    if (
      !(await this.#options.crypto.verify(
        { type: 'Ed25519', publicKey },
        utf8(signingInput),
        signature,
      ))
    ) {
      throw refusal('signature', 'it was not signed with that key');
    }
  }
}

function addFailure(checks: Check[], error: MeshError): void {
  const { check, detail } = error.params as { check: CheckName; detail: string };
  if (checks.length === 0) {
    // The parser says only where it stopped: what stands before that in the order was passed.
    for (const passed of parsingChecks) {
      if (passed === check) break;
      checks.push({ check: passed, ok: true });
    }
  }
  const retryable = MeshError.is(error.cause) && error.cause.retryable;
  checks.push({ check, ok: false, detail, ...(retryable ? { retryable } : {}) });
}
