/**
 * Documents of other methods and other people, brought into the one form the rest of the house reads.
 * @module
 */

import { MeshError } from '../base/errors.ts';
import { frozenJson } from '../base/frozen-json.ts';
import { type Did, isDid } from '../base/ids.ts';
import { isPlainObject, refused } from '../base/shape.ts';
import { type DidDocument, didDocumentShape, relationships } from './did-document.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * `foreign` as a frozen {@link DidDocument}: names are made absolute, methods embedded in a relationship are moved to
 * `verificationMethod` (where they are good for that relationship alone, since no other names them), what may be one or a
 * list becomes a list. Members it does not know are kept. Throws `SCHEMA_INVALID` for anything that is no document by DID
 * Core 1.0, two keys of one name, a private key, or more than 16 levels or 20,000 values of JSON.
 */
export function readDidDocument(foreign: unknown, at = 'document'): DidDocument {
  const given = frozenJson(foreign, at);
  if (!isPlainObject(given)) throw refused(at, 'an object', given);
  if (!isDid(given['id'])) throw refused(`${at}.id`, 'a DID', given['id']);
  const did = given['id'];
  const methods = listed(given['verificationMethod']).map((method) => named(method, did));
  const purposes: [string, unknown][] = [];
  for (const purpose of relationships) {
    if (given[purpose] === undefined && !required.has(purpose)) continue;
    const entries = listed(given[purpose]);
    methods.push(...entries.filter(isPlainObject).map((method) => named(method, did)));
    purposes.push([purpose, entries.map((entry) => referenceTo(entry, did))]);
  }
  const document = didDocumentShape(
    {
      ...given,
      '@context': listed(given['@context']),
      ...('controller' in given && { controller: listed(given['controller']) }),
      ...('service' in given && {
        service: listed(given['service']).map((service) => named(service, did)),
      }),
      verificationMethod: methods,
      ...Object.fromEntries(purposes),
    },
    at,
  );
  refuseTwins(document, at);
  return frozenJson(document, at);
}

/** The document of `did` in `foreign`; `DID_INVALID` when it is none by {@link readDidDocument}, or about somebody else. */
export function readDocumentOf(did: Did, foreign: unknown): DidDocument {
  const document = readOrRefuse(did, foreign);
  if (document.id === did) return document;
  throw new MeshError('DID_INVALID', { did, detail: `its document is about ${document.id}` });
}

function readOrRefuse(did: Did, foreign: unknown): DidDocument {
  try {
    return readDidDocument(foreign);
  } catch (cause) {
    if (!MeshError.is(cause)) throw cause;
    throw new MeshError('DID_INVALID', { did, detail: cause.message }, { cause });
  }
}

const required: ReadonlySet<string> = new Set(['authentication', 'assertionMethod']);

function listed(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** DID Core 1.0, section 3.2.2: a relative DID URL is one of the document's own DID. */
function named(entry: unknown, did: string): unknown {
  return isPlainObject(entry) ? { ...entry, id: absolute(entry['id'], did) } : entry;
}

function referenceTo(entry: unknown, did: string): unknown {
  return absolute(isPlainObject(entry) ? (entry as Json)['id'] : entry, did);
}

function absolute(id: unknown, did: string): unknown {
  return typeof id === 'string' && id.startsWith('#') ? did + id : id;
}

/** Two keys of one name would let each reader choose another. */
function refuseTwins({ verificationMethod }: DidDocument, at: string): void {
  const names = new Set<string>();
  for (const { id } of verificationMethod) {
    if (names.has(id))
      throw refused(`${at}.verificationMethod`, 'keys with names of their own', id);
    names.add(id);
  }
}
