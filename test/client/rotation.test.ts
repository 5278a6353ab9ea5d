import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromBase64url } from '../../src/base/bytes.ts';
import { canonicalJson } from '../../src/base/canonical.ts';
import {
  cedar,
  Identity,
  type MeshEvent,
  memoryStore,
  type Store,
  sqliteStore,
} from '../../src/index.ts';
import { echo, failure, Town, until } from './rig.ts';

/** What a client tells from now on. */
function listen(
  client: { events(...patterns: string[]): AsyncIterable<MeshEvent> },
  pattern: string,
) {
  const seen: MeshEvent[] = [];
  const reading = async () => {
    for await (const event of client.events(pattern)) seen.push(event);
  };
  void reading();
  return seen;
}

const storedKey = 'identity/self';

/** A copy of all the secrets in `store`. */
async function copyOf(store: Store): Promise<Store> {
  const copy = memoryStore();
  const { value } = (await store.get(storedKey))!;
  await copy.write([{ put: storedKey, value }]);
  return copy;
}

/** Three organisations in a row: acme - globex - initech. */
async function row(town: Town) {
  const store = memoryStore();
  const acme = await town.open('acme', [echo], { store, introductions: false });
  const globex = await town.open('globex', [echo], { introductions: false });
  const initech = await town.open('initech', [echo], { introductions: false });
  await acme.federate(globex.did);
  await initech.federate(globex.did);
  await until(() => [...initech.discovery.records({ meshId: acme.did })].length > 0);
  return { acme, globex, initech, store };
}

describe('a rotation while the mesh runs', () => {
  it.each(['memory', 'sqlite'])(
    'is heard of by a sibling on the same %s store, at once, and so is the end',
    async (kind) => {
      const folder = mkdtempSync(join(tmpdir(), 'mesh-siblings-'));
      // Two processes open two stores of one folder; in one process a memory store is shared.
      const memory = memoryStore();
      const open = (): Store => (kind === 'memory' ? memory : sqliteStore(folder));
      const stores = [open(), open()] as const;
      try {
        await using town = new Town();
        const first = await town.open('acme', [echo], { store: stores[0], node: 'one' });
        const second = await town.open('acme', [echo], { store: stores[1], node: 'two' });
        const heard = listen(second, 'identity.*');
        await first.identity.rotate({ reason: 'scheduled' });
        await until(() => heard.length === 1);
        expect(heard).toMatchObject([{ type: 'identity.rotated', data: { version: 2 } }]);
        expect(second.identity.signer.keyId).toBe(first.identity.signer.keyId);
        await first.identity.deactivate();
        await until(() => heard.length === 2);
        expect((await failure(second.identity.sign('x'))).code).toBe('DID_DEACTIVATED');
      } finally {
        for (const store of stores) await store.close();
        rmSync(folder, { recursive: true });
      }
    },
  );

  it('is told to everybody at once; sessions stay, and work goes on', async () => {
    await using town = new Town();
    const { acme, globex, initech } = await row(town);
    const heard = [globex, initech].map((client) => listen(client, 'identity.*'));
    const lost = [acme, globex, initech].map((client) => listen(client, 'peer.lost'));
    const own = listen(acme, 'identity.*');
    const before = acme.identity.signer.keyId;
    await acme.identity.rotate({ reason: 'scheduled' });
    await until(() => heard.every((events) => events.length > 0));
    const data = { version: 2, reason: 'scheduled', compromised: [] };
    for (const events of heard) {
      expect(events).toMatchObject([{ type: 'identity.rotated', peer: acme.did, data }]);
    }
    expect(own).toMatchObject([{ type: 'identity.rotated', data }]);
    expect(acme.identity.signer.keyId).not.toBe(before);
    const newKey = acme.identity.signer.keyId;
    await until(() =>
      [globex, initech].every((client) =>
        [...client.discovery.records({ meshId: acme.did })].every(
          ({ proof }) => proof.keyId === newKey,
        ),
      ),
    );
    const link = await acme.federate(globex.did);
    expect((await link.executeTask({ type: 'echo', data: 1 })).receipt.by).toBe(globex.did);
    await globex.federate(acme.did);
    const answer = await globex.executeTask({ type: 'echo', data: 2 }, { to: acme.did });
    expect(answer.receipt.proof.keyId).toBe(newKey);
    expect(lost.flat()).toEqual([]);
  });

  it('is taken over by other processes of the organisation', async () => {
    await using town = new Town();
    const store = memoryStore();
    const one = await town.open('acme', [echo], { store, node: 'one' });
    const two = await town.open('acme', [echo], {
      store,
      node: 'two',
    });
    const globex = await town.open('globex');
    await one.federate(globex.did);
    await two.federate(globex.did);
    await one.identity.rotate();
    await until(() => two.identity.log.length === 2);
    expect(two.identity.signer.keyId).toBe(one.identity.signer.keyId);
  });

  it('survives a restart: peers that were away hear of it when they meet again', async () => {
    await using town = new Town();
    const { acme, globex, store } = await row(town);
    await globex.federation.disconnect(acme.did, await failure(() => acme.federate('did:x:y')));
    await acme.close();
    const identity = await Identity.open(store);
    await identity.rotate();
    const again = await town.open('acme', [echo], { store });
    const heard = listen(globex, 'identity.*');
    await again.federate(globex.did);
    await until(() => heard.length > 0);
    expect(heard).toMatchObject([{ type: 'identity.rotated', peer: again.did }]);
  });
});

