/**
 * The keys of others: resolves DIDs from what this node was handed, and checks signatures with them.
 * @module
 */
import { fromUtf8, utf8 } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import { frozenJson } from '../../base/frozen-json.ts';
import { type Did, type DidUrl, didMethod, parseMeshDid, splitDidUrl } from '../../base/ids.ts';
import { RecentMap } from '../../base/recent-map.ts';
import { list, number, object, parseJson } from '../../base/shape.ts';
import type { CryptoProvider, PublicKey } from '../../ports/crypto.ts';
import type { DidResolver, Resolution, ResolveOptions } from '../../ports/resolver.ts';
import type { Store } from '../../ports/store.ts';
import { type DidLog, didLogLimits, didLogShape } from '../../schema/did-log.ts';
import type { ProofVerifier } from '../../schema/signed.ts';
import { DerivedDids, derivedMethods } from './methods/derived-dids.ts';
import { isPrefix } from './methods/did-log-rules.ts';
import { meshDocument, verifyDidLog } from './methods/did-mesh.ts';
import { epochOf, signingKeyAt } from './methods/key-periods.ts';
import { DidCache, type DidCacheOptions } from './resolution/did-cache.ts';
import type { DidRegistry } from './resolution/did-registry.ts';
import { DocumentKeys, type KeyPurpose } from './resolution/document-keys.ts';

/** Options of {@link KeyRing}. */
export interface KeyRingOptions extends Omit<DidCacheOptions, 'resolvers'> {
  readonly crypto: CryptoProvider;
  /** Where learned histories are kept. */
  readonly store: Store;
  /** Who is asked about DIDs of other methods than key, jwk and mesh. Default nobody. */
  readonly resolvers?: readonly DidResolver[] | undefined;
  /** Documents believed before anybody is asked. */
  readonly registry?: Pick<DidRegistry, 'get'> | undefined;
  /** Whom a petname `did:mesh:<type>:<label>` stands for. Default: nobody. */
  readonly names?: (petname: Did) => Promise<Did | undefined>;
}

/** Logs held in memory; the rest is read from the store again. */
const memoryLimit = 10_000;
/** Characters of a log as it is kept. */
const maxLogLength = 1 << 20;
/** Races for one log that may be lost before giving up. */
const attempts = 16;

/** What a key is wanted for. */
export interface KeyUse {
  readonly purpose: KeyPurpose;
  /** Epoch milliseconds at which what was signed was here, by an own clock or log. Default: now. */
  readonly at?: number | undefined;
}

/** A key that may be used. */
export interface ResolvedKey {
  readonly key: PublicKey;
  /** Another text as soon as the keys of the DID are others; for caches to compare. */
  readonly epoch: string;
  /** Milliseconds since this was known to be so. */
  readonly ageMs: number;
}

interface KnownLog {
  readonly log: DidLog;
  /** When each entry became known here, epoch milliseconds. */
  readonly learned: readonly number[];
  /** Of the store's entry. */
  readonly revision: number;
}

/** A key that was read out of its text before. */
interface KeyOfToday {
  readonly did: Did;
  /** The history whose newest entry has it; undefined of a DID that is its own document. */
  readonly known?: KnownLog;
  readonly key: ResolvedKey;
}

/** A history that has become longer. */
export interface LogChange {
  readonly did: Did;
  readonly log: DidLog;
  /** As it was known before; not empty. */
  readonly before: DidLog;
}

const keptShape = object({
  log: didLogShape,
  learned: list(number({ min: 0 }), { max: didLogLimits.entries }),
});

/** Methods that are answered for here and nowhere else. */
const ownMethods: readonly string[] = [...derivedMethods, 'mesh'];

/**
 * Resolves did:key, did:jwk and did:mesh without asking anybody: from the DID itself, and from histories handed over by peers; DIDs
 * of other methods from the registry, or through their resolvers and a cache.
 */
export class KeyRing implements DidResolver {
  readonly methods: readonly string[];
  readonly #options: KeyRingOptions;
  readonly #derived = new DerivedDids();
  readonly #others: DidCache;
  readonly #documentKeys = new DocumentKeys();
  readonly #logs = new Map<Did, KnownLog>();
  readonly #today = new RecentMap<DidUrl, KeyOfToday>(memoryLimit);
  readonly #listeners = new Set<(change: LogChange) => void>();

