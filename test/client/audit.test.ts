// The audit log of a whole client: what its own entries hold of persons, and what is left of them.
import { describe, expect, it } from 'vitest';
import { verifyAuditLog, verifyInclusion } from '../../src/audit.ts';
import { toHex } from '../../src/base/bytes.ts';
import { contentHash } from '../../src/core/audit/index.ts';
import { type MeshClient, memoryStore, policyTemplates, type Store } from '../../src/index.ts';
import { echo, failure, Town, until } from './rig.ts';

const subject = 'patient:4711';
const input = { name: 'Alice Liddell' };

/** Rows under `prefix`, in the spellings in which anything would be found. */
async function textOf(store: Store, prefix = ''): Promise<string> {
  const rows: string[] = [];
  for await (const { key, value } of store.scan({ prefix })) {
    rows.push(key, toHex(new TextEncoder().encode(key)), toHex(value));
    rows.push(Buffer.from(value).toString('latin1'), Buffer.from(value).toString('base64'));
  }
  return rows.join('\n');
}

const spellings = (text: string): readonly string[] => [text, Buffer.from(text).toString('hex')];

async function pair(town: Town) {
  const stores = [memoryStore(), memoryStore()] as const;
  const policies = policyTemplates.openTo({});
  const globex = await town.open('globex', [echo], { policies, store: stores[0] });
  const acme = await town.open('acme', [], { store: stores[1] });
  await acme.federate(globex.did);
  return { acme, globex, stores };
}

const tasksOf = (mesh: MeshClient, reveal: boolean) =>
  Array.fromAsync(mesh.audit.entries({ kind: 'task', reveal }));

