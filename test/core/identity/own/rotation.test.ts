import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../../src/adapters/stores/memory.ts';
import { fromUtf8, utf8 } from '../../../../src/base/bytes.ts';
import { MeshError } from '../../../../src/base/errors.ts';
import { toMultikey } from '../../../../src/base/multiformat.ts';
import {
  createIdentity,
  createRecoveryKey,
  type Identity,
  type IdentityChange,
  KeyRing,
  type OpenIdentityOptions,
  openIdentity,
  recoverIdentity,
  verifyData,
  verifyDidLog,
} from '../../../../src/core/identity/index.ts';
import { nodeCrypto } from '../../../../src/platform/node-crypto.ts';
import type { Store } from '../../../../src/ports/store.ts';
import type { DidLog } from '../../../../src/schema/did-log.ts';
import { seededRandom } from '../../../../src/testing/seeded-random.ts';
import { virtualClock } from '../../../../src/testing/virtual-clock.ts';
import { rejected } from '../../../base/thrown.ts';
import { until } from '../../../client/rig.ts';
import { start } from '../rig.ts';

const storeKey = 'identity/self';
const did = 'did:mesh:enterprise:acme';

/** One organisation on one virtual clock, whose processes share a store. */
function organisation() {
  const clock = virtualClock(start);
  const store = memoryStore();
  let processes = 0;
  const groundNow = () => {
    processes += 1;
    return { clock, crypto: nodeCrypto, random: seededRandom(processes) };
  };
  const open = (options: OpenIdentityOptions = {}, on: Store = store) =>
    openIdentity(groundNow(), on, { did, create: true, ...options });
  const verify = (log: DidLog) => rejected(verifyDidLog(log, nodeCrypto, clock.now()));
  return { clock, store, ground: groundNow, open, verify };
}

