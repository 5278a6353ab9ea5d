/**
 * Names of things, typed by what they name.
 * @module
 */
import { toBase64url } from './bytes.ts';
import { MeshError } from './errors.ts';

/** A decentralized identifier (W3C DID Core, section 3.1). */
export type Did = `did:${string}:${string}`;

/** A DID with a fragment: names one key or service of a document. */
export type DidUrl = `${Did}#${string}`;

/** The parts of `did:mesh:<type>:<label>:<scid>`; without `scid` it is a petname. */
export interface MeshDidParts {
  readonly type: string;
  readonly label: string;
  readonly scid: string | undefined;
}

// One class after the other: alternatives within a repetition take five times as long. What comes last is looked at apart.
const didPattern = /^did:[a-z0-9]+:[A-Za-z0-9._:-]*(?:%[0-9A-Fa-f]{2}[A-Za-z0-9._:-]*)*$/;
const meshPattern =
  /^did:mesh:([a-z][a-z0-9-]{0,31}):([a-z0-9][a-z0-9.-]{0,62})(?::(z[1-9A-HJ-NP-Za-km-z]{40,60}))?$/;

const maxLength = 512;
// The long form of did:ion carries its document.
const maxLengthOfIon = 4_096;

/** Whether `value` has the form of a DID of at most 512 characters, of did:ion at most 4,096. */
export function isDid(value: unknown): value is Did {
  if (typeof value !== 'string' || value.length > maxLengthOfIon) return false;
  if (value.length > maxLength && !value.startsWith('did:ion:')) return false;
  // Parts between colons may be empty, the last may not.
  return didPattern.test(value) && !value.endsWith(':');
}

/** `value` as a DID; `DID_INVALID` otherwise. */
export function asDid(value: unknown): Did {
  if (isDid(value)) return value;
  throw new MeshError('DID_INVALID', { did: value, detail: 'not of the form did:method:id' });
}

/** The DID that `url` begins with, without path, query and fragment; `DID_INVALID` when it begins with none. */
export function bareDid(url: string): Did {
  return asDid(/^[^/?#]*/.exec(url)![0]);
}

/** The method of a DID: `mesh` of `did:mesh:...`. */
export function didMethod(did: Did): string {
  return did.split(':', 2)[1]!;
}

/** Parts of a did:mesh identifier or petname; `DID_INVALID` otherwise. */
export function parseMeshDid(did: string): MeshDidParts {
  const match = meshPattern.exec(did);
  if (match === null) {
    throw new MeshError('DID_INVALID', { did, detail: 'not did:mesh:<type>:<label>[:<scid>]' });
  }
  return { type: match[1]!, label: match[2]!, scid: match[3] };
}

/** DID and fragment of a DID URL; `DID_INVALID` when there is no fragment. */
export function splitDidUrl(url: string): { did: Did; fragment: string } {
  const at = url.indexOf('#');
  if (at < 0) throw new MeshError('DID_INVALID', { did: url, detail: 'a fragment is missing' });
  return { did: asDid(url.slice(0, at)), fragment: url.slice(at + 1) };
}

/** Whether `value` is a DID with a fragment of printable ASCII. */
export function isDidUrl(value: string): value is DidUrl {
  const at = value.indexOf('#');
  return at > 0 && isDid(value.slice(0, at)) && /^[!-~]+$/.test(value.slice(at + 1));
}

/** A new unguessable id: `prefix` and 128 random bits. */
export function newId(prefix: string, random: { bytes(length: number): Uint8Array }): string {
  return `${prefix}-${toBase64url(random.bytes(16))}`;
}

/** Order by UTF-16 code units: the same everywhere, unlike `localeCompare`. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
