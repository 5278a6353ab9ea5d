/**
 * Makes identities, opens those a store holds, and takes back those that were lost.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import { type Did, parseMeshDid } from '../../../base/ids.ts';
import type { KeySigner } from '../../../ports/signer.ts';
import type { Store } from '../../../ports/store.ts';
import { type DidLog, didLogShape } from '../../../schema/did-log.ts';
import { toInstant } from '../../../schema/words.ts';
import { clockSkewMs, commitmentTo, isPrefix } from '../methods/did-log-rules.ts';
import { type Inception, incept, meshDidOf, verifyDidLog } from '../methods/did-mesh.ts';
import { recoveryKeysOf } from '../methods/key-periods.ts';
import { type CompromiseClaim, withEntry } from '../methods/next-entry.ts';
import { Identity } from './identity.ts';
import { type IdentityGround, type IdentityState, Ledger, stateOf } from './identity-ledger.ts';
import { type ReadRecord, readRecord, storeKey } from './identity-record.ts';
import {
  firstPurpose,
  foreignSource,
  type KeySource,
  type NextSigner,
  type OwnKey,
  secondPurpose,
  seedSource,
  signerFor,
} from './own-key.ts';
import { openRecoverySecret } from './recovery-key.ts';
import { Sealer } from './secret-box.ts';

/** Who holds the keys of an identity. */
export interface CustodyOptions {
  /**
   * The key in use, held elsewhere, e.g. by an HSM: then no secret is in the store. EdDSA, ES256 or ES256K. Default: keys are
   * made here.
   */
  readonly signer?: KeySigner;
  /** Gives the keys that follow `signer`. Without it such an identity cannot rotate. */
  readonly nextSigner?: NextSigner;
}

/** Options of `Identity.create`. */
export interface CreateIdentityOptions extends CustodyOptions {
  /** Petname `did:mesh:<type>:<label>`, or `did:key` for a bare key. Default `did:mesh:app:local`. */
  readonly did?: string;
  /** Multikeys of recovery keys, whose secrets are kept elsewhere; see `Identity.recoveryKey`. Default none. */
  readonly recovery?: string | readonly string[];
}

/** Options of `Identity.open`. */
export interface OpenIdentityOptions extends CreateIdentityOptions {
  /** Create it when the store holds none. Default false: `NOT_FOUND`. */
  readonly create?: boolean;
  /**
   * Seals the secret keys in the store (scrypt and ChaCha20-Poly1305). Keys that stand there in clear are sealed at once.
   * Default: they stand in clear, so the store must be private.
   */
  readonly passphrase?: string;
}

/** Options of `Identity.recover`. */
export interface RecoverIdentityOptions extends CustodyOptions {
  /** What `Identity.recoveryKey` gave. */
  readonly secret: string;
  /** The passphrase of that secret, if it has one. */
  readonly secretPassphrase?: string;
  /** The newest history at hand; any peer has it. The store's is taken when it is longer. */
  readonly log?: DidLog;
  /** As in `Identity.open`. */
  readonly passphrase?: string;
  readonly reason?: string;
  /** Keys that got into wrong hands. */
  readonly compromised?: readonly CompromiseClaim[];
  /** The recovery keys from now on; the one that is used now is spent. Default none. */
  readonly recovery?: string | readonly string[];
}

type Draft = Omit<IdentityState, 'revision'> & { readonly did: Did };

/** A new identity that lives in memory. */
export async function createIdentity(
  ground: IdentityGround,
  options: CreateIdentityOptions = {},
): Promise<Identity> {
  const keys = keySource(ground, options);
  const { did, ...state } = await mint(ground, keys, options);
  const parts = { did, ground, keys, store: undefined, sealer: undefined };
  return new Identity(new Ledger(parts, { ...state, revision: null }));
}

/**
 * The identity kept in `store`, or a new one. Throws `NOT_FOUND` without `create`, `IDENTITY_MISMATCH` when the store belongs
 * to another name, `IDENTITY_LOCKED` without the passphrase it was sealed with, `CLOCK_INVALID` when its history lies in the
 * future, `KEY_INVALID` when its keys are held by somebody else than `signer` and `nextSigner`.
 */
export async function openIdentity(
  ground: IdentityGround,
  store: Store,
  options: OpenIdentityOptions = {},
): Promise<Identity> {
  const keys = keySource(ground, options);
  const sealer = sealerOf(ground, options.passphrase);
  const kept = await store.get(storeKey);
  if (kept !== undefined) {
    const record = await readRecord(kept.value, sealer);
    const state = await restore(ground, record, keys, { ...options, revision: kept.revision });
    const ledger = new Ledger({ did: ownDid(record), ground, keys, store, sealer }, state);
    // Lost to another process, it is sealed by that one or at the next opening.
    if (record.kept === 'clear' && sealer) await ledger.keep(state, kept.revision);
    return new Identity(ledger);
  }
  if (options.create !== true) {
    throw new MeshError('NOT_FOUND', { what: 'the identity', id: options.did ?? storeKey });
  }
  const { did, ...draft } = await mint(ground, keys, options);
  const ledger = new Ledger({ did, ground, keys, store, sealer }, { ...draft, revision: null });
  if (await ledger.keep(draft, null)) return new Identity(ledger);
  // Somebody else created it in between: theirs is the one.
  return openIdentity(ground, store, options);
}

/**
 * Takes an identity back with a recovery key: writes an entry with new keys after the newest, also after an end, and keeps it
 * in `store`. Throws `NOT_FOUND` without a history, `KEY_INVALID` when the secret is of another identity.
 */
