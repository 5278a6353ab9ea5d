// Keys in a token. SoftHSM stands for the hardware; a module made here, for what no hardware does on demand.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Pkcs11SignerOptions, pkcs11Signer } from '@mesh/sdk/signers/pkcs11';
import { signerConformance } from '@mesh/sdk/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pkcs11jsFolder } from '../../../scripts/setup-services.ts';
import { lowerS } from '../../../src/adapters/signers/pkcs11/lower-s.ts';
import { concat, toHex, utf8 } from '../../../src/base/bytes.ts';
import { keyTypes as typeOf } from '../../../src/base/signature-kinds.ts';
import { nobleCrypto } from '../../../src/platform/noble-crypto.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import type { SignatureKeyType } from '../../../src/ports/crypto.ts';
import { describeWith } from '../../services.ts';
import { worksTogether } from './identity-on-a-signer.ts';
import { ScriptedToken } from './scripted-token.ts';

const kinds: readonly SignatureKeyType[] = ['Ed25519', 'P-256', 'P-384', 'P-521', 'secp256k1'];
const pin = '648219';
const message = utf8('pay 5 credits to b');

describeWith('pkcs11js', 'with pkcs11js', () => {
  describeWith('softhsm', 'a signer in SoftHSM', (softhsm) => {
    const folder = mkdtempSync(join(tmpdir(), 'softhsm-'));
    const before = process.env['SOFTHSM2_CONF'];
    const lib = createRequire(import.meta.url)(pkcs11jsFolder) as Pkcs11SignerOptions['lib'];
    const library = [
      '/usr/lib/softhsm/libsofthsm2.so',
      '/usr/local/lib/softhsm/libsofthsm2.so',
      '/opt/homebrew/lib/softhsm/libsofthsm2.so',
    ].find(existsSync)!;
    const options = (more: Partial<Pkcs11SignerOptions> = {}): Pkcs11SignerOptions => ({
      library,
      token: 'acme',
      pin,
      key: 'signing',
      ...(lib !== undefined && { lib }),
      ...more,
    });

    beforeAll(() => {
      mkdirSync(join(folder, 'tokens'));
      const config = join(folder, 'softhsm2.conf');
      writeFileSync(
        config,
        `directories.tokendir = ${join(folder, 'tokens')}\nlog.level = ERROR\n`,
      );
      process.env['SOFTHSM2_CONF'] = config;
      const codes = ['--so-pin', '12345678', '--pin', pin];
      for (const label of ['acme', 'other']) {
        execFileSync(softhsm, ['--init-token', '--free', '--label', label, ...codes]);
      }
    });
    afterAll(() => {
      if (before === undefined) delete process.env['SOFTHSM2_CONF'];
      else process.env['SOFTHSM2_CONF'] = before;
      rmSync(folder, { recursive: true });
    });

    describe.each(kinds)('of %s', (type) => {
      const make = () => pkcs11Signer(options({ key: type, create: type }));
      for (const { name, run } of signerConformance(make)) it(name, run);

      it('is the same key when it is opened again', async () => {
        await using first = await make();
        await using again = await pkcs11Signer(options({ key: type }));
        expect(toHex(again.publicKey)).toBe(toHex(first.publicKey));
        expect(typeOf[again.algorithm]).toBe(type);
        const signature = await again.sign(message);
        for (const judge of [nodeCrypto, nobleCrypto]) {
          const key = { type, publicKey: first.publicKey };
          expect(await judge.verify(key, message, signature)).toBe(true);
        }
      });
    });

    it('holds the key of an organisation, and the key that follows it', async () => {
      const made = (key: string) => pkcs11Signer(options({ key, create: 'P-256' }));
      await using signer = await made('this year');
      await using next = await made('next year');
      await worksTogether(signer, next);
    });

    it('refuses another PIN, and says nothing of it', async () => {
      const wrong = '111111';
      const refused: unknown = await pkcs11Signer(options({ pin: wrong })).catch(
        (error: unknown) => error,
      );
      expect(refused).toMatchObject({ code: 'KEY_LOCKED' });
      expect(JSON.stringify([refused, String(refused)])).not.toContain(wrong);
    });

    it('knows no key and no token that is not there', async () => {
      for (const missing of [{ key: 'nowhere' }, { token: 'nowhere' }]) {
        const opening = pkcs11Signer(options(missing));
        await expect(opening).rejects.toMatchObject({ code: 'NOT_FOUND' });
      }
      const { token: _, ...anyToken } = options();
      await expect(pkcs11Signer(anyToken)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    });

    it('says what the module says of itself', async () => {
      const opening = pkcs11Signer(options({ library: join(folder, 'no-such.so') }));
      await expect(opening).rejects.toMatchObject({ code: 'SIGNER_FAILED' });
    });

    it('signs for several at once, each in its session, and ends one without the other', async () => {
      const make = () => pkcs11Signer(options({ key: 'Ed25519', create: 'Ed25519' }));
      const [one, other] = [await make(), await make()];
      const signatures = await Promise.all([one.sign(message), other.sign(message)]);
      expect(signatures[0]).toEqual(signatures[1]);
      await one.close();
      expect(await other.sign(message)).toEqual(signatures[0]);
      await other.close();
    });
  });
});

describe('a signer over a module', () => {
  const open = (token: ScriptedToken, more: Partial<Pkcs11SignerOptions> = {}) =>
    pkcs11Signer({ library: token.library, pin, key: 'signing', lib: token.lib, ...more });

  it('needs the package when none is handed in', async () => {
    const opening = pkcs11Signer({ library: '/no/such.so', pin, key: 'signing' });
    const params = { feature: 'pkcs11Signer', module: 'pkcs11js' };
    await expect(opening).rejects.toMatchObject({ code: 'MODULE_MISSING', params });
  });

  it('makes no key of a kind that it does not know', async () => {
    const opening = open(new ScriptedToken(), { create: 'X25519' as never });
    await expect(opening).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  for (const { name, run } of signerConformance(() => open(new ScriptedToken()))) it(name, run);

  it('reads a point without its wrapping, and the other name of the curve', async () => {
    const token = new ScriptedToken({ wrapped: false, curve: '130c656477617264733235353139' });
    await using signer = await open(token);
    expect(signer.publicKey).toEqual(token.publicKey);
  });

  it.each([
    ['that could be read', { sensitive: false }],
    ['that could leave the token', { extractable: true }],
    ['of another curve', { curve: '06092b2403030208010107' }],
    ['whose point has another length', { point: new Uint8Array(31) }],
    [
      'whose point is wrapped in something else',
      { point: concat(Uint8Array.of(3, 32), new Uint8Array(32)) },
    ],
  ])('refuses a key %s', async (_, faults) => {
    const token = new ScriptedToken(faults);
    await expect(open(token)).rejects.toMatchObject({ code: 'KEY_INVALID' });
    expect(token.users).toBe(0);
  });

  it.each([
    [0xa0, 'KEY_LOCKED', 'the PIN is another'],
    [0xa1, 'KEY_LOCKED', 'the PIN is another'],
    [0xa4, 'KEY_LOCKED', 'has locked its PIN'],
    [0x30, 'SIGNER_FAILED', 'CKR_48'],
  ])('tells return value %i of the login as %s', async (value, code, said) => {
    const token = new ScriptedToken({ login: value });
    const opening = open(token);
    await expect(opening).rejects.toMatchObject({ code });
    await expect(opening).rejects.toThrow(said);
    expect(token.users).toBe(0);
  });

  it('shares the login and the initialising of others', async () => {
    const token = new ScriptedToken({ login: 0x100, initialise: 0x191 });
    const signer = await open(token);
    await signer.sign(message);
    await signer.close();
    expect([token.users, token.finalised]).toEqual([0, 0]);
  });

  it('ends a module that it began, when the last signer is closed', async () => {
    const token = new ScriptedToken();
    const [one, other] = [await open(token), await open(token)];
    await one.close();
    expect(token.finalised).toBe(0);
    await other.close();
    await other.close();
    expect([token.users, token.finalised]).toEqual([0, 1]);
  });

  it('reports a token that was pulled out, and signs on when it is back', async () => {
    const token = new ScriptedToken();
    const signer = await open(token);
    const signature = await signer.sign(message);
    for (let i = 0; i < 3; i += 1) {
      token.pulled = true;
      await expect(signer.sign(message)).rejects.toMatchObject({ code: 'SIGNER_FAILED' });
      token.pulled = false;
      expect(await signer.sign(message)).toEqual(signature);
    }
    await signer.close();
    expect(token.users).toBe(0);
  });

  it('lets 1,024 wait and refuses more', async () => {
    await using signer = await open(new ScriptedToken());
    const signing = Array.from({ length: 1_030 }, () => signer.sign(message));
    const refused = (await Promise.allSettled(signing)).filter(
      ({ status }) => status !== 'fulfilled',
    );
    expect(refused).toHaveLength(6);
    expect(refused[0]).toMatchObject({ reason: { code: 'OVERLOADED' } });
  });

  it('signs what was asked for before it closes', async () => {
    const signer = await open(new ScriptedToken());
    const signing = signer.sign(message);
    await signer.close();
    expect(await signing).toHaveLength(64);
    await expect(signer.sign(message)).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('the lower s', () => {
  it('is the one that secp256k1 takes', async () => {
    const key = nobleCrypto.signingKey(new Uint8Array(32).fill(3), 'secp256k1');
    const low = await nobleCrypto.sign(key, message);
    expect(lowerS(Uint8Array.from(low))).toEqual(low);
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const s = order - BigInt(`0x${toHex(low.subarray(32))}`);
    const digits = Buffer.from(s.toString(16).padStart(64, '0'), 'hex');
    const high = concat(low.subarray(0, 32), digits);
    expect(await nobleCrypto.verify(key, message, high)).toBe(false);
    expect(lowerS(high)).toEqual(low);
  });
});
