import { describe, expect, it } from 'vitest';
import { addProof } from '../../../../src/core/trust/credentials/eddsa-jcs.ts';
import { nodeCrypto } from '../../../../src/platform/node-crypto.ts';
import { toInstant } from '../../../../src/schema/words.ts';
import { type Party, party, World } from '../rig.ts';

const issuer = party('issuer');
const holder = party('holder');

async function rig() {
  const world = new World();
  const anchors = [{ issuer: issuer.did, types: ['Partner'] }];
  const org = await world.org('verifier', { anchors });
  const credential = {
    '@context': [
      'https://www.w3.org/ns/credentials/v2',
      'https://www.w3.org/ns/credentials/undefined-terms/v2',
    ],
    id: 'urn:test:1',
    type: ['VerifiableCredential', 'Partner'],
    issuer: issuer.did,
    validFrom: toInstant(world.clock.now() - 1_000),
    validUntil: toInstant(world.clock.now() + 3_600_000),
    credentialSubject: { id: holder.did, grade: 'A' },
  };
  const signed = (change: object = {}, by: Party = issuer, options: object = {}) =>
    addProof({ ...credential, ...change }, options, { signer: by.signer, crypto: nodeCrypto });
  return { world, org, credential, signed };
}

describe('a credential with its proof inside, at the trust engine', () => {
  it('is judged like a token: signature, status, anchor', async () => {
    const { org, signed, credential, world } = await rig();
    const verified = await org.trust.verify(await signed());
    expect(verified).toMatchObject({
      valid: true,
      issuer: issuer.did,
      subject: holder.did,
      credential,
      counted: ['Partner'],
      ends: world.clock.now() + 3_600_000,
    });
    expect(verified.checks.map(({ check }) => check)).toEqual([
      ...['form', 'header', 'claims', 'issuer', 'time', 'key', 'signature', 'status', 'anchor'],
    ]);
    expect(Object.isFrozen(verified.credential)).toBe(true);
  });

  it('does not count where no anchor stands for it', async () => {
    const { org, signed } = await rig();
    const other = { type: ['VerifiableCredential', 'Other'] };
    expect(await org.trust.verify(await signed(other))).toMatchObject({ valid: true, counted: [] });
  });

  it.each([
    ['was changed', { tampered: true }, 'signature.wrong'],
    ['has a status nobody can look up', { status: true }, 'status.unreachable'],
    ['is of several subjects', { subjects: true }, 'claims.model'],
    ['was signed by somebody else', { by: holder }, 'issuer.mismatch'],
    ['has expired', { late: true }, 'time.over'],
  ])('is refused when it %s', async (_, what, reason) => {
    const { org, signed, world } = await rig();
    const { tampered, status, subjects, by, late } = what as Readonly<
      Record<string, unknown> & { by?: Party }
    >;
    const credentialStatus = {
      type: 'BitstringStatusListEntry',
      statusPurpose: 'revocation',
      statusListIndex: '7',
      statusListCredential: 'https://issuer.example/status/1',
    };
    const change = {
      ...(status === true ? { credentialStatus } : {}),
      ...(subjects === true ? { credentialSubject: [{ id: holder.did }, { id: issuer.did }] } : {}),
    };
    const document = await signed(change, by);
    if (late === true) await world.clock.advance(3_600_000);
    const shown = tampered === true ? { ...document, id: 'urn:test:2' } : document;
    expect(await org.trust.verify(shown)).toMatchObject({ valid: false, reason });
  });

  it('ends with the first of its proofs', async () => {
    const { org, signed, world } = await rig();
    const ends = world.clock.now() + 60_000;
    const document = await signed({}, issuer, { expires: toInstant(ends) });
    expect(await org.trust.verify(document)).toMatchObject({ valid: true, ends });
  });

  it('is refused where its issuer is shut out or its key has gone', async () => {
    const { org, signed } = await rig();
    const document = await signed();
    org.keys.ended.add(issuer.did);
    expect(await org.trust.verify(document)).toMatchObject({ reason: 'key.deactivated' });
    org.keys.ended.clear();
    org.keys.unreachable.add(issuer.did);
    const { checks } = await org.trust.verify(document);
    expect(checks.at(-1)).toMatchObject({ reason: 'key.unreachable', retryable: true });
  });

  it('may stand among tokens', async () => {
    const { org, signed } = await rig();
    const document = await signed();
    const { jwt } = await org.trust.issue({ subject: holder.did, type: 'Own', claims: {} });
    const verdicts = await org.trust.verifyAll([document, jwt, document]);
    expect(verdicts.map(({ valid }) => valid)).toEqual([true, true, true]);
    expect(verdicts[0]).toBe(verdicts[2]);
  });

  it('is a credential or nothing', async () => {
    const { org, world } = await rig();
    const presentation = {
      '@context': ['https://www.w3.org/ns/credentials/v2'],
      type: ['VerifiablePresentation'],
      holder: issuer.did,
    };
    const tools = { signer: issuer.signer, crypto: nodeCrypto };
    const shown = await addProof(presentation, {}, tools);
    expect(await org.trust.verify(shown)).toMatchObject({ valid: false, reason: 'claims.model' });
    const none = org.trust.verify({ jwt: 7 } as never);
    await expect(none).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(world.clock.now()).toBeGreaterThan(0);
  });
});
