/**
 * What an audit log is told and asked.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Random } from '../../ports/random.ts';
import type { Signer } from '../../ports/signer.ts';
import type { Store } from '../../ports/store.ts';
import type { Signed } from '../../schema/signed.ts';
import type { AuditEntry } from './chain.ts';
import type { AuditHead } from './log-rows.ts';
import type { Keys } from './needs.ts';

/** Options of `AuditLog`. */
export interface AuditLogOptions {
  /** Whose log it is. */
  readonly did: Did;
  /** Which of its tenants it belongs to. */
  readonly tenant?: string | undefined;
  readonly signer: Signer;
  readonly keys: Keys;
  /** This log's own part of the store; must be conditional. */
  readonly store: Store;
  readonly clock: Clock;
  readonly crypto: CryptoProvider;
  readonly random: Random;
  /**
   * 32 bytes that the keys of subjects are wrapped with, e.g. from a key service, so that who takes the store alone can read
   * nothing sealed. Default: a secret in the store.
   */
  readonly sealingKey?: Uint8Array;
  /** Entries between two signed heads. Default 256. */
  readonly headEvery?: number;
  /** Milliseconds that an entry waits for a signed head at most. Default: until there are `headEvery`. */
  readonly headAfterMs?: number;
  /** Told of each signed head, once it is stored. */
  readonly onHead?: (head: Signed<AuditHead>) => void;
}

/** Which entries to read. */
export interface EntryFilter {
  /** First instant, inclusive. */
  readonly from?: string;
  /** Last instant, exclusive. */
  readonly to?: string;
  readonly kind?: string;
  /** Puts what was sealed back into the body, where its subject was not erased. Such entries are no longer what was hashed. */
  readonly reveal?: boolean;
  /** Entries at most. Default: all. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

/** What came of `AuditLog.erase`. */
export interface Erasure {
  /** The entry that says so. */
  readonly entry: AuditEntry;
  /** Whether there was anything of the subject, in the log or elsewhere. */
  readonly found: boolean;
  /** How many things each other room of this node deleted. */
  readonly removed: Readonly<Record<string, number>>;
}

/** Options of `AuditLog.erase`. */
export interface EraseOptions {
  /** The name the writers gave it. */
  readonly subject: string;
  /** Why, e.g. `GDPR Art. 17`; put into the log. 1 to 256 characters, and not the subject's name. */
  readonly basis: string;
}
