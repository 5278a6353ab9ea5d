import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toBase64url } from '../../src/base/bytes.ts';
import {
  type Signed,
  type SignedKind,
  sign,
  signingInput,
  verifySigned,
} from '../../src/schema/signed.ts';
import { rejected, thrown } from '../base/thrown.ts';
import { changed, places, signerOf, verify } from './rig.ts';

const [a, b] = [signerOf(1), signerOf(2)];
const kinds: readonly SignedKind[] = [
  'did-log',
  'noise-key',
  'agent-record',
  'receipt',
  'acceptance',
  'trust-evidence',
  'policy-bundle',
  'model-update',
  'round',
  'audit-head',
  'broadcast',
];
const body = {
  id: 'r-1',
  by: a.did,
  usage: { wallMs: 3 },
  list: [1, 'two', null],
  newer: { x: 1 },
};
const check = (document: unknown, kind: SignedKind = 'receipt', signer: string = a.did) =>
  rejected(verifySigned(kind, document as Signed<object>, signer, verify));

describe('a signed document', () => {
  it('verifies as it was signed, also after a journey as JSON and in another order', async () => {
    const document = await sign('receipt', body, a);
    expect(await check(document)).toBeUndefined();
    expect(await check(JSON.parse(JSON.stringify(document)))).toBeUndefined();
    const mirrored = Object.fromEntries(Object.entries(document).reverse());
    expect(await check(mirrored)).toBeUndefined();
  });

  it('never passes for another kind', async () => {
    for (const kind of kinds) {
      const document = await sign(kind, body, a);
      for (const other of kinds) {
        const error = await check(document, other);
        expect(error?.code, `${kind} as ${other}`).toBe(
          kind === other ? undefined : 'SIGNATURE_INVALID',
        );
      }
    }
  });

  it('is broken by any change of any member, known or not', async () => {
    const document = await sign('receipt', body, a);
    const paths = places(body).filter((path) => path.length > 0);
    const value = fc.jsonValue({ maxDepth: 1 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), value, async (path, replacement) => {
        const altered = changed(document, path, replacement);
        fc.pre(JSON.stringify(altered) !== JSON.stringify(document));
        expect(await check(altered)).toMatchObject({ code: 'SIGNATURE_INVALID' });
      }),
    );
    for (const path of paths) {
      expect(await check(changed(document, path, undefined)), path.join('.')).toBeDefined();
    }
  });

  it('is broken by an added member, __proto__ too', async () => {
    const document = await sign('receipt', body, a);
    expect(await check({ ...document, added: 1 })).toMatchObject({ code: 'SIGNATURE_INVALID' });
    const json = JSON.stringify(document).replace('{', '{"__proto__":{"x":1},');
    expect(await check(JSON.parse(json))).toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it('is refused when its key belongs to somebody else', async () => {
    const document = await sign('receipt', body, b);
    expect(await check(document, 'receipt', b.did)).toBeUndefined();
    const error = await check(document);
    expect(error).toMatchObject({ code: 'SIGNATURE_INVALID', params: { keyId: b.keyId } });
  });

  it('is refused when it claims the key of another', async () => {
    const document = await sign('receipt', body, { ...b, keyId: a.keyId });
    expect(await check(document)).toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it('is not even looked at by the verifier when its key is of another DID', async () => {
    const document = await sign('receipt', body, b);
    const asked = verifySigned('receipt', document, a.did, () => expect.unreachable());
    expect(await rejected(asked)).toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it('is signed over its body alone: an old proof is replaced', async () => {
    const twice = await sign('receipt', await sign('receipt', body, b), a);
    expect(twice).toEqual(await sign('receipt', body, a));
  });

  it('cannot be made of what JSON does not carry', () => {
    expect(thrown(() => signingInput('receipt', { at: new Date(0) }))?.code).toBe('SCHEMA_INVALID');
  });

  it('has a signing input that begins with its kind', () => {
    const input = new TextDecoder().decode(signingInput('round', { b: 1, a: 2, proof: {} }));
    expect(input).toBe('mesh/round/v1\n{"a":2,"b":1}');
  });

  it('is refused for a signature of the wrong length', async () => {
    const document = await sign('receipt', body, a);
    const short = changed(document, ['proof', 'signature'], toBase64url(new Uint8Array(63)));
    expect(await check(short)).toMatchObject({ code: 'SIGNATURE_INVALID' });
  });
});
