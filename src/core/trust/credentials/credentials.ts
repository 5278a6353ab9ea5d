/**
 * Is this credential really its issuer's, and does it hold now? What costs nothing is checked first, and only ever to refuse; one
 * signature check at most.
 * @module
 */
import { utf8 } from '../../../base/bytes.ts';
import { type CompactJws, keyIdOf } from '../../../base/compact-jws.ts';
import { frozen } from '../../../base/frozen.ts';
import type { Did, DidUrl } from '../../../base/ids.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { CryptoProvider, PublicKey } from '../../../ports/crypto.ts';
import type { Credential } from '../../../schema/credential.ts';
import type { Keys, ResolvedKey, Standing } from '../needs.ts';
import { keyRefusal } from './authority.ts';
import {
  type Claims,
  claimsOf,
  issuerOf,
  readClaims,
  readCredential,
  readWindow,
  type Skew,
  timeProblem,
  type Window,
} from './claims.ts';
import type { Statement } from './deny-list.ts';
import { parseJws } from './jws.ts';
import { type Check, type CheckName, checkOfRefusal, passed, refusal } from './refusals.ts';
import { claimedIn, documentIn, examineDocument, isDocumentText } from './secured-document.ts';
import { TokenMemory } from './token-memory.ts';

/** What came out of the checks a credential can pass by itself. */
export interface Examination {
  readonly ok: boolean;
  readonly checks: readonly Check[];
  /** Present once the claims could be read; believe it only when `ok`. */
  readonly claims?: Claims;
  /** Milliseconds since the key was known to be its issuer's. */
  readonly documentAgeMs?: number | undefined;
}

/** Type of the tokens (VC-JOSE-COSE, section 3.1.1). */
export const credentialType = 'vc+jwt';

/** Options of {@link CredentialExaminer}. */
export interface CredentialExaminerOptions {
  readonly keys: Pick<Keys, 'keyOf' | 'keyAtHand'>;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly skew?: Skew;
  /** Issuers that are shut out. Default: nobody. */
  readonly standing?: Standing;
  /** Whether this node has struck out the credential. Default: none. */
  readonly isDenied?: (statement: Statement) => boolean;
}

/** A token that could be read. Nothing in it is proven. */
export interface ReadCredential {
  readonly jws: CompactJws;
  readonly keyId: DidUrl;
  readonly issuer: Did;
}

/** What a token is known by. */
export function statementOf({ jws, issuer }: ReadCredential): Statement {
  const { id, jti } = jws.payload;
  return { issuer, ids: [id, jti], signed: jws.signingInput };
}

/** A token that could be read and that follows the data model. Nothing in it is proven. */
export interface ParsedCredential extends ReadCredential {
  readonly claims: Claims;
  readonly credential: Credential;
}

/** A token whose signature was found good under `key`, which no later event changes, and what it says. */
interface Signed extends ReadCredential {
  readonly key: PublicKey;
  readonly claims: Claims;
}

/** How a credential is examined. */
export interface ExamineOptions {
  /** `false` takes what has ended. */
  readonly expiry?: boolean;
  /** Epoch milliseconds at which the credential was here, by this node's own word: the keys of that time count then. */
  readonly at?: number;
}

const today = { purpose: 'assertionMethod' } as const;
const beforeKey: readonly CheckName[] = ['form', 'header', 'issuer', 'standing', 'time'];
const order: readonly CheckName[] = [...beforeKey, 'key', 'signature', 'claims'];
const passedChecks: readonly Check[] = order.map(passed);
const keyAt = beforeKey.length;

/**
 * Examines credentials. That a signature is good under a key never changes, so that is remembered; dates, keys, quarantine and all
 * else are judged anew each time.
 */
export class CredentialExaminer {
  readonly #options: CredentialExaminerOptions;
  readonly #memory = new TokenMemory<Signed>();
  /** Signatures computed so far. */
  signatureChecks = 0;

  constructor(options: CredentialExaminerOptions) {
    this.#options = options;
  }

  /** Reads `token` without believing it; throws `CREDENTIAL_INVALID`. */
  parse(token: string): ParsedCredential {
    const known = this.#memory.get(token);
    const read = known ?? readToken(token);
    const claims = known?.claims ?? readClaims(read.jws.payload);
    return { ...read, claims, credential: claims.credential };
  }

  /** Reads a token, or the JSON of a credential with its proofs inside, without believing it; throws `CREDENTIAL_INVALID`. */
  read(text: string): Pick<ParsedCredential, 'issuer' | 'claims' | 'credential'> {
    if (!isDocumentText(text)) return this.parse(text);
    const claims = claimedIn(documentIn(text));
    return { issuer: claims.credential.issuer, claims, credential: claims.credential };
  }

  /** {@link examine} and {@link examineDocument} for what {@link read} takes. */
  async examineText(text: string, options: ExamineOptions = {}): Promise<Examination> {
    if (!isDocumentText(text)) return this.examine(text, options);
    try {
      return await this.examineDocument(documentIn(text), options);
    } catch (error) {
      return bad(checkOfRefusal(error), undefined, undefined);
    }
  }

