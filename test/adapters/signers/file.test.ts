import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { changeFilePassphrase, fileSigner } from '@mesh/sdk/signers/file';
import { signerConformance } from '@mesh/sdk/testing';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { toHex } from '../../../src/base/bytes.ts';
import { MeshError } from '../../../src/base/errors.ts';
import { fromMultikey } from '../../../src/base/multiformat.ts';
import { keyTypes } from '../../platform/questions.ts';

const folder = mkdtempSync(join(tmpdir(), 'signers-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

let count = 0;
const fresh = (): string => join(folder, `key-${String((count += 1))}.json`);
/** The lowest cost, since the tests have nothing to hide. */
const opening = { passphrase: 'correct horse', cost: 14, create: true } as const;

describe.each(['Ed25519', 'P-384'] as const)('a file signer of %s', (type) => {
  const path = fresh();
  for (const { name, run } of signerConformance(() => fileSigner(path, { ...opening, type }))) {
    it(name, run);
  }
});

describe.each(keyTypes)('a file signer of %s', (type) => {
  it('finds the key again, and says in the file which it is', async () => {
    const own = fresh();
    const made = await fileSigner(own, { ...opening, type });
    const again = await fileSigner(own, { passphrase: opening.passphrase });
    expect([again.publicKey, again.keyId]).toEqual([made.publicKey, made.keyId]);
    const { publicKey } = JSON.parse(readFileSync(own, 'utf8')) as { publicKey: string };
    expect(fromMultikey(publicKey)).toEqual({ type, publicKey: made.publicKey });
  });
});

describe('a key file', () => {
  it('is for its owner alone, and leaves no draft behind', async () => {
    const path = fresh();
    await fileSigner(path, opening);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter((name) => name.includes('draft'))).toEqual([]);
  });

  it('opens with its pass phrase alone, however it is typed', async () => {
    const path = fresh();
    const made = await fileSigner(path, { ...opening, passphrase: 'Grüße' });
    const decomposed = 'Gru\u0308ße';
    expect((await fileSigner(path, { passphrase: decomposed })).keyId).toBe(made.keyId);
    for (const passphrase of ['Grüsse', 'grüße', 'Grüße ']) {
      const refused: unknown = await fileSigner(path, { passphrase }).catch((e: unknown) => e);
      expect(refused).toMatchObject({ code: 'KEY_LOCKED', params: { key: path } });
      expect(JSON.stringify([refused, (refused as Error).message])).not.toContain(passphrase);
    }
  });

  /** `text` with another letter at `place`. */
  const bent = (text: string, place: number): string => {
    const i = place < 0 ? text.length + place : place;
    return text.slice(0, i) + (text[i] === 'x' ? 'w' : 'x') + text.slice(i + 1);
  };

  it('does not open when anything in it was changed', async () => {
    const path = fresh();
    await fileSigner(path, opening);
    const whole = readFileSync(path, 'utf8');
    const value = JSON.parse(whole) as Record<string, unknown>;
    const changes: Record<string, unknown>[] = [
      { ...value, type: 'P-256' },
      { ...value, publicKey: bent(value['publicKey'] as string, -1) },
      { ...value, note: 'mine' },
      { ...value, sealed: bent(value['sealed'] as string, 0) },
      { ...value, sealed: '' },
      { ...value, kdf: { ...(value['kdf'] as object), cost: 15 } },
    ];
    for (const changed of changes) {
      writeFileSync(path, JSON.stringify(changed));
      const again = fileSigner(path, { passphrase: opening.passphrase });
      await expect(again).rejects.toMatchObject({ code: 'KEY_LOCKED' });
    }
    writeFileSync(path, whole);
    await fileSigner(path, { passphrase: opening.passphrase });
  });

  it.each([
    ['other text', 'hello'],
    ['nothing', ''],
    ['other JSON', '{"format":2}'],
    ['a cost that would fill the memory', ''],
    ['a book', 'a'.repeat(20_000)],
  ])('that is %s is refused at once', async (what, text) => {
    const path = fresh();
    await fileSigner(path, opening);
    const value = JSON.parse(readFileSync(path, 'utf8')) as { kdf: object };
    const dear = JSON.stringify({ ...value, kdf: { ...value.kdf, cost: 30 } });
    writeFileSync(path, what.startsWith('a cost') ? dear : text);
    await expect(fileSigner(path, opening)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });

  it('of any bytes opens, or is refused with a code', async () => {
    const path = fresh();
    await fileSigner(path, opening);
    const whole = readFileSync(path);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), async (at, byte) => {
        const changed = Uint8Array.from(whole);
        changed[at] = byte;
        writeFileSync(path, changed);
        const result: unknown = await fileSigner(path, { passphrase: opening.passphrase }).catch(
          (error: unknown) => error,
        );
        if (result instanceof Error) {
          expect(MeshError.is(result, 'KEY_LOCKED', 'STORE_CORRUPT')).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('that is not there is made only when asked for', async () => {
    const path = fresh();
    const passphrase = 'one';
    await expect(fileSigner(path, { passphrase })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const nowhere = join(folder, 'no', 'such', 'folder');
    const making = fileSigner(nowhere, opening);
    await expect(making).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await expect(fileSigner(folder, opening)).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });

  it('is one for all who make it at the same time', async () => {
    const path = fresh();
    const signers = await Promise.all([1, 2, 3, 4].map(() => fileSigner(path, opening)));
    expect(new Set(signers.map(({ publicKey }) => toHex(publicKey))).size).toBe(1);
    expect(readdirSync(folder).filter((name) => name.includes('draft'))).toEqual([]);
  });

  it('gets another pass phrase, and keeps its key', async () => {
    const path = fresh();
    const made = await fileSigner(path, { ...opening, type: 'P-256' });
    const change = { from: opening.passphrase, to: 'battery staple', cost: 14 };
    await changeFilePassphrase(path, change);
    expect((await fileSigner(path, { passphrase: change.to })).keyId).toBe(made.keyId);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const old = fileSigner(path, { passphrase: change.from });
    await expect(old).rejects.toMatchObject({ code: 'KEY_LOCKED' });
    await expect(changeFilePassphrase(path, change)).rejects.toMatchObject({ code: 'KEY_LOCKED' });
    const nowhere = changeFilePassphrase(fresh(), change);
    await expect(nowhere).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it.each([
    { passphrase: '' },
    { passphrase: undefined as never },
    { passphrase: 'one', cost: 13 },
    { passphrase: 'one', cost: 21 },
    { passphrase: 'one', cost: 14.5 },
  ])('is not written for %j', async (wrong) => {
    const making = fileSigner(fresh(), { ...opening, ...wrong });
    await expect(making).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
