import { describe, expect, it } from 'vitest';
import { toBase64url, utf8 } from '../../src/base/bytes.ts';
import { MeshError } from '../../src/base/errors.ts';
import { toJwk } from '../../src/base/jwk.ts';
import { sdJwtForm } from '../../src/bridges/sd-jwt-vc/index.ts';
import { signJws } from '../../src/core/trust/credentials/jws.ts';
import { nodeCrypto } from '../../src/platform/node-crypto.ts';
import { credentialContext } from '../../src/schema/credential.ts';
import { type Party, party, World } from '../core/trust/rig.ts';

const issuer = party('issuer');
const holder = party('holder');
const thief = party('thief');
const vct = 'Partner';
const nonce = 'n-1';

const json64 = (value: unknown) => toBase64url(utf8(JSON.stringify(value)));
const digestOf = (text: string) => toBase64url(nodeCrypto.hash('sha256', utf8(text)));
const grade = json64(['salt-salt-salt-salt', 'grade', 'A']);

async function signed(payload: object, typ: string, by: Party, header: object = {}) {
  const { algorithm: alg, keyId: kid } = by.signer;
  const input = `${json64({ alg, typ, kid, ...header })}.${json64(payload)}`;
  return `${input}.${toBase64url(await by.signer.sign(utf8(input)))}`;
}

async function rig() {
  const world = new World();
  const now = Math.floor(world.clock.now() / 1_000);
  const anchors = [{ issuer: issuer.did, types: [vct] }];
  const verifier = await world.org('verifier', { anchors, credentialForms: [sdJwtForm()] });
  const claims = { iss: issuer.did, vct, exp: now + 100, sub: holder.did, _sd: [digestOf(grade)] };
  /** The credential with `change`, shown by `by` in a presentation, bound by `kb` where there is one. */
  const show = async (
    change: object = {},
    {
      by = holder,
      typ = 'dc+sd-jwt',
      disclosures = [grade],
      kb = undefined as object | undefined,
      binder = holder,
      header = {},
      alter = (text: string) => text,
    } = {},
  ) => {
    const jwt = await signed({ ...claims, ...change }, typ, issuer, header);
    const bound = `${[jwt, ...disclosures].join('~')}~`;
    const sd_hash = digestOf(bound);
    const terms = { iat: now, aud: verifier.did, nonce, sd_hash, ...kb };
    const end = kb === undefined ? '' : await signed(terms, 'kb+jwt', binder);
    const presentation = {
      '@context': [credentialContext],
      id: `urn:test:${String(Math.floor(Math.random() * 1e9))}`,
      type: ['VerifiablePresentation'],
      holder: by.did,
      verifiableCredential: [
        {
          '@context': [credentialContext],
          type: 'EnvelopedVerifiableCredential',
          id: `data:application/${typ},${alter(`${bound}${end}`)}`,
        },
      ],
      aud: verifier.did,
      nonce,
      exp: now + 60,
    };
    const token = await signJws(presentation, 'vp+jwt', by.signer);
    return verifier.trust.verifyPresentation(token, { nonce });
  };
  const reasonOf = async (...given: Parameters<typeof show>) => {
    const { valid, credentials, reason } = await show(...given);
    return valid ? 'valid' : (credentials[0]?.reason ?? reason);
  };
  return { world, now, verifier, show, reasonOf };
}

