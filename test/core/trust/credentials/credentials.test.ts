import { createJWT, EdDSASigner, verifyJWT } from 'did-jwt';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../../src/base/errors.ts';
import type { Did } from '../../../../src/base/ids.ts';
import { signJws } from '../../../../src/core/trust/credentials/jws.ts';
import { credentialContext } from '../../../../src/schema/credential.ts';
import { toInstant } from '../../../../src/schema/words.ts';
import { examinerRig, type Party, party, World } from '../rig.ts';

const alice = party('alice');
const bob = party('bob');
const now = Date.UTC(2030, 0, 1);
const minute = 60_000;

function credential(issuer: Party, changes: object = {}): Record<string, unknown> {
  return {
    '@context': [credentialContext],
    id: 'urn:uuid:11111111-1111-4111-8111-111111111111',
    type: ['VerifiableCredential', 'Partner'],
    issuer: issuer.did,
    validFrom: toInstant(now - minute),
    validUntil: toInstant(now + minute),
    credentialSubject: { id: bob.did, level: 'gold' },
    iss: issuer.did,
    ...changes,
  };
}

const signed = (payload: object, signer: Party = alice, typ = 'vc+jwt'): Promise<string> =>
  signJws(payload, typ, signer.signer);

/** The first check that failed, or `valid`. */
async function verdict(token: string, rig = examinerRig()): Promise<string> {
  const { ok, checks } = await rig.examiner.examine(token);
  const failed = checks.find((check) => !check.ok);
  expect(ok).toBe(failed === undefined);
  return failed?.check ?? 'valid';
}

/** did-jwt as the second opinion. */
const oracle = (token: string, options: object = {}) =>
  verifyJWT(token, {
    resolver: { resolve: (did: string) => Promise.resolve(resolution(did as Did)) },
    proofPurpose: 'assertionMethod',
    policies: { now: now / 1_000 },
    ...options,
  });

function resolution(did: Did) {
  const multikey = did.slice('did:key:'.length);
  const id = `${did}#${multikey}`;
  const type = 'Multikey';
  const method = { id, type, controller: did, publicKeyMultibase: multikey };
  const didDocument = { id: did, verificationMethod: [method], assertionMethod: [id] };
  return { didDocument, didDocumentMetadata: {}, didResolutionMetadata: {} };
}

