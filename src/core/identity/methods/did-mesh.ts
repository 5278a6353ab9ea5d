/**
 * The did:mesh method: an identifier is the hash of the first entry of its own signed history, so anybody who is
 * handed the history can check it, offline, and nobody else can write it.
 * @module
 */
import { type Bytes, fromBase64url, utf8 } from '../../../base/bytes.ts';
import { canonicalJson } from '../../../base/canonical.ts';
import { MeshError } from '../../../base/errors.ts';
import { type Did, type DidUrl, parseMeshDid, splitDidUrl } from '../../../base/ids.ts';
import { multihashOf } from '../../../base/multiformat.ts';
import type { CryptoProvider } from '../../../ports/crypto.ts';
import type { DidDocument } from '../../../schema/did-document.ts';
import type { DidLog, DidLogEntry } from '../../../schema/did-log.ts';
import { type Signed, sign, signingInput } from '../../../schema/signed.ts';
import { commitmentTo, entryProblem } from './did-log-rules.ts';
import { signatureKey } from './key-periods.ts';

const placeholder = '{SCID}';

/** What the first entry says. */
export interface Inception {
  /** `did:mesh:<type>:<label>`. */
  readonly petname: Did;
  readonly at: string;
  readonly keys: readonly string[];
  /** Multikeys committed to for the next entry; only their hashes are shown. */
  readonly nextKeys: readonly string[];
  /** Multikeys held offline that may take the identifier back; only their hashes are shown. */
  readonly recoveryKeys?: readonly string[];
}

/** The full identifier that `inception` gives. */
export function meshDidOf(inception: Inception): Did {
  return selfCertified(firstEntry(inception, templateOf(inception.petname)));
}

/** The signed first entry of a new identifier. */
export function incept(
  inception: Inception,
  signer: { readonly keyId: DidUrl; sign(message: Uint8Array): Promise<Bytes> },
): Promise<Signed<DidLogEntry>> {
  return sign('did-log', firstEntry(inception, meshDidOf(inception)), signer);
}

/**
 * Checks a whole history: the hash of the first entry is the identifier, each entry names the hash of the one before,
 * uses only keys that one committed to, and is signed by one of its keys, or by a recovery key. Throws `DID_INVALID` naming
 * the entry. Needs nothing but the history; the first `trusted` entries are taken as checked before.
 */
export async function verifyDidLog(
  log: DidLog,
  crypto: CryptoProvider,
  now: number,
  trusted = 0,
): Promise<void> {
  const [first] = log;
  if (first === undefined) throw invalid('did:mesh', 'an empty log');
  if (trusted === 0) checkIdentifier(first);
  for (const [i, entry] of log.entries()) {
    if (i < trusted) continue;
    const problem =
      entryProblem(entry, log.slice(0, i), now) ?? (await proofProblem(entry, crypto));
    if (problem !== undefined) throw invalid(entry.did, `entry ${String(i + 1)} ${problem}`);
  }
}

function checkIdentifier(first: Signed<DidLogEntry>): void {
  const { type, label, scid } = parseMeshDid(first.did);
  const { proof: _, ...unsigned } = first;
  const expected = selfCertified({ ...unsigned, did: templateOf(`did:mesh:${type}:${label}`) });
  if (scid === undefined || expected !== first.did)
    throw invalid(first.did, 'not the hash of its log');
}

/** The document that the newest entry of a checked `log` stands for. */
export function meshDocument(log: DidLog): DidDocument {
  const newest = log.at(-1) as DidLogEntry;
  return documentOf(newest.did, newest.keys);
}

/** A DID document with `keys`, each usable to authenticate and to sign statements. */
function documentOf(did: Did, keys: readonly string[]): DidDocument {
  const ids = keys.map((key) => `${did}#${key}` as const);
  return {
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'],
    id: did,
    verificationMethod: keys.map((key) => ({
      id: `${did}#${key}`,
      type: 'Multikey',
      controller: did,
      publicKeyMultibase: key,
    })),
    authentication: ids,
    assertionMethod: ids,
  };
}

async function proofProblem(
  entry: Signed<DidLogEntry>,
  crypto: CryptoProvider,
): Promise<string | undefined> {
  const { fragment } = splitDidUrl(entry.proof.keyId);
  const key = unlessRefused(() => signatureKey(fragment));
  const signature = fromBase64url(entry.proof.signature);
  const holds = key && (await crypto.verify(key, signingInput('did-log', entry), signature));
  return holds === true ? undefined : 'is not signed by its keys';
}

function unlessRefused<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!MeshError.is(error)) throw error;
    return undefined;
  }
}

function firstEntry({ at, keys, nextKeys, recoveryKeys }: Inception, did: Did): DidLogEntry {
  const recovery = recoveryKeys === undefined ? {} : { recovery: recoveryKeys.map(commitmentTo) };
  return { format: 1, did, version: 1, at, keys, next: nextKeys.map(commitmentTo), ...recovery };
}

function templateOf(petname: string): Did {
  return `${petname as Did}:${placeholder}`;
}

function selfCertified(template: DidLogEntry): Did {
  const scid = multihashOf(utf8(`mesh/did-scid/v1\n${canonicalJson(template)}`));
  return template.did.replace(placeholder, scid) as Did;
}

function invalid(did: string, detail: string): MeshError {
  return new MeshError('DID_INVALID', { did, detail });
}