describe('an SD-JWT inside a presentation', () => {
  it('counts by its vct, with what it discloses', async () => {
    const { show } = await rig();
    const { valid, counted, credentials } = await show();
    expect({ valid, counted }).toEqual({ valid: true, counted: [vct] });
    expect(credentials[0]).toMatchObject({
      issuer: issuer.did,
      subject: holder.did,
      credential: { credentialSubject: { id: holder.did, grade: 'A' } },
    });
    const hidden = await show({}, { disclosures: [] });
    expect(hidden.valid).toBe(true);
    expect(hidden.credentials[0]?.credential?.credentialSubject).toEqual({ id: holder.did });
  });

  it('may be one of the data model', async () => {
    const { show } = await rig();
    const { valid, counted, credentials } = await show(
      {
        '@context': [credentialContext, 'https://www.w3.org/ns/credentials/undefined-terms/v2'],
        id: 'urn:test:1',
        type: ['VerifiableCredential', vct],
        issuer: issuer.did,
        credentialSubject: { id: holder.did, _sd: [digestOf(grade)] },
        _sd: undefined,
        vct: undefined,
        sub: undefined,
      },
      { typ: 'vc+sd-jwt' },
    );
    expect({ valid, counted }).toEqual({ valid: true, counted: [vct] });
    expect(credentials[0]?.credential).toMatchObject({
      id: 'urn:test:1',
      credentialSubject: { id: holder.did, grade: 'A' },
    });
  });

  it('is shown by who has the key it names: by the presentation, or by a key binding', async () => {
    const { reasonOf } = await rig();
    const kid = { cnf: { kid: holder.signer.keyId } };
    const { signer } = holder;
    const jwk = { cnf: { jwk: toJwk({ type: 'Ed25519', publicKey: signer.publicKey }) } };
    const other = { cnf: { kid: thief.signer.keyId } };
    const otherJwk = {
      cnf: { jwk: toJwk({ type: 'Ed25519', publicKey: thief.signer.publicKey }) },
    };
    expect(await reasonOf(kid)).toBe('valid');
    expect(await reasonOf(jwk)).toBe('valid');
    expect(await reasonOf(other)).toBe('binding.nonce');
    expect(await reasonOf(otherJwk)).toBe('binding.nonce');
    expect(await reasonOf({ cnf: {} })).toBe('binding.nonce');
    expect(await reasonOf(kid, { kb: {} })).toBe('valid');
    expect(await reasonOf(other, { kb: {}, binder: thief })).toBe('valid');
    expect(await reasonOf(kid, { kb: {}, binder: thief })).toBe('signature.wrong');
    expect(await reasonOf({}, { kb: {} })).toBe('binding.nonce');
  });

  it('whose subject is not named is about who has its key', async () => {
    const { show } = await rig();
    const verified = await show({ sub: undefined, cnf: { kid: holder.signer.keyId } });
    expect(verified).toMatchObject({ valid: true, credentials: [{ subject: holder.did }] });
    expect(await show({ sub: undefined })).toMatchObject({ reason: 'credentials.holder' });
  });

  it.each([
    ['another nonce', { nonce: 'n-2' }],
    ['another audience', { aud: holder.did }],
    ['a binding of something else', { sd_hash: 'x' }],
    ['an old binding', { iat: 1 }],
  ])('is refused with %s', async (_, kb) => {
    const { reasonOf } = await rig();
    expect(await reasonOf({ cnf: { kid: holder.signer.keyId } }, { kb })).toBe('binding.nonce');
  });

  it.each([
    ['has expired', { exp: 1 }, {}, 'time.over'],
    ['is not valid yet', { nbf: 4e9, exp: 5e9 }, {}, 'time.early'],
    ['is of somebody else’s', { iss: thief.did }, {}, 'issuer.mismatch'],
    ['has a status nobody looks up', { status: { status_list: {} } }, {}, 'status.unreachable'],
    ['says nothing of its kind', { vct: undefined }, {}, 'claims.model'],
    ['has another hash', { _sd_alg: 'sha-512' }, {}, 'claims.model'],
    ['has a digest twice', { _sd: Array(2).fill(digestOf(grade)) }, {}, 'claims.model'],
    ['discloses something twice', {}, { disclosures: [grade, grade] }, 'claims.model'],
    [
      'discloses something else',
      {},
      { disclosures: [json64(['s', 'grade', 'B'])] },
      'claims.model',
    ],
    ['has no algorithm', {}, { header: { alg: 'none' } }, 'header.alg'],
    ['has an unknown crit', {}, { header: { crit: ['x'] } }, 'header.crit'],
    ['is of another type', {}, { header: { typ: 'jwt' } }, 'header.typ'],
    ['names another key', {}, { header: { kid: thief.signer.keyId } }, 'signature.wrong'],
    ['was changed', {}, { alter: (text: string) => text.replace(/.~/, '~') }, 'form.base64url'],
    ['has no tilde', {}, { alter: (text: string) => text.replaceAll('~', '') }, 'form.parts'],
  ])('is refused when it %s', async (_, change, options, reason) => {
    const { reasonOf } = await rig();
    const found = await reasonOf(change, options);
    // A cut signature may still be base64url; then it is of another length.
    expect(reason === 'form.base64url' ? ['form.base64url', 'form.signature'] : [reason]).toContain(
      found,
    );
  });

  it('is refused where its issuer is shut out or it was struck out', async () => {
    const { verifier, reasonOf } = await rig();
    verifier.keys.unreachable.add(issuer.did);
    expect(await reasonOf()).toBe('key.unreachable');
    verifier.keys.unreachable.clear();
    await verifier.trust.quarantine(issuer.did, { reason: 'x', evidence: {}, period: '1h' });
    expect(await reasonOf()).toBe('standing.quarantined');
  });

  it('is refused with a reason where no form opens it, and a missing package is an error', async () => {
    const { world, verifier, show } = await rig();
    expect((await show()).valid).toBe(true);
    await verifier.trust.close();
    const missing = new MeshError('MODULE_MISSING', { feature: 'sdJwtVc', module: 'x' });
    const mediaTypes = ['application/dc+sd-jwt'];
    for (const [credentialForms, expected] of [
      [[], { reason: 'credentials.form' }],
      [[{ mediaTypes, open: () => Promise.reject(missing) }], missing],
    ] as const) {
      const org = await world.org('verifier', { credentialForms });
      const inside = {
        '@context': [credentialContext],
        type: 'EnvelopedVerifiableCredential',
        id: 'data:application/dc+sd-jwt,a.b.c~',
      };
      const presentation = {
        '@context': [credentialContext],
        type: ['VerifiablePresentation'],
        holder: holder.did,
        verifiableCredential: [inside],
        aud: org.did,
        exp: world.clock.now() / 1_000 + 60,
      };
      const token = await signJws(presentation, 'vp+jwt', holder.signer);
      const verifying = org.trust.verifyPresentation(token);
      if (expected === missing) await expect(verifying).rejects.toBe(missing);
      else expect(await verifying).toMatchObject(expected);
      await org.trust.close();
    }
  });
});
