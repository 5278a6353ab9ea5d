import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../../src/adapters/stores/memory.ts';
import { statusesOf } from '../../../../src/schema/credential.ts';
import { party, until, World } from '../rig.ts';

const type = 'Partner';

/** An issuer, a holder and a verifier on one street; the verifier goes by a credential of the holder. */
async function rig() {
  const world = new World();
  const judged: unknown[] = [];
  const issuer = await world.org('issuer', { journal: (one) => judged.push(one) });
  const suspended: string[] = [];
  const store = memoryStore({ clock: world.clock });
  const options = {
    store,
    anchors: [{ issuer: issuer.did, types: [type], depth: 1 }],
    onSuspended: (peer: string) => suspended.push(peer),
  };
  const verifier = await world.org('verifier', options);
  const holder = await world.org('holder');
  for (const [a, b] of [
    [issuer, holder],
    [issuer, verifier],
    [holder, verifier],
  ] as const) {
    world.street.connect(a.did, b.did);
  }
  const { id, jwt } = await issuer.trust.issue({ subject: holder.did, type, claims: {} });
  await holder.trust.hold(jwt);
  const counts = (who = verifier) => who.trust.credentialsOf(holder.did).has(type);
  await until(() => counts());
  const told = (who = verifier) =>
    who.events.filter(({ type: name }) => name.startsWith('credential.')).map((e) => e.type);
  return { world, issuer, verifier, holder, id, jwt, counts, told, suspended, judged, options };
}

describe('a credential that its issuer suspends', () => {
  it('does not stand until it is reinstated, at everybody who is connected, at once', async () => {
    const { issuer, verifier, holder, id, jwt, counts, told, suspended } = await rig();
    const reach = await issuer.trust.suspend(id, 'an inspection is under way');
    expect([...reach.reached].sort()).toEqual([holder.did, verifier.did].sort());
    expect(counts()).toBe(false);
    expect(suspended).toEqual([holder.did]);
    expect(verifier.revoked).toEqual([]);
    expect(await verifier.trust.verify(jwt)).toMatchObject({
      valid: false,
      reason: 'status.suspended',
    });
    expect(holder.trust.held()).toMatchObject([{ id, suspended: true }]);
    await issuer.trust.reinstate(id);
    expect(counts()).toBe(true);
    expect(await verifier.trust.verify(jwt)).toMatchObject({ valid: true, counted: [type] });
    expect(holder.trust.held()).toMatchObject([{ id, suspended: false }]);
    expect(told()).toEqual([
      'credential.accepted',
      'credential.suspended',
      'credential.reinstated',
    ]);
    const reason = verifier.events.find((event) => event.type === 'credential.suspended');
    expect(reason).toMatchObject({ data: { credential: id, issuer: issuer.did } });
  });

  it('may be suspended and reinstated again, and told twice', async () => {
    const { issuer, id, counts, told } = await rig();
    for (let i = 0; i < 2; i += 1) {
      await issuer.trust.suspend(id, 'again');
      expect((await issuer.trust.suspend(id, 'again')).reached).toHaveLength(2);
      expect(counts()).toBe(false);
      await issuer.trust.reinstate(id);
      await issuer.trust.reinstate(id);
      expect(counts()).toBe(true);
    }
    expect(told()).toHaveLength(5);
  });

  it('can be revoked for good, and then neither suspended nor reinstated', async () => {
    const { issuer, verifier, id, jwt, counts, judged } = await rig();
    await issuer.trust.suspend(id, 'a doubt');
    await issuer.trust.revoke(id, 'no doubt');
    const conflict = { code: 'STATE_CONFLICT', params: { id, state: 'revoked' } };
    await expect(issuer.trust.suspend(id, 'x')).rejects.toMatchObject(conflict);
    await expect(issuer.trust.reinstate(id)).rejects.toMatchObject(conflict);
    expect(await verifier.trust.verify(jwt)).toMatchObject({ reason: 'status.revoked' });
    expect(counts()).toBe(false);
    expect(verifier.revoked).toEqual([id]);
    expect(judged).toMatchObject([
      { credential: id, state: 'suspended', reason: 'a doubt' },
      { credential: id, state: 'revoked', reason: 'no doubt' },
    ]);
  });

  it('is suspended after a restart too, and comes back then', async () => {
    const { world, issuer, verifier, holder, id, counts, options } = await rig();
    await issuer.trust.suspend(id, 'a doubt');
    await verifier.trust.close();
    const later = await world.org('verifier', options);
    expect(later.trust.status().credentials).toBe(1);
    expect(counts(later)).toBe(false);
    world.street.connect(holder.did, later.did);
    world.street.connect(issuer.did, later.did);
    await issuer.trust.reinstate(id);
    await world.clock.advance(1);
    await until(() => counts(later));
  });

  it('that somebody shows for the first time comes to count when it is reinstated', async () => {
    const { world, issuer, holder, id, counts, options } = await rig();
    await issuer.trust.suspend(id, 'a doubt');
    const { store: _, ...fresh } = options;
    const late = await world.org('late', fresh);
    world.street.connect(issuer.did, late.did);
    world.street.connect(holder.did, late.did);
    await until(() => late.trust.status().credentials === 1);
    expect(counts(late)).toBe(false);
    await issuer.trust.reinstate(id);
    await world.clock.advance(1);
    await until(() => counts(late));
  });

  it('and hands a right on takes with it what was said by that right, and gives it back', async () => {
    const { world, issuer, verifier, holder } = await rig();
    const branch = await world.org('branch');
    world.street.connect(branch.did, verifier.did);
    world.street.connect(branch.did, holder.did);
    world.street.connect(branch.did, issuer.did);
    const right = await issuer.trust.delegate(branch.did, { types: [type] });
    const said = await branch.trust.issue({ subject: party('x').did, type, claims: {} });
    const request = { delegations: [right.jwt] };
    const counted = async () => (await verifier.trust.verify(said.jwt, request)).counted;
    expect(await counted()).toEqual([type]);
    await issuer.trust.suspend(right.id, 'a doubt');
    expect(await counted()).toEqual([]);
    await issuer.trust.reinstate(right.id);
    expect(await counted()).toEqual([type]);
    expect(holder.trust.held()).toHaveLength(1);
  });

  it('was issued here', async () => {
    const { issuer, id } = await rig();
    const missing = { code: 'NOT_FOUND' };
    await expect(issuer.trust.suspend('urn:test:none', 'x')).rejects.toMatchObject(missing);
    await expect(issuer.trust.reinstate('urn:test:none')).rejects.toMatchObject(missing);
    await expect(issuer.trust.suspend(id, 7 as never)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});

describe('the status of a credential that this node issues', () => {
  it('has a place for each purpose, in one list', async () => {
    const { issuer, jwt } = await rig();
    const { credential } = await issuer.trust.verify(jwt);
    const [revocation, suspension, ...more] = statusesOf(credential!);
    expect(more).toEqual([]);
    expect([revocation?.statusPurpose, suspension?.statusPurpose]).toEqual([
      'revocation',
      'suspension',
    ]);
    expect(suspension?.statusListCredential).toBe(revocation?.statusListCredential);
    expect(suspension?.statusListIndex).not.toBe(revocation?.statusListIndex);
  });
});
