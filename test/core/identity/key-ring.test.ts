import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import { utf8 } from '../../../src/base/bytes.ts';
import type { Did, DidUrl } from '../../../src/base/ids.ts';
import { toMultikey } from '../../../src/base/multiformat.ts';
import { DidRegistry } from '../../../src/core/identity/dids.ts';
import { createIdentity, KeyRing } from '../../../src/core/identity/index.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import type { Store } from '../../../src/ports/store.ts';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';
import { rejected } from '../../base/thrown.ts';
import { changed } from '../../schema/rig.ts';
import { clock, continued, groundOf, keyOf, type Log, newLog, start } from './rig.ts';

const ringOn = (store: Store) => new KeyRing({ clock, crypto: nodeCrypto, store });
const newRing = () => ringOn(memoryStore());
const message = utf8('hello');

async function proofBy(n: number, did: Did): Promise<[DidUrl, Uint8Array, Uint8Array]> {
  const signer = keyOf(n).signerFor(did);
  return [signer.keyId, message, await signer.sign(message)];
}

/** Two histories that part after the first entry. */
async function fork(): Promise<{ did: Did; first: Log; left: Log; right: Log }> {
  const first = await newLog();
  const left = await continued(first, { keys: [2], next: [3] });
  const right = await continued(first, { keys: [2], next: [4] });
  return { did: first[0]!.did, first, left, right };
}

describe('KeyRing.learn', () => {
  it('takes in a history, and a longer one that continues it', async () => {
    const ring = newRing();
    const { did, first, left } = await fork();
    expect(await ring.logOf(did)).toBeUndefined();
    await ring.learn(first);
    expect(await ring.logOf(did)).toEqual(first);
    await ring.learn(left);
    expect((await ring.resolve(did)).document.assertionMethod).toEqual([
      `${did}#${keyOf(2).multikey}`,
    ]);
  });

  it('keeps what it learned in the store', async () => {
    const store = memoryStore();
    const { did, left } = await fork();
    await ringOn(store).learn(left);
    expect(await ringOn(store).logOf(did)).toEqual(left);
    expect(await ringOn(store).verify(...(await proofBy(2, did)))).toBe(true);
  });

  it('is not taken back by a shorter history', async () => {
    const ring = newRing();
    const { did, first, left } = await fork();
    await ring.learn(left);
    await ring.learn(first);
    expect(await ring.logOf(did)).toEqual(left);
  });

  it('refuses a history that forked, and the known one stays', async () => {
    const store = memoryStore();
    const ring = ringOn(store);
    const { did, left, right } = await fork();
    const longer = await continued(right, { keys: [4] });
    await ring.learn(left);
    for (const other of [right, longer]) {
      expect(await rejected(ring.learn(other))).toMatchObject({
        code: 'DID_CONFLICT',
        params: { did },
      });
    }
    expect(await ringOn(store).logOf(did)).toEqual(left);
  });

  it('lets one of two forks win that arrive at the same time', async () => {
    const store = memoryStore();
    const { did, left, right } = await fork();
    const ends = await Promise.allSettled([ringOn(store).learn(left), ringOn(store).learn(right)]);
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const winner = ends[0].status === 'fulfilled' ? left : right;
    expect(await ringOn(store).logOf(did)).toEqual(winner);
  });

  it('ends with the longest of several that arrive at the same time', async () => {
    const ring = newRing();
    const { did, first, left } = await fork();
    const longest = await continued(left, { keys: [3] });
    await Promise.all([longest, first, left, longest, first].map((log) => ring.learn(log)));
    expect(await ring.logOf(did)).toEqual(longest);
  });

  it('sees what another node on the same store has learned', async () => {
    const store = memoryStore();
    const [one, two] = [ringOn(store), ringOn(store)];
    const { did, first, left, right } = await fork();
    await one.learn(first);
    await two.learn(first);
    await one.learn(left);
    expect(await rejected(two.learn(right))).toMatchObject({ code: 'DID_CONFLICT' });
    const longer = await continued(left, { keys: [3] });
    await two.learn(longer);
    expect(await ringOn(store).logOf(did)).toEqual(longer);
  });

  it('is not set back by a slow read of the store', async () => {
    const store = memoryStore();
    const { did, first, left } = await fork();
    await ringOn(store).learn(first);
    const gate = Promise.withResolvers<undefined>();
    let reads = 0;
    const get: Store['get'] = async (key) => {
      const entry = await store.get(key);
      reads += 1;
      if (reads === 1) await gate.promise;
      return entry;
    };
    const ring = ringOn(
      Object.assign(Object.create(store) as Store, { get, write: store.write.bind(store) }),
    );
    const slow = ring.logOf(did);
    await ring.learn(left);
    gate.resolve(undefined);
    expect(await slow).toEqual(left);
    expect(await ring.logOf(did)).toEqual(left);
  });

  it('refuses what does not verify, and keeps nothing of it', async () => {
    const ring = newRing();
    const { did, left } = await fork();
    for (const bad of [
      changed(left, [1, 'keys'], []),
      changed(left, [0, 'at'], '2020-01-01T00:00:00.000Z'),
    ]) {
      expect(await rejected(ring.learn(bad))).toMatchObject({ code: 'DID_INVALID' });
    }
    for (const bad of [null, {}, 'log', [{}], [null]]) {
      expect(await rejected(ring.learn(bad))).toMatchObject({ code: 'SCHEMA_INVALID' });
    }
    expect(await ring.logOf(did)).toBeUndefined();
  });

  it('takes no notice of a log without entries', async () => {
    expect(await rejected(newRing().learn([]))).toBeUndefined();
  });

  it('refuses a history too long to be read back, before it checks it', async () => {
    const { first } = await fork();
    const padded = changed(first, [0, 'padding'], 'x'.repeat(1 << 20));
    expect(await rejected(newRing().learn(padded))).toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });
});

