import { describe, expect, it } from 'vitest';
import { cedar, type Did, MeshError, memoryStore, policyTemplates } from '../../src/index.ts';
import { echo, failure, Town, until } from './rig.ts';

const nobody = 'did:mesh:enterprise:nobody:zQmNobodyNobodyNobodyNobodyNobodyNobodyNobody' as Did;
const licence = 'Licence';
const refuseRevoked = cedar`@id("revoked-stay-out")
  forbid (principal, action == Action::"federate", resource)
  when { principal.revoked.contains("Licence") };`;

/** An authority, a licensed globex, and acme who takes tasks of the licensed only. */
async function licensed(town: Town, acmeStore = memoryStore()) {
  const authority = await town.open('authority');
  const anchors = [{ issuer: authority.did, types: [licence] }];
  const options = {
    anchors,
    store: acmeStore,
    policies: [...policyTemplates.openTo({ credential: licence }), refuseRevoked],
  };
  const acme = await town.open('acme', [echo], options);
  const globex = await town.open('globex', [echo], { anchors });
  await acme.federate(authority.did);
  await globex.federate(authority.did);
  const issue = () =>
    authority.trust.issue({ subject: globex.did, type: licence, claims: { name: 'globex' } });
  const issued = await issue();
  await globex.trust.hold(issued.jwt);
  const link = await globex.federate(acme.did);
  await until(() => acme.trust.credentialsOf(globex.did).has(licence));
  return { authority, acme, globex, link, issued, issue, options };
}

describe('federating', () => {
  it('gives a link that says with whom, and ends bond and session when closed, twice too', async () => {
    await using town = new Town();
    const globex = await town.open('globex', [echo]);
    const acme = await town.open('acme');
    const link = await acme.federate(globex.did, { purpose: 'echoes' });
    expect(link).toMatchObject({ peer: { did: globex.did, node: 'main' }, state: 'active' });
    expect(link.handshakeMs).toBeGreaterThan(0);
    expect((await link.executeTask({ type: 'echo', data: 1 })).output).toBe(1);
    await Promise.all([link.close(), link.close(), link[Symbol.asyncDispose]()]);
    expect(link.state).toBe('gone');
    await until(() => globex.federation.open().sessions === 0);
    expect(await failure(link.executeTask({ type: 'echo', data: 1 }))).toMatchObject({
      code: 'POLICY_DENIED',
      params: { gate: 'policy' },
    });
  });

  it('with somebody unknown fails with PEER_UNREACHABLE and leaves no bond', async () => {
    await using town = new Town();
    const acme = await town.open('acme');
    expect(await failure(acme.federate(nobody))).toMatchObject({ code: 'PEER_UNREACHABLE' });
    expect(await failure(acme.federate('nobody'))).toMatchObject({ code: 'DID_INVALID' });
    expect(await failure(acme.executeTask({ type: 'x', data: 1 }, { to: nobody }))).toMatchObject({
      code: 'POLICY_DENIED',
    });
  });

  it('below the trust asked for fails with TRUST_TOO_LOW and leaves no bond', async () => {
    await using town = new Town();
    const globex = await town.open('globex', [echo]);
    const acme = await town.open('acme');
    expect(await failure(acme.federate(globex.did, { minTrust: 60 }))).toMatchObject({
      code: 'TRUST_TOO_LOW',
      params: { needed: 60, score: 0 },
    });
    expect(
      await failure(acme.executeTask({ type: 'echo', data: 1 }, { to: globex.did })),
    ).toMatchObject({
      code: 'POLICY_DENIED',
    });
  });

  it('is refused by either policy; the other side does not tell which', async () => {
    await using town = new Town();
    const forbid = cedar`@id("secret") forbid (principal, action == Action::"federate", resource);`;
    const hermit = await town.open('hermit', [], { policies: forbid });
    const acme = await town.open('acme');
    const theirs = await failure(acme.federate(hermit.did));
    expect(theirs.code).toBe('PEER_REJECTED');
    expect(JSON.stringify([theirs.message, theirs.params])).not.toMatch(/secret/);
    expect(await failure(hermit.federate(acme.did))).toMatchObject({
      code: 'POLICY_DENIED',
      params: { determining: 'secret' },
    });
  });

  it('stops when its signal fires', async () => {
    await using town = new Town();
    const acme = await town.open('acme');
    const signal = AbortSignal.abort(new MeshError('ABORTED', { what: 'the test' }));
    expect(await failure(acme.federate(nobody, { signal }))).toMatchObject({ code: 'ABORTED' });
  });
});

describe('credentials', () => {
  it('open what policy opens to their holders, and nothing to others', async () => {
    await using town = new Town();
    const { acme, globex } = await licensed(town);
    expect((await globex.executeTask({ type: 'echo', data: 1 }, { to: acme.did })).output).toBe(1);
    const stranger = await town.open('stranger');
    await stranger.federate(acme.did);
    expect(await failure(stranger.executeTask({ type: 'echo', data: 1 }))).toMatchObject({
      code: 'POLICY_DENIED',
    });
  });

  it('of an issuer that is no anchor count for nothing, in its own name or in another', async () => {
    await using town = new Town();
    const { acme, authority } = await licensed(town);
    const forger = await town.open('forger');
    const { jwt } = await forger.trust.issue({ subject: forger.did, type: licence, claims: {} });
    await forger.trust.hold(jwt);
    const [head, body, signature] = jwt.split('.') as [string, string, string];
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
    const altered = Buffer.from(
      JSON.stringify({ ...claims, issuer: authority.did, iss: authority.did }),
    );
    const forged = `${head}.${altered.toString('base64url')}.${signature}`;
    expect(await acme.trust.verify(forged)).toMatchObject({ valid: false });
    await forger.federate(acme.did);
    expect([...acme.trust.credentialsOf(forger.did)]).toEqual([]);
    expect(await failure(forger.executeTask({ type: 'echo', data: 1 }))).toMatchObject({
      code: 'POLICY_DENIED',
    });
  });

  it('that are revoked close the sessions policy no longer lets be, also after a restart', async () => {
    await using town = new Town();
    const { acme, authority, globex, link, issued, options } = await licensed(town);
    const reached = await authority.trust.revoke(issued.id, 'inspection failed');
    expect(reached.reached).toContain(acme.did);
    await until(() => link.state === 'gone');
    expect(await failure(globex.federate(acme.did))).toMatchObject({ code: 'PEER_REJECTED' });
    await acme.close();
    const again = await town.open('acme', [echo], options);
    expect(again.did).toBe(acme.did);
    expect(await failure(globex.federate(again.did))).toMatchObject({ code: 'PEER_REJECTED' });
    expect((await authority.federate(again.did)).state).toBe('active');
  });

  it('that are given again end the revocation', async () => {
    await using town = new Town();
    const { acme, authority, globex, issued, issue } = await licensed(town);
    // In place of the rule that shuts such peers out, one that shows who is counted among them.
    await acme.policy.publish(cedar`@id("revoked-stay-out")
      permit (principal, action == Action::"federate", resource)
      when { principal.revoked.contains("Licence") };`);
    const question = { subject: globex.did, action: 'federate', resource: 'mesh' };
    const revoked = (): boolean =>
      acme.policy.decideSync(question).determining.includes('revoked-stay-out');
    await authority.trust.revoke(issued.id, 'by mistake');
    await until(revoked);
    await globex.trust.hold((await issue()).jwt);
    await until(() => acme.trust.credentialsOf(globex.did).has(licence));
    expect(revoked()).toBe(false);
  });
});
