import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { toBase64url, utf8 } from '../../../../src/base/bytes.ts';
import { signJws } from '../../../../src/core/trust/credentials/jws.ts';
import { Replays } from '../../../../src/core/trust/credentials/replays.ts';
import { nodeCrypto } from '../../../../src/platform/node-crypto.ts';
import { credentialContext } from '../../../../src/schema/credential.ts';
import { type Org, party, World } from '../rig.ts';

const vcContext = [credentialContext];
let world: World;
let issuer: Org;
let holder: Org;
let verifier: Org;
let jwt: string;

beforeEach(async () => {
  world = new World();
  issuer = await world.org('issuer');
  holder = await world.org('holder');
  const anchors = [{ issuer: issuer.did, types: ['Partner'] }];
  verifier = await world.org('verifier', { anchors });
  world.street.connect(issuer.did, holder.did);
  world.street.connect(issuer.did, verifier.did);
  ({ jwt } = await issuer.trust.issue({
    subject: holder.did,
    type: 'Partner',
    claims: { level: 'gold' },
  }));
  await holder.trust.hold(jwt);
});

const seconds = () => Math.floor(world.clock.now() / 1_000);

/** A presentation as an attacker may write it. */
function written(changes: object = {}, by = party('holder'), typ = 'vp+jwt'): Promise<string> {
  const envelope = {
    '@context': vcContext,
    type: 'EnvelopedVerifiableCredential',
    id: `data:application/vc+jwt,${jwt}`,
  };
  const payload = {
    '@context': vcContext,
    id: 'urn:uuid:22222222-2222-4222-8222-222222222222',
    type: ['VerifiablePresentation'],
    holder: holder.did,
    verifiableCredential: [envelope],
    aud: verifier.did,
    nonce: 'n1',
    exp: seconds() + 300,
    ...changes,
  };
  return signJws(payload, typ, by.signer);
}

const enveloped = (token: string, media = 'application/vc+jwt') => ({
  '@context': vcContext,
  type: 'EnvelopedVerifiableCredential',
  id: `data:${media},${token}`,
});

const reasonOf = async (token: string, demands: object = { nonce: 'n1' }) => {
  const { valid, reason } = await verifier.trust.verifyPresentation(token, demands);
  return valid ? 'valid' : reason;
};