describe('Identity.rotate', () => {
  it('goes over to the key committed to, in the store too, and old signatures stay verifiable', async () => {
    const { clock, open, verify, ground } = organisation();
    const identity = await open();
    const { signer } = identity;
    const before = [signer.keyId, await identity.sign('hello')] as const;
    await clock.advance('90d');
    await identity.rotate({ reason: 'scheduled' });
    expect(signer.keyId).not.toBe(before[0]);
    expect(await verify(identity.log)).toBeUndefined();
    expect(identity.log[1]).toMatchObject({ version: 2, reason: 'scheduled' });
    const again = await open();
    expect([again.did, again.log]).toEqual([identity.did, identity.log]);
    expect(await again.sign('x')).toEqual(await identity.sign('x'));
    const check = (at: number) =>
      verifyData(ground(), identity.did, 'hello', before[1], { log: again.log, at: new Date(at) });
    expect(await check(start + 1)).toBe(true);
    expect(await check(clock.now() + 1)).toBe(false);
    const timeless = { log: again.log };
    expect(await verifyData(ground(), identity.did, 'hello', before[1], timeless)).toBe(true);
    expect(await verifyData(ground(), identity.did, 'hallo', before[1], timeless)).toBe(false);
  });

  it('can be done again and again, also after restarts', async () => {
    const { clock, open, verify } = organisation();
    for (let version = 2; version <= 6; version += 1) {
      const identity = await open();
      await clock.advance(1);
      await identity.rotate();
      expect(identity.log).toHaveLength(version);
      expect(await verify(identity.log)).toBeUndefined();
    }
    const keys = (await open()).keys.map(({ id }) => id);
    expect(new Set(keys).size).toBe(6);
  });

  it('lets one of two processes win, and the other takes it over', async () => {
    const { open, verify } = organisation();
    const processes = [await open(), await open(), await open()];
    await Promise.all(processes.map((one) => one.rotate()));
    for (const one of processes) {
      expect(one.log).toHaveLength(2);
      expect(await one.sign('x')).toEqual(await processes[0]!.sign('x'));
    }
    expect(await verify(processes[0]!.log)).toBeUndefined();
    await processes[1]!.rotate();
    await processes[0]!.refresh();
    expect(processes[0]!.log).toEqual(processes[1]!.log);
  });

  it('is taken over at once by a process that follows its store', async () => {
    const { open } = organisation();
    const [one, two] = [await open(), await open()];
    const heard: IdentityChange[] = [];
    two.onChange((change) => heard.push(change));
    const stop = new AbortController();
    const failures: unknown[] = [];
    const following = two.follow(stop.signal, (error) => failures.push(error));
    await one.rotate({ reason: 'scheduled' });
    await until(() => two.log.length === 2);
    expect(await two.sign('x')).toEqual(await one.sign('x'));
    await one.deactivate();
    await until(() => two.deactivated);
    expect(heard.map(({ kind }) => kind)).toEqual(['rotated', 'deactivated']);
    stop.abort();
    await following;
    expect(failures).toEqual([]);
  });

  it('is taken over by a follower that its store could not serve for a while, and had no history for', async () => {
    const { clock, open, store } = organisation();
    const [one, two] = [await open(), await open()];
    let ill = 2;
    const stop = new AbortController();
    const failures: unknown[] = [];
    const sick: Store = {
      ...store,
      features: store.features,
      get: (key) => store.get(key),
      write: (ops, options) => store.write(ops, options),
      watch: (prefix, from, options) => {
        ill -= 1;
        if (ill > 0) throw new MeshError('STORE_FAILED', { store: 'x', detail: 'ill' });
        if (ill === 0) throw new MeshError('NOT_FOUND', { what: 'the change log', id: 1 });
        return store.watch(prefix, from, options);
      },
    };
    const three = await open({}, sick);
    const following = three.follow(stop.signal, (error) => failures.push(error));
    await one.rotate();
    expect(three.log).toHaveLength(1);
    await clock.advance('1s');
    await clock.advance('1s');
    await until(() => three.log.length === 2);
    await two.refresh();
    await two.rotate();
    await until(() => three.log.length === 3);
    expect(failures).toMatchObject([{ code: 'STORE_FAILED' }]);
    stop.abort();
    await following;
  });

  it('takes several calls of one process in turn', async () => {
    const { open, verify } = organisation();
    const identity = await open();
    await Promise.all([identity.rotate(), identity.rotate(), identity.rotate()]);
    expect(identity.log).toHaveLength(4);
    expect(await verify(identity.log)).toBeUndefined();
  });

  it('leaves the old or the new state when the store fails before, in or after the write', async () => {
    for (const when of ['before', 'after'] as const) {
      const { open, store } = organisation();
      const first = await open();
      const failing = Object.assign(Object.create(store) as Store, {
        get: store.get.bind(store),
        write: async (...args: Parameters<Store['write']>) => {
          if (when === 'after') await store.write(...args);
          throw new MeshError('STORE_FAILED', { store: 'test', detail: 'power' });
        },
      });
      const identity = await open({}, failing);
      expect(await rejected(identity.rotate())).toMatchObject({ code: 'STORE_FAILED' });
      const stored = await open();
      expect(stored.log).toHaveLength(when === 'after' ? 2 : 1);
      expect(identity.log).toEqual(stored.log);
      expect(await identity.sign('x')).toEqual(await stored.sign('x'));
      expect(stored.log[0]).toEqual(first.log[0]);
    }
  });

  it('never signs in one name with the key of another', async () => {
    const { open } = organisation();
    const identity = await open();
    const { current } = identity.signer;
    const [keyId, publicKey] = [current!.keyId, current!.publicKey];
    await identity.rotate();
    expect([current!.keyId, current!.publicKey]).toEqual([keyId, publicKey]);
    const signature = await current!.sign(utf8('x'));
    expect(await nodeCrypto.verify({ type: 'Ed25519', publicKey }, utf8('x'), signature)).toBe(
      true,
    );
  });

  it('refuses did:key, a reason too long and an interval too short', async () => {
    const { open, ground } = organisation();
    const bare = await createIdentity(ground(), { did: 'did:key' });
    expect(await rejected(bare.rotate())).toMatchObject({ code: 'UNSUPPORTED' });
    const identity = await open();
    const refused = await rejected(identity.rotate({ every: '59s' }));
    expect(refused).toMatchObject({ code: 'INVALID_ARGUMENT', params: { argument: 'every' } });
    expect(await rejected(identity.rotate({ reason: 'x'.repeat(201) }))).toMatchObject({
      code: 'SCHEMA_INVALID',
    });
    const lost = [{ key: 'z6MkNobody', from: new Date(start) }];
    expect(await rejected(identity.rotate({ compromised: lost }))).toMatchObject({
      code: 'DID_INVALID',
    });
    const never = [{ key: identity.signer.keyId, from: 'yesterday' }];
    expect(await rejected(identity.rotate({ compromised: never }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    expect(identity.log).toHaveLength(1);
    expect((await open()).log).toHaveLength(1);
  });

  it('refuses a clock that jumped, and writes nothing', async () => {
    const { clock, open, ground, store } = organisation();
    const identity = await open();
    let jump = -61_000;
    const jumped = { ...clock, now: () => clock.now() + jump };
    const behind = await openIdentity({ ...ground(), clock: { ...jumped } }, store).catch(
      (error: unknown) => error,
    );
    expect(behind).toMatchObject({ code: 'CLOCK_INVALID' });
    jump = 0;
    const running = await openIdentity({ ...ground(), clock: jumped }, store);
    for (const by of [-61_000, 400 * 86_400_000]) {
      jump = by;
      expect(await rejected(running.rotate())).toMatchObject({ code: 'CLOCK_INVALID' });
    }
    jump = -59_000;
    await running.rotate();
    expect(running.log[1]?.at).toBe(running.log[0]?.at);
    await identity.refresh();
    expect(identity.log).toEqual(running.log);
  });

  it('tells its listeners once for each change', async () => {
    const { open } = organisation();
    const [one, two] = [await open(), await open()];
    const seen: IdentityChange['kind'][] = [];
    const off = two.onChange(({ kind }) => seen.push(kind));
    await one.rotate();
    await two.refresh();
    await two.refresh();
    await two.rotate();
    await two.deactivate();
    off();
    expect(seen).toEqual(['rotated', 'rotated', 'deactivated']);
  });
});

describe('a rotation every so often', () => {
  it('happens by the clock, after a restart too, and once for several processes', async () => {
    const { clock, open, verify } = organisation();
    const first = await open();
    await first.rotate({ every: '90d' });
    await clock.advance('89d');
    expect(first.log).toHaveLength(2);
    const second = await open();
    await clock.advance('2d');
    await first.refresh();
    await second.refresh();
    expect([first.log.length, second.log.length]).toEqual([3, 3]);
    await first.close();
    await clock.advance('90d');
    expect(second.log).toHaveLength(4);
    expect(second.log[3]?.reason).toBe('scheduled');
    expect(await verify(second.log)).toBeUndefined();
    await second.close();
    await clock.advance('200d');
    expect((await open()).log.length).toBeLessThan(6);
  });

  it('is tried again within the hour when it failed, and says so', async () => {
    const { clock, open, store } = organisation();
    let down = false;
    const flaky = Object.assign(Object.create(store) as Store, {
      get: (key: string) =>
        down
          ? Promise.reject(new MeshError('STORE_FAILED', { store: 'x', detail: 'y' }))
          : store.get(key),
      write: store.write.bind(store),
    });
    const identity = await open({}, flaky);
    await identity.rotate({ every: '1d' });
    const failures: IdentityChange[] = [];
    identity.onChange((change) => {
      if (change.kind === 'rotation-failed') failures.push(change);
    });
    down = true;
    await clock.advance('25h');
    expect(failures[0]).toMatchObject({ code: 'STORE_FAILED' });
    expect(identity.log).toHaveLength(2);
    down = false;
    await clock.advance('1h');
    expect(identity.log).toHaveLength(3);
    await identity.close();
  });
});

describe('Identity.deactivate', () => {
  it('ends it: nothing is signed or rotated any more, and what was signed before stays good', async () => {
    const { clock, open, ground } = organisation();
    const identity = await open();
    const signature = await identity.sign('hello');
    await clock.advance(1_000);
    await identity.deactivate({ reason: 'merged' });
    for (const one of [identity, await open()]) {
      expect(one.deactivated).toBe(true);
      expect(await rejected(one.sign('x'))).toMatchObject({ code: 'DID_DEACTIVATED' });
      expect(await rejected(one.rotate())).toMatchObject({ code: 'DID_DEACTIVATED' });
      expect(await rejected(one.deactivate())).toMatchObject({ code: 'DID_DEACTIVATED' });
    }
    const { log } = identity;
    const check = (at?: number) =>
      verifyData(ground(), identity.did, 'hello', signature, {
        log,
        at: at === undefined ? undefined : new Date(at),
      });
    expect(await check(start + 1)).toBe(true);
    expect(await check(clock.now() + 1)).toBe(false);
    expect(await check()).toBe(true);
  });
});

describe('a key compromised as of a time', () => {
  it('is believed for nothing from then on, and for everything before', async () => {
    const { clock, open, ground, store } = organisation();
    const identity = await open();
    const stolen = identity.signer.keyId;
    const signature = await identity.sign('hello');
    await clock.advance(10_000);
    await identity.rotate({ compromised: [{ key: stolen, from: new Date(start + 5_000) }] });
    const ring = new KeyRing({ clock, crypto: nodeCrypto, store: store.sub('keys') });
    await ring.learn(identity.log);
    const { did: own, log } = identity;
    for (const [at, good] of [
      [start, true],
      [start + 4_999, true],
      [start + 5_000, false],
      [start + 9_999, false],
    ] as const) {
      expect(await ring.verify(stolen, utf8('hello'), signature, at)).toBe(good);
      const options = { log, at: new Date(at) };
      expect(await verifyData(ground(), own, 'hello', signature, options)).toBe(good);
    }
    expect(await verifyData(ground(), own, 'hello', signature, { log })).toBe(false);
    expect(identity.keys[0]?.validTo).toBe(new Date(start + 5_000).toISOString());
  });
});

describe('recovery keys', () => {
  it('that could never take anything back are refused, and not shown: a secret in place of its key', async () => {
    const { ground, open } = organisation();
    const { key, secret } = await createRecoveryKey(ground());
    const x25519 = toMultikey('X25519', new Uint8Array(32).fill(9));
    const identity = await open({});
    for (const wrong of [secret, 'z', '', x25519, `${key}x`]) {
      const errors = [
        await rejected(createIdentity(ground(), { recovery: wrong })),
        await rejected(createIdentity(ground(), { recovery: [key, wrong] })),
        await rejected(identity.rotate({ recovery: [wrong] })),
      ];
      for (const error of errors) {
        expect(error?.code).toBe('KEY_INVALID');
        if (wrong !== '') expect(error?.message).not.toContain(wrong);
      }
    }
    expect(identity.log).toHaveLength(1);
    await identity.rotate({ recovery: [key] });
  });
});

describe('recovery', () => {
  const recoverable = async (passphrase?: string) => {
    const org = organisation();
    const words = passphrase === undefined ? {} : { passphrase };
    const recovery = await createRecoveryKey(org.ground(), words);
    return { ...org, recovery, identity: await org.open({ recovery: recovery.key }) };
  };

  it('takes an identity back whose store is lost, from the history any peer has', async () => {
    const { clock, ground, recovery, identity, verify } = await recoverable();
    await identity.rotate();
    await clock.advance(1_000);
    const elsewhere = memoryStore();
    const saved = await recoverIdentity(ground(), elsewhere, {
      secret: recovery.secret,
      log: identity.log,
      reason: 'the machine burnt',
    });
    expect(saved.did).toBe(identity.did);
    expect(await verify(saved.log)).toBeUndefined();
    await saved.rotate();
    const again = await openIdentity(ground(), elsewhere);
    expect(await again.sign('x')).toEqual(await saved.sign('x'));
  });

  it('wins over a thief who has the whole store and went on with it, even to the end', async () => {
    for (const end of [false, true]) {
      const { clock, ground, open, recovery, identity, verify } = await recoverable();
      await clock.advance(5_000);
      const thief = await open();
      await thief.rotate();
      if (end) await thief.deactivate();
      const compromised = identity.log
        .concat(thief.log[1]!)
        .flatMap(({ keys }) => keys)
        .map((key) => ({ key, from: new Date(start + 5_000) }));
      const next = await createRecoveryKey(ground());
      const saved = await recoverIdentity(ground(), memoryStore(), {
        secret: recovery.secret,
        log: thief.log,
        compromised,
        recovery: next.key,
      });
      expect(await verify(saved.log)).toBeUndefined();
      const ring = new KeyRing({ clock, crypto: nodeCrypto, store: memoryStore() });
      await ring.learn(thief.log);
      await ring.learn(saved.log);
      const proof = [saved.signer.keyId, utf8('x'), await saved.sign('x')] as const;
      expect(await ring.verify(...proof)).toBe(true);
      const spent = recoverIdentity(ground(), memoryStore(), {
        secret: recovery.secret,
        log: saved.log,
      });
      expect(await rejected(spent)).toMatchObject({ code: 'KEY_INVALID' });
      const anew = await recoverIdentity(ground(), memoryStore(), {
        secret: next.secret,
        log: saved.log,
      });
      expect(anew.did).toBe(identity.did);
    }
  });

  it('opens a sealed secret with its passphrase only, and shows nothing of it', async () => {
    const { ground, recovery, identity } = await recoverable('correct horse');
    const { log } = identity;
    const attempt = (secret: string, secretPassphrase?: string) =>
      rejected(
        recoverIdentity(ground(), memoryStore(), {
          secret,
          log,
          ...(secretPassphrase !== undefined && { secretPassphrase }),
        }),
      );
    expect(await attempt(recovery.secret, 'correct horse')).toBeUndefined();
    expect((await attempt(recovery.secret))?.code).toBe('IDENTITY_LOCKED');
    expect((await attempt(recovery.secret, 'wrong'))?.code).toBe('IDENTITY_LOCKED');
    for (const bad of [
      '',
      'x',
      'mesh-recovery-1.AA',
      'mesh-recovery-1s.AA',
      'mesh-recovery-1s.e30',
    ]) {
      const error = await attempt(bad, 'correct horse');
      expect(error?.code).toBe('KEY_INVALID');
      expect(error?.cause).toBeUndefined();
    }
  });

  it('needs a history, and refuses that of somebody else or another branch', async () => {
    const { ground, store, recovery, identity } = await recoverable();
    const recover = (on: Store, log?: DidLog) =>
      rejected(recoverIdentity(ground(), on, { secret: recovery.secret, ...(log && { log }) }));
    expect((await recover(memoryStore()))?.code).toBe('NOT_FOUND');
    const other = await createIdentity(ground());
    expect((await recover(memoryStore(), other.log))?.code).toBe('KEY_INVALID');
    expect((await recover(store, other.log))?.code).toBe('DID_CONFLICT');
    expect(await recover(store)).toBeUndefined();
    expect((await recover(store, identity.log))?.code).toBe('KEY_INVALID');
  });

  it('can be added once to an identity that had none', async () => {
    const { ground, open, verify } = organisation();
    const identity = await open();
    const [one, two] = [await createRecoveryKey(ground()), await createRecoveryKey(ground())];
    await identity.rotate({ recovery: [one.key] });
    expect(await verify(identity.log)).toBeUndefined();
    expect((await rejected(identity.rotate({ recovery: [two.key] })))?.code).toBe('DID_INVALID');
    await identity.rotate();
    expect(identity.log).toHaveLength(3);
  });
});

describe('a passphrase', () => {
  it('keeps every secret out of the store, through rotations and restarts', async () => {
    const { open, store } = organisation();
    const identity = await open({ passphrase: 'tr\u00e4um' });
    await identity.rotate({ every: '90d' });
    const json = fromUtf8((await store.get(storeKey))!.value);
    expect(json).not.toContain('eed"');
    expect(JSON.parse(json)).toMatchObject({ sealed: { kdf: 'scrypt', cost: 15 } });
    // The same letter, written in two parts.
    const again = await open({ passphrase: 'tra\u0308um' });
    expect(await again.sign('x')).toEqual(await identity.sign('x'));
    await again.rotate();
    await identity.refresh();
    expect(identity.log).toHaveLength(3);
    for (const one of [identity, again]) await one.close();
  });

  it('is needed, and no other will do', async () => {
    const { open } = organisation();
    await open({ passphrase: 'one' });
    for (const options of [{}, { passphrase: 'two' }]) {
      expect(await rejected(open(options))).toMatchObject({ code: 'IDENTITY_LOCKED' });
    }
    expect(await rejected(open({ passphrase: '' }))).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('seals what stood in clear', async () => {
    const { open, store } = organisation();
    const before = await open();
    const sealed = await open({ passphrase: 'one' });
    expect(fromUtf8((await store.get(storeKey))!.value)).not.toContain('eed"');
    expect(await sealed.sign('x')).toEqual(await before.sign('x'));
    expect(await rejected(open())).toMatchObject({ code: 'IDENTITY_LOCKED' });
  });

  it('opens nothing that was put together from two times', async () => {
    const { open, store } = organisation();
    const identity = await open({ passphrase: 'one' });
    const old = JSON.parse(fromUtf8((await store.get(storeKey))!.value)) as { sealed: unknown };
    await identity.rotate();
    const now = JSON.parse(fromUtf8((await store.get(storeKey))!.value)) as object;
    const mixed = utf8(JSON.stringify({ ...now, sealed: old.sealed }));
    await store.write([{ put: storeKey, value: mixed }]);
    expect(await rejected(open({ passphrase: 'one' }))).toMatchObject({ code: 'IDENTITY_LOCKED' });
  });
});

describe('keys held elsewhere', () => {
  /** An HSM of a kind of key. */
  const hsm = (type: 'Ed25519' | 'P-256' | 'secp256k1' = 'P-256') => {
    const algorithm = { Ed25519: 'EdDSA', 'P-256': 'ES256', secp256k1: 'ES256K' } as const;
    const signers = new Map<string, ReturnType<typeof make>>();
    const make = (n: number) => {
      const key = nodeCrypto.signingKey(new Uint8Array(32).fill(n), type);
      const sign = async (message: Uint8Array) => await nodeCrypto.sign(key, message);
      return { algorithm: algorithm[type], publicKey: key.publicKey, sign };
    };
    return { signers, make };
  };

  it.each(['Ed25519', 'P-256', 'secp256k1'] as const)(
    'of kind %s rotate without a secret in the store',
    async (type) => {
      const { open, store, verify } = organisation();
      const { make } = hsm(type);
      let made = 1;
      const asked: (string | undefined)[] = [];
      const byKey = new Map<string, ReturnType<typeof make>>();
      const nextSigner = (multikey?: string) => {
        asked.push(multikey);
        if (multikey !== undefined) {
          const known = [...byKey].find(([name]) => name === multikey)?.[1];
          return Promise.resolve(known ?? make(2));
        }
        made += 1;
        return Promise.resolve(make(made));
      };
      const identity = await open({ signer: make(1), nextSigner });
      expect(identity.signer.algorithm).toBe(make(1).algorithm);
      await identity.rotate();
      expect(identity.signer.publicKey).toEqual(make(2).publicKey);
      expect(await verify(identity.log)).toBeUndefined();
      expect(fromUtf8((await store.get(storeKey))!.value)).not.toMatch(/eed"|sealed/);
      const again = await open({ signer: make(2), nextSigner });
      expect(again.log).toEqual(identity.log);
      expect(again.signer.publicKey).toEqual(make(2).publicKey);
      expect((await rejected(open()))?.code).toBe('KEY_INVALID');
      expect((await rejected(open({ signer: make(9) })))?.code).toBe('KEY_INVALID');
      expect(asked.filter((name) => name !== undefined)).not.toHaveLength(0);
    },
  );

  it('cannot rotate without a next one, and says so', async () => {
    const { open } = organisation();
    const identity = await open({ signer: hsm().make(1) });
    expect(await rejected(identity.rotate())).toMatchObject({ code: 'UNSUPPORTED' });
    expect(await rejected(identity.deactivate())).toMatchObject({ code: 'UNSUPPORTED' });
  });

  it('are of a kind whose signatures a history can hold', async () => {
    const { open } = organisation();
    const signer = { ...hsm().make(1), algorithm: 'ES384' as const };
    expect(await rejected(open({ signer }))).toMatchObject({ code: 'KEY_INVALID' });
  });
});

describe('petnames', () => {
  it('stand for whom they were pinned to, after a restart too', async () => {
    const { open, ground } = organisation();
    const identity = await open();
    const peer = (await createIdentity(ground(), { did: 'did:mesh:enterprise:globex' })).did;
    const other = (await createIdentity(ground(), { did: 'did:mesh:enterprise:globex' })).did;
    const petname = 'did:mesh:enterprise:globex';
    expect(await identity.pinned(petname)).toBeUndefined();
    await identity.pin(petname, peer);
    await identity.pin(petname, peer);
    const again = await open();
    expect([...(await again.pins())]).toEqual([[petname, peer]]);
    expect(await rejected(again.pin(petname, other))).toMatchObject({
      code: 'IDENTITY_MISMATCH',
      params: { expected: peer, got: other },
    });
    await again.pin(petname, other, { replace: true });
    expect(await identity.pinned(petname)).toBe(other);
    await identity.unpin(petname);
    expect(await again.pinned(petname)).toBeUndefined();
  });

  it('are pinned to whole identifiers of their own name only', async () => {
    const { ground } = organisation();
    const identity: Identity = await createIdentity(ground());
    const peer = (await createIdentity(ground(), { did: 'did:mesh:enterprise:globex' })).did;
    for (const [petname, target] of [
      ['did:mesh:enterprise:globe', peer],
      ['did:mesh:enterprise:globex', 'did:mesh:enterprise:globex'],
      [peer, peer],
      ['globex', peer],
      ['did:mesh:enterprise:globex', 'did:web:globex.example'],
    ] as const) {
      expect(await rejected(identity.pin(petname, target))).toMatchObject({ code: 'DID_INVALID' });
    }
    await identity.pin('did:mesh:enterprise:globex', peer);
    expect([...(await identity.pins()).values()]).toEqual([peer]);
  });
});

describe('rotations, ends and keys taken back by several processes in any order', () => {
  it('give one history that verifies, and all processes end with it', async () => {
    const action = fc.record({
      who: fc.nat(2),
      what: fc.constantFrom('rotate', 'rotate', 'compromise', 'refresh', 'end'),
      wait: fc.boolean(),
      ms: fc.nat(5_000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 12 }), async (actions) => {
        const { clock, open, verify } = organisation();
        const processes = [await open(), await open(), await open()];
        const pending: Promise<unknown>[] = [];
        const claimed: string[] = [];
        for (const { who, what, wait, ms } of actions) {
          const one = processes[who]!;
          const lost = [{ key: one.signer.keyId, from: new Date(clock.now()) }];
          const work = {
            rotate: () => one.rotate(),
            compromise: () => one.rotate({ compromised: lost }),
            refresh: () => one.refresh(),
            end: () => one.deactivate(),
          }[what]();
          pending.push(
            rejected(work).then((error) => {
              if (what === 'compromise' && error === undefined) claimed.push(lost[0]!.key);
              return error;
            }),
          );
          if (wait) await Promise.all(pending.splice(0));
          await clock.advance(ms);
        }
        for (const error of await Promise.all(pending)) {
          if (error !== undefined) expect(error).toMatchObject({ code: 'DID_DEACTIVATED' });
        }
        for (const one of processes) await one.refresh();
        const { log } = await open();
        expect(await verify(log)).toBeUndefined();
        for (const one of processes) expect(one.log).toEqual(log);
        const taken = log.flatMap(({ compromised = [] }) => compromised.map(({ key }) => key));
        expect(claimed.map((keyId) => keyId.split('#')[1])).toEqual(
          expect.arrayContaining(taken) as string[],
        );
        expect(taken).toHaveLength(claimed.length);
      }),
      { numRuns: 40 },
    );
  });
});
