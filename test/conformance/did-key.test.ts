import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { conform } from '../../scripts/conformance.ts';
import suite from './did-key.ts';

/** The example document of the did:key method, version 0.9. */
const did = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK';
const id = `${did}#z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK`;
const agreement = 'z6LSj72tK8brWgZja8NLRwPigth2T9QRiG1uH9oKZuKjdh9p';
const didDocument = {
  '@context': ['https://www.w3.org/ns/did/v1.1'],
  id: did,
  verificationMethod: [
    { id, type: 'Multikey', controller: did, publicKeyMultibase: did.slice('did:key:'.length) },
  ],
  authentication: [id],
  assertionMethod: [id],
  capabilityDelegation: [id],
  capabilityInvocation: [id],
  keyAgreement: [
    {
      id: `${did}#${agreement}`,
      type: 'Multikey',
      controller: did,
      publicKeyMultibase: agreement,
    },
  ],
};

const folder = mkdtempSync(join(tmpdir(), 'did-key-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const fileOf = (name: string, content: string) => {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
};
const counts = async (file: string) => conform(suite, suite.read!(file), () => undefined);

describe('the suite of did:key documents', () => {
  it('passes the example of the method, in each form of file', async () => {
    const one = { passed: 1, failed: 0 };
    const byDid = JSON.stringify({ [did]: { didDocument } });
    expect(await counts(fileOf('a.json', byDid))).toEqual(one);
    expect(
      await counts(fileOf('b.json', JSON.stringify({ didDocument: { [did]: didDocument } }))),
    ).toEqual(one);
    expect(await counts(fileOf('c.jsonl', JSON.stringify({ did, didDocument })))).toEqual(one);
    expect(await counts(fileOf('d.json', '[]'))).toEqual({ passed: 0, failed: 0 });
  });

  it.each([
    ['a purpose less', { ...didDocument, assertionMethod: [] }],
    ['an agreement less', { ...didDocument, keyAgreement: [] }],
    ['a purpose that names nothing', { ...didDocument, authentication: ['#x'] }],
    [
      'another key',
      {
        ...didDocument,
        verificationMethod: [
          {
            ...didDocument.verificationMethod[0],
            publicKeyMultibase: 'z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp',
          },
        ],
      },
    ],
    [
      'a key of no known form',
      { ...didDocument, verificationMethod: [{ ...didDocument.verificationMethod[0], type: 'X' }] },
    ],
    ['another subject', { ...didDocument, id: 'did:key:z6Mk' }],
  ])('fails a document with %s', async (_, document) => {
    const [result] = await suite.run({ did, didDocument: document });
    expect(result?.error).toBeDefined();
  });

  it('wants what it is told to refuse to be refused', async () => {
    const bad = { did: 'did:key:z6Mk', expect: 'fail' };
    expect(await suite.run(bad)).toEqual([{ name: 'did:key:z6Mk' }]);
    const [taken] = await suite.run({ did, didDocument, expect: 'fail' });
    expect(taken?.error).toMatchObject({ code: 'CONFORMANCE_FAILED' });
  });
});