  constructor(options: KeyRingOptions) {
    const { resolvers = [], ...rest } = options;
    const taken = resolvers
      .flatMap(({ methods }) => methods)
      .find((method) => ownMethods.includes(method));
    if (taken !== undefined) {
      const expected = 'for methods that prove nothing by themselves';
      throw new MeshError('INVALID_ARGUMENT', { argument: 'resolvers', expected, got: taken });
    }
    this.#options = options;
    this.#others = new DidCache({ ...rest, resolvers });
    this.methods = [...ownMethods, ...this.#others.methods];
  }

  /**
   * Takes in a did:mesh history, once checked. A longer one replaces a shorter one it continues; one that does not
   * continue what is known throws `DID_CONFLICT`, and the known one stays.
   */
  async learn(foreign: unknown): Promise<void> {
    const log = didLogShape(foreign, 'log');
    const did = log[0]?.did;
    if (did === undefined) return;
    const text = JSON.stringify(log);
    if (text.length > maxLogLength) {
      const what = `the log of ${did}`;
      throw new MeshError('LIMIT_EXCEEDED', { what, limit: maxLogLength, got: text.length });
    }
    // Each lost race means that a history was stored meanwhile; it is compared in its turn.
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const known = await this.#known(did);
      if (known !== undefined && isPrefix(log, known.log)) return;
      const whole = await this.#checked(log, known?.log ?? []);
      if (await this.#replace(did, whole, known)) {
        if (known !== undefined) this.#tell({ did, log: whole, before: known.log });
        return;
      }
      this.#logs.delete(did);
    }
    throw new MeshError('OVERLOADED', { what: `the log of ${did}`, limit: attempts });
  }

  /** Calls `listener` with each known history that has become longer here; the result takes it off. */
  onChange(listener: (change: LogChange) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** What is known and the checked rest; a whole other history is checked whole, so that only a real one counts as a conflict. */
  async #checked(log: DidLog, known: DidLog): Promise<DidLog> {
    const { crypto, clock } = this.#options;
    const continues = isPrefix(known, log);
    const whole = continues ? [...known, ...log.slice(known.length)] : log;
    await verifyDidLog(whole, crypto, clock.now(), continues ? known.length : 0);
    if (!continues) throw new MeshError('DID_CONFLICT', { did: log[0]!.did });
    return whole;
  }

  #tell(change: LogChange): void {
    for (const listener of [...this.#listeners]) listener(change);
  }

  /** The history of `did` as far as it is known. */
  async logOf(did: Did): Promise<DidLog | undefined> {
    return (await this.#known(did))?.log;
  }

  async #known(did: Did): Promise<KnownLog | undefined> {
    const remembered = this.#logs.get(did);
    if (remembered !== undefined || didMethod(did) !== 'mesh') return remembered;
    const entry = await this.#options.store.get(keyOf(did));
    if (entry === undefined) return undefined;
    const kept = parseJson(fromUtf8(entry.value), keptShape, 'log', 2 * maxLogLength);
    return this.#remember(did, { ...kept, revision: entry.revision });
  }

  /** Writes `log` in place of `known`; false when something else stands there by now. */
  async #replace(did: Did, log: DidLog, known: KnownLog | undefined): Promise<boolean> {
    const { store, clock } = this.#options;
    const key = keyOf(did);
    const learned = log.map((_, i) => known?.learned[i] ?? Math.floor(clock.now()));
    const commit = await store.write(
      [{ put: key, value: utf8(JSON.stringify({ log, learned })) }],
      {
        if: [{ key, revision: known?.revision ?? null }],
      },
    );
    if (commit.ok) this.#remember(did, { log, learned, revision: commit.revision });
    return commit.ok;
  }

  /**
   * The document of `did`, frozen. Throws `PETNAME_UNKNOWN` for a petname nobody
   * pinned, `DID_METHOD_UNKNOWN`, `DID_INVALID`, `DID_NOT_FOUND`,
   * or `DID_UNREACHABLE`, also for a did:mesh whose history was never received: it may well exist.
   */
  async resolve(did: Did, options: ResolveOptions = {}): Promise<Resolution> {
    const derived = this.#derived.resolve(did);
    if (derived !== undefined) return derived;
    if (didMethod(did) !== 'mesh')
      return this.#vouchedFor(did) ?? this.#others.resolve(did, options);
    const { log } = await this.#knownOrThrow(await this.named(did));
    const deactivated = log.at(-1)?.deactivated === true;
    const document = frozenJson(meshDocument(log), 'document');
    return Object.freeze({ document, ageMs: 0, deactivated });
  }

  /** Forgets what a resolver said about `did`, so that it is asked again. */
  invalidate(did: Did): void {
    this.#others.invalidate(did);
  }

  #vouchedFor(did: Did): Resolution | undefined {
    const entry = this.#options.registry?.get(did);
    if (entry === undefined) return undefined;
    const ageMs = Math.max(0, this.#options.clock.now() - Date.parse(entry.at));
    return Object.freeze({ document: entry.document, ageMs, deactivated: false });
  }

  /** Who `did` is: itself, or, of a petname, whom it stands for. Throws `PETNAME_UNKNOWN`. */
  async named(did: Did): Promise<Did> {
    const isPetname = didMethod(did) === 'mesh' && parseMeshDid(did).scid === undefined;
    return isPetname ? this.#whole(did) : did;
  }

