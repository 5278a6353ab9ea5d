/**
 * Documents that the application vouches for: a list of its own, kept as JSON.
 * @module
 */
import { canonicalJson } from '../../../base/canonical.ts';
import { MeshError } from '../../../base/errors.ts';
import { compareText, type Did, didMethod, isDid } from '../../../base/ids.ts';
import { toMultikey } from '../../../base/multiformat.ts';
import { integer, list, object, parseJson, unknown } from '../../../base/shape.ts';
import type { DidDocument } from '../../../schema/did-document.ts';
import { readDocumentOf } from '../../../schema/read-did-document.ts';
import {
  agreementKeyOf,
  publicKeyOf,
  type VerificationMethod,
} from '../../../schema/verification-method.ts';
import { instant, toInstant } from '../../../schema/words.ts';
import { DerivedDids } from '../methods/derived-dids.ts';

/** Options of {@link DidRegistry}. */
export interface DidRegistryOptions {
  /** Methods taken in beside key, jwk, web, webvh, ethr and ion. Default none. */
  readonly methods?: readonly string[];
  /** Documents held. Default 10,000. */
  readonly limit?: number;
}

/** A document of the registry. */
export interface RegisteredDid {
  readonly did: Did;
  readonly document: DidDocument;
  /** When it was known to be so, as an instant. */
  readonly at: string;
}

const knownMethods: readonly string[] = ['key', 'jwk', 'web', 'webvh', 'ethr', 'ion'];
const maxJson = 1 << 26;

const fileShape = object({
  format: integer({ min: 1, max: 1 }),
  entries: list(object({ at: instant, document: unknown }), { max: 100_000 }),
});

/**
 * DID documents as data. A client that is given one believes what stands in it before it asks anybody, and says its age. Every
 * document passes the schema of DID Core; one of a method that is its own document must say what its identifier says.
 *
 * @example
 * ```ts
 * const registry = new DidRegistry();
 * registry.add({ id: 'did:web:acme.example', verificationMethod: [] }, { at: Date.UTC(2030, 0, 1) });
 * const mesh = new MeshClient({ registry: DidRegistry.from(registry.export()) });
 * ```
 */
export class DidRegistry {
  readonly #methods: ReadonlySet<string>;
  readonly #limit: number;
  readonly #entries = new Map<Did, RegisteredDid>();
  readonly #derived = new DerivedDids();

  constructor({ methods = [], limit = 10_000 }: DidRegistryOptions = {}) {
    this.#methods = new Set([...knownMethods, ...methods]);
    this.#limit = limit;
  }

  /** A registry with what {@link DidRegistry.export} wrote. Throws as {@link DidRegistry.import} does. */
  static from(json: string, options: DidRegistryOptions = {}): DidRegistry {
    const registry = new DidRegistry(options);
    registry.import(json);
    return registry;
  }

  /** How many documents it holds. */
  get size(): number {
    return this.#entries.size;
  }

  /** All documents, by their DIDs in code-unit order. */
  list(): readonly RegisteredDid[] {
    return [...this.#entries.values()].sort((a, b) => compareText(a.did, b.did));
  }

  /** What it holds of `did`. */
  get(did: Did): RegisteredDid | undefined {
    return this.#entries.get(did);
  }

  /**
   * Takes in `document`, known to be so `at` (epoch milliseconds), in place of an older one. Throws `DID_INVALID` for what is no DID
   * document, for a did:key or did:jwk with other keys than its own, and for a did:mesh, which its log proves and nothing else;
   * `DID_METHOD_UNKNOWN`; `LIMIT_EXCEEDED`; `INVALID_ARGUMENT` for a time that is none.
   */
  add(document: unknown, { at }: { at: number }): RegisteredDid {
    const entry = this.#checked(document, toInstant(at));
    this.#makeRoom([entry]);
    this.#put(entry);
    return entry;
  }

  /** Removes what it holds of `did`; whether there was something. */
  remove(did: Did): boolean {
    return this.#entries.delete(did);
  }

  /**
   * Takes in all documents of `json` (see {@link DidRegistry.export}), or none: the first that is refused ends it. Returns how many
   * there were. Throws as {@link DidRegistry.add} does, and `SCHEMA_INVALID`.
   */
  import(json: string): number {
    const { entries } = parseJson(json, fileShape, 'registry', maxJson);
    const checked = entries.map(({ at, document }) => this.#checked(document, at));
    this.#makeRoom(checked);
    for (const entry of checked) this.#put(entry);
    return checked.length;
  }

  /** All documents as JSON text, the same for the same documents. */
  export(): string {
    const entries = this.list().map(({ at, document }) => ({ at, document }));
    return JSON.stringify({ format: 1, entries });
  }

  #checked(foreign: unknown, at: string): RegisteredDid {
    const did = idOf(foreign);
    const method = didMethod(did);
    if (method === 'mesh') {
      throw new MeshError('DID_INVALID', { did, detail: 'its log proves it, no document does' });
    }
    if (!this.#methods.has(method)) throw new MeshError('DID_METHOD_UNKNOWN', { method });
    const document = readDocumentOf(did, foreign);
    const derived = this.#derived.resolve(did)?.document;
    if (derived !== undefined) checkKeys(document, derived);
    return Object.freeze({ did, document, at });
  }

  #makeRoom(entries: readonly RegisteredDid[]): void {
    const added = new Set(entries.map(({ did }) => did).filter((did) => !this.#entries.has(did)));
    const got = this.#entries.size + added.size;
    if (got > this.#limit) {
      throw new MeshError('LIMIT_EXCEEDED', { what: 'the DID registry', limit: this.#limit, got });
    }
  }

  /** The newer of two counts. */
  #put(entry: RegisteredDid): void {
    const held = this.#entries.get(entry.did);
    if (held === undefined || held.at <= entry.at) this.#entries.set(entry.did, entry);
  }
}

function idOf(foreign: unknown): Did {
  const id = (foreign as { id?: unknown } | null | undefined)?.id;
  if (isDid(id)) return id;
  throw new MeshError('DID_INVALID', { did: id, detail: 'a document needs the DID it is about' });
}

/** Each key of `document` is one of `derived`, by name and by value. */
function checkKeys(document: DidDocument, derived: DidDocument): void {
  const own = new Map(derived.verificationMethod.map((method) => [method.id, nameOfKey(method)]));
  const honest = document.verificationMethod.every(
    (method) => own.get(method.id) === nameOfKey(method) && method.controller === document.id,
  );
  if (honest) return;
  throw new MeshError('DID_INVALID', { did: document.id, detail: 'its keys are not its own' });
}

/** The same for the same key in whatever form. */
function nameOfKey(method: VerificationMethod): string {
  const key = publicKeyOf(method);
  if (key !== undefined) return toMultikey(key.type, key.publicKey);
  const agreement = agreementKeyOf(method);
  return agreement === undefined ? canonicalJson(method) : toMultikey('X25519', agreement);
}
