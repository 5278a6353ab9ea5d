/**
 * A chain of entries, each holding the hash of the one before: pure functions to lengthen and to check it.
 *
 * Two steps of hashing, so that an entry can be shown without its content: `digest` is the hash of what it says, `hash` the hash
 * of its number, time, kind, digest and the hash before. docs/protocol/audit.md has the bytes.
 * @module
 */
import { toBase64url, utf8 } from '../../base/bytes.ts';
import { canonicalJson, type Json } from '../../base/canonical.ts';
import { integer, object, optional, type Shape, text, unknown } from '../../base/shape.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import { instant } from '../../schema/words.ts';

/** The part of an entry that only who has the subject's key can read. */
export interface SealedPart {
  /** Stands for the subject: a commitment to its key, and no function of its name. */
  readonly tag: string;
  /** base64url: nonce, ciphertext, authentication tag. */
  readonly box: string;
}

/** What an entry says. */
export interface EntryContent {
  readonly body: Json;
  readonly sealed?: SealedPart;
}

/** One entry of the log. */
export interface AuditEntry extends EntryContent {
  /** 0 for the first, counting up. */
  readonly index: number;
  /** Never before the entry before. */
  readonly at: string;
  readonly kind: string;
  /** Hash of the entry before; absent in the first. */
  readonly previous?: string;
  readonly hash: string;
}

/** An entry without what it says: enough to show that the chain goes on, and that the entry is of another kind or time. */
export interface AuditStub extends Omit<AuditEntry, keyof EntryContent> {
  /** Hash of what it says. */
  readonly digest: string;
}

/** Where a chain ends: its number of entries, and time and hash of the last. */
export interface ChainEnd {
  readonly length: number;
  readonly at?: string;
  readonly hash?: string;
}

/** The hash function the chain is made with. */
export type Sha256 = Pick<CryptoProvider, 'hash'>;

/** The end of a chain without entries. */
export const emptyChain: ChainEnd = { length: 0 };

/** base64url of a sha2-256 digest. */
export const hashText: Shape<string> = text({
  min: 43,
  max: 43,
  pattern: /^[A-Za-z0-9_-]+$/,
  what: 'base64url of 32 bytes',
});

/** The next entry after `end`. An entry is never older than the one before: a clock that was set back shows nowhere else. */
export function link(
  end: ChainEnd,
  entry: Pick<AuditEntry, 'at' | 'kind' | 'body' | 'sealed'>,
  crypto: Sha256,
): AuditEntry {
  const { kind, body, sealed } = entry;
  const at = end.at !== undefined && end.at > entry.at ? end.at : entry.at;
  const previous = end.hash === undefined ? {} : { previous: end.hash };
  const content = sealed === undefined ? { body } : { body, sealed };
  const frame = { index: end.length, at, kind, ...previous };
  const hash = hashOfFrame(frame, digestOf(content, crypto), crypto);
  return { ...frame, ...content, hash };
}

/** Why `entry` cannot follow `end`; undefined when it does. */
export function linkProblem(
  end: ChainEnd,
  entry: AuditEntry | AuditStub,
  crypto: Sha256,
): string | undefined {
  if (entry.index !== end.length) return `it is numbered ${String(entry.index)}`;
  if (entry.previous !== end.hash) return 'it does not follow the entry before';
  if (end.at !== undefined && entry.at < end.at) return 'it is older than the entry before';
  if (!Object.keys(entry).every((member) => hashed(entry).has(member))) {
    return 'it has a further member';
  }
  const digest = isStub(entry) ? entry.digest : digestOf(entry, crypto);
  if (hashOfFrame(entry, digest, crypto) === entry.hash) return undefined;
  return 'its content is not what was hashed';
}

/** Members of entries; another would be under no hash. */
const hashed = (entry: AuditEntry | AuditStub): ReadonlySet<string> =>
  isStub(entry) ? stubMembers : entryMembers;
const frame = ['index', 'at', 'kind', 'previous', 'hash'];
const entryMembers = new Set([...frame, 'body', 'sealed']);
const stubMembers = new Set([...frame, 'digest']);

/** The end of the chain once `entry` was added. */
export function endOf({ index, at, hash }: AuditEntry | AuditStub): ChainEnd {
  return { length: index + 1, at, hash };
}

/** `entry` without what it says. */
export function stubOf(entry: AuditEntry, crypto: Sha256): AuditStub {
  const { index, at, kind, previous, hash } = entry;
  const before = previous === undefined ? {} : { previous };
  return { index, at, kind, digest: digestOf(entry, crypto), ...before, hash };
}

/** Whether the entry is shown without what it says. */
export function isStub(entry: AuditEntry | AuditStub): entry is AuditStub {
  return 'digest' in entry && !('body' in entry);
}

/** An entry as it is stored: one spelling, so that a changed byte is a changed entry. */
export function writeEntry(entry: AuditEntry): string {
  return canonicalJson(entry);
}

/** base64url sha2-256 of what an entry says. */
function digestOf({ body, sealed }: EntryContent, crypto: Sha256): string {
  return sha256Text(canonicalJson({ body, sealed }), crypto);
}

function hashOfFrame(
  { index, at, kind, previous }: Pick<AuditEntry, 'index' | 'at' | 'kind' | 'previous'>,
  digest: string,
  crypto: Sha256,
): string {
  return sha256Text(canonicalJson({ at, digest, index, kind, previous }), crypto);
}

function sha256Text(json: string, crypto: Sha256): string {
  return toBase64url(crypto.hash('sha256', utf8(json)));
}

const frameMembers = {
  index: integer(),
  at: instant,
  kind: text({ min: 1, max: 64 }),
  previous: optional(hashText),
  hash: hashText,
};

/** Longest sealed part as text: a body of 64 KiB, padded, in base64url. */
const boxLimit = 98_304;

const sealedShape = object({
  tag: hashText,
  box: text({ min: 38, max: boxLimit, pattern: /^[A-Za-z0-9_-]+$/, what: 'base64url' }),
}) as unknown as Shape<SealedPart>;

/** Parser of entries. */
export const auditEntryShape: Shape<AuditEntry> = object({
  ...frameMembers,
  body: unknown,
  sealed: optional(sealedShape),
}) as unknown as Shape<AuditEntry>;

/** Parser of entries that may be shown without what they say. */
export const shownEntryShape: Shape<AuditEntry | AuditStub> = (value, at) => {
  const stub = typeof value === 'object' && value !== null && !('body' in value);
  return stub ? auditStubShape(value, at) : auditEntryShape(value, at);
};

const auditStubShape = object({
  ...frameMembers,
  digest: hashText,
}) as unknown as Shape<AuditStub>;
