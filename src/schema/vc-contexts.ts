/**
 * Which terms the `@context` of a credential defines, as far as that can be told without fetching anything.
 * JSON-LD is not processed: the base context is known, contexts written inline are read, and a context behind another
 * URL is taken to define whatever its user says it does (VC Data Model 2.0, sections 4.3, 4.5 and 5.2).
 * @module
 */
import { isPlainObject, refused } from '../base/shape.ts';
import { credentialContext } from './credential.ts';
import { isUrl } from './words.ts';

/** What a `@context` defines. */
export interface Vocabulary {
  /** Whether `name` stands for something: a term that is defined, or an absolute URL. */
  knows(name: string): boolean;
}

/** Types and terms of the base context; all of them are protected (VC Data Model 2.0, appendix B.1). */
const baseTerms = [
  ...['VerifiableCredential', 'EnvelopedVerifiableCredential', 'VerifiablePresentation'],
  ...['EnvelopedVerifiablePresentation', 'JsonSchemaCredential', 'JsonSchema'],
  ...['BitstringStatusListCredential', 'BitstringStatusList', 'BitstringStatusListEntry'],
  ...['DataIntegrityProof', 'id', 'type', 'name', 'description', 'digestMultibase', 'digestSRI'],
  'mediaType',
];

const contextLimit = 16;

/**
 * Reads the `@context` found at `at`: an array whose first item is the base context, then URLs and objects. Throws
 * `SCHEMA_INVALID` for anything else, and where a protected term is given another meaning.
 */
export function readContexts(value: unknown, at: string): Vocabulary {
  if (!Array.isArray(value) || value.length > contextLimit) {
    throw refused(at, `a list of at most ${String(contextLimit)} contexts`, value);
  }
  const [first, ...rest] = value as readonly unknown[];
  if (first !== credentialContext) throw refused(`${at}[0]`, credentialContext, first);
  const reader = new ContextReader();
  for (const [i, context] of rest.entries()) reader.read(context, `${at}[${String(i + 1)}]`);
  return reader;
}

class ContextReader implements Vocabulary {
  readonly #terms = new Map<string, string>(baseTerms.map((term) => [term, 'base']));
  readonly #protected = new Set<string>(baseTerms);
  /** Something that cannot be seen from here may define any term. */
  #open = false;

  knows(name: string): boolean {
    return this.#open || this.#terms.has(name) || isUrl(name);
  }

  read(context: unknown, at: string): void {
    if (isPlainObject(context)) this.#readInline(context, at);
    else if (isUrl(context)) this.#open ||= context !== credentialContext;
    else throw refused(at, 'a URL or an object', context);
  }

  #readInline(context: Readonly<Record<string, unknown>>, at: string): void {
    const guarded = context['@protected'] === true;
    for (const [term, definition] of Object.entries(context)) {
      if (term === '@vocab') this.#readVocabulary(definition, `${at}.@vocab`);
      if (term.startsWith('@')) continue;
      this.#define(term, definition, guarded, `${at}.${term}`);
    }
  }

  #readVocabulary(definition: unknown, at: string): void {
    if (definition === null) return;
    if (!isUrl(definition)) throw refused(at, 'a URL or null', definition);
    this.#open = true;
  }

  #define(term: string, definition: unknown, guarded: boolean, at: string): void {
    const meaning = JSON.stringify(definition);
    if (this.#protected.has(term) && this.#terms.get(term) !== meaning) {
      throw refused(at, 'left as it is: the term is protected', definition);
    }
    if (definition === null) {
      this.#terms.delete(term);
      return;
    }
    const target: unknown = isPlainObject(definition) ? (definition['@id'] ?? '@id') : definition;
    if (typeof target !== 'string' || !(target.startsWith('@') || this.knows(target))) {
      throw refused(at, 'a URL, a keyword or a term', definition);
    }
    this.#terms.set(term, meaning);
    if (guarded || (isPlainObject(definition) && definition['@protected'] === true)) {
      this.#protected.add(term);
    }
  }
}
