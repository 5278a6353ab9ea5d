import { describe, expect, it } from 'vitest';
import { addProof, type ProofOptions } from '../../../../src/core/trust/credentials/eddsa-jcs.ts';
import { nodeCrypto } from '../../../../src/platform/node-crypto.ts';
import { toInstant } from '../../../../src/schema/words.ts';
import { type Party, party, World } from '../rig.ts';

const base = 'https://www.w3.org/ns/credentials/v2';
const terms = 'https://www.w3.org/ns/credentials/undefined-terms/v2';
const holder = party('holder');

async function rig() {
  const world = new World();
  const issuer = await world.org('issuer');
  const anchors = [{ issuer: issuer.did, types: ['Partner', 'Member'] }];
  const verifier = await world.org('verifier', { anchors });
  world.street.connect(issuer.did, verifier.did);
  const credential = await issuer.trust.prove({
    '@context': [base, terms],
    id: 'urn:test:1',
    type: ['VerifiableCredential', 'Partner'],
    issuer: issuer.did,
    validUntil: toInstant(world.clock.now() + 3_600_000),
    credentialSubject: { id: holder.did },
  });
  const { jwt } = await issuer.trust.issue({ subject: holder.did, type: 'Member', claims: {} });
  const enveloped = {
    '@context': base,
    type: 'EnvelopedVerifiableCredential',
    id: `data:application/vc+jwt,${jwt}`,
  };
  const asked = { challenge: 'n-1', domain: verifier.did } as const;
  const show = (inside: unknown, by: Party = holder, options: ProofOptions = {}, change = {}) =>
    addProof(
      {
        '@context': [base],
        type: ['VerifiablePresentation'],
        holder: by.did,
        verifiableCredential: inside,
        ...change,
      },
      { purpose: 'authentication', ...asked, ...options },
      { signer: by.signer, crypto: nodeCrypto },
    );
  return { world, issuer, verifier, credential, enveloped, show };
}

const nonce = 'n-1';

