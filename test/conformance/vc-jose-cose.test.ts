import { describe, expect, it } from 'vitest';
import { toBase64url, utf8 } from '../../src/base/bytes.ts';
import { MeshError } from '../../src/base/errors.ts';
import suite, { cases, type Outcome, publicLines } from './vc-jose-cose.ts';

const lines = publicLines();
const fileOf = (name: string) => lines.find(({ file }) => file === name)!;

async function outcomes(): Promise<readonly Outcome[]> {
  const all = await Promise.all(lines.map((line) => suite.run(line)));
  return all.flat();
}

describe.skipIf(lines.length === 0)('W3C vc-jose-cose, JOSE cases (../shared/data)', () => {
  it('5 of the 12 cases whose files are public pass, all that go by an Ed25519 key; of 16 in all, 4 have no file here', async () => {
    const passed = (await outcomes()).filter(({ error }) => error === undefined);
    const byEd25519 = cases
      .filter(({ key, file }) => key === 'ed25519' && lines.some((line) => line.file === file))
      .map(({ number, title }) => `${String(number)}. ${title}`);
    expect(passed.map(({ name }) => name).sort()).toEqual([...byEd25519].sort());
    expect([passed.length, (await outcomes()).length, cases.length]).toEqual([5, 12, 16]);
  });

  it('every other case fails for want of support, and says of what', async () => {
    const failed = (await outcomes()).filter(({ error }) => error !== undefined);
    expect(failed).toHaveLength(7);
    expect(failed.every(({ error }) => MeshError.is(error, 'UNSUPPORTED'))).toBe(true);
  });

  it('a case that is wrongly taken or refused is an error of that case', async () => {
    const good = fileOf('credential-issuer-match-signed.txt').content;
    const taken = { file: 'credential-jose-vc-vp-claims.txt', content: good };
    const refused = { file: 'credential-issuer-match-signed.txt', content: good.slice(0, -3) };
    for (const line of [taken, refused]) {
      expect((await suite.run(line))[0]?.error).toMatchObject({ code: 'CONFORMANCE_FAILED' });
    }
  });

  it('a good token with another signature or media type is refused, as in the cases without public files', async () => {
    const good = fileOf('credential-issuer-match-signed.txt').content;
    const [head = '', body = '', signature = ''] = good.split('.');
    const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as object;
    const retyped = toBase64url(utf8(JSON.stringify({ ...header, typ: 'jwt' })));
    const zeros = toBase64url(new Uint8Array(64));
    const variants = {
      'credential-jose-bad-signature.txt': `${head}.${body}.${zeros}`,
      'credential-jose-bad-media-type.txt': `${retyped}.${body}.${signature}`,
    };
    for (const [file, content] of Object.entries(variants)) {
      expect(await suite.run({ file, content })).toMatchObject([
        { name: expect.any(String) as string },
      ]);
      expect((await suite.run({ file, content }))[0]?.error).toBeUndefined();
    }
  });

  it('a line that is none is an error', async () => {
    expect((await suite.run(null))[0]?.error).toMatchObject({ code: 'SCHEMA_INVALID' });
  });
});
