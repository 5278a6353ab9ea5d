/**
 * From a DID to its document.
 * @module
 */
import type { Did } from '../base/ids.ts';
import type { DidDocument } from '../schema/did-document.ts';

/** What is known of a DID. */
export interface Resolution {
  readonly document: DidDocument;
  /** Milliseconds since the document was fetched; 0 for what is derived from the DID itself. */
  readonly ageMs: number;
  /** Whether the DID was ended by its holder. */
  readonly deactivated: boolean;
}

/** Options of {@link DidResolver.resolve}. */
export interface ResolveOptions {
  readonly signal?: AbortSignal;
}

/** Finds documents. `DID_NOT_FOUND` (it does not exist) differs from `DID_UNREACHABLE` (nobody could be asked). */
export interface DidResolver {
  /** Methods it answers for: `key`, `mesh`, ... */
  readonly methods: readonly string[];
  /** What is known of `did` now. */
  resolve(did: Did, options?: ResolveOptions): Promise<Resolution>;
}