describe('what was signed before a rotation', () => {
  it('stays good: receipts, the audit log and published policies, over a restart', async () => {
    await using town = new Town();
    const { acme, globex, store } = await row(town);
    await globex.federate(acme.did);
    await acme.policy.publish(cedar`permit (principal, action == Action::"x", resource);`);
    await acme.audit.append('note', { said: 'before' });
    const { receipt } = await globex.executeTask({ type: 'echo', data: 1 }, { to: acme.did });
    const before = Date.now();
    // Closing signs the end of the log; so it has heads by both keys.
    await acme.close();
    const second = await town.open('acme', [echo], { store });
    await second.identity.rotate();
    await second.audit.append('note', { said: 'after' });
    await second.close();
    const again = await town.open('acme', [echo], { store });
    await again.audit.append('note', { said: 'later' });
    expect(await again.audit.verify()).toMatchObject({ intact: true });
    const { proof, ...body } = receipt;
    expect(proof.keyId).not.toBe(again.identity.signer.keyId);
    const covered = `mesh/receipt/v1\n${canonicalJson(body)}`;
    const signature = fromBase64url(proof.signature);
    const check = (at?: number) =>
      Identity.verify(again.did, covered, signature, {
        log: again.identity.log,
        ...(at !== undefined && { at: new Date(at) }),
      });
    expect(await check(before)).toBe(true);
    expect(await check(Date.now() + 1_000)).toBe(false);
  });
});

describe('a credential that was here before its issuer rotated', () => {
  it('stays good, until the key is taken back as compromised from before', async () => {
    await using town = new Town();
    const type = 'Licence';
    const authority = await town.open('authority');
    const anchors = [{ issuer: authority.did, types: [type] }];
    const store = memoryStore();
    const acme = await town.open('acme', [echo], { anchors, store });
    const globex = await town.open('globex', [echo], { anchors });
    await acme.federate(authority.did);
    await globex.federate(authority.did);
    const begun = new Date();
    const first = authority.identity.signer.keyId;
    const request = { subject: globex.did, type, claims: { name: 'globex' } };
    const { jwt, id } = await authority.trust.issue(request);
    await globex.trust.hold(jwt);
    await globex.federate(acme.did);
    await until(() => acme.trust.credentialsOf(globex.did).has(type));
    const heard = listen(acme, 'identity.rotated');
    await authority.identity.rotate();
    await until(() => heard.length === 1);
    await until(() => acme.trust.credentialsOf(globex.did).has(type));
    expect((await acme.trust.verify(jwt)).valid).toBe(false);
    // Shown anew to somebody who has no memory of it, it counts for nothing; what is issued now does.
    const fresh = await authority.trust.issue(request);
    await until(async () => (await acme.trust.verify(fresh.jwt)).valid);
    expect(fresh.id).not.toBe(id);
    await authority.identity.rotate({ compromised: [{ key: first, from: begun }] });
    await until(() => heard.length === 2);
    await until(() => !acme.trust.credentialsOf(globex.did).has(type));
  });
});

describe('a stolen key', () => {
  it('is thrown out with its session, and never let in again', async () => {
    await using town = new Town();
    const { acme, globex, store } = await row(town);
    const thief = await town.open('acme', [], {
      store: await copyOf(store),
      node: 'thief',
      introductions: false,
    });
    await thief.federate(globex.did);
    const sessions = () => globex.federation.sessions().map(({ node }) => node);
    await until(() => sessions().includes('thief'));
    const stolen = acme.identity.signer.keyId;
    await acme.identity.rotate({ compromised: [{ key: stolen, from: new Date() }] });
    await until(() => !sessions().includes('thief') && sessions().includes('main'));
    const again = await failure(thief.federation.connect(globex.did));
    expect([
      'PEER_REJECTED',
      'HANDSHAKE_FAILED',
      'SIGNATURE_INVALID',
      'PEER_UNREACHABLE',
    ]).toContain(again.code);
    const link = await acme.federate(globex.did);
    expect((await link.executeTask({ type: 'echo', data: 1 })).output).toBe(1);
  });
});

describe('an identity that was ended', () => {
  it('is shown the door everywhere', async () => {
    await using town = new Town();
    const { acme, globex, initech } = await row(town);
    const heard = [globex, initech].map((client) => listen(client, 'identity.*'));
    await acme.identity.deactivate({ reason: 'merged' });
    await until(() => heard.every((events) => events.length > 0));
    const told = { type: 'identity.deactivated', peer: acme.did, data: { reason: 'merged' } };
    for (const events of heard) expect(events).toMatchObject([told]);
    await until(() => !globex.federation.peers().includes(acme.did));
    for (const client of [globex, initech]) {
      await until(() => [...client.discovery.records({ meshId: acme.did })].length === 0);
    }
    expect((await failure(globex.federate(acme.did))).code).not.toBe('INTERNAL');
  });
});

describe('a petname', () => {
  it('names nobody until it is pinned, or a registry says whom', async () => {
    await using town = new Town();
    const globex = await town.open('globex', [echo]);
    const petname = 'did:mesh:enterprise:globex';
    const acme = await town.open('acme');
    expect(await failure(acme.federate(petname))).toMatchObject({
      code: 'PETNAME_UNKNOWN',
      params: { did: petname },
    });
    await acme.identity.pin(petname, globex.did);
    expect((await acme.federate(petname)).peer.did).toBe(globex.did);
    const initech = await town.open('initech', [], {
      petnames: (asked) => (asked === petname ? globex.did : undefined),
    });
    expect((await initech.federate(petname)).peer.did).toBe(globex.did);
    const liar = await town.open('liar', [], { petnames: () => acme.did });
    expect(await failure(liar.federate(petname))).toMatchObject({ code: 'DID_INVALID' });
  });
});