describe('KeyRing.onChange', () => {
  it('tells of each history that has become longer, and of nothing else', async () => {
    const ring = newRing();
    const { did, first, left, right } = await fork();
    const changes: unknown[] = [];
    const off = ring.onChange((change) => changes.push(change));
    await ring.learn(first);
    await ring.learn(left);
    await ring.learn(first);
    await rejected(ring.learn(right));
    off();
    await ring.learn(await continued(left, { keys: [3] }));
    expect(changes).toEqual([{ did, log: left, before: first }]);
  });
});

describe('KeyRing.resolve', () => {
  it('derives did:key from itself', async () => {
    const { did } = await createIdentity(groundOf(1), { did: 'did:key' });
    const { document, ageMs, deactivated } = await newRing().resolve(did);
    expect([document.id, ageMs, deactivated]).toEqual([did, 0, false]);
  });

  it.each([
    ['did:key:zzz', 'DID_INVALID'],
    [`did:key:${toMultikey('P-256', new Uint8Array(33).fill(5))}`, 'DID_INVALID'],
    ['did:jwk:e30', 'DID_INVALID'],
    [`did:key:1.1:${keyOf(1).multikey}`, 'DID_INVALID'],
    ['did:web:a.example', 'DID_METHOD_UNKNOWN'],
    [`did:mesh:app:x:z${'Qm'.repeat(22)}`, 'DID_UNREACHABLE'],
  ] as const)('answers for %s with %s', async (did, code) => {
    expect(await rejected(newRing().resolve(did))).toMatchObject({ code });
  });

  it('hands out what nobody can change, whatever the method', async () => {
    const registry = new DidRegistry();
    const web: Did = 'did:web:a.example';
    registry.add({ id: web, service: [{ id: '#s', type: 'T', serviceEndpoint: 'x' }] }, { at: 0 });
    const ring = new KeyRing({ clock, crypto: nodeCrypto, store: memoryStore(), registry });
    const { did, first } = await fork();
    await ring.learn(first);
    for (const one of [did, `did:key:${keyOf(1).multikey}`, web] as const) {
      const resolution = await ring.resolve(one);
      const { verificationMethod, service = [], assertionMethod } = resolution.document;
      const parts = [resolution, resolution.document, assertionMethod];
      for (const part of [...parts, ...verificationMethod, ...service]) {
        expect(Object.isFrozen(part)).toBe(true);
      }
    }
  });

  it('says that a DID was ended', async () => {
    const ring = newRing();
    const { did, first } = await fork();
    await ring.learn(await continued(first, { keys: [2] }, { deactivated: true }));
    expect((await ring.resolve(did)).deactivated).toBe(true);
  });
});

