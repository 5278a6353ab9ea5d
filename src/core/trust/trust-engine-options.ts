/**
 * What the desk of the room is made of, and what it tells of itself.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Compression } from '../../ports/compression.ts';
import type { CredentialForm } from '../../ports/credential-form.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Http } from '../../ports/http.ts';
import type { Random } from '../../ports/random.ts';
import type { Signer } from '../../ports/signer.ts';
import type { Store } from '../../ports/store.ts';
import type { Emit } from '../../schema/mesh-event.ts';
import type { TrustAnchor } from './credentials/anchors.ts';
import type { Skew } from './credentials/claims.ts';
import type { Histories, Keys, Neighbours, Street, TownCrier } from './needs.ts';
import type { TrustWeightsChoice } from './score/weights.ts';
import type { JudgedCredential } from './status/own-list-records.ts';
import type { VerdictEffects } from './verdicts/verdict-desk.ts';

/** Options of `TrustEngine`. */
export interface TrustEngineOptions extends VerdictEffects {
  /** Who this node is. */
  readonly did: Did;
  readonly signer: Signer;
  readonly keys: Keys & Histories;
  readonly crypto: CryptoProvider;
  /** How status lists are packed. */
  readonly compression: Compression;
  readonly clock: Clock;
  readonly random: Random;
  /** This room's own part of the store; must be conditional. */
  readonly store: Store;
  readonly street: Street & Neighbours;
  /** Fetches status lists from https addresses; without it those cannot be checked. */
  readonly http?: Http;
  readonly emit: Emit;
  /** Issuers whose credentials count, each for the types it may speak of. Default: none but this node itself. */
  readonly anchors?: readonly TrustAnchor[];
  /**
   * Points per factor, adding up to 100: `standard`, `balanced` or others. Other ones than the store holds take effect
   * little by little. Default: what the store holds, else the standard ones.
   */
  readonly weights?: TrustWeightsChoice;
  /** Milliseconds over which weights change. Default 14 days. */
  readonly weightsOverMs?: number;
  /** Tells everybody of verdicts, and hears of theirs. Without it they go from neighbour to neighbour when they meet. */
  readonly crier?: TownCrier;
  /** Milliseconds of probation after a quarantine. Default 7 days. */
  readonly probationMs?: number;
  /** Whether evidence is exchanged with `peer`: it tells who worked for whom. Default: with nobody. */
  readonly sharesEvidence?: (peer: Did) => boolean;
  readonly skew?: Skew;
  /** Forms of credentials in presentations beside those that are read here, e.g. SD-JWT. Default: none. */
  readonly credentialForms?: readonly CredentialForm[];
  /** Age in milliseconds from which a status list says nothing any more. Default 3,600,000. */
  readonly maxStatusAgeMs?: number;
  /** Told at once when a credential of a peer is revoked, so that its sessions can be judged again. */
  readonly onRevoked?: (subject: Did, credential: string, types: readonly string[]) => void;
  /** Told at once when a credential of a peer is suspended. */
  readonly onSuspended?: (subject: Did) => void;
  /** Told of every credential this node has revoked, suspended or reinstated, once that is written. */
  readonly journal?: (judged: JudgedCredential) => void;
}

/** What `TrustEngine.status` tells. */
export interface TrustStatus {
  /** Own credentials. */
  readonly held: number;
  /** Credentials booked in all, own ones included. */
  readonly credentials: number;
  /** Peers with evidence. */
  readonly peers: number;
  /** Status lists that credentials here go by, and how old each is; undefined for one that could not be had. */
  readonly lists: readonly { readonly id: string; readonly ageMs: number | undefined }[];
}
