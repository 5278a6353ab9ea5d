/**
 * What a client can be told.
 * @module
 */
import type { Did } from '../base/ids.ts';
import type { DidCacheOptions, DidRegistry, Identity } from '../core/identity/index.ts';
import type { Policy } from '../core/policy/index.ts';
import type { TrustAnchor, TrustWeightsChoice } from '../core/trust/index.ts';
import type { Anchor } from '../ports/anchor.ts';
import type { Clock } from '../ports/clock.ts';
import type { Compression } from '../ports/compression.ts';
import type { CredentialForm } from '../ports/credential-form.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import type { Extension } from '../ports/extension.ts';
import type { Http } from '../ports/http.ts';
import type { Logger } from '../ports/logger.ts';
import type { Model } from '../ports/model.ts';
import type { Random } from '../ports/random.ts';
import type { DidResolver } from '../ports/resolver.ts';
import type { Store } from '../ports/store.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { Transport } from '../ports/transport.ts';
import type { AutonomyLevel } from '../schema/action.ts';

/** How what was found out about DIDs of others is kept. */
export type ResolutionOptions = Omit<DidCacheOptions, 'clock' | 'crypto' | 'http' | 'resolvers'>;

/** Options of the audit log. */
export interface AuditSettings {
  /**
   * 32 bytes, e.g. out of a key service, that the keys of subjects are wrapped with: who takes the store alone can then read
   * nothing that is sealed. Default: a secret in the store.
   */
  readonly sealingKey?: Uint8Array;
  /** Entries between two signed heads, which are shown to peers and anchored. Default 256; the last entry waits one minute at most. */
  readonly headEvery?: number;
  /** Where signed heads are put so that nobody can deny when they existed. Default: nowhere but with peers. */
  readonly anchors?: readonly Anchor[];
  /**
   * What follows when a peer is proven to have signed two heads of its log that cannot both be true: `quarantine`, `slash` or
   * `evidence`, and for how long, as `@violation` of a policy says it. Default `quarantine`.
   */
  readonly equivocation?: string;
}

/** Options of {@link MeshClient}. Everything has a default: `new MeshClient()` is a mesh in memory. */
export interface MeshClientOptions {
  /** Petname of the identity, `did:mesh:<type>:<label>`. Default: what the store holds, else `did:mesh:app:local`. */
  readonly did?: string;
  /**
   * Seals the secret keys of the identity in the store. Default: they stand there in clear, so the store must be private. Not
   * used with `identity`.
   */
  readonly passphrase?: string;
  /**
   * A registry of petnames: whom `did:mesh:<type>:<label>` stands for, where `mesh.identity.pin` has said nothing. Default: none.
   */
  readonly petnames?: (petname: Did) => Did | undefined | Promise<Did | undefined>;
  /** An identity opened before; otherwise it is kept in the store, made at the first start. */
  readonly identity?: Identity;
  /**
   * A tenant of the organisation. Clients of several tenants can share one store: they share the identity in it and nothing
   * else. Receipts, audit log, policies, telemetry and events say which tenant they belong to. Default: none.
   */
  readonly tenant?: string;
  /** Name of this node among its organisation's. Default: the tenant's name, else `main`. */
  readonly node?: string;
  /** How it reaches others. Default: the memory transport of this process. */
  readonly transport?: Transport | readonly Transport[];
  /** A folder (SQLite on Node, closed with the client) or a store (left open). Default: in memory. */
  readonly store?: string | Store;
  /** Where this node is, e.g. `eu-west-1`; put into its agent records and receipts. */
  readonly region?: string;
  /** Policies added to the house rules. Default none: across organisations nothing is received. */
  readonly policies?: Policy | readonly (Policy | readonly Policy[])[];
  /** Which issuers may say what; credentials of others are checked and not counted. */
  readonly anchors?: readonly TrustAnchor[];
  /** Forms of credentials that presentations may hold beside `vc+jwt` and documents, e.g. `sdJwtForm()` of `@mesh/sdk/sd-jwt-vc`. */
  readonly credentialForms?: readonly CredentialForm[];
  /**
   * Resolvers of further DID methods, asked before the built-in one of did:web; what they say is checked, bounded and kept by
   * `resolution`. Key, jwk and mesh are not theirs: those prove themselves. Default none.
   */
  readonly resolvers?: readonly DidResolver[];
  /** How long documents are kept, by method, and whether stale ones may serve. Default: minutes, and never stale. */
  readonly resolution?: ResolutionOptions;
  /** DID documents the application vouches for, believed before anybody is asked. See `@mesh/sdk/dids`. */
  readonly registry?: DidRegistry;
  /**
   * Points per trust factor, adding up to 100: `standard` (default), `balanced` or others. Other ones than
   * before take effect little by little, over 14 days.
   */
  readonly trustWeights?: TrustWeightsChoice;
  /** Peers below this score get no task and may give none. 0 to 100, default 0. */
  readonly minTrust?: number;
  /**
   * How much happens unasked: nothing, advice, or also actions of low risk. The safety actions `quarantine` and `rollback`
   * happen at every level. Default `advise`.
   */
  readonly autonomy?: AutonomyLevel;
  /** How the audit log is sealed, signed and anchored. */
  readonly audit?: AuditSettings;
  /** Models that agents may name. */
  readonly models?: Readonly<Record<string, Model>>;
  readonly extensions?: readonly Extension[];
  /** Whether to dial the peers of peers. Default true. */
  readonly introductions?: boolean;
  /** Default: the platform's. */
  readonly clock?: Clock;
  /** Default: the platform's. */
  readonly random?: Random;
  /** Default: the platform's. */
  readonly crypto?: CryptoProvider;
  /** Default: the platform's. */
  readonly compression?: Compression;
  /** Default: the platform's. */
  readonly http?: Http;
  /** Default: silent. */
  readonly telemetry?: Telemetry;
  /** Default: silent. */
  readonly logger?: Logger | false;
}