  /** A petname stands for whom it was pinned to, or for whom the registry says; never for whoever came first. */
  async #whole(petname: Did): Promise<Did> {
    const did = await this.#options.names?.(petname);
    if (did === undefined) throw new MeshError('PETNAME_UNKNOWN', { did: petname });
    if (!did.startsWith(`${petname}:`)) {
      throw new MeshError('DID_INVALID', { did, detail: `not a whole identifier of ${petname}` });
    }
    return did;
  }

  /**
   * The public key `keyId` names, if it may be used for `purpose`: the one way to a key. With `at` the keys that were valid
   * then count, without it those of today.
   *
   * Throws `DID_NOT_FOUND`, `DID_UNREACHABLE`, `DID_INVALID`, `DID_METHOD_UNKNOWN`, `DID_DEACTIVATED`, `KEY_REVOKED` for a
   * key that was replaced, `KEY_INVALID` for one that never was of use here.
   */
  async keyOf(keyId: DidUrl, { purpose, at }: KeyUse): Promise<ResolvedKey> {
    const today = at === undefined && purpose === 'assertionMethod';
    const ready = today ? this.keyAtHand(keyId) : undefined;
    if (ready !== undefined) return ready;
    const found = await this.#findKey(keyId, purpose, at);
    if (today && found.isLasting) this.#today.set(keyId, found);
    return found.key;
  }

  async #findKey(
    keyId: DidUrl,
    purpose: KeyPurpose,
    at: number | undefined,
  ): Promise<KeyOfToday & { readonly isLasting: boolean }> {
    const { did } = splitDidUrl(keyId);
    const derived = this.#derived.keyOf(keyId);
    if (derived !== undefined) return { did, key: derived, isLasting: true };
    // A petname is a matter of this node, so nobody signs in it.
    if (didMethod(did) === 'mesh') {
      const known = await this.#knownOrThrow(did);
      return { did, known, key: meshKey(keyId, known, at), isLasting: true };
    }
    const { document, ageMs, deactivated } = await this.resolve(did, { at });
    if (deactivated) throw new MeshError('DID_DEACTIVATED', { did });
    const key = { ...this.#documentKeys.keyOf(document, keyId, purpose), ageMs };
    return { did, key, isLasting: derivedMethods.includes(didMethod(did)) };
  }

  /**
   * The key of today for `assertionMethod` that was found before, as long as nothing newer is known of its DID: one history, and one
   * did:key, always gives the same key.
   */
  keyAtHand(keyId: DidUrl): ResolvedKey | undefined {
    const found = this.#today.get(keyId);
    if (found === undefined) return undefined;
    const isNewest = found.known === undefined || this.#logs.get(found.did) === found.known;
    return isNewest ? found.key : undefined;
  }

  /**
   * Whether `signature` is by the key `keyId`, today or, with `at`, then a key of its DID. False for anything that cannot
   * be checked.
   */
  readonly verify = async (
    keyId: DidUrl,
    message: Uint8Array,
    signature: Uint8Array,
    at?: number,
  ): Promise<boolean> => {
    try {
      const { key } = await this.keyOf(keyId, { purpose: 'assertionMethod', at });
      return await this.#options.crypto.verify(key, message, signature);
    } catch (error) {
      if (MeshError.is(error)) return false;
      throw error;
    }
  };

  /**
   * Of a signature that `verify` refuses: whether its key counted `at` that time, until its DID called it compromised from
   * before then. It may be its owner's or a thief's, and says nothing any more.
   */
  readonly disowned: ProofVerifier = async (keyId, message, signature, at) => {
    const known = await this.#known(splitDidUrl(keyId).did);
    if (known === undefined || at === undefined) return false;
    try {
      const key = signingKeyAt({ log: known.log, keyId, at, orCompromised: true });
      return await this.#options.crypto.verify(key, message, signature);
    } catch (error) {
      if (MeshError.is(error)) return false;
      throw error;
    }
  };

  /** Whether `keyId` is a key that counted once and does not any more: replaced, compromised, or of an identity that was ended. */
  readonly retired = async (keyId: DidUrl): Promise<boolean> => {
    try {
      await this.keyOf(keyId, { purpose: 'assertionMethod' });
      return false;
    } catch (error) {
      if (MeshError.is(error)) return MeshError.is(error, 'KEY_REVOKED', 'DID_DEACTIVATED');
      throw error;
    }
  };

  async #knownOrThrow(did: Did): Promise<KnownLog> {
    const known = await this.#known(did);
    if (known !== undefined) return known;
    throw new MeshError('DID_UNREACHABLE', { did, detail: 'its log was not received' });
  }

  #remember(did: Did, known: KnownLog): KnownLog {
    const held = this.#logs.get(did);
    // A slow read of the store must not bring back what a learn has replaced meanwhile.
    const newest = held !== undefined && held.revision > known.revision ? held : known;
    this.#logs.delete(did);
    this.#logs.set(did, newest);
    if (this.#logs.size > memoryLimit) this.#logs.delete(this.#logs.keys().next().value!);
    return newest;
  }
}

function meshKey(keyId: DidUrl, { log, learned }: KnownLog, at: number | undefined): ResolvedKey {
  const known = at === undefined ? -1 : learned.findLastIndex((time) => time <= at);
  const key = signingKeyAt({ log, keyId, at, knownThen: log[known] });
  return { key, epoch: epochOf(log), ageMs: 0 };
}

function keyOf(did: Did): string {
  return `did-log/${did}`;
}
