// A second verdict is quick, and never an old one.
import { Identity, MeshClient } from '@mesh/sdk';
import { describe, expect, it } from 'vitest';

/** An authority, and a lab that has believed a credential of it twice. */
async function believedTwice(did: string) {
  const identity = await Identity.create({ did });
  const authority = new MeshClient({ identity });
  const lab = new MeshClient({
    did: 'did:mesh:enterprise:lab',
    anchors: [{ issuer: identity.did, types: ['LicenceCredential'] }],
  });
  for (const mesh of [authority, lab]) await mesh.start();
  await lab.federate(authority.did);
  const request = { subject: lab.did, type: 'LicenceCredential', claims: { level: 3 } };
  const { id, jwt } = await authority.trust.issue(request);
  const first = await lab.trust.verify(jwt);
  const second = await lab.trust.verify(jwt);
  expect([first.valid, second.valid]).toEqual([true, true]);
  expect(second.checks.map(({ check }) => check)).toEqual(first.checks.map(({ check }) => check));
  const close = async () => {
    await lab.close();
    await authority.close();
  };
  return { identity, authority, lab, id, jwt, [Symbol.asyncDispose]: close };
}

describe('a verdict on a credential that was believed before', () => {
  it('is another once its issuer has rotated', async () => {
    await using scene = await believedTwice('did:mesh:enterprise:authority');
    const { identity, lab, jwt } = scene;
    await identity.rotate();
    await expect.poll(async () => (await lab.trust.verify(jwt)).valid).toBe(false);
    expect(await lab.trust.verify(jwt)).toMatchObject({ valid: false, reason: 'key.revoked' });
  });

  it('is another once it was revoked', async () => {
    await using scene = await believedTwice('did:mesh:enterprise:authority');
    const { authority, lab, id, jwt } = scene;
    await authority.trust.revoke(id, 'licence withdrawn');
    await expect.poll(async () => (await lab.trust.verify(jwt)).valid).toBe(false);
    expect(await lab.trust.verify(jwt)).toMatchObject({ valid: false, reason: 'status.revoked' });
  });

  it('is another for another byte', async () => {
    await using scene = await believedTwice('did:key');
    const { lab, jwt } = scene;
    for (const at of [5, jwt.indexOf('.') + 5, jwt.length - 5]) {
      const changed = `${jwt.slice(0, at)}${jwt[at] === 'A' ? 'B' : 'A'}${jwt.slice(at + 1)}`;
      expect((await lab.trust.verify(changed)).valid).toBe(false);
    }
    expect((await lab.trust.verify(jwt)).valid).toBe(true);
  });
});