describe('KeyRing.keyOf', () => {
  const purpose = 'assertionMethod';
  const urlOf = (did: Did, n: number) => `${did}#${keyOf(n).multikey}` as const;

  it('is the key of today, of either method', async () => {
    const ring = newRing();
    const { did, left } = await fork();
    await ring.learn(left);
    for (const keyId of [urlOf(did, 2), urlOf(`did:key:${keyOf(2).multikey}`, 2)]) {
      const { key, ageMs } = await ring.keyOf(keyId, { purpose });
      expect([key.type, ageMs]).toEqual(['Ed25519', 0]);
      expect(key.publicKey).toEqual(keyOf(2).key.publicKey);
    }
  });

  it('is at each time the key of that time', async () => {
    const ring = newRing();
    const { did, left } = await fork();
    await ring.learn(left);
    const [one, two] = left.map((entry) => Date.parse(entry.at));
    const codes = async (n: number) =>
      Promise.all(
        [one! - 1, one!, two! - 1, two!, two! + 1e12].map(
          async (at) => (await rejected(ring.keyOf(urlOf(did, n), { purpose, at })))?.code,
        ),
      );
    const no = 'KEY_REVOKED';
    expect(await codes(1)).toEqual([no, undefined, undefined, undefined, no]);
    expect(await codes(2)).toEqual([no, no, no, undefined, undefined]);
    expect(await codes(3)).toEqual(Array(5).fill('KEY_INVALID'));
  });

  it('goes, for what was here before the news of a rotation, by what was known then', async () => {
    // Whole milliseconds are not to be relied on.
    const own = virtualClock(start + 0.25);
    const store = memoryStore();
    const ring = new KeyRing({ clock: own, crypto: nodeCrypto, store });
    const { did, first, left } = await fork();
    await ring.learn(first);
    await own.advance(4_999.75);
    await ring.learn(left);
    const again = new KeyRing({ clock: own, crypto: nodeCrypto, store });
    for (const one of [ring, again]) {
      const before = one.keyOf(urlOf(did, 1), { purpose, at: start + 4_999 });
      expect(await rejected(before)).toBeUndefined();
      const after = one.keyOf(urlOf(did, 1), { purpose, at: start + 5_000 });
      expect(await rejected(after)).toMatchObject({ code: 'KEY_REVOKED' });
    }
    const lost = [{ key: keyOf(1).multikey, from: left[1]!.at }];
    await ring.learn(await continued(left, { keys: [3] }, { compromised: lost }));
    const at = start + 4_999;
    expect(await rejected(ring.keyOf(urlOf(did, 1), { purpose, at }))).toMatchObject({
      code: 'KEY_REVOKED',
      params: { detail: 'compromised' },
    });
  });

  it('tells by another epoch that the keys are others', async () => {
    const ring = newRing();
    const { did, first, left } = await fork();
    await ring.learn(first);
    const { epoch } = await ring.keyOf(urlOf(did, 1), { purpose });
    expect((await ring.keyOf(urlOf(did, 1), { purpose })).epoch).toBe(epoch);
    await ring.learn(left);
    expect((await ring.keyOf(urlOf(did, 2), { purpose })).epoch).not.toBe(epoch);
  });

  it('is not the one that was found before, once it was replaced or its DID ended', async () => {
    const ring = newRing();
    const { did, first, left } = await fork();
    await ring.learn(first);
    const one = urlOf(did, 1);
    expect((await ring.keyOf(one, { purpose })).key.type).toBe('Ed25519');
    expect(ring.keyAtHand(one)?.key.type).toBe('Ed25519');
    await ring.learn(left);
    expect(ring.keyAtHand(one)).toBeUndefined();
    expect(await rejected(ring.keyOf(one, { purpose }))).toMatchObject({ code: 'KEY_REVOKED' });
    const two = urlOf(did, 2);
    await ring.keyOf(two, { purpose });
    await ring.learn(await continued(left, { keys: [3] }, { deactivated: true }));
    expect(ring.keyAtHand(two)).toBeUndefined();
    const retired = [one, two, urlOf(did, 3)].map((keyId) => ring.retired(keyId));
    expect(await Promise.all(retired)).toEqual([true, true, true]);
    const never = [urlOf(did, 9), urlOf(`did:key:${keyOf(1).multikey}`, 1)];
    expect(await Promise.all(never.map((keyId) => ring.retired(keyId)))).toEqual([false, false]);
  });

  it('of a petname is had only through a whole identifier of just that name', async () => {
    const { did, first } = await fork();
    const petname = did.slice(0, did.lastIndexOf(':')) as Did;
    const namedBy = async (target: string | undefined) => {
      const names = () => Promise.resolve(target as Did | undefined);
      const ring = new KeyRing({ clock, crypto: nodeCrypto, store: memoryStore(), names });
      await ring.learn(first);
      return (await rejected(ring.resolve(petname)))?.code;
    };
    expect(await namedBy(did)).toBeUndefined();
    expect(await namedBy(undefined)).toBe('PETNAME_UNKNOWN');
    const scid = did.slice(did.lastIndexOf(':'));
    for (const other of [petname, `${petname}2${scid}`, `did:key:${keyOf(1).multikey}`]) {
      expect(await namedBy(other)).toBe('DID_INVALID');
    }
  });

  it('says why there is none', async () => {
    const ring = newRing();
    const { did, first } = await fork();
    const ask = async (keyId: DidUrl) => (await rejected(ring.keyOf(keyId, { purpose })))?.code;
    expect(await ask(urlOf(did, 1))).toBe('DID_UNREACHABLE');
    await ring.learn(await continued(first, { keys: [2] }, { deactivated: true }));
    expect(await ask(urlOf(did, 2))).toBe('DID_DEACTIVATED');
    expect(await ask(`did:key:${keyOf(1).multikey}#${keyOf(2).multikey}`)).toBe('KEY_INVALID');
    expect(await ask('did:web:a.example#k')).toBe('DID_METHOD_UNKNOWN');
  });
});

