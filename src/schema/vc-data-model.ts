/**
 * What the W3C Verifiable Credentials Data Model 2.0 asks of any credential and any presentation, whoever wrote it.
 * {@link credentialShape} is narrower: it describes what this SDK issues.
 * @module
 */
import { isPlainObject, refused, type Shape } from '../base/shape.ts';
import { readContexts, type Vocabulary } from './vc-contexts.ts';
import { dateTimeStamp, isUrl } from './words.ts';

/** A JSON object that follows the data model. Members of other vocabularies are kept as they came. */
export type VcDocument = Readonly<Record<string, unknown>>;

const listLimit = 1_000;

/** Any credential of the data model; `SCHEMA_INVALID` names the first place that breaks a rule. */
export const credentialDocument: Shape<VcDocument> = (value, at) => {
  const { document, vocabulary } = documentOf(value, 'VerifiableCredential', at);
  checkMembers(document, at, vocabulary);
  return document;
};

/** Takes every name for one that a context defines: who does not process JSON-LD cannot tell. */
const anyVocabulary: Vocabulary = { knows: () => true };

/** What the data model asks of the members of a credential, whatever its `@context` and `type`; `SCHEMA_INVALID`. */
export function checkMembers(
  document: VcDocument,
  at: string,
  vocabulary: Vocabulary = anyVocabulary,
): void {
  checkId(document, at);
  checkIssuer(document['issuer'], `${at}.issuer`);
  checkSubjects(document['credentialSubject'], `${at}.credentialSubject`);
  checkPeriod(document, at);
  checkNames(document, at);
  checkTyped(document, typedMembers, vocabulary, at);
  each(document['credentialSchema'], `${at}.credentialSchema`, (schema, place) => {
    if (!isUrl(identifierOf(schema))) throw refused(`${place}.id`, 'a URL', schema);
  });
  checkRelated(document['relatedResource'], `${at}.relatedResource`);
}

/** Any presentation of the data model, with the credentials inside it. */
export const presentationDocument: Shape<VcDocument> = (value, at) => {
  const { document, vocabulary } = documentOf(value, 'VerifiablePresentation', at);
  if ('holder' in document) checkIssuer(document['holder'], `${at}.holder`);
  checkTyped(document, ['termsOfUse', 'proof'], vocabulary, at);
  each(document['verifiableCredential'], `${at}.verifiableCredential`, (item, place) => {
    if (isEnvelope(item, 'EnvelopedVerifiableCredential')) envelopeOf(item, place);
    else credentialDocument(item, place);
  });
  return document;
};

/** A credential or presentation that travels inside a `data:` URL (section 4.13). */
export interface Envelope {
  /** Media type without parameters, e.g. `application/vc+jwt`. */
  readonly mediaType: string;
  /** What was secured, as it stands in the URL. */
  readonly content: string;
}

/** Whether `value` says it is an envelope of `type`. */
export function isEnvelope(
  value: unknown,
  type: 'EnvelopedVerifiableCredential' | 'EnvelopedVerifiablePresentation',
): value is VcDocument {
  if (!isPlainObject(value)) return false;
  const types: unknown = value['type'];
  return types === type || (Array.isArray(types) && types.includes(type));
}

/** Opens an envelope; `SCHEMA_INVALID` for a missing base context or an `id` that is no `data:` URL. */
export function envelopeOf(value: VcDocument, at: string): Envelope {
  const contexts: unknown = value['@context'];
  readContexts(Array.isArray(contexts) ? contexts : [contexts], `${at}.@context`);
  const id: unknown = value['id'];
  const match = typeof id === 'string' ? /^data:([\w.+-]+\/[\w.+-]+)[^,]{0,100},/.exec(id) : null;
  if (match === null) throw refused(`${at}.id`, 'a data: URL', id);
  return { mediaType: match[1]!, content: (id as string).slice(match[0].length) };
}

/** The identifier in a value that is a URL or an object with one: `issuer`, `holder`. */
export function identifierOf(value: unknown): string | undefined {
  const id: unknown = isPlainObject(value) ? value['id'] : value;
  return typeof id === 'string' ? id : undefined;
}

/**
 * Members of a credential that no context of its defines. Who processes JSON-LD drops them, signature and all, so an issuer
 * does not sign them. Throws `SCHEMA_INVALID` for a broken `@context`.
 */
export function undefinedMembers(credential: VcDocument): readonly string[] {
  const vocabulary = readContexts(credential['@context'], '@context');
  return Object.keys(credential).filter(
    (name) => name !== '@context' && !credentialMembers.includes(name) && !vocabulary.knows(name),
  );
}

/** Objects that must say of which type they are (section 4.5). */
const typedMembers = [
  ...['credentialStatus', 'credentialSchema', 'refreshService', 'termsOfUse', 'evidence', 'proof'],
  ...['renderMethod', 'confidenceMethod'],
];

/** What the base context defines within a credential. */
const credentialMembers = [
  ...typedMembers,
  ...['credentialSubject', 'issuer', 'relatedResource', 'validFrom', 'validUntil'],
];

