/**
 * From a DID to its document.
 * @module
 */
import type { Did } from '../base/ids.ts';
import type { DidDocument } from '../schema/did-document.ts';
import type { CryptoProvider } from './crypto.ts';
import type { Http } from './http.ts';

/** What is known of a DID. */
export interface Resolution {
  readonly document: DidDocument;
  /** Milliseconds since the document was fetched; 0 for what is derived from the DID itself. */
  readonly ageMs: number;
  /** Whether the DID was ended by its holder. */
  readonly deactivated: boolean;
  /** Present when it is older than its method allows, because nobody could be asked and the caller takes that. */
  readonly stale?: true;
  /** The version of the document, where the method counts versions. */
  readonly versionId?: string;
  /** How long the source lets it be kept, in milliseconds from its fetch; 0 for "ask each time". Default: as its method has it. */
  readonly maxAgeMs?: number;
  /** What the source knows this version by (an HTTP ETag), to be asked whether it still holds. */
  readonly validator?: string;
}

/** What a client lends to its resolvers. */
export interface ResolverGround {
  /** The way out. */
  readonly http?: Http | undefined;
  readonly crypto?: CryptoProvider | undefined;
}

/** Options of {@link DidResolver.resolve}. */
export interface ResolveOptions extends ResolverGround {
  readonly signal?: AbortSignal | undefined;
  /** How much longer than its method allows a kept document may serve while nobody can be asked. Default 0. */
  readonly maxStaleMs?: number | undefined;
  /** The document as it was at this version, where the method keeps versions. */
  readonly versionId?: string | undefined;
  /** The document as it was at this time, epoch milliseconds, where the resolver has {@link DidResolver.keepsTimes}. */
  readonly at?: number | undefined;
  /** What the caller holds: a resolver may answer with it again once its source has said that it still holds. */
  readonly known?: Resolution | undefined;
}

/** Finds documents. `DID_NOT_FOUND` (it does not exist) differs from `DID_UNREACHABLE` (nobody could be asked). */
export interface DidResolver {
  /** Methods it answers for: `key`, `mesh`, ... */
  readonly methods: readonly string[];
  /** Whether its methods know what a document was at a time. Default: they know it as it is. */
  readonly keepsTimes?: boolean;
  /** What is known of `did` now. */
  resolve(did: Did, options?: ResolveOptions): Promise<Resolution>;
}