  /** Makes every check up to the data model. Never throws for a bad credential. */
  async examine(token: string, options: ExamineOptions = {}): Promise<Examination> {
    let read: ReadCredential | undefined;
    let ageMs: number | undefined;
    try {
      const known = this.#memory.get(token);
      read = known ?? readToken(token);
      this.#checkStanding(read);
      const window = known?.claims ?? readWindow(read.jws.payload);
      this.#checkTime(window, options.expiry ?? true);
      const resolved = await this.#keyOf(read.keyId, options.at);
      ageMs = resolved.ageMs;
      if (known !== undefined && isSame(known.key, resolved.key)) return good(known.claims, ageMs);
      return good(await this.#believe(token, read, resolved.key, window), ageMs);
    } catch (error) {
      return bad(checkOfRefusal(error), read, ageMs);
    }
  }

  /** The same at once for a token that was believed before, where its key is at hand and nothing is against it; undefined otherwise. */
  examineAgain(token: string, { at, expiry = true }: ExamineOptions): Examination | undefined {
    const known = at === undefined ? this.#memory.get(token) : undefined;
    if (known === undefined) return undefined;
    const resolved = this.#options.keys.keyAtHand?.(known.keyId);
    if (resolved === undefined || !isSame(known.key, resolved.key)) return undefined;
    try {
      this.#checkStanding(known);
      this.#checkTime(known.claims, expiry);
    } catch {
      return undefined;
    }
    return good(known.claims, resolved.ageMs);
  }

  /** The same for a credential with its proofs inside. */
  examineDocument(document: object, options: ExamineOptions = {}): Promise<Examination> {
    return examineDocument(document, this.#options, options);
  }

  #checkStanding(read: ReadCredential): void {
    const { standing, isDenied } = this.#options;
    if (standing?.isQuarantined(read.issuer) === true) throw refusal('standing.quarantined');
    if (isDenied?.(statementOf(read)) === true) throw refusal('standing.denied');
  }

  #checkTime(window: Window, expiry: boolean): void {
    const { clock, skew } = this.#options;
    const problem = timeProblem(window, clock.now(), skew);
    if (problem === 'time.early' || (expiry && problem !== undefined)) throw refusal(problem);
  }

  async #keyOf(keyId: DidUrl, at: number | undefined): Promise<ResolvedKey> {
    try {
      return await this.#options.keys.keyOf(keyId, at === undefined ? today : { ...today, at });
    } catch (error) {
      throw keyRefusal(error);
    }
  }

  /** The one signature check; what passes it is read and remembered. */
  async #believe(
    token: string,
    read: ReadCredential,
    key: PublicKey,
    window: Window,
  ): Promise<Claims> {
    // One byte for each character: all of them are digits of base64url.
    const bytes = utf8(token);
    await this.checkSignature(read.jws, key, bytes.subarray(0, read.jws.signingInput.length));
    const claims = claimsOf(frozen(readCredential(read.jws.payload)), window);
    this.#memory.set(bytes, { ...read, key, claims });
    return claims;
  }

  /** Throws `CREDENTIAL_INVALID` unless `jws` was signed with `key`, which must be of the kind its algorithm goes with. */
  async checkSignature(
    jws: CompactJws,
    key: PublicKey,
    message = utf8(jws.signingInput),
  ): Promise<void> {
    if (jws.keyType !== key.type) throw refusal('key.alg');
    this.signatureChecks += 1;
    const verdict = this.#options.crypto.verify(key, message, jws.signature);
    if (!(typeof verdict === 'boolean' ? verdict : await verdict)) throw refusal('signature.wrong');
  }
}

function readToken(token: string): ReadCredential {
  const jws = parseJws(token, credentialType);
  const { keyId, did } = keyIdOf(jws);
  const issuer = issuerOf(jws.payload);
  if (did !== issuer) throw refusal('issuer.mismatch', 'kid is a key of somebody else');
  return { jws, keyId, issuer };
}

function isSame(a: PublicKey, b: PublicKey): boolean {
  if (a === b) return true;
  if (a.type !== b.type || a.publicKey.length !== b.publicKey.length) return false;
  return a.publicKey.every((byte, i) => byte === b.publicKey[i]);
}

function good(claims: Claims, ageMs: number): Examination {
  const checks = passedChecks.slice();
  checks[keyAt] = { check: 'key', ok: true, ageMs };
  return { ok: true, checks, claims, documentAgeMs: ageMs };
}

/** The failure after the checks that were passed before it. */
function bad(
  failure: Check,
  read: ReadCredential | undefined,
  ageMs: number | undefined,
): Examination {
  const checks = order.slice(0, order.indexOf(failure.check)).map(passed);
  const dated = checks.map((check) =>
    check.check === 'key' && ageMs !== undefined ? { ...check, ageMs } : check,
  );
  const claims = read === undefined ? undefined : claimsOrNothing(read);
  return {
    ok: false,
    checks: [...dated, failure],
    ...(claims === undefined ? {} : { claims }),
    documentAgeMs: ageMs,
  };
}

function claimsOrNothing(read: ReadCredential): Claims | undefined {
  try {
    return readClaims(read.jws.payload);
  } catch (error) {
    checkOfRefusal(error);
    return undefined;
  }
}