function documentOf(
  value: unknown,
  type: string,
  at: string,
): { readonly document: VcDocument; readonly vocabulary: Vocabulary } {
  if (!isPlainObject(value)) throw refused(at, 'an object', value);
  const vocabulary = readContexts(value['@context'], `${at}.@context`);
  checkId(value, at);
  const types = typesOf(value['type'], vocabulary, `${at}.type`);
  if (!types.includes(type)) throw refused(`${at}.type`, `${type} among the types`, value['type']);
  return { document: value, vocabulary };
}

/** Section 4.5: one or more terms and absolute URLs, in any order. */
function typesOf(value: unknown, vocabulary: Vocabulary, at: string): readonly string[] {
  const types: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (types.length === 0 || types.length > listLimit) throw refused(at, 'one type or more', value);
  for (const [i, type] of types.entries()) {
    if (typeof type !== 'string' || !vocabulary.knows(type)) {
      throw refused(`${at}[${String(i)}]`, 'a type that the context defines, or a URL', type);
    }
  }
  return types as readonly string[];
}

/** Section 4.4: where there is an `id`, it is one URL. */
function checkId(value: VcDocument, at: string): void {
  if ('id' in value && !isUrl(value['id'])) throw refused(`${at}.id`, 'one URL', value['id']);
}

function checkIssuer(value: unknown, at: string): void {
  if (!isUrl(identifierOf(value))) throw refused(at, 'a URL or an object whose id is one', value);
  if (isPlainObject(value)) checkNames(value, at);
}

/** Section 4.8: at least one subject, each with at least one claim. */
function checkSubjects(value: unknown, at: string): void {
  if (value === undefined) throw refused(at, 'one subject or more', value);
  each(value, at, (subject, place) => {
    if (!isPlainObject(subject) || Object.keys(subject).length === 0) {
      throw refused(place, 'an object with claims', subject);
    }
    checkId(subject, place);
  });
}

/** Section 4.9. */
function checkPeriod(document: VcDocument, at: string): void {
  const [from, until] = (['validFrom', 'validUntil'] as const).map((name) =>
    name in document ? Date.parse(dateTimeStamp(document[name], `${at}.${name}`)) : undefined,
  );
  if (from !== undefined && until !== undefined && until < from) {
    throw refused(`${at}.validUntil`, 'not before validFrom', document['validUntil']);
  }
}

function checkTyped(
  document: VcDocument,
  names: readonly string[],
  vocabulary: Vocabulary,
  at: string,
): void {
  for (const name of names) {
    each(document[name], `${at}.${name}`, (item, place) => {
      if (!isPlainObject(item)) throw refused(place, 'an object', item);
      typesOf(item['type'], vocabulary, `${place}.type`);
      checkId(item, place);
    });
  }
}

/** Section 4.6: names and descriptions are text or language value objects (section 11.1). */
function checkNames(document: VcDocument, at: string): void {
  for (const name of ['name', 'description']) {
    each(document[name], `${at}.${name}`, checkText);
  }
}

const languageMembers = ['@value', '@language', '@direction'];

function checkText(value: unknown, at: string): void {
  if (typeof value === 'string') return;
  if (!isPlainObject(value) || typeof value['@value'] !== 'string') {
    throw refused(at, 'text or a language value object', value);
  }
  const extra = Object.keys(value).find((member) => !languageMembers.includes(member));
  if (extra !== undefined) throw refused(`${at}.${extra}`, 'nothing', value[extra]);
  const { '@language': language = 'en', '@direction': direction = 'ltr' } = value;
  // BCP 47, section 2.1, by form alone.
  if (typeof language !== 'string' || !/^[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*$/.test(language)) {
    throw refused(`${at}.@language`, 'a language tag', language);
  }
  if (direction !== 'ltr' && direction !== 'rtl') {
    throw refused(`${at}.@direction`, 'ltr or rtl', direction);
  }
}

/** Section 5.3: objects with an `id` each, no two alike, and a digest. */
function checkRelated(value: unknown, at: string): void {
  const seen = new Set<string>();
  each(value, at, (resource, place) => {
    const id: unknown = isPlainObject(resource) ? resource['id'] : undefined;
    if (!isPlainObject(resource) || !isUrl(id))
      throw refused(place, 'an object with an id', resource);
    if (seen.has(id)) throw refused(`${place}.id`, 'an id no other resource has', id);
    seen.add(id);
    const digests = ['digestSRI', 'digestMultibase'].map((name) => resource[name]);
    const sound = digests.every((digest) => digest === undefined || typeof digest === 'string');
    if (!sound || digests.every((digest) => digest === undefined)) {
      throw refused(place, 'an object with digestSRI or digestMultibase', resource);
    }
  });
}

/** Visits a member that holds one value or a list of at least one; nothing where it is absent. */
function each(value: unknown, at: string, visit: (item: unknown, at: string) => void): void {
  if (value === undefined) return;
  if (!Array.isArray(value)) {
    visit(value, at);
    return;
  }
  if (value.length === 0 || value.length > listLimit) throw refused(at, 'one value or more', value);
  for (const [i, item] of value.entries()) visit(item, `${at}[${String(i)}]`);
}
