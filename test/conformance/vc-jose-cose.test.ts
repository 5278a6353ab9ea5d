import { describe, expect, it } from 'vitest';
import { toBase64url, utf8 } from '../../src/base/bytes.ts';
import { sdJwtLibrary } from '../../src/bridges/sd-jwt-vc/library.ts';
import { nodeCrypto } from '../../src/platform/node-crypto.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';
import suite, { publicLines, type VectorLine } from './vc-jose-cose.ts';

const lines = publicLines();
const keys = lines[0]?.keys ?? [];

interface Input {
  readonly file: string;
  readonly content: string;
}

const inputs = lines.map(({ line }) => line as Input);
const contentOf = (name: string) => inputs.find(({ file }) => file === name)!.content.trim();

async function errorOf(line: object): Promise<unknown> {
  const outcomes = await suite.run({ line, keys } satisfies VectorLine);
  expect(outcomes.length).toBeGreaterThan(0);
  return outcomes.find(({ error }) => error !== undefined)?.error;
}

describe.skipIf(lines.length === 0)('W3C vc-jose-cose (../shared/data)', () => {
  it.each(inputs.map(({ file }, i) => [file, i] as const))(
    '%s',
    async (_, i) => {
      const outcomes = await suite.run(lines[i]);
      expect(outcomes.filter(({ error }) => error !== undefined)).toEqual([]);
      expect(outcomes).toHaveLength(inputs[i]!.file.endsWith('.json') && !isKey(i) ? 5 : 1);
    },
    60_000,
  );

  const good = 'credential-issuer-match-signed.txt';

  it('what is expected to fail and does not, or the other way round, is an error of that case', async () => {
    const content = contentOf(good);
    expect(await errorOf({ file: good, content, expect: 'fail' })).toMatchObject({
      code: 'CONFORMANCE_FAILED',
    });
    const short = { file: good, content: content.slice(0, -3) };
    expect(await errorOf(short)).toMatchObject({ code: 'CONFORMANCE_FAILED' });
    expect(await errorOf({ ...short, expect: 'fail' })).toBeUndefined();
    const text = contentOf('credential-minimal.json');
    const wrong = { file: 'wrong.json', content: text, expect: 'fail' };
    expect(await errorOf(wrong)).toMatchObject({ code: 'CONFORMANCE_FAILED' });
  });

  it.each([
    [
      'another signature',
      (parts: string[]) => [...parts.slice(0, 2), toBase64url(new Uint8Array(64))],
    ],
    [
      'another media type',
      (parts: string[]) => [retyped(parts[0]!, { typ: 'jwt' }), ...parts.slice(1)],
    ],
    [
      'another content',
      (parts: string[]) => [retyped(parts[0]!, { cty: 'vp' }), ...parts.slice(1)],
    ],
    [
      'another algorithm',
      (parts: string[]) => [retyped(parts[0]!, { alg: 'ES256' }), ...parts.slice(1)],
    ],
    ['no algorithm', (parts: string[]) => [retyped(parts[0]!, { alg: 'none' }), parts[1]!, '']],
    [
      'an unknown crit',
      (parts: string[]) => [retyped(parts[0]!, { crit: ['x'] }), ...parts.slice(1)],
    ],
    ['another kid', (parts: string[]) => [retyped(parts[0]!, { kid: 'other' }), ...parts.slice(1)]],
    ['no securing', () => [contentOf('credential-minimal.json')]],
  ])('a token with %s is refused', async (_, change) => {
    const content = change(contentOf(good).split('.')).join('.');
    expect(await errorOf({ file: 'x.txt', content, expect: 'fail' })).toBeUndefined();
  });

  it('a token is judged at the time that its line gives', async () => {
    const line = { file: 'x.txt', content: contentOf('presentation-jose-multiple.txt') };
    const times = ['2024-12-16T01:05:00Z', 1734311100, 1734311100000];
    for (const at of [...times, '2026-01-01T00:00:00Z', 1760000000]) {
      const expected = times.includes(at) ? {} : { expect: 'fail' };
      expect(await errorOf({ ...line, at, ...expected })).toBeUndefined();
    }
  }, 60_000);

  it('an SD-JWT is read with what it discloses, and any change of it is found', async () => {
    const { signer } = keys.find(({ file }) => file === 'vm-p256.json')!;
    const random = seededRandom('sd-jwt');
    const library = await sdJwtLibrary({ crypto: nodeCrypto, random }, signer);
    const credential = JSON.parse(contentOf('credential-selective.json')) as object;
    const issued = await library.issue({ ...credential, vct: 'x' }, ['validFrom'], signer!.keyId);
    const [jwt = '', ...disclosures] = issued.split('~');
    const [head = '', body = ''] = jwt.split('.');
    const input = `${retyped(head, { typ: 'application/vc+sd-jwt' })}.${body}`;
    const signature = toBase64url(await signer!.sign(utf8(input)));
    const content = [`${input}.${signature}`, ...disclosures].join('~');
    expect(await errorOf({ file: 'sd.txt', content })).toBeUndefined();
    const added = `${content}${disclosures[0]!}~`;
    expect(await errorOf({ file: 'sd.txt', content: added, expect: 'fail' })).toBeUndefined();
  }, 60_000);

  it('a document that breaks the data model is refused, with every key', async () => {
    const document = JSON.parse(contentOf('credential-minimal.json')) as object;
    const broken = [{ issuer: undefined }, { '@context': [] }, { validFrom: 'x' }, { type: [] }];
    for (const change of [...broken, { vc: {} }, { credentialSubject: [] }]) {
      const content = JSON.stringify({ ...document, ...change });
      expect(await errorOf({ file: 'x.json', content, expect: 'fail' })).toBeUndefined();
    }
  });

  it('a key that is none is refused', async () => {
    const key = JSON.parse(contentOf('vm-p256.json')) as { publicKeyJwk: object };
    const other = { ...key, publicKeyJwk: { ...key.publicKeyJwk, crv: 'P-999' } };
    const line = { file: 'vm-x.json', content: JSON.stringify(other) };
    expect(await errorOf(line)).toBeDefined();
    expect(await errorOf({ ...line, expect: 'fail' })).toBeUndefined();
  });

  it('a line that is none is an error', async () => {
    const [outcome] = await suite.run({ line: null, keys });
    expect(outcome?.error).toMatchObject({ code: 'SCHEMA_INVALID' });
  });
});

const isKey = (i: number): boolean => inputs[i]!.file.startsWith('vm-');

function retyped(head: string, change: object): string {
  const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as object;
  return toBase64url(utf8(JSON.stringify({ ...header, ...change })));
}
