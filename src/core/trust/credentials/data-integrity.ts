/**
 * Is a document with proofs inside really of who speaks in it, and does it hold now? (W3C Verifiable Credential Data
 * Integrity 1.0, section 4.) A set of proofs holds when each of them does; a chain is followed.
 * @module
 */
import type { Bytes } from '../../../base/bytes.ts';
import { canonicalJson } from '../../../base/canonical.ts';
import { MeshError } from '../../../base/errors.ts';
import { type Did, type DidUrl, splitDidUrl } from '../../../base/ids.ts';
import { isPlainObject } from '../../../base/shape.ts';
import type { CryptoProvider, PublicKey } from '../../../ports/crypto.ts';
import {
  type DataIntegrityProof,
  dataIntegrityProof,
  type ProofPurpose,
  proofBytes,
} from '../../../schema/data-integrity-proof.ts';
import {
  credentialDocument,
  identifierOf,
  presentationDocument,
  type VcDocument,
} from '../../../schema/vc-data-model.ts';
import type { KeyUse, ResolvedKey } from '../needs.ts';
import { authorisedKey } from './authority.ts';
import { type Skew, timeProblem } from './claims.ts';
import { provenBytes } from './eddsa-jcs.ts';
import { type Check, checkOfRefusal, type RefusalReason, refusal } from './refusals.ts';

/** The way to the keys of others. */
export interface ProofKeys {
  /** The key `keyId` names, if its DID lets it be used for `purpose` today; throws where it does not. */
  keyOf(keyId: DidUrl, use: KeyUse): Promise<ResolvedKey>;
}

/** What {@link verifyDataIntegrity} goes by. */
export interface DataIntegrityOptions {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly skew?: Skew;
  /** What the proofs must be for: credentials are asserted, presentations authenticated. Default `assertionMethod`. */
  readonly purpose?: ProofPurpose;
  /** The challenge that was set. Needed with purpose `authentication`. */
  readonly challenge?: string;
  /** The domain that was named; without it, a domain in the proof is not looked at. */
  readonly domain?: string;
  /** `false` takes what has ended. */
  readonly expiry?: boolean;
  /** Epoch milliseconds at which the document was here for certain: the keys of that time count. Default: those of today. */
  readonly at?: number;
  /** Whether somebody is shut out here. Default: nobody. */
  readonly isShutOut?: (signer: Did) => boolean;
}

/** The verdict on a document with proofs. */
export interface DataIntegrityVerification {
  readonly ok: boolean;
  /** The checks made, in order; the first that fails is the last. */
  readonly checks: readonly Check[];
  /** What was signed, without its proofs; present when `ok`. Contexts that were added to it later are not part of it. */
  readonly document?: VcDocument;
  /** Who signed; present when `ok`. */
  readonly signers?: readonly Did[];
  /** Epoch milliseconds at which it or one of its proofs ends; present when `ok`. */
  readonly until?: number;
  /** Milliseconds since the keys were known to be so; present when `ok`. */
  readonly ageMs?: number;
}

/** Characters of canonical JSON that are read. */
const maxLength = 262_144;
const maxProofs = 8;

/**
 * Makes every check of a credential or presentation with proofs inside; never throws for a bad one.
 * Throws `INVALID_ARGUMENT` where purpose `authentication` comes without a challenge: such a proof could be used again.
 */
export async function verifyDataIntegrity(
  document: unknown,
  keys: ProofKeys,
  crypto: CryptoProvider,
  options: DataIntegrityOptions,
): Promise<DataIntegrityVerification> {
  if (options.purpose === 'authentication' && options.challenge === undefined) {
    throw new MeshError('INVALID_ARGUMENT', {
      argument: 'challenge',
      expected: 'the challenge that was set',
      got: undefined,
    });
  }
  const checks: Check[] = [];
  try {
    const read = readSecured(document);
    checks.push({ check: 'form', ok: true });
    for (const proof of read.proofs) checkPurpose(proof, options);
    checks.push({ check: 'header', ok: true });
    const signed = signedDocument(read);
    checkModel(signed);
    checks.push({ check: 'claims', ok: true });
    const signers = read.proofs.map(
      ({ verificationMethod }) => splitDidUrl(verificationMethod).did,
    );
    checkSpeaker(signed, signers);
    checks.push({ check: 'issuer', ok: true });
    if (signers.some((signer) => options.isShutOut?.(signer))) {
      throw refusal('standing.quarantined');
    }
    const until = checkTimes(signed, read.proofs, options);
    checks.push({ check: 'time', ok: true });
    const ageMs = await checkProofs(read, keys, crypto, checks, options.at);
    return { ok: true, checks, document: signed, signers, until, ageMs };
  } catch (error) {
    checks.push(checkOfRefusal(error));
    return { ok: false, checks };
  }
}

/** A document taken apart. What it holds is a copy, so nothing can change between two checks. */
interface Secured {
  readonly unsecured: VcDocument;
  readonly proofs: readonly DataIntegrityProof[];
  readonly originals: readonly VcDocument[];
  readonly signatures: readonly Bytes[];
}

