import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../../src/adapters/stores/memory.ts';
import { fromHex, toHex, utf8 } from '../../../../src/base/bytes.ts';
import { canonicalJson } from '../../../../src/base/canonical.ts';
import { type Did, type DidUrl, splitDidUrl } from '../../../../src/base/ids.ts';
import { fromMultibase, fromMultikey, toMultikey } from '../../../../src/base/multiformat.ts';
import { KeyRing } from '../../../../src/core/identity/key-ring.ts';
import {
  type DataIntegrityOptions,
  type ProofKeys,
  verifyDataIntegrity,
} from '../../../../src/core/trust/credentials/data-integrity.ts';
import {
  addProof,
  type ProofOptions,
  provenBytes,
} from '../../../../src/core/trust/credentials/eddsa-jcs.ts';
import { nodeCrypto } from '../../../../src/platform/node-crypto.ts';
import type { VcDocument } from '../../../../src/schema/vc-data-model.ts';
import { virtualClock } from '../../../../src/testing/virtual-clock.ts';
import { type Party, party } from '../rig.ts';

const alice = party('alice');
const bob = party('bob');
const clock = virtualClock();
const ring = new KeyRing({ clock, crypto: nodeCrypto, store: memoryStore({ clock }) });
const now = Date.parse('2030-01-01T00:00:00Z');

const unsecured = {
  '@context': [
    'https://www.w3.org/ns/credentials/v2',
    'https://www.w3.org/ns/credentials/undefined-terms/v2',
  ],
  id: 'urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33',
  type: ['VerifiableCredential', 'Iso14001Certificate'],
  issuer: alice.did,
  validFrom: '2029-01-01T00:00:00Z',
  validUntil: '2031-01-01T00:00:00Z',
  credentialSubject: { id: bob.did, grade: 'A', sites: [1, 2] },
};

const presentation = {
  '@context': ['https://www.w3.org/ns/credentials/v2'],
  type: ['VerifiablePresentation'],
  holder: bob.did,
};

const created = '2029-06-01T00:00:00Z';

function sign(document: object, by: Party, options: ProofOptions = {}) {
  const tools = { signer: by.signer, crypto: nodeCrypto };
  return addProof(document, { created, ...options }, tools);
}

function verify(document: unknown, options: Partial<DataIntegrityOptions> = {}) {
  return verifyDataIntegrity(document, ring, nodeCrypto, { now, ...options });
}

/** `ok`, or the check that failed. */
async function verdict(document: unknown, options: Partial<DataIntegrityOptions> = {}) {
  const { ok, checks } = await verify(document, options);
  return ok ? 'ok' : checks.at(-1)!.check;
}

describe('the published vector of eddsa-jcs-2022', () => {
  // W3C Data Integrity EdDSA Cryptosuites 1.0, appendix B.3; also TestVectors/eddsa-jcs-2022 of w3c/vc-di-eddsa.
  const did: Did = 'did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2';
  const keyId: DidUrl = `${did}#${did.slice('did:key:'.length)}`;
  const seed = fromMultibase('z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq').slice(2);
  const credential = {
    '@context': [
      'https://www.w3.org/ns/credentials/v2',
      'https://www.w3.org/ns/credentials/examples/v2',
    ],
    id: 'urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33',
    type: ['VerifiableCredential', 'AlumniCredential'],
    name: 'Alumni Credential',
    description: 'A minimum viable example of an Alumni Credential.',
    issuer: 'https://vc.example/issuers/5678',
    validFrom: '2023-01-01T00:00:00Z',
    credentialSubject: { id: 'did:example:abcdefgh', alumniOf: 'The School of Examples' },
  };
  const config = {
    type: 'DataIntegrityProof',
    cryptosuite: 'eddsa-jcs-2022',
    created: '2023-02-24T23:36:38Z',
    verificationMethod: keyId,
    proofPurpose: 'assertionMethod',
    '@context': credential['@context'],
  };
  const proofValue =
    'z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX';
  const key = nodeCrypto.signingKey(seed);
  const signer = {
    algorithm: 'EdDSA' as const,
    keyId,
    sign: (message: Uint8Array) => Promise.resolve(nodeCrypto.sign(key, message)),
  };

  it('has the digests of the document and of the proof', () => {
    expect(toHex(nodeCrypto.hash('sha256', utf8(canonicalJson(credential))))).toBe(
      '59b7cb6251b8991add1ce0bc83107e3db9dbbab5bd2c28f687db1a03abc92f19',
    );
    expect(provenBytes(credential, config, [], nodeCrypto)).toEqual(
      fromHex(
        '66ab154f5c2890a140cb8388a22a160454f80575f6eae09e5a097cabe539a1db' +
          '59b7cb6251b8991add1ce0bc83107e3db9dbbab5bd2c28f687db1a03abc92f19',
      ),
    );
  });

  it('is what signing gives', async () => {
    const options = { created: config.created };
    const signed = await addProof(credential, options, { signer, crypto: nodeCrypto });
    expect(signed.proof).toEqual({ ...config, proofValue });
  });

  it('verifies under its key; that its issuer is no DID is another matter', async () => {
    const { publicKey } = fromMultikey(splitDidUrl(keyId).fragment);
    const message = provenBytes(credential, { ...config, proofValue }, [], nodeCrypto)!;
    const signature = fromMultibase(proofValue);
    expect(await nodeCrypto.verify({ type: 'Ed25519', publicKey }, message, signature)).toBe(true);
    expect(await verdict({ ...credential, proof: { ...config, proofValue } })).toBe('issuer');
  });
});

