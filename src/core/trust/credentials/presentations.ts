/**
 * Showing credentials: a holder's word to one verifier, for a short time, with the credentials inside (VC Data Model 2.0, section
 * 4.12; VC-JOSE-COSE, section 3.1.2). A presentation is as good as everything in it.
 * @module
 */
import { type CompactJws, keyIdOf } from '../../../base/compact-jws.ts';
import { type Duration, toMs } from '../../../base/duration.ts';
import { MeshError } from '../../../base/errors.ts';
import type { Did } from '../../../base/ids.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Showing } from '../../../ports/credential-form.ts';
import type { CryptoProvider, PublicKey } from '../../../ports/crypto.ts';
import type { Random } from '../../../ports/random.ts';
import type { Signer } from '../../../ports/signer.ts';
import { credentialContext } from '../../../schema/credential.ts';
import type { Keys, ResolvedKey, Standing } from '../needs.ts';
import { uuid } from '../uuid.ts';
import { authorisedKey } from './authority.ts';
import { readWindow, type Skew, timeProblem, type Window } from './claims.ts';
import type { CredentialExaminer } from './credentials.ts';
import { type DelegationsTo, delegationsAmong } from './delegations-among.ts';
import { parseJws, signJws } from './jws.ts';
import { eachOnce } from './many.ts';
import {
  checkBinding,
  checkCredentials,
  credentialInside,
  credentialLimit,
  envelopesIn,
  holderOf,
} from './presentation-claims.ts';
import { type Check, checkOfRefusal, passed, type RefusalReason, refusal } from './refusals.ts';
import { Replays } from './replays.ts';
import type { Verification } from './verification.ts';

/** What is to be shown. */
export interface PresentationRequest {
  /** Credentials as `vc+jwt`, 1 to 32. Credentials about the holder, and delegations they go by. */
  readonly credentials: readonly string[];
  /** Who may take it: the DID of the verifier. */
  readonly audience: string;
  /** What the verifier asked for, so that it knows the answer is new. */
  readonly nonce?: string;
  /** The web origin it is meant for, where it is shown on the web. */
  readonly domain?: string;
  /** How long it can be shown, at most 10 minutes. Default 5 minutes. */
  readonly validFor?: Duration;
}

/** What a verifier asks of a presentation. */
export interface PresentationDemands {
  /** Whom it must be meant for. Default: the DID of this node. */
  readonly audience?: string;
  /** The nonce that was sent. Without it a presentation is taken once, and any nonce in it is passed over. */
  readonly nonce?: string;
  /** The domain it must be meant for. Default: none is looked at. */
  readonly domain?: string;
}

/** The verdict on a presentation. */
export interface PresentationVerification {
  /** Every check holds, and every credential in it is valid. */
  readonly valid: boolean;
  /** Why it is not valid, for people. */
  readonly because?: string;
  /** Why it is not valid, for programs. */
  readonly reason?: RefusalReason;
  /** Who showed it; believe it only when `valid`. */
  readonly holder?: Did;
  /** Verdicts on what is in it, in its order; none when it failed before they were looked at. */
  readonly credentials: readonly Verification[];
  /** Types of credentials about the holder that an anchor stands for. */
  readonly counted: readonly string[];
  /** The checks made, in order; the first that fails is the last. */
  readonly checks: readonly Check[];
  /** Milliseconds since the keys of the holder were known to be so. */
  readonly documentAgeMs?: number | undefined;
}

/** Options of {@link PresentationDesk}. */
export interface PresentationDeskOptions {
  readonly did: Did;
  readonly signer: Signer;
  readonly keys: Pick<Keys, 'keyOf'>;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly random: Random;
  readonly examiner: CredentialExaminer;
  readonly skew?: Skew;
  readonly standing?: Standing;
  /** The whole verdict on a credential; `shown` finds the delegations that came with it. */
  readonly verify: (input: string | object, shown: DelegationsTo) => Promise<Verification>;
}

/** Type of the tokens (VC-JOSE-COSE, section 3.1.2). */
export const presentationType = 'vp+jwt';

/** Credentials that are looked at at a time. */
const width = 8;
/** Characters of a presentation that is read. */
const maxLength = 262_144;
const longestLifeMs = 600_000;

interface Opened {
  readonly jws: CompactJws;
  readonly holder: Did;
  readonly window: Window;
}

/** Makes presentations and judges those of others. */
export class PresentationDesk {
  readonly #options: PresentationDeskOptions;
  readonly #replays: Replays;

  constructor(options: PresentationDeskOptions) {
    this.#options = options;
    this.#replays = new Replays(options.crypto);
  }

  /** Signs a presentation; throws `INVALID_ARGUMENT`, or `LIMIT_EXCEEDED` for one of more than 256 KiB. */
  async create(request: PresentationRequest): Promise<string> {
    const { did, signer, clock, random } = this.#options;
    const life = checkRequest(request);
    const now = Math.floor(clock.now() / 1_000);
    const { credentials, audience, nonce, domain } = request;
    const payload = {
      '@context': [credentialContext],
      id: `urn:uuid:${uuid(random)}`,
      type: ['VerifiablePresentation'],
      holder: did,
      verifiableCredential: credentials.map((token) => ({
        '@context': [credentialContext],
        type: 'EnvelopedVerifiableCredential',
        id: `data:application/vc+jwt,${token}`,
      })),
      iss: did,
      aud: audience,
      ...(nonce === undefined ? {} : { nonce }),
      ...(domain === undefined ? {} : { domain }),
      iat: now,
      exp: now + Math.floor(life / 1_000),
    };
    return signJws(payload, presentationType, signer, maxLength);
  }