describe('a credential', () => {
  it('passes every check in order when it is right', async () => {
    const { examiner } = examinerRig();
    const { ok, checks } = await examiner.examine(await signed(credential(alice)));
    expect(ok).toBe(true);
    const before = ['form', 'header', 'issuer', 'standing', 'time'];
    const names = [...before, 'key', 'signature', 'claims'];
    expect(checks.map(({ check }) => check)).toEqual(names);
  });

  it.each([
    ['a vc claim', { vc: {} }],
    ['a vp claim', { vp: {} }],
    ['another first context', { '@context': ['https://www.w3.org/2018/credentials/v1'] }],
    ['no VerifiableCredential type', { type: ['Partner'] }],
    ['no id', { id: undefined }],
    ['a jti of another', { jti: 'urn:other' }],
    ['a sub of another', { sub: alice.did }],
    ['a status of another kind', { credentialStatus: { type: 'StatusList2021Entry' } }],
  ])('is refused by its claims: %s', async (_, changes) => {
    expect(await verdict(await signed(credential(alice, changes)))).toBe('claims');
  });

  it.each([
    ['a date that does not exist', { validUntil: '2030-13-01T00:00:00Z' }],
    ['an end before its beginning', { validUntil: toInstant(now - 2 * minute) }],
    ['an exp that is no number', { exp: '2030' }],
    ['an nbf that is no number', { nbf: '2030' }],
  ])('is refused by its time: %s', async (_, changes) => {
    expect(await verdict(await signed(credential(alice, changes)))).toBe('time');
  });

  it('is refused without an issuer that is a DID', async () => {
    const issuer = { issuer: 'https://a.example', iss: 'https://a.example' };
    expect(await verdict(await signed(credential(alice, issuer)))).toBe('issuer');
  });

  it('may carry an iat of any form, as published vectors do', async () => {
    expect(await verdict(await signed(credential(alice, { iat: '2030-01-01' })))).toBe('valid');
  });

  it('may come without iss, and may name its issuer as an object', async () => {
    expect(await verdict(await signed(credential(alice, { iss: undefined })))).toBe('valid');
    const issuer = { id: alice.did, name: 'Alice' };
    expect(await verdict(await signed(credential(alice, { issuer })))).toBe('valid');
  });

  it('is refused when kid, issuer and iss are not one', async () => {
    expect(await verdict(await signed(credential(alice), bob))).toBe('issuer');
    expect(await verdict(await signed(credential(alice, { iss: bob.did })))).toBe('issuer');
  });

  it('holds from 60 seconds before validFrom until validUntil, not a millisecond longer', async () => {
    const at = async (from: number, until: number): Promise<string> => {
      const dates = { validFrom: toInstant(from), validUntil: toInstant(until) };
      return verdict(await signed(credential(alice, dates)));
    };
    expect(await at(now + minute, now + 2 * minute)).toBe('valid');
    expect(await at(now + minute + 1, now + 2 * minute)).toBe('time');
    expect(await at(now - minute, now + 1)).toBe('valid');
    expect(await at(now - minute, now)).toBe('time');
  });

  it('ends with exp and begins with nbf where those are stricter', async () => {
    expect(await verdict(await signed(credential(alice, { exp: now / 1_000 })))).toBe('time');
    expect(await verdict(await signed(credential(alice, { exp: now / 1_000 + 1 })))).toBe('valid');
    expect(await verdict(await signed(credential(alice, { nbf: now / 1_000 + 30 })))).toBe('valid');
    expect(
      await verdict(
        await signed(credential(alice, { validUntil: undefined, nbf: now / 1_000 + 61 })),
      ),
    ).toBe('time');
  });

  it('is refused when its issuer has ended, has other keys now, or cannot be asked for', async () => {
    const token = await signed(credential(alice));
    const ended = examinerRig();
    ended.keys.ended.add(alice.did);
    expect(await verdict(token, ended)).toBe('key');
    const rotated = examinerRig();
    rotated.keys.rotated.set(alice.did, bob.multikey);
    expect(await verdict(token, rotated)).toBe('key');
    const away = examinerRig();
    away.keys.unreachable.add(alice.did);
    const { checks } = await away.examiner.examine(token);
    expect(checks.at(-1)).toMatchObject({ check: 'key', ok: false, retryable: true });
  });

  it('costs no signature check before everything cheaper has passed, and exactly one then', async () => {
    const rig = examinerRig();
    await verdict(await signed(credential(alice, { validUntil: toInstant(now - 1) })), rig);
    await verdict(await signed(credential(alice), bob), rig);
    expect(rig.examiner.signatureChecks).toBe(0);
    await verdict(await signed(credential(alice)), rig);
    expect(rig.examiner.signatureChecks).toBe(1);
  });

  it('that was seen before costs no second signature check, and is judged anew in all that can change', async () => {
    const rig = examinerRig();
    const token = await signed(credential(alice));
    for (let i = 0; i < 3; i += 1) expect(await verdict(token, rig)).toBe('valid');
    rig.keys.rotated.set(alice.did, bob.multikey);
    expect(await verdict(token, rig)).toBe('key');
    rig.keys.rotated.clear();
    expect(await verdict(token, rig)).toBe('valid');
    rig.keys.ended.add(alice.did);
    expect(await verdict(token, rig)).toBe('key');
    rig.keys.ended.clear();
    await rig.clock.advance(minute);
    expect(await verdict(token, rig)).toBe('time');
    expect(rig.examiner.signatureChecks).toBe(1);
  });

  it('T3: a key its issuer uses for something else than statements signs no credential', async () => {
    const rig = examinerRig();
    const { document } = await rig.keys.resolve(alice.did);
    const changed = { ...document, assertionMethod: [] };
    rig.keys.resolve = () => Promise.resolve({ document: changed, ageMs: 0, deactivated: false });
    expect(await verdict(await signed(credential(alice)), rig)).toBe('key');
  });

  it('that was seen before is checked again when its key name stands for another key', async () => {
    const rig = examinerRig();
    const token = await signed(credential(alice));
    expect(await verdict(token, rig)).toBe('valid');
    const { document } = await rig.keys.resolve(alice.did);
    const [method] = document.verificationMethod;
    const other = { ...method!, publicKeyMultibase: bob.multikey };
    const changed = { ...document, verificationMethod: [other] };
    rig.keys.resolve = () => Promise.resolve({ document: changed, ageMs: 0, deactivated: false });
    expect(await verdict(token, rig)).toBe('signature');
    const foreign = { ...method!, controller: bob.did };
    rig.keys.resolve = () =>
      Promise.resolve({
        document: { ...document, verificationMethod: [foreign] },
        ageMs: 0,
        deactivated: false,
      });
    expect(await verdict(token, rig)).toBe('key');
  });

  it('that was refused is not taken for a good one with the same claims', async () => {
    const rig = examinerRig();
    const token = await signed(credential(alice));
    const forged = `${token.slice(0, -86)}${'A'.repeat(86)}`;
    expect(await verdict(forged, rig)).toBe('signature');
    expect(await verdict(token, rig)).toBe('valid');
    expect(await verdict(forged, rig)).toBe('signature');
  });

  it('is refused after any change of any character', async () => {
    const token = await signed(credential(alice));
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: token.length - 1 }),
        fc.constantFrom('A', 'Z', 'a', 'z', '0', '9', '-', '_', '.'),
        async (at, character) => {
          fc.pre(token[at] !== character);
          const changed = token.slice(0, at) + character + token.slice(at + 1);
          expect(await verdict(changed)).not.toBe('valid');
        },
      ),
    );
  });
});

