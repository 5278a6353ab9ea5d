import { verifyJWS } from 'did-jwt';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64url, toBase64url, utf8 } from '../../../../src/base/bytes.ts';
import { isDeep } from '../../../../src/base/json-depth.ts';
import { algorithmOf } from '../../../../src/base/signature-kinds.ts';
import { parseJws, signJws } from '../../../../src/core/trust/credentials/jws.ts';
import { lowS } from '../../../../src/core/trust/credentials/low-s.ts';
import type { SignatureKeyType } from '../../../../src/ports/crypto.ts';
import { credentialContext } from '../../../../src/schema/credential.ts';
import { examinerRig, keyTypes, type Party, party } from '../rig.ts';

const kinds = Object.keys(keyTypes) as SignatureKeyType[];

function credential(by: Party): object {
  return {
    '@context': [credentialContext],
    id: 'urn:test:1',
    type: ['VerifiableCredential', 'Partner'],
    issuer: by.did,
    credentialSubject: { id: 'did:example:bob' },
  };
}

const signed = (by: Party): Promise<string> => signJws(credential(by), 'vc+jwt', by.signer);

async function reasonOf(token: string): Promise<string> {
  const { ok, checks } = await examinerRig().examiner.examine(token);
  return ok ? 'valid' : checks.at(-1)!.reason!;
}

function withHeader(token: string, change: object): string {
  const [head = '', ...rest] = token.split('.');
  const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as object;
  return [toBase64url(utf8(JSON.stringify({ ...header, ...change }))), ...rest].join('.');
}

describe('algorithms', () => {
  it.each(kinds)('a %s key signs credentials, and they verify', async (kind) => {
    const token = await signed(party('alice', kind));
    expect(parseJws(token, 'vc+jwt').header['alg']).toBe(keyTypes[kind][0]);
    expect(await reasonOf(token)).toBe('valid');
  });

  it.each(kinds)('a token by a %s key that names another algorithm is refused', async (kind) => {
    const token = await signed(party('alice', kind));
    for (const [alg] of Object.values(keyTypes)) {
      if (alg === keyTypes[kind][0]) continue;
      const lengths = [algorithmOf(alg)!.length, algorithmOf(keyTypes[kind][0])!.length];
      const expected = lengths[0] === lengths[1] ? 'key.alg' : 'form.signature';
      expect(await reasonOf(withHeader(token, { alg }))).toBe(expected);
    }
  });

  it('an HMAC keyed with the public key is no signature', async () => {
    const token = await signed(party('alice'));
    for (const alg of ['HS256', 'none', 'RS256', 'ES256K-R', 'Ed25519', 7, null]) {
      expect(await reasonOf(withHeader(token, { alg }))).toBe('header.alg');
    }
  });

  it('T9: the high-S twin of an ES256K token is taken by did-jwt and refused here', async () => {
    const alice = party('alice', 'secp256k1');
    const token = await signed(alice);
    const twin = highTwin(token);
    expect(await reasonOf(token)).toBe('valid');
    expect(await reasonOf(twin)).toBe('signature.wrong');
    const id = `${alice.did}#${alice.multikey}`;
    const method = { id, type: 'Multikey', controller: alice.did } as const;
    const theirs = { ...method, publicKeyMultibase: alice.multikey };
    expect(verifyJWS(twin, [theirs])).toMatchObject({ id });
  });

  it('a signer that gives high S, as HSMs do, still makes tokens that are taken', async () => {
    const alice = party('alice', 'secp256k1');
    const high = async (message: Uint8Array) => flipped(await alice.signer.sign(message));
    const token = await signJws(credential(alice), 'vc+jwt', { ...alice.signer, sign: high });
    expect(await reasonOf(token)).toBe('valid');
  });

  it('a signer that gives DER is misuse', async () => {
    const sign = () => Promise.resolve(new Uint8Array(71));
    const signing = signJws({}, 'vc+jwt', { ...party('alice', 'P-256').signer, sign });
    await expect(signing).rejects.toMatchObject({ code: 'KEY_INVALID' });
  });

  it('low S is its own low S', () => {
    const signature = fc.uint8Array({ minLength: 64, maxLength: 64 });
    fc.assert(
      fc.property(signature, (bytes) => {
        const low = lowS(Uint8Array.from(bytes));
        expect(lowS(low)).toEqual(low);
      }),
    );
  });
});

describe('the depth of JSON', () => {
  it('is what the longest way into it takes', () => {
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6 },
        fc.string(),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(fc.string(), tie('tree'), { maxKeys: 3 }),
      ),
    }));
    const depthOf = (value: unknown): number =>
      typeof value === 'object' && value !== null
        ? 1 + Math.max(0, ...Object.values(value).map(depthOf))
        : 0;
    fc.assert(
      fc.property(tree, fc.nat({ max: 8 }), (value, limit) => {
        const deep = isDeep(value, JSON.stringify(value), limit);
        expect(deep).toBe(depthOf(value) > limit);
      }),
    );
  });

  it('that is bottomless is refused, not walked', async () => {
    const { signer, did } = party('alice');
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const head = toBase64url(utf8(JSON.stringify({ alg: 'EdDSA', typ: 'vc+jwt' })));
    const body = toBase64url(utf8(`{"issuer":"${did}","deep":${deep}}`));
    const signature = toBase64url(await signer.sign(utf8(`${head}.${body}`)));
    expect(await reasonOf(`${head}.${body}.${signature}`)).toBe('form.depth');
  });
});

const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** The other signature that fits the same message. */
function flipped(signature: Uint8Array): Uint8Array<ArrayBuffer> {
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).toString('hex')}`);
  const other = Buffer.from((order - s).toString(16).padStart(64, '0'), 'hex');
  return Uint8Array.from([...signature.subarray(0, 32), ...other]);
}

function highTwin(token: string): string {
  const at = token.lastIndexOf('.') + 1;
  return token.slice(0, at) + toBase64url(flipped(fromBase64url(token.slice(at))));
}