  /** Makes every check of `token` and of what is in it. Never throws for a bad presentation. */
  async verify(
    token: string,
    demands: PresentationDemands = {},
  ): Promise<PresentationVerification> {
    const checks: Check[] = [];
    let credentials: readonly Verification[] = [];
    let holder: Did | undefined;
    let documentAgeMs: number | undefined;
    try {
      const opened = this.#open(token, demands, checks);
      holder = opened.holder;
      const { key, ageMs } = await this.#checkSignature(opened, checks);
      documentAgeMs = ageMs;
      const envelopes = envelopesIn(opened.jws.payload);
      checks.push(passed('claims'));
      const showing = showingOf(opened, key, { audience: this.#options.did, ...demands });
      credentials = await this.#verifyAll(envelopes.map((one) => credentialInside(one, showing)));
      checkCredentials(credentials, holder);
      checks.push(passed('credentials'));
      this.#takeOnce(opened);
      const counted = new Set(
        credentials.filter(({ subject }) => subject === holder).flatMap((each) => each.counted),
      );
      return { valid: true, holder, credentials, counted: [...counted], checks, documentAgeMs };
    } catch (error) {
      const failure = checkOfRefusal(error);
      return { ...refused(checks, failure), credentials, documentAgeMs, ...(holder && { holder }) };
    }
  }

  /** All that costs no cryptography and asks nobody. */
  #open(token: string, demands: PresentationDemands, checks: Check[]): Opened {
    const { clock, did, skew, standing } = this.#options;
    const jws = parseJws(token, presentationType, maxLength);
    const { did: signer } = keyIdOf(jws);
    checks.push(passed('form'), passed('header'));
    const holder = holderOf(jws.payload);
    if (signer !== holder) throw refusal('holder.mismatch', 'kid is a key of somebody else');
    checks.push(passed('holder'));
    if (standing?.isQuarantined(holder) === true) throw refusal('standing.quarantined');
    checks.push(passed('standing'));
    const window = readWindow(jws.payload);
    const now = clock.now();
    const problem = timeProblem(window, now, skew);
    if (problem !== undefined) throw refusal(problem);
    if (window.until > now + longestLifeMs + (skew?.fromMs ?? 60_000))
      throw refusal('time.endless');
    checks.push(passed('time'));
    const opened = { jws, holder, window };
    checkBinding(jws.payload, { audience: did, ...demands });
    if (this.#replays.has(shownOf(opened))) throw refusal('binding.replay');
    checks.push(passed('binding'));
    return opened;
  }

  async #checkSignature({ jws }: Opened, checks: Check[]): Promise<ResolvedKey> {
    const { keys, examiner } = this.#options;
    const { keyId } = keyIdOf(jws);
    const resolved = await authorisedKey(keys, keyId, { purpose: 'authentication' });
    const { key, ageMs } = resolved;
    if (key.type !== jws.keyType) throw refusal('key.alg');
    checks.push({ check: 'key', ok: true, ageMs });
    await examiner.checkSignature(jws, key);
    checks.push(passed('signature'));
    return resolved;
  }

  /** Every credential by its full path; delegations among them may stand for the others. */
  #verifyAll(inputs: readonly (string | object)[]): Promise<readonly Verification[]> {
    const tokens = inputs.filter((input) => typeof input === 'string');
    const shown = delegationsAmong(tokens, this.#options.examiner);
    return eachOnce(inputs, (input) => this.#options.verify(input, shown), width);
  }

  /** Two verdicts on one presentation may be made at once: the one that comes here first counts. */
  #takeOnce(opened: Opened): void {
    const shown = shownOf(opened);
    if (this.#replays.has(shown)) throw refusal('binding.replay');
    if (!this.#replays.add(shown, this.#options.clock.now())) throw refusal('binding.limit');
  }
}

function showingOf(
  { holder, jws }: Opened,
  key: PublicKey,
  {
    audience,
    nonce = jws.payload['nonce'],
  }: { readonly audience: string; readonly nonce?: unknown },
): Showing {
  return { holder, key, audience, ...(typeof nonce === 'string' && { nonce }) };
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 500;
}

function shownOf({ jws, holder, window }: Opened) {
  const { id, jti } = jws.payload;
  const name = [id, jti].find(isName);
  return {
    by: holder,
    id: name,
    signingInput: jws.signingInput,
    until: window.until + 60_000,
  };
}

function refused(checks: readonly Check[], failure: Check) {
  const { check, reason, detail = '' } = failure;
  // The parser says only where it stopped.
  const before = check === 'header' ? [passed('form')] : checks;
  return {
    valid: false,
    because: `${check}: ${detail}`,
    ...(reason === undefined ? {} : { reason }),
    counted: [],
    checks: [...before, failure],
  };
}

function checkRequest({ credentials, audience, validFor = '5m' }: PresentationRequest): number {
  const refuse = (argument: string, expected: string, got: unknown): never => {
    throw new MeshError('INVALID_ARGUMENT', { argument, expected, got });
  };
  const life = toMs(validFor, 'validFor');
  if (life < 1_000 || life > longestLifeMs)
    refuse('validFor', 'from 1 second to 10 minutes', validFor);
  if (audience === '') refuse('audience', 'who may take it', audience);
  if (credentials.length === 0 || credentials.length > credentialLimit) {
    refuse('credentials', `1 to ${String(credentialLimit)} credentials`, credentials.length);
  }
  return life;
}
