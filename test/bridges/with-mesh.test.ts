import { describe, expect, it } from 'vitest';
import { sdJwtVc } from '../../src/bridges/sd-jwt-vc/index.ts';
import { vc11 } from '../../src/bridges/vc11/index.ts';
import { Identity, MeshClient } from '../../src/index.ts';

describe('the doors of other credential forms', () => {
  it('stand on a client and the platform', async () => {
    const identity = await Identity.create({ did: 'did:mesh:enterprise:acme' });
    await using mesh = new MeshClient({ identity });
    await mesh.start();
    const holder = await Identity.create();
    const older = vc11({ keys: mesh });
    const jwt = await older.issue(
      { type: ['Partner'], credentialSubject: { id: holder.did } },
      mesh.identity.signer,
    );
    expect(await older.verify(jwt)).toMatchObject({ valid: true, issuer: mesh.did });

    const selective = sdJwtVc({ keys: mesh });
    const credential = await selective.issue(
      {
        vct: 'urn:acme:partner',
        claims: { grade: 'A', sites: 3 },
        disclosable: ['grade', 'sites'],
        holder: mesh.identity.signer.keyId,
      },
      mesh.identity.signer,
    );
    const asked = { nonce: 'n-1', audience: mesh.did };
    const shown = await selective.present(
      credential,
      { ...asked, disclose: ['grade'] },
      mesh.identity.signer,
    );
    const expected = { vct: 'urn:acme:partner', binding: asked };
    const { valid, claims } = await selective.verify(shown, expected);
    expect({ valid, grade: claims?.['grade'], sites: claims?.['sites'] }).toEqual({
      valid: true,
      grade: 'A',
      sites: undefined,
    });
  });

  it('know no key that its DID does not have', async () => {
    await using mesh = new MeshClient({});
    await mesh.start();
    const { keyId } = mesh.identity.signer;
    const found = await mesh.keyOf(keyId, { purpose: 'assertionMethod' });
    expect(found.key.type).toBe('Ed25519');
    const other = `${mesh.did}#${(await Identity.create()).signer.keyId.split('#')[1]!}` as const;
    const asked = mesh.keyOf(other, { purpose: 'assertionMethod' });
    await expect(asked).rejects.toMatchObject({ code: 'KEY_INVALID' });
  });
});