describe('the audit log of a client', () => {
  it('seals what a task says of its subject on both sides, and each erases its own', async () => {
    await using town = new Town();
    const { acme, globex, stores } = await pair(town);
    const { receipt } = await acme.executeTask({ type: 'echo', data: input, subject });
    for (const [i, mesh] of [globex, acme].entries()) {
      const [kept] = await tasksOf(mesh, false);
      expect(kept!.body).toMatchObject({ id: receipt.id, outcome: 'ok' });
      expect(kept!.body).not.toHaveProperty('inputHash');
      expect((await tasksOf(mesh, true))[0]!.body).toEqual(receipt);
      // The hash of a name says the name to who tries all names.
      const log = await textOf(stores[i]!, 'audit/');
      for (const text of [contentHash(input), subject, receipt.proof.signature]) {
        for (const spelling of spellings(text)) expect(log).not.toContain(spelling);
      }
      for (const spelling of spellings(subject)) {
        expect(await textOf(stores[i]!)).not.toContain(spelling);
      }
      const { found } = await mesh.audit.erase({ subject, basis: 'GDPR Art. 17' });
      expect(found).toBe(true);
      expect((await tasksOf(mesh, true))[0]!.body).not.toHaveProperty('inputHash');
      const bundle = await mesh.audit.export({ reveal: true });
      expect(JSON.stringify(bundle)).not.toContain(contentHash(input));
      expect(await verifyAuditLog(bundle)).toMatchObject({ intact: true, complete: true });
      expect(await mesh.audit.verify()).toMatchObject({ intact: true });
    }
  });

  it('seals who asked and whom a decision was about, and shows it to who is given the keys', async () => {
    await using town = new Town();
    const { acme, globex } = await pair(town);
    await acme.executeTask({ type: 'echo', data: 1 });
    const closed = await globex.audit.export();
    const entries = JSON.stringify(closed.entries);
    expect(entries).not.toContain(acme.did);
    const open = await globex.audit.export({ reveal: true });
    expect(await verifyAuditLog(open)).toMatchObject({ intact: true, complete: true });
    const check = await verifyAuditLog(open);
    expect(check.opened).toBe(check.sealed);
    expect(check.opened).toBeGreaterThan(0);
    const asked = await Array.fromAsync(globex.audit.entries({ reveal: true }));
    expect(asked.find(({ kind }) => kind === 'task')!.body).toMatchObject({ for: acme.did });
    expect(JSON.stringify(asked.filter(({ kind }) => kind === 'policy'))).toContain(acme.did);
  });

  it('seals what an action does to its subject', async () => {
    await using town = new Town();
    const mesh = await town.open('acme');
    const action = {
      id: 'a1',
      kind: 'mail.send',
      input,
      risk: 'low',
      run: () => Promise.resolve(1),
    };
    await mesh.perform({ ...action, risk: 'low' }, { asked: true, subject });
    const sealed = await Array.fromAsync(mesh.audit.entries({ kind: 'action' }));
    expect(JSON.stringify(sealed)).not.toContain(input.name);
    const open = await Array.fromAsync(mesh.audit.entries({ kind: 'action', reveal: true }));
    expect(open[0]!.body).toMatchObject({ kind: 'mail.send', input });
  });

  it('is shown to peers, who can be asked, and proves single entries', async () => {
    await using town = new Town();
    const { acme, globex } = await pair(town);
    const { index } = await acme.audit.append('note', 'hello');
    await acme.audit.export();
    await until(async () => (await globex.audit.checkpoints({ of: acme.did })).length === 1);
    const checkpoints = await acme.audit.checkpoints({ at: globex.did, of: acme.did });
    expect(checkpoints).toHaveLength(1);
    await until(async () => (await acme.audit.export()).witnesses.length === 1);
    const check = await verifyAuditLog(await acme.audit.export(), { checkpoints });
    expect(check).toMatchObject({ intact: true, witnesses: [{ by: globex.did }] });
    const proof = await acme.audit.prove(index);
    expect(await verifyInclusion(JSON.parse(JSON.stringify(proof)) as typeof proof)).toEqual({
      included: true,
    });
    expect(await acme.audit.equivocations()).toEqual([]);
    expect(await acme.audit.anchor()).toEqual([]);
    expect((await failure(acme.audit.prove(1e9))).code).toBe('NOT_FOUND');
  });

  it('verifies over a rotation: each head by the key of its time, the manifest by the newest', async () => {
    await using town = new Town();
    const mesh = await town.open('acme', [], { audit: { headEvery: 1 } });
    await mesh.audit.append('note', 1);
    const before = mesh.identity.signer.keyId;
    const old = await mesh.audit.export();
    // A key counts from the millisecond of its entry on.
    await new Promise((resolve) => setTimeout(resolve, 5));
    await mesh.identity.rotate({ reason: 'scheduled' });
    await mesh.audit.append('note', 2);
    const bundle = await mesh.audit.export();
    const keys = new Set(bundle.heads.map(({ proof }) => proof.keyId));
    expect(keys).toEqual(new Set([before, mesh.identity.signer.keyId]));
    expect(await verifyAuditLog(bundle)).toMatchObject({ intact: true, complete: true });
    expect(await mesh.audit.verify()).toMatchObject({ intact: true, signed: 2 });
    // A bundle that the key before made says nothing any more to who has the newer history.
    expect(await verifyAuditLog(old)).toMatchObject({ intact: true });
    expect(await verifyAuditLog({ ...old, didLogs: bundle.didLogs })).toMatchObject({
      intact: false,
    });
  });

  it('proves old receipts by the key of their time, unless that was in wrong hands by then', async () => {
    await using town = new Town();
    const { acme, globex } = await pair(town);
    const { did } = globex;
    const wait = () => new Promise((resolve) => setTimeout(resolve, 5));
    // A key counts from the millisecond of its entry on.
    await wait();
    const key = globex.identity.signer.keyId.slice(did.length + 1);
    await acme.executeTask({ type: 'echo', data: 1 });
    await wait();
    const since = new Date().toISOString();
    await wait();
    await acme.executeTask({ type: 'echo', data: 2 });
    const bodies = async () => {
      const bundle = await acme.audit.export({ include: ['task'], reveal: true });
      expect(await verifyAuditLog(bundle)).toMatchObject({ intact: true, complete: true });
      return bundle.entries.flatMap((entry) =>
        'body' in entry && entry.kind === 'task' ? [{ body: entry.body, at: entry.at }] : [],
      );
    };
    const verdicts = async () => {
      const checks = [];
      for (const { body, at } of await bodies()) {
        for (const expected of [{ by: did }, { by: did, hereAt: at }]) {
          const checking = acme.audit.verifyReceipt(body, expected);
          checks.push(
            await checking.then(
              () => 'holds',
              () => 'does not',
            ),
          );
        }
      }
      return checks;
    };
    expect(await verdicts()).toEqual(['holds', 'holds', 'holds', 'holds']);
    await globex.audit.export(); // signs the end
    await wait();
    const heard = acme.events('identity.rotated')[Symbol.asyncIterator]();
    const first = heard.next();
    await globex.identity.rotate({ reason: 'scheduled' });
    await first;
    expect(await verdicts()).toEqual(['does not', 'holds', 'does not', 'holds']);
    const second = heard.next();
    await globex.identity.rotate({ compromised: [{ key, from: since }] });
    await second;
    expect(await verdicts()).toEqual(['does not', 'holds', 'does not', 'does not']);
    // Its own log stands: what the lost key signed from then on is as if it were not signed, and a head of today covers it.
    await globex.audit.append('note', { after: 'the loss' });
    expect(await globex.audit.verify()).toMatchObject({ intact: true, signed: 0 });
    const bundle = await globex.audit.export();
    expect(await verifyAuditLog(bundle)).toMatchObject({ intact: true, complete: true, heads: 1 });
    const own = await globex.audit.verify();
    expect(own).toMatchObject({ intact: true, signed: own.entries });
    const odd = failure(acme.audit.verifyReceipt((await bodies())[0]!.body, { hereAt: 'then' }));
    expect((await odd).code).toBe('INVALID_ARGUMENT');
  });

  it('opens with the key of the application alone, where it gave one', async () => {
    await using town = new Town();
    const store = memoryStore();
    const audit = { sealingKey: new Uint8Array(32).fill(9) };
    const first = await town.open('acme', [], { store, audit });
    await first.audit.append('note', input, { subject });
    await first.close();
    const other = await town.open('acme', [], { store });
    const read = Array.fromAsync(other.audit.entries({ reveal: true }));
    expect((await failure(read)).code).toBe('STORE_CORRUPT');
    await other.close();
    const again = await town.open('acme', [], { store, audit });
    const [entry] = await Array.fromAsync(again.audit.entries({ kind: 'note', reveal: true }));
    expect(entry!.body).toEqual(input);
  });
});