function readSecured(document: unknown): Secured {
  return shaped('form.proof', () => {
    const text = canonicalJson(document);
    if (text.length > maxLength) {
      throw refusal('form.size', `longer than ${String(maxLength)} characters`);
    }
    const copy: unknown = JSON.parse(text);
    if (!isPlainObject(copy)) throw refusal('form.json', 'not an object');
    const { proof, ...unsecured } = copy;
    const originals = (Array.isArray(proof) ? proof : [proof]) as VcDocument[];
    if (originals.length === 0 || originals.length > maxProofs) {
      throw refusal('form.proof', `not one to ${String(maxProofs)} proofs`);
    }
    const proofs = originals.map((one, i) => dataIntegrityProof(one, `proof[${String(i)}]`));
    const signatures = proofs.map((one, i) => proofBytes(one, `proof[${String(i)}]`));
    return { unsecured, proofs, originals, signatures };
  });
}

function checkPurpose(proof: DataIntegrityProof, options: DataIntegrityOptions): void {
  const { purpose = 'assertionMethod', challenge, domain } = options;
  if (proof.proofPurpose !== purpose)
    throw refusal('header.purpose', `its purpose is not ${purpose}`);
  if (challenge !== undefined && proof.challenge !== challenge) {
    throw refusal('header.challenge');
  }
  if (domain !== undefined && ![proof.domain].flat().includes(domain)) {
    throw refusal('header.domain');
  }
}

/**
 * The document the proofs are of. A proof may cover the first of the contexts only (section 3.3.2, step 4): then the
 * others were added by somebody else, and what was signed is the document without them.
 */
function signedDocument({ unsecured, proofs }: Secured): VcDocument {
  const contexts = proofs.map((proof) => contextOf(proof) ?? null);
  const [first] = contexts;
  if (contexts.some((other) => canonicalJson(other) !== canonicalJson(first))) {
    throw refusal('form.proof', 'its proofs are of different contexts');
  }
  if (first === null) return unsecured;
  const [all, covered] = [[unsecured['@context']].flat(), [first].flat()];
  if (covered.some((context, i) => canonicalJson(context) !== canonicalJson(all[i] ?? null))) {
    throw refusal('form.proof', 'its proof is of other contexts');
  }
  return { ...unsecured, '@context': first };
}

function checkModel(document: VcDocument): void {
  const types: readonly unknown[] = [document['type']].flat();
  const shape = types.includes('VerifiablePresentation')
    ? presentationDocument
    : credentialDocument;
  shaped('claims.model', () => shape(document, 'document'));
}

/** The issuer of a credential signs it; the holder of a presentation does, where one is named. Others may sign too. */
function checkSpeaker(document: VcDocument, signers: readonly Did[]): void {
  const speaker = identifierOf(document['issuer'] ?? document['holder']);
  if (speaker !== undefined && !signers.some((signer) => signer === speaker)) {
    throw refusal('issuer.mismatch', 'no proof is by a key of who speaks in it');
  }
}

function checkTimes(
  document: VcDocument,
  proofs: readonly DataIntegrityProof[],
  { now, skew, expiry = true }: DataIntegrityOptions,
): number {
  const { validFrom, validUntil } = document as { validFrom?: string; validUntil?: string };
  const periods = [
    { from: validFrom, until: validUntil },
    ...proofs.map(({ created, expires }) => ({ from: created, until: expires })),
  ];
  let ends = Infinity;
  for (const { from, until } of periods) {
    const period = {
      from: from === undefined ? -Infinity : Date.parse(from),
      until: until === undefined || !expiry ? Infinity : Date.parse(until),
    };
    const problem = timeProblem(period, now, skew);
    if (problem !== undefined) throw refusal(problem);
    ends = Math.min(ends, period.until);
  }
  return ends;
}

async function checkProofs(
  { unsecured, proofs, originals, signatures }: Secured,
  keys: ProofKeys,
  crypto: CryptoProvider,
  checks: Check[],
  at: number | undefined,
): Promise<number> {
  const found: PublicKey[] = [];
  let ageMs = 0;
  for (const proof of proofs) {
    const resolved = await keyOf(proof, keys, at);
    found.push(resolved.key);
    ageMs = Math.max(ageMs, resolved.ageMs);
  }
  checks.push({ check: 'key', ok: true, ageMs });
  for (const [i, original] of originals.entries()) {
    const message = provenBytes(unsecured, original, originals, crypto);
    if (message === undefined)
      throw refusal('signature.wrong', 'it covers a proof that is not there');
    if (!(await crypto.verify(found[i]!, message, signatures[i]!))) {
      throw refusal('signature.wrong');
    }
  }
  checks.push({ check: 'signature', ok: true });
  return ageMs;
}

async function keyOf(
  { verificationMethod, proofPurpose: purpose }: DataIntegrityProof,
  keys: ProofKeys,
  at: number | undefined,
): Promise<ResolvedKey> {
  const resolved = await authorisedKey(keys, verificationMethod, { purpose, at });
  // Section 3.3.7: the suite knows one kind of key.
  if (resolved.key.type !== 'Ed25519') throw refusal('key.alg', 'not an Ed25519 key');
  return resolved;
}

function contextOf(proof: DataIntegrityProof): unknown {
  return (proof as unknown as VcDocument)['@context'];
}

function shaped<T>(reason: RefusalReason, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!MeshError.is(error, 'SCHEMA_INVALID')) throw error;
    throw refusal(reason, error.message, error);
  }
}