describe('a document that this node proves', () => {
  it('verifies elsewhere, and says when it was made', async () => {
    const { verifier, credential, world } = await rig();
    expect(credential.proof).toMatchObject({
      proofPurpose: 'assertionMethod',
      created: toInstant(world.clock.now()),
    });
    expect(await verifier.trust.verify(credential)).toMatchObject({
      valid: true,
      counted: ['Partner'],
    });
  });

  it('may be a presentation of its own', async () => {
    const { issuer, verifier, enveloped } = await rig();
    const own = await issuer.trust.issue({ subject: issuer.did, type: 'Partner', claims: {} });
    const inside = { ...enveloped, id: `data:application/vc+jwt,${own.jwt}` };
    const presentation = {
      '@context': [base],
      type: ['VerifiablePresentation'],
      holder: issuer.did,
      verifiableCredential: [inside],
    };
    const options = { challenge: nonce, domain: verifier.did };
    const shown = await issuer.trust.prove(presentation, options);
    expect(await verifier.trust.verifyPresentation(shown, { nonce })).toMatchObject({
      valid: true,
      holder: issuer.did,
      counted: ['Partner'],
    });
  });

  it.each([
    ['somebody else’s', { issuer: holder.did }],
    ['nobody’s', { issuer: undefined }],
    ['against the data model', { credentialSubject: {} }],
  ])('is not %s', async (_, change) => {
    const { issuer, credential } = await rig();
    const { proof: __, ...unsecured } = credential;
    await expect(issuer.trust.prove({ ...unsecured, ...change })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});

describe('a presentation with its proof inside, at the trust engine', () => {
  it('is as good as everything in it, in either form', async () => {
    const { verifier, credential, enveloped, show } = await rig();
    const shown = await show([credential, enveloped]);
    const verified = await verifier.trust.verifyPresentation(shown, { nonce });
    expect(verified).toMatchObject({
      valid: true,
      holder: holder.did,
      counted: ['Partner', 'Member'],
      credentials: [{ valid: true }, { valid: true }],
      documentAgeMs: 0,
    });
    expect(verified.checks.map(({ check }) => check)).toEqual([
      ...['form', 'header', 'claims', 'issuer', 'time', 'key', 'signature'],
      ...['holder', 'credentials'],
    ]);
  });

  it('wants a nonce of its own each time', async () => {
    const { verifier, credential, show } = await rig();
    const shown = await show([credential]);
    await expect(verifier.trust.verifyPresentation(shown)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      params: { argument: 'nonce' },
    });
    expect(await verifier.trust.verifyPresentation(shown, { nonce: 'n-2' })).toMatchObject({
      reason: 'header.challenge',
    });
  });

  it('is for whom it names', async () => {
    const { verifier, issuer, credential, show } = await rig();
    const shown = await show([credential]);
    expect(await issuer.trust.verifyPresentation(shown, { nonce })).toMatchObject({
      reason: 'header.domain',
    });
    const web = await show([credential], holder, { domain: ['a.example', 'b.example'] });
    const demands = { nonce, domain: 'b.example' };
    expect(await verifier.trust.verifyPresentation(web, demands)).toMatchObject({ valid: true });
  });

  it('shows credentials about its holder', async () => {
    const { verifier, credential, show } = await rig();
    const stolen = await show([credential], party('thief'));
    expect(await verifier.trust.verifyPresentation(stolen, { nonce })).toMatchObject({
      valid: false,
      reason: 'credentials.holder',
    });
  });

  it('is refused where something in it is', async () => {
    const { verifier, issuer, credential, enveloped, show } = await rig();
    const forged = await show([credential, { ...credential, id: 'urn:test:2' }]);
    const verified = await verifier.trust.verifyPresentation(forged, { nonce });
    expect(verified).toMatchObject({ valid: false, reason: 'credentials.invalid' });
    expect(verified.credentials.map(({ valid }) => valid)).toEqual([true, false]);
    const good = await show([enveloped]);
    const { credentials } = await verifier.trust.verifyPresentation(good, { nonce });
    await issuer.trust.revoke(credentials[0]!.credential!.id, 'a test');
    expect(await verifier.trust.verifyPresentation(good, { nonce })).toMatchObject({
      valid: false,
      reason: 'credentials.invalid',
    });
  });

  it.each([
    ['nothing in it', [], 'credentials.none'],
    ['too much in it', Array(33).fill(null), 'credentials.limit'],
    ['an envelope of another form', [{ id: 'data:application/jwt,a.b.c' }], 'credentials.form'],
  ])('is refused with %s', async (_, inside, reason) => {
    const { verifier, enveloped, show } = await rig();
    const filled = inside.map((one: object | null) => ({ ...enveloped, ...one }));
    // The data model wants at least one, where there is a list.
    const shown = await show(filled.length === 0 ? undefined : filled);
    expect(await verifier.trust.verifyPresentation(shown, { nonce })).toMatchObject({
      valid: false,
      reason,
    });
  });

  it('is refused without a holder', async () => {
    const { verifier, credential, show } = await rig();
    const shown = await show([credential], holder, {}, { holder: undefined });
    expect(await verifier.trust.verifyPresentation(shown, { nonce })).toMatchObject({
      reason: 'holder.missing',
    });
  });
});

describe('a document that was struck out', () => {
  it('stays out, and what is none cannot be struck out', async () => {
    const { verifier, credential } = await rig();
    const reason = async () => (await verifier.trust.verify(credential)).reason;
    expect(await reason()).toBeUndefined();
    await verifier.trust.deny(credential);
    expect(await reason()).toBe('standing.denied');
    await expect(verifier.trust.deny({ proof: {} })).rejects.toMatchObject({
      code: 'CREDENTIAL_INVALID',
    });
  });
});