describe('beside did-jwt', () => {
  it('what is signed here verifies there', async () => {
    const token = await signed(credential(alice));
    await expect(oracle(token)).resolves.toMatchObject({ verified: true, issuer: alice.did });
  });

  it('what is signed there verifies here', async () => {
    const header = { alg: 'EdDSA', typ: 'vc+jwt' as 'JWT', kid: alice.signer.keyId };
    const signer = EdDSASigner(alice.seed);
    const token = await createJWT(credential(alice), { issuer: alice.did, signer }, header);
    expect(await verdict(token)).toBe('valid');
  });

  it('both agree on signatures, whatever was altered', async () => {
    const token = await signed(credential(alice));
    const at = fc.integer({ min: token.length - 86, max: token.length - 2 });
    await fc.assert(
      fc.asyncProperty(at, fc.constantFrom('A', 'Q', 'g', 'w'), async (place, character) => {
        const changed = token.slice(0, place) + character + token.slice(place + 1);
        const theirs = await oracle(changed).then(
          () => true,
          () => false,
        );
        expect((await verdict(changed)) === 'valid').toBe(theirs);
      }),
      { numRuns: 30 },
    );
  });

  it('T1: options used twice let bob be forged there; here there is nothing to use twice', async () => {
    const shared = {
      resolver: { resolve: (did: string) => Promise.resolve(resolution(did as Did)) },
      policies: { now: now / 1_000 },
    };
    await verifyJWT(await signed(credential(alice)), shared);
    const forged = await signed(credential(bob), alice);
    await expect(verifyJWT(forged, shared)).resolves.toMatchObject({ verified: true });
    const rig = examinerRig();
    await verdict(await signed(credential(alice)), rig);
    expect(await verdict(forged, rig)).toBe('issuer');
  });

  it.each([
    [
      'T5: an end in the past',
      { validFrom: undefined, validUntil: '2001-01-01T00:00:00Z' },
      'time',
    ],
    ['T5: an issuer that is not iss', { issuer: bob.did }, 'issuer'],
    [
      'T7: expired four minutes ago',
      { validFrom: undefined, validUntil: undefined, exp: now / 1_000 - 240 },
      'time',
    ],
  ])('%s is taken there and refused here', async (_, changes, check) => {
    const token = await signed(credential(alice, changes));
    await expect(oracle(token)).resolves.toMatchObject({ verified: true });
    expect(await verdict(token)).toBe(check);
  });

  it('T8: a credential that names a status list is taken there; here its list is asked for (see status tests)', async () => {
    const status = {
      type: 'BitstringStatusListEntry',
      statusPurpose: 'revocation',
      statusListIndex: '7',
      statusListCredential: `${alice.did}?list=0`,
    };
    const token = await signed(credential(alice, { credentialStatus: status }));
    await expect(oracle(token)).resolves.toMatchObject({ verified: true });
    const world = new World();
    const verification = await (await world.org('carol')).trust.verify(token);
    expect(verification.valid).toBe(false);
    expect(verification.checks.at(-1)).toMatchObject({ check: 'status', ok: false });
  });

  it('T6: a presentation for a credential is taken there and refused here', async () => {
    const token = await signed(credential(alice), alice, 'vp+jwt');
    await expect(oracle(token)).resolves.toMatchObject({ verified: true });
    expect(await verdict(token)).toBe('header');
  });

  it('T6: unknown critical members are taken there and refused here', async () => {
    const signer = EdDSASigner(alice.seed);
    const extra = { crit: ['b65'], b65: true };
    const header = { alg: 'EdDSA', typ: 'vc+jwt' as 'JWT', kid: alice.signer.keyId, ...extra };
    const token = await createJWT(credential(alice), { issuer: alice.did, signer }, header);
    await expect(oracle(token)).resolves.toMatchObject({ verified: true });
    expect(await verdict(token)).toBe('header');
  });

  it('a broken key document is an error of the world, not a verdict on the credential', async () => {
    const rig = examinerRig();
    rig.keys.resolve = () => Promise.reject(new MeshError('DID_NOT_FOUND', { did: alice.did }));
    expect(await verdict(await signed(credential(alice)), rig)).toBe('key');
    rig.keys.resolve = () => Promise.reject(new TypeError('a bug'));
    await expect(rig.examiner.examine(await signed(credential(alice)))).rejects.toThrow('a bug');
  });
});