describe('a presentation', () => {
  it('shows what its holder has to one verifier, and every check is listed', async () => {
    const shown = await holder.trust.present({ audience: verifier.did, nonce: 'n1' });
    const verification = await verifier.trust.verifyPresentation(shown, { nonce: 'n1' });
    expect(verification).toMatchObject({
      valid: true,
      holder: holder.did,
      counted: ['Partner'],
      documentAgeMs: 0,
    });
    const names = ['form', 'header', 'holder', 'standing', 'time', 'binding', 'key', 'signature'];
    expect(verification.checks.map(({ check }) => check)).toEqual([
      ...names,
      'claims',
      'credentials',
    ]);
    expect(verification.credentials).toMatchObject([{ valid: true, counted: ['Partner'] }]);
  });

  it.each([
    ['for somebody else', { aud: 'did:web:other.example' }, 'binding.audience'],
    ['for nobody', { aud: undefined }, 'binding.audience'],
    ['with another nonce', { nonce: 'n2' }, 'binding.nonce'],
    ['without the nonce', { nonce: undefined }, 'binding.nonce'],
    ['without a holder', { holder: undefined }, 'holder.missing'],
    ['with an iss that is not the holder', { iss: 'did:web:other.example' }, 'holder.mismatch'],
    ['without an end', { exp: undefined }, 'time.endless'],
    ['with an end tomorrow', { exp: Date.UTC(2030, 0, 2) / 1_000 }, 'time.endless'],
    ['that is over', { exp: Date.UTC(2029, 11, 31) / 1_000 }, 'time.over'],
    ['of nothing', { verifiableCredential: [] }, 'credentials.none'],
    ['without any credential', { verifiableCredential: undefined }, 'credentials.none'],
    [
      'of a bare credential',
      { verifiableCredential: [{ '@context': vcContext, type: ['VerifiableCredential'] }] },
      'credentials.form',
    ],
    ['of a text', { verifiableCredential: ['a.b.c'] }, 'credentials.form'],
    [
      'of another form',
      { verifiableCredential: [enveloped('a.b.c', 'application/vc+cose')] },
      'credentials.form',
    ],
    ['of garbage', { verifiableCredential: [enveloped('a.b.c')] }, 'credentials.invalid'],
    ['of another type', { type: ['Letter'] }, 'claims.model'],
    ['with a vp claim', { vp: {} }, 'claims.vc'],
    [
      'of very many',
      { verifiableCredential: Array.from({ length: 33 }, () => enveloped('a.b.c')) },
      'credentials.limit',
    ],
  ])('%s is refused', async (_, changes, reason) => {
    expect(await reasonOf(await written(changes))).toBe(reason);
  });

  it('may name several verifiers, and a domain that is asked for', async () => {
    const aud = ['did:web:other.example', verifier.did];
    expect(await reasonOf(await written({ aud }))).toBe('valid');
    const demands = { nonce: 'n1', domain: 'a.example' };
    expect(await reasonOf(await written({ domain: 'b.example' }), demands)).toBe('binding.domain');
    expect(await reasonOf(await written({ id: 'urn:x:1', domain: 'a.example' }), demands)).toBe(
      'valid',
    );
  });

  it('may end ten minutes ahead, by a clock that may be a minute fast, and no later', async () => {
    const ending = async (after: number, id: string) =>
      reasonOf(await written({ id, exp: seconds() + after }));
    expect(await ending(660, 'urn:x:1')).toBe('valid');
    expect(await ending(661, 'urn:x:2')).toBe('time.endless');
  });

  it('T3: by a key its holder makes statements with, and does not authenticate with, is refused', async () => {
    const { document } = await verifier.keys.resolve(holder.did);
    const before = verifier.keys.resolve.bind(verifier.keys);
    verifier.keys.resolve = (did) => {
      const changed = { ...document, authentication: [] };
      if (did !== holder.did) return before(did);
      return Promise.resolve({ document: changed, ageMs: 0, deactivated: false });
    };
    expect(await reasonOf(await written())).toBe('key.purpose');
    const { authentication } = document;
    verifier.keys.resolve = (did) =>
      did === holder.did
        ? Promise.resolve({
            document: { ...document, authentication, assertionMethod: [] },
            ageMs: 0,
            deactivated: false,
          })
        : before(did);
    expect(await reasonOf(await written())).toBe('valid');
  });

  it('by somebody who found the credential is refused', async () => {
    const thief = party('thief');
    expect(await reasonOf(await written({}, thief))).toBe('holder.mismatch');
    expect(await reasonOf(await written({ holder: thief.did }, thief))).toBe('credentials.holder');
  });

  it('T6: a credential is no presentation, and a presentation no credential', async () => {
    expect(await reasonOf(jwt)).toBe('header.typ');
    expect(await reasonOf(await written({}, party('holder'), 'vc+jwt'))).toBe('header.typ');
    const { reason } = await verifier.trust.verify(await written());
    expect(reason).toBe('header.typ');
  });

  it('T8: a forged credential inside is found', async () => {
    const [head = '', body = ''] = jwt.split('.');
    const payload = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
    const forged = toBase64url(
      utf8(JSON.stringify({ ...payload, type: ['VerifiableCredential'] })),
    );
    const token = `${head}.${forged}.${jwt.split('.')[2]!}`;
    const shown = await written({ verifiableCredential: [enveloped(jwt), enveloped(token)] });
    const verification = await verifier.trust.verifyPresentation(shown, { nonce: 'n1' });
    expect(verification).toMatchObject({ valid: false, reason: 'credentials.invalid' });
    expect(verification.credentials.map(({ valid }) => valid)).toEqual([true, false]);
  });

  it('is taken once', async () => {
    const shown = await written();
    const both = await Promise.all([reasonOf(shown), reasonOf(shown)]);
    expect([...both].sort()).toEqual(['binding.replay', 'valid']);
    expect(await reasonOf(shown)).toBe('binding.replay');
  });

  it('T9: is taken once, whatever its second signature looks like', async () => {
    const ecdsa = party('ecdsa holder', 'P-256');
    const about = await issuer.trust.issue({ subject: ecdsa.did, type: 'Partner', claims: {} });
    const changes = { holder: ecdsa.did, verifiableCredential: [enveloped(about.jwt)] };
    const shown = await written(changes, ecdsa);
    expect(await reasonOf(shown)).toBe('valid');
    const at = shown.lastIndexOf('.') + 1;
    const signature = Buffer.from(shown.slice(at), 'base64url');
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const s = order - BigInt(`0x${signature.subarray(32).toString('hex')}`);
    const other = Buffer.from(s.toString(16).padStart(64, '0'), 'hex');
    const twin = Buffer.concat([signature.subarray(0, 32), other]).toString('base64url');
    expect(await reasonOf(shown.slice(0, at) + twin)).toBe('binding.replay');
  });

  it('falls with a revocation of what is in it', async () => {
    const { id } = verifierReads(jwt);
    await issuer.trust.revoke(id, 'left');
    const verification = await verifier.trust.verifyPresentation(await written(), { nonce: 'n1' });
    expect(verification).toMatchObject({ valid: false, reason: 'credentials.invalid' });
    expect(verification.credentials[0]).toMatchObject({ reason: 'status.revoked' });
  });

  it('is refused after any change of any character', async () => {
    const shown = await written();
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: shown.length - 1 }),
        fc.constantFrom('A', 'Z', 'a', 'z', '0', '9', '-', '_', '.'),
        async (at, character) => {
          fc.pre(shown[at] !== character);
          expect(await reasonOf(shown.slice(0, at) + character + shown.slice(at + 1))).not.toBe(
            'valid',
          );
        },
      ),
    );
  });

  it('of any bytes at all is answered with a result', async () => {
    const json = fc.json().map((text) => toBase64url(utf8(text)));
    const header = fc.constantFrom(
      toBase64url(utf8(JSON.stringify({ alg: 'EdDSA', typ: 'vp+jwt', kid: holder.signer.keyId }))),
    );
    const signature = fc.constant(toBase64url(new Uint8Array(64)));
    const part = fc.oneof(json, header, signature, fc.string());
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 4 }), async (parts) => {
        const verification = await verifier.trust.verifyPresentation(parts.join('.'));
        expect(verification.valid).toBe(false);
        expect(verification.reason).toBeDefined();
      }),
    );
  });

  it('whose payload is anything at all is answered with a result', async () => {
    const changes = fc.dictionary(
      fc.constantFrom('@context', 'type', 'verifiableCredential', 'aud', 'exp', 'holder', 'iss'),
      fc.jsonValue(),
    );
    await fc.assert(
      fc.asyncProperty(changes, async (change) => {
        const { valid, reason } = await verifier.trust.verifyPresentation(await written(change));
        expect(valid || reason !== undefined).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ['no verifier', { audience: '' }],
    ['a long life', { audience: 'did:web:a.example', validFor: '1h' as const }],
    ['nothing', { audience: 'did:web:a.example', credentials: [] }],
  ])('for %s is not made', async (_, request) => {
    await expect(holder.trust.present(request)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('a credential that was struck out', () => {
  it('T9: stays out, in every form and over a restart, and out of the book', async () => {
    const by = party('ecdsa issuer', 'P-256');
    const payload = {
      '@context': vcContext,
      id: 'urn:test:denied',
      type: ['VerifiableCredential', 'Partner'],
      issuer: by.did,
      credentialSubject: { id: holder.did },
    };
    const token = await signJws(payload, 'vc+jwt', by.signer);
    const again = await signJws({ ...payload, name: 'x' }, 'vc+jwt', by.signer);
    expect((await verifier.trust.verify(token)).valid).toBe(true);
    await verifier.trust.deny(token);
    await verifier.trust.meet(holder.did).catch(() => undefined);
    const reasons = async (org: Org) => [
      (await org.trust.verify(token)).reason,
      (await org.trust.verify(again)).reason,
      (await org.trust.verify(jwt)).reason,
    ];
    const expected = ['standing.denied', 'standing.denied', undefined];
    expect(await reasons(verifier)).toEqual(expected);
    await verifier.trust.close();
    const restarted = await world.org('verifier', { store: verifier.store });
    expect(await reasons(restarted)).toEqual(expected);
    await expect(restarted.trust.deny('x')).rejects.toMatchObject({ code: 'CREDENTIAL_INVALID' });
  });

  it('counts no more at once', async () => {
    world.street.connect(holder.did, verifier.did);
    await verifier.trust.meet(holder.did);
    expect(verifier.trust.credentialsOf(holder.did)).toEqual(new Set(['Partner']));
    await verifier.trust.deny(jwt);
    expect(verifier.trust.credentialsOf(holder.did)).toEqual(new Set());
    expect(await reasonOf(await written())).toBe('credentials.invalid');
  });
});

describe('the memory of what was shown', () => {
  it('refuses more than it can remember, until something has ended', () => {
    const replays = new Replays(nodeCrypto);
    const by = party('alice').did;
    const shown = (n: number) => ({ by, id: undefined, signingInput: String(n), until: 100 + n });
    for (let n = 0; n < 49_999; n += 1) replays.add(shown(n), 0);
    expect(replays.add(shown(50_001), 0)).toBe(false);
    expect(replays.has(shown(50_001))).toBe(false);
    expect(replays.add(shown(50_001), 200)).toBe(true);
    expect(replays.has(shown(0))).toBe(false);
    expect(replays.has(shown(300))).toBe(true);
  });
});

function verifierReads(token: string): { readonly id: string } {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { id: string };
}
