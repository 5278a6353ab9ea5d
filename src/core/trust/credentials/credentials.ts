/**
 * Is this credential really its issuer's, and does it hold now? What costs nothing is checked first, and only ever to refuse; one
 * signature check at most.
 * @module
 */
import { fromUtf8, utf8 } from '../../../base/bytes.ts';
import { type CompactJws, keyIdOf } from '../../../base/compact-jws.ts';
import { frozen } from '../../../base/frozen.ts';
import type { Did, DidUrl } from '../../../base/ids.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { CredentialForm } from '../../../ports/credential-form.ts';
import type { Awaitable, CryptoProvider, PublicKey } from '../../../ports/crypto.ts';
import type { Credential } from '../../../schema/credential.ts';
import { loadRestOfTrust } from '../load-later.ts';
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
import { claimedIn, documentIn, isDocumentText } from './document-text.ts';
import { type EnvelopedCredential, examineEnveloped } from './enveloped.ts';
import { credentialType, parseJws } from './jws.ts';
import { type Check, type CheckName, checkOfRefusal, passed, refusal } from './refusals.ts';
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
  /** Forms of credentials in presentations beside those that are read here. Default: none. */
  readonly credentialForms?: readonly CredentialForm[];
}

/** Who says something in a token, by which key. Nothing in it is proven. */
interface Said {
  readonly keyId: DidUrl;
  readonly issuer: Did;
  /** What it is known by. */
  readonly statement: Statement;
}

/** A token that could be read. */
interface ReadCredential extends Said {
  readonly jws: CompactJws;
}

/** A token that could be read and that follows the data model. Nothing in it is proven. */
export interface ParsedCredential extends Said {
  readonly claims: Claims;
  readonly credential: Credential;
}

/** A token whose signature was found good under `key`, which no later event changes, and what it says: no more, as many are kept. */
interface Signed extends Said {
  readonly key: PublicKey;
  readonly claims: Claims;
}

/** How far an examination came. */
interface Progress {
  found?: ReadCredential | Signed;
  /** Of the key. */
  ageMs?: number;
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
    const found = this.#memory.get(token) ?? readToken(token);
    const { keyId, issuer, statement } = found;
    const claims = isSigned(found) ? found.claims : readClaims(found.jws.payload);
    return { keyId, issuer, statement, claims, credential: claims.credential };
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
      return bad(checkOfRefusal(error), {});
    }
  }

  /**
   * Makes every check up to the data model, at once where the key is at hand and the platform verifies at once. Never throws for a
   * bad credential.
   */
  examine(token: string, options: ExamineOptions = {}): Awaitable<Examination> {
    const progress: Progress = {};
    try {
      const examined = this.#examine(token, options, progress);
      if (!(examined instanceof Promise)) return examined;
      return examined.catch((error: unknown) => bad(checkOfRefusal(error), progress));
    } catch (error) {
      return bad(checkOfRefusal(error), progress);
    }
  }

  /** Throws or rejects with the first refusal. */
  #examine(token: string, options: ExamineOptions, progress: Progress): Awaitable<Examination> {
    const { at, expiry = true } = options;
    const found = this.#memory.get(token) ?? readToken(token);
    progress.found = found;
    this.#checkStanding(found);
    const window = isSigned(found) ? found.claims : readWindow(found.jws.payload);
    this.#checkTime(window, expiry);
    const under = ({ key, ageMs }: ResolvedKey): Awaitable<Examination> => {
      progress.ageMs = ageMs;
      if (!isSigned(found)) return this.#believe(token, found, key, { window, ageMs });
      if (isSame(found.key, key)) return good(found.claims, ageMs);
      return this.#believe(token, readToken(token), key, { window, ageMs });
    };
    const ready = at === undefined ? this.#options.keys.keyAtHand?.(found.keyId) : undefined;
    return ready === undefined ? this.#keyOf(found.keyId, at).then(under) : under(ready);
  }

  /** The same for a credential with its proofs inside. */
  async examineDocument(document: object, options: ExamineOptions = {}): Promise<Examination> {
    const { examineDocument } = await loadRestOfTrust();
    return examineDocument(document, this.#options, options);
  }

  /** The same for a credential of another form, as a presentation holds it. */
  examineEnveloped(enveloped: EnvelopedCredential): Promise<Examination> {
    return examineEnveloped(enveloped, this.#options);
  }

  #checkStanding({ issuer, statement }: Said): void {
    const { standing, isDenied } = this.#options;
    if (standing?.isQuarantined(issuer) === true) throw refusal('standing.quarantined');
    if (isDenied?.(statement) === true) throw refusal('standing.denied');
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
  #believe(
    token: string,
    { jws, keyId, issuer }: ReadCredential,
    key: PublicKey,
    { window, ageMs }: { readonly window: Window; readonly ageMs: number },
  ): Awaitable<Examination> {
    // One byte for each character: all of them are digits of base64url.
    const bytes = utf8(token);
    const { length } = jws.signingInput;
    const conclude = (holds: boolean): Examination => {
      if (!holds) throw refusal('signature.wrong');
      const claims = claimsOf(frozen(readCredential(jws.payload)), window);
      // A copy: a piece cut from a long message would keep all of the message in memory.
      const copy = fromUtf8(bytes);
      const statement = { issuer, ids: [claims.credential.id], signed: copy.slice(0, length) };
      this.#memory.set(copy, { keyId, issuer, statement, key, claims });
      return good(claims, ageMs);
    };
    const verdict = this.#verdictOn(jws, key, bytes.subarray(0, length));
    return typeof verdict === 'boolean' ? conclude(verdict) : verdict.then(conclude);
  }

  /** Throws `CREDENTIAL_INVALID` unless `jws` was signed with `key`, which must be of the kind its algorithm goes with. */
  async checkSignature(jws: CompactJws, key: PublicKey): Promise<void> {
    const holds = await this.#verdictOn(jws, key, utf8(jws.signingInput));
    if (!holds) throw refusal('signature.wrong');
  }

  #verdictOn(jws: CompactJws, key: PublicKey, message: Uint8Array): Awaitable<boolean> {
    if (jws.keyType !== key.type) throw refusal('key.alg');
    this.signatureChecks += 1;
    return this.#options.crypto.verify(key, message, jws.signature);
  }
}

function readToken(token: string): ReadCredential {
  const jws = parseJws(token, credentialType);
  const { keyId, did: issuer } = keyIdOf(jws);
  const { payload, signingInput: signed } = jws;
  if (issuerOf(payload) !== issuer) {
    throw refusal('issuer.mismatch', 'kid is a key of somebody else');
  }
  const { id, jti } = payload;
  return { jws, keyId, issuer, statement: { issuer, ids: [id, jti], signed } };
}

function isSigned(found: ReadCredential | Signed): found is Signed {
  return 'claims' in found;
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
function bad(failure: Check, { found, ageMs }: Progress): Examination {
  const checks = order.slice(0, order.indexOf(failure.check)).map(passed);
  const dated = checks.map((check) =>
    check.check === 'key' && ageMs !== undefined ? { ...check, ageMs } : check,
  );
  const claims = found === undefined ? undefined : claimsOrNothing(found);
  return {
    ok: false,
    checks: [...dated, failure],
    ...(claims === undefined ? {} : { claims }),
    documentAgeMs: ageMs,
  };
}

function claimsOrNothing(found: ReadCredential | Signed): Claims | undefined {
  if (isSigned(found)) return found.claims;
  try {
    return readClaims(found.jws.payload);
  } catch (error) {
    checkOfRefusal(error);
    return undefined;
  }
}
