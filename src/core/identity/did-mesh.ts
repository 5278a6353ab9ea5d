/**
 * The did:mesh method: an identifier is the hash of the first entry of its own signed history, so anybody who is
 * handed the history can check it, offline, and nobody else can write it.
 * @module
 */
import { type Bytes, fromBase64url, utf8 } from '../../base/bytes.ts';
import { canonicalBytes, canonicalJson } from '../../base/canonical.ts';
import { MeshError } from '../../base/errors.ts';
import { type Did, type DidUrl, parseMeshDid, splitDidUrl } from '../../base/ids.ts';
import { fromMultikey, multihashOf } from '../../base/multiformat.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { DidDocument } from '../../schema/did-document.ts';
import type { DidLog, DidLogEntry } from '../../schema/did-log.ts';
import { type Signed, sign, signingInput } from '../../schema/signed.ts';

/** A clock elsewhere may be this far ahead of ours. */
const skewMs = 60_000;
const placeholder = '{SCID}';

/** What the first entry says. */
export interface Inception {
  /** `did:mesh:<type>:<label>`. */
  readonly petname: Did;
  readonly at: string;
  readonly keys: readonly string[];
  /** Multikeys committed to for the next entry; only their hashes are shown. */
  readonly nextKeys: readonly string[];
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
 * uses only keys that one committed to, and is signed by one of its keys. Throws `DID_INVALID` naming the entry.
 */
export async function verifyDidLog(
  log: DidLog,
  crypto: CryptoProvider,
  now: number,
): Promise<void> {
  const [first] = log;
  if (first === undefined) throw invalid('did:mesh', 'an empty log');
  const { type, label, scid } = parseMeshDid(first.did);
  const { proof: _, ...unsigned } = first;
  const expected = selfCertified({ ...unsigned, did: templateOf(`did:mesh:${type}:${label}`) });
  if (scid === undefined || expected !== first.did)
    throw invalid(first.did, 'not the hash of its log');
  let before: Signed<DidLogEntry> | undefined;
  for (const entry of log) {
    checkLinks(entry, before, now);
    if (!(await isSignedByOwnKey(entry, crypto))) {
      throw invalid(entry.did, `entry ${String(entry.version)} is not signed by its keys`);
    }
    before = entry;
  }
}

/** The document that the newest entry of a checked `log` stands for. */
export function meshDocument(log: DidLog): DidDocument {
  const newest = log.at(-1) as DidLogEntry;
  return documentOf(newest.did, newest.keys);
}

/** A DID document with `keys`, each usable to authenticate and to sign statements. */
export function documentOf(did: Did, keys: readonly string[]): DidDocument {
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

function checkLinks(
  entry: DidLogEntry,
  before: Signed<DidLogEntry> | undefined,
  now: number,
): void {
  const at = `entry ${String(entry.version)}`;
  if (Date.parse(entry.at) > now + skewMs) throw invalid(entry.did, `${at} lies in the future`);
  if (entry.keys.length === 0) throw invalid(entry.did, `${at} has no key`);
  if (before === undefined) {
    if (entry.version !== 1 || entry.previous !== undefined)
      throw invalid(entry.did, `${at} is not a first entry`);
    return;
  }
  if (entry.did !== before.did || entry.version !== before.version + 1) {
    throw invalid(entry.did, `${at} does not follow`);
  }
  if (entry.previous !== entryHash(before))
    throw invalid(entry.did, `${at} names another predecessor`);
  if (Date.parse(entry.at) < Date.parse(before.at))
    throw invalid(entry.did, `${at} is older than its predecessor`);
  if (before.deactivated === true) throw invalid(entry.did, `${at} follows the end`);
  if (!entry.keys.every((key) => before.next.includes(multihashOf(utf8(key))))) {
    throw invalid(entry.did, `${at} uses a key that was not committed to`);
  }
}

async function isSignedByOwnKey(
  entry: Signed<DidLogEntry>,
  crypto: CryptoProvider,
): Promise<boolean> {
  const { did, fragment } = splitDidUrl(entry.proof.keyId);
  const publicKey = entry.keys.includes(fragment) ? ed25519Key(fragment) : undefined;
  if (did !== entry.did || publicKey === undefined) return false;
  return crypto.verify(
    { type: 'Ed25519', publicKey },
    signingInput('did-log', entry),
    fromBase64url(entry.proof.signature),
  );
}

function ed25519Key(multikey: string): Bytes | undefined {
  try {
    const { type, publicKey } = fromMultikey(multikey);
    return type === 'Ed25519' ? publicKey : undefined;
  } catch {
    return undefined;
  }
}

/** The name by which the next entry refers to this one. */
export function entryHash(entry: Signed<DidLogEntry>): string {
  return multihashOf(canonicalBytes(entry));
}

function firstEntry({ at, keys, nextKeys }: Inception, did: Did): DidLogEntry {
  const next = nextKeys.map((key) => multihashOf(utf8(key)));
  return { format: 1, did, version: 1, at, keys, next };
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