export async function recoverIdentity(
  ground: IdentityGround,
  store: Store,
  options: RecoverIdentityOptions,
): Promise<Identity> {
  const sealer = sealerOf(ground, options.passphrase);
  const secret = await openRecoverySecret(ground, options.secret, options.secretPassphrase);
  const kept = await store.get(storeKey);
  const log = longest(options.log, await logIn(kept?.value));
  const { did, recovery = [] } = log.at(-1)!;
  await verifyDidLog(log, ground.crypto, ground.clock.now());
  if (!recovery.includes(commitmentTo(secret.multikey))) {
    throw new MeshError('KEY_INVALID', {
      key: secret.multikey,
      detail: `no recovery key of ${did}`,
    });
  }
  const keys = keySource(ground, options);
  const draft = await recovered(ground, log, { keys, secret, options });
  const parts = { did, ground, keys, store, sealer };
  const ledger = new Ledger(parts, { ...draft, revision: kept?.revision ?? null });
  if (await ledger.keep(draft, kept?.revision ?? null)) return new Identity(ledger);
  throw new MeshError('DID_CONFLICT', { did });
}

async function recovered(
  { clock, crypto }: IdentityGround,
  log: DidLog,
  work: {
    readonly keys: KeySource;
    readonly secret: OwnKey;
    readonly options: RecoverIdentityOptions;
  },
): Promise<Omit<IdentityState, 'revision'>> {
  const { keys, secret, options } = work;
  const version = log.length + 1;
  const current = await must(keys, `recovered-key-${String(version)}`);
  const next = await keys.make(`recovered-key-${String(version + 1)}`);
  const { reason, compromised } = options;
  const plan = {
    keys: [current.multikey],
    next: next ? [next.multikey] : [],
    recovery: listOf(options.recovery),
    reason,
    compromised,
  };
  const longer = await withEntry(log, plan, secret, clock.now(), true);
  await verifyDidLog(longer, crypto, clock.now(), log.length);
  return { log: longer, current, next };
}

async function mint(
  { clock }: IdentityGround,
  keys: KeySource,
  { did = 'did:mesh:app:local', recovery }: CreateIdentityOptions,
): Promise<Draft> {
  const current = await must(keys, firstPurpose);
  const { multikey } = current;
  if (did === 'did:key') return { did: `did:key:${multikey}`, log: [], current, next: undefined };
  const petname = asPetname(did);
  const next = await keys.make(secondPurpose);
  const recoveryKeys = recoveryKeysOf(listOf(recovery));
  const inception: Inception = {
    petname,
    at: toInstant(clock.now()),
    keys: [multikey],
    nextKeys: next ? [next.multikey] : [],
    ...(recoveryKeys.length > 0 && { recoveryKeys }),
  };
  const own = meshDidOf(inception);
  return { did: own, log: [await incept(inception, signerFor(own, current))], current, next };
}

async function restore(
  { crypto, clock }: IdentityGround,
  record: ReadRecord,
  keys: KeySource,
  { did: wanted, revision }: OpenIdentityOptions & { readonly revision: number },
): Promise<IdentityState> {
  const own = ownDid(record);
  const petname = own.slice(0, own.lastIndexOf(':'));
  if (wanted !== undefined && wanted !== own && wanted !== petname) {
    throw new MeshError('IDENTITY_MISMATCH', { expected: wanted, got: own });
  }
  const [newest, now] = [record.log.at(-1), clock.now()];
  if (newest !== undefined && Date.parse(newest.at) > now + clockSkewMs) {
    const detail = `the newest entry of ${own} is of ${newest.at}`;
    throw new MeshError('CLOCK_INVALID', { now: toInstant(now), detail });
  }
  const state = await stateOf(record, keys, revision);
  if (record.log.length > 0) await verifyDidLog(record.log, crypto, now);
  return state;
}

/** The name its history proves; only a did:key has none. */
function ownDid({ did, log }: ReadRecord): Did {
  return log.at(-1)?.did ?? did;
}

async function logIn(value: Uint8Array | undefined): Promise<DidLog | undefined> {
  if (value === undefined) return undefined;
  // The secrets are not needed, so whatever they are sealed with does not matter.
  return (await readRecord(value, undefined, 'log only')).log;
}

function longest(given: DidLog | undefined, kept: DidLog | undefined): DidLog {
  const one = didLogShape(given ?? [], 'log');
  const other = kept ?? [];
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  const did = long[0]?.did;
  if (did === undefined) throw new MeshError('NOT_FOUND', { what: 'the history', id: storeKey });
  if (!isPrefix(short, long)) throw new MeshError('DID_CONFLICT', { did });
  return long;
}

async function must(keys: KeySource, purpose: string): Promise<OwnKey> {
  const key = await keys.make(purpose);
  if (key !== undefined) return key;
  throw new MeshError('UNSUPPORTED', {
    feature: 'a new key',
    by: 'an identity without nextSigner',
  });
}

function keySource({ crypto, random }: IdentityGround, options: CustodyOptions): KeySource {
  const { signer, nextSigner } = options;
  if (signer !== undefined) return foreignSource(signer, nextSigner);
  return seedSource(crypto, random.child('identity'));
}

function sealerOf(ground: IdentityGround, passphrase: string | undefined): Sealer | undefined {
  if (passphrase === undefined) return undefined;
  return new Sealer(passphrase, ground.crypto, ground.random.child('identity-seal'));
}

function listOf(keys: string | readonly string[] | undefined): readonly string[] {
  return keys === undefined ? [] : [keys].flat();
}

function asPetname(did: string): Did {
  const { type, label, scid } = parseMeshDid(did);
  if (scid !== undefined) {
    const detail = 'a new identity gets its own last segment';
    throw new MeshError('DID_INVALID', { did, detail });
  }
  return `did:mesh:${type}:${label}`;
}