describe('a credential with a proof inside', () => {
  it('verifies, and gives back what was signed', async () => {
    const signed = await sign(unsecured, alice);
    expect(await verify(signed)).toEqual({
      ok: true,
      checks: [
        { check: 'form', ok: true },
        { check: 'header', ok: true },
        { check: 'claims', ok: true },
        { check: 'issuer', ok: true },
        { check: 'time', ok: true },
        { check: 'key', ok: true, ageMs: 0 },
        { check: 'signature', ok: true },
      ],
      document: unsecured,
      signers: [alice.did],
      until: Date.parse(unsecured.validUntil),
      ageMs: 0,
    });
  });

  it('verifies after a trip through JSON, in any order of members', async () => {
    const signed = await sign(unsecured, alice);
    const members = Object.entries(signed).reverse();
    expect(await verdict(JSON.parse(JSON.stringify(Object.fromEntries(members))))).toBe('ok');
  });

  it('is refused after any change of any member', async () => {
    const signed = JSON.parse(JSON.stringify(await sign(unsecured, alice))) as VcDocument;
    const places = placesOf(signed);
    for (const place of places) {
      for (const changed of [changedAt(signed, place, 'other'), changedAt(signed, place)]) {
        const { ok, document } = await verify(changed);
        // Contexts behind those that were signed are not part of what is given back.
        if (ok) expect(document, place.join('.')).toEqual(unsecured);
      }
    }
    expect(places.length).toBeGreaterThan(20);
  });

  it('is refused with members added anywhere', async () => {
    const signed = JSON.parse(JSON.stringify(await sign(unsecured, alice))) as VcDocument;
    expect(await verdict({ ...signed, more: 1 })).toBe('signature');
    const proof = { ...(signed['proof'] as object), more: 1 };
    expect(await verdict({ ...signed, proof })).toBe('signature');
    const credentialSubject = { ...unsecured.credentialSubject, grade: 'A+' };
    expect(await verdict({ ...signed, credentialSubject })).toBe('signature');
  });

  it('gives back only the contexts that were signed when others were added', async () => {
    const signed = await sign(unsecured, alice);
    const extended = { ...signed, '@context': [...unsecured['@context'], 'https://x.example/v1'] };
    expect((await verify(extended)).document).toEqual(unsecured);
    const other = ['https://www.w3.org/ns/credentials/v2', 'https://x.example/v1'];
    expect(await verdict({ ...signed, '@context': other })).toBe('form');
  });

  it('is refused where one of its signers is shut out', async () => {
    const set = await sign(await sign(unsecured, alice), bob);
    const isShutOut = (did: Did) => did === bob.did;
    expect(await verdict(set, { isShutOut })).toBe('standing');
  });

  it('asks for the keys of the time at which it was here', async () => {
    const uses: unknown[] = [];
    const keys: ProofKeys = {
      keyOf: (keyId, use) => {
        uses.push(use);
        return ring.keyOf(keyId, use);
      },
    };
    const signed = await sign(unsecured, alice);
    await verifyDataIntegrity(signed, keys, nodeCrypto, { now, at: 7 });
    expect(uses).toEqual([{ purpose: 'assertionMethod', at: 7 }]);
  });

  it('is not somebody else’s word', async () => {
    expect(await verdict(await sign(unsecured, bob))).toBe('issuer');
    const named = { ...unsecured, issuer: { id: alice.did, name: 'Alice' } };
    expect(await verdict(await sign(named, alice))).toBe('ok');
  });

  it.each([
    ['has expired', { now: Date.parse('2031-01-01T00:00:00Z') }],
    ['is not valid yet', { now: Date.parse('2028-01-01T00:00:00Z') }],
  ])('is refused where it %s', async (_, options) => {
    expect(await verdict(await sign(unsecured, alice), options)).toBe('time');
  });

  it('is refused where its proof has ended or was made in the future', async () => {
    const ended = await sign(unsecured, alice, { expires: '2029-12-31T23:59:59Z' });
    expect(await verdict(ended)).toBe('time');
    expect(await verdict(ended, { expiry: false })).toBe('ok');
    expect(await verdict(await sign(unsecured, alice, { created: '2030-02-01T00:00:00Z' }))).toBe(
      'time',
    );
  });

  it.each([
    ['another type', { type: 'Ed25519Signature2020' }],
    ['another cryptosuite', { cryptosuite: 'eddsa-rdfc-2022' }],
    ['another purpose', { proofPurpose: 'capabilityInvocation' }],
    ['a key that is no DID URL', { verificationMethod: 'https://x.example/key' }],
    ['a date that is none', { created: '2029-02-30T00:00:00Z' }],
    ['another multibase', { proofValue: 'uAAAA' }],
  ])('is refused by its form: %s', async (_, change) => {
    const signed = await sign(unsecured, alice);
    const proof = { ...(signed.proof as object), ...change };
    expect(await verdict({ ...signed, proof })).toBe('form');
  });

  it('is refused without a proof, with too many, and when it is too long', async () => {
    expect(await verdict(unsecured)).toBe('form');
    expect(await verdict({ ...unsecured, proof: [] })).toBe('form');
    const signed = await sign(unsecured, alice);
    expect(await verdict({ ...signed, proof: Array(9).fill(signed.proof) })).toBe('form');
    expect(await verdict({ ...signed, more: 'x'.repeat(300_000) })).toBe('form');
  });

  it('is refused where it breaks the data model, though its signature holds', async () => {
    const { credentialSubject: _, ...empty } = unsecured;
    expect(await verdict(await sign(empty, alice))).toBe('claims');
  });

  it('is refused with a short signature and with one under another key', async () => {
    const signed = await sign(unsecured, alice);
    const proof = { ...(signed.proof as object), proofValue: 'z3u2' };
    expect(await verdict({ ...signed, proof })).toBe('form');
    const stranger: DidUrl = `${alice.did}#${bob.multikey}`;
    const foreign = { ...bob.signer, keyId: stranger };
    const tools = { signer: foreign, crypto: nodeCrypto };
    expect(await verdict(await addProof(unsecured, { created }, tools))).toBe('key');
  });

  it('is never refused in another way, whatever arrives', async () => {
    const signed = await sign(unsecured, alice);
    const names = ['@context', 'type', 'issuer', 'credentialSubject', 'validFrom', 'proof', 'id'];
    const changes = fc.dictionary(fc.constantFrom(...names), fc.jsonValue());
    await fc.assert(
      fc.asyncProperty(changes, async (change) => {
        await expect(verdict({ ...signed, ...change })).resolves.toBeTypeOf('string');
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.anything(), async (anything) => {
        await expect(verdict(anything)).resolves.toBe('form');
      }),
    );
  });
});

describe('a set of proofs', () => {
  it('holds when each of them does and the issuer is among the signers', async () => {
    const set = await sign(await sign(unsecured, alice), bob);
    const { ok, signers } = await verify(set);
    expect({ ok, signers }).toEqual({ ok: true, signers: [alice.did, bob.did] });
  });

  it('does not hold when one of them does not', async () => {
    const set = await sign(await sign(unsecured, alice), bob);
    const [first, second] = set.proof as { proofValue: string }[];
    const broken = { ...second, proofValue: first!.proofValue };
    expect(await verdict({ ...set, proof: [first, broken] })).toBe('signature');
  });

  it('does not hold when they are of different contexts, since nobody could say what was signed', async () => {
    const { '@context': contexts, ...rest } = unsecured;
    const first = await sign({ '@context': [contexts[0]], ...rest }, alice);
    const set = await sign({ ...first, '@context': contexts }, bob);
    const { ok, checks } = await verify(set);
    expect({ ok, reason: checks.at(-1)!.reason }).toEqual({ ok: false, reason: 'form.proof' });
  });

  it('may lose a proof: none covers the others', async () => {
    const set = await sign(await sign(unsecured, alice), bob);
    const [first, second] = set.proof as object[];
    expect(await verdict({ ...set, proof: first })).toBe('ok');
    expect(await verdict({ ...set, proof: second })).toBe('issuer');
  });
});

describe('a chain of proofs', () => {
  const id = 'urn:uuid:26329423-bec9-4b2e-88cb-a7c7d9dc4544';
  const chained = async () =>
    sign(await sign(unsecured, alice, { id }), bob, { previousProof: id });

  it('holds, and the later proof covers the earlier one', async () => {
    const chain = await chained();
    expect(await verdict(chain)).toBe('ok');
    const again = await sign(unsecured, alice, { id, created: '2029-06-02T00:00:00Z' });
    const [, second] = chain.proof as object[];
    expect(await verdict({ ...chain, proof: [again.proof, second] })).toBe('signature');
  });

  it('is refused where the earlier proof is missing, twice there, or the proof itself', async () => {
    const chain = await chained();
    const [first, second] = chain.proof as object[];
    expect(await verdict({ ...chain, issuer: bob.did, proof: second })).toBe('signature');
    expect(await verdict({ ...chain, proof: [first, first, second] })).toBe('signature');
    const itself = { ...first, previousProof: id };
    expect(await verdict({ ...chain, proof: itself })).toBe('signature');
  });

  it('is not begun over one of two proofs of the same name', async () => {
    const set = await sign(await sign(unsecured, alice, { id }), bob, { id });
    await expect(sign(set, alice, { previousProof: id })).rejects.toMatchObject({
      params: { argument: 'previousProof' },
    });
  });

  it('is not begun over a proof that is not there', async () => {
    await expect(sign(unsecured, alice, { previousProof: id })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      params: { argument: 'previousProof' },
    });
  });
});