describe('KeyRing.verify', () => {
  it('is true for a signature by a key of the DID, of either method', async () => {
    const ring = newRing();
    for (const did of ['did:mesh:enterprise:acme', 'did:key']) {
      const identity = await createIdentity(groundOf(1), { did });
      await ring.learn(identity.log);
      const signature = await identity.sign('hello');
      expect(await ring.verify(identity.signer.keyId, message, signature)).toBe(true);
      expect(await ring.verify(identity.signer.keyId, utf8('hallo'), signature)).toBe(false);
      signature[0]! ^= 1;
      expect(await ring.verify(identity.signer.keyId, message, signature)).toBe(false);
    }
  });

  it('is false for a key of somebody else, under either name', async () => {
    const ring = newRing();
    const { did, first } = await fork();
    await ring.learn(first);
    expect(await ring.verify(...(await proofBy(1, did)))).toBe(true);
    expect(await ring.verify(...(await proofBy(9, did)))).toBe(false);
    const [, , foreign] = await proofBy(9, did);
    expect(await ring.verify(`${did}#${keyOf(1).multikey}`, message, foreign)).toBe(false);
    const other: Did = `did:key:${keyOf(9).multikey}`;
    const [, , mine] = await proofBy(1, did);
    expect(await ring.verify(`${other}#${keyOf(1).multikey}`, message, mine)).toBe(false);
  });

  it('is false for a key that was rotated away and for one only committed to', async () => {
    const ring = newRing();
    const { did, left } = await fork();
    await ring.learn(left);
    const verdicts = [1, 2, 3].map(async (n) => ring.verify(...(await proofBy(n, did))));
    expect(await Promise.all(verdicts)).toEqual([false, true, false]);
  });

  it('is true for a key of the time at which the signed thing was here', async () => {
    const ring = newRing();
    const { did, left } = await fork();
    await ring.learn(left);
    const [one, two] = left.map((entry) => Date.parse(entry.at));
    const [proof, later] = [await proofBy(1, did), await proofBy(2, did)];
    expect(await ring.verify(...proof, one)).toBe(true);
    expect(await ring.verify(...proof, two! + 1)).toBe(false);
    expect(await ring.verify(...later, one)).toBe(false);
  });

  it('is false once the DID was ended', async () => {
    const ring = newRing();
    const { did, first } = await fork();
    await ring.learn(await continued(first, { keys: [2] }, { deactivated: true }));
    expect(await ring.verify(...(await proofBy(2, did)))).toBe(false);
  });

  it('is false for what it cannot check', async () => {
    const ring = newRing();
    const { did } = await fork();
    expect(await ring.verify(...(await proofBy(1, did)))).toBe(false);
    for (const keyId of ['', '#', 'did:a:b', 'did:web:a#k', 'did:key:zzz#zzz', `${did}#`]) {
      expect(await ring.verify(keyId as DidUrl, message, new Uint8Array(64))).toBe(false);
    }
    const [keyId, , signature] = await proofBy(1, `did:key:${keyOf(1).multikey}`);
    expect(await ring.verify(keyId, message, signature)).toBe(true);
    expect(await ring.verify(keyId, message, signature.subarray(1))).toBe(false);
  });

  it('throws what is no verdict: a store that failed with a foreign error', async () => {
    const store = Object.assign(Object.create(memoryStore()) as Store, {
      get: () => Promise.reject(new TypeError('broken adapter')),
    });
    const { did } = await fork();
    const asked = ringOn(store).verify(...(await proofBy(1, did)));
    await expect(asked).rejects.toThrow('broken adapter');
  });
});
