/**
 * Which parts of an entry are personal: what the writer says, and whatever names the subject.
 * @module
 */
import { canonicalJson, type Json } from '../../base/canonical.ts';
import { MeshError } from '../../base/errors.ts';
import { isPlainObject } from '../../base/shape.ts';

/** Whom an entry is about. */
export interface AboutSubject {
  /** The subject by a name of the writer's own, e.g. `user:42` or a DID: 1 to 512 characters. It is stored nowhere. */
  readonly subject?: string | undefined;
  /**
   * Members of the body that are sealed with the subject's key. Members that contain the subject's name are sealed too, listed or
   * not. Default: the whole body.
   */
  readonly personal?: readonly string[];
}

/** A body taken apart. */
export interface TakenApart {
  /** What stays readable. */
  readonly body: Json;
  /** What is sealed: members of the body, or under `body` all of it. Absent when nothing is. */
  readonly personal?: Json;
}

const subjectLimit = 512;

/** `body` as it may be stored, and what of it is sealed. Throws `INVALID_ARGUMENT` for a subject that is no name. */
export function takeApart(body: Json, { subject, personal }: AboutSubject): TakenApart {
  if (subject === undefined) return { body };
  if (subject === '' || subject.length > subjectLimit || !subject.isWellFormed()) {
    const expected = `1 to ${String(subjectLimit)} characters`;
    throw new MeshError('INVALID_ARGUMENT', { argument: 'subject', expected, got: subject });
  }
  if (!isPlainObject(body) || personal === undefined) return { body: null, personal: { body } };
  // As it would stand inside a JSON text.
  const named = canonicalJson(subject).slice(1, -1);
  const open: Record<string, Json> = {};
  const sealed: Record<string, Json> = {};
  for (const [member, value] of Object.entries(body as Record<string, Json | undefined>)) {
    if (value === undefined) continue;
    const isPersonal =
      personal.includes(member) ||
      canonicalJson(member).includes(named) ||
      canonicalJson(value).includes(named);
    (isPersonal ? sealed : open)[member] = value;
  }
  return Object.keys(sealed).length === 0 ? { body } : { body: open, personal: sealed };
}

/** The body as it was written, from what stayed readable and what was sealed. */
export function putTogether(body: Json, personal: Json): Json {
  if (!isPlainObject(personal)) return body;
  if (!isPlainObject(body)) return personal['body'] ?? null;
  return { ...body, ...personal };
}