describe('a presentation with a proof inside', () => {
  const asked = {
    purpose: 'authentication',
    challenge: 'c-1',
    domain: 'verifier.example',
  } as const;

  it('holds for who set the challenge, once', async () => {
    const shown = await sign(presentation, bob, asked);
    expect(await verdict(shown, asked)).toBe('ok');
    expect(await verdict(shown, { ...asked, challenge: 'c-2' })).toBe('header');
    expect(await verdict(shown, { ...asked, domain: 'other.example' })).toBe('header');
    expect(await verdict(shown)).toBe('header');
    const several = await sign(presentation, bob, { ...asked, domain: ['a', asked.domain] });
    expect(await verdict(several, asked)).toBe('ok');
  });

  it('is its holder’s', async () => {
    expect(await verdict(await sign(presentation, alice, asked), asked)).toBe('issuer');
  });

  it('is not checked without a challenge', async () => {
    const shown = await sign(presentation, bob, asked);
    await expect(verify(shown, { purpose: 'authentication' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      params: { argument: 'challenge' },
    });
  });
});

describe('a key of another kind', () => {
  it('proves nothing by this suite, good as its signature is', async () => {
    const key = nodeCrypto.signingKey(new Uint8Array(32).fill(9), 'P-256');
    const multikey = toMultikey('P-256', key.publicKey);
    const did: Did = `did:key:${multikey}`;
    const keyId: DidUrl = `${did}#${multikey}`;
    const sign = async (message: Uint8Array) => nodeCrypto.sign(key, message);
    const signer = { algorithm: 'EdDSA' as const, keyId, sign };
    const tools = { signer, crypto: nodeCrypto };
    const signed = await addProof({ ...unsecured, issuer: did }, { created }, tools);
    expect(await verdict(signed)).toBe('key');
  });
});

describe('a signer of another algorithm', () => {
  it('makes no proof of this suite', async () => {
    const signer = { ...alice.signer, algorithm: 'ES256' as const };
    await expect(addProof(unsecured, {}, { signer, crypto: nodeCrypto })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      params: { argument: 'signer' },
    });
  });
});

type Place = readonly (string | number)[];

/** Every member and item of `value`, as a path. */
function placesOf(value: unknown, path: Place = []): readonly Place[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Object.entries(value).flatMap(([name, item]) =>
    placesOf(item, [...path, Array.isArray(value) ? Number(name) : name]),
  );
  return path.length === 0 ? inner : [path, ...inner];
}

/** A copy of `value` with something else at `place`, or nothing there at all. */
function changedAt(value: unknown, [step, ...rest]: Place, other?: unknown): unknown {
  const copy = structuredClone(value) as Record<string | number, unknown>;
  if (rest.length > 0) copy[step!] = changedAt(copy[step!], rest, other);
  else if (other !== undefined) copy[step!] = other;
  else if (Array.isArray(copy)) copy.splice(step as number, 1);
  else return Object.fromEntries(Object.entries(copy).filter(([name]) => name !== step));
  return copy;
}
