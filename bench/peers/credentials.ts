/**
 * One credential, as we write it and as the libraries read it that others use.
 * @module
 */
import { createPublicKey, verify as nativeVerify } from 'node:crypto';
import { createJWT, verifyJWT } from 'did-jwt';
import {
  createVerifiableCredentialJwt,
  type JwtCredentialPayload,
  verifyCredential,
} from 'did-jwt-vc';
import { importJWK, type JWK, jwtVerify } from 'jose';
import { memorySigner } from '../../src/adapters/signers/memory.ts';
import { toBase64url, utf8 } from '../../src/base/bytes.ts';
import { toJwk } from '../../src/base/jwk.ts';
import { toMultikey } from '../../src/base/multiformat.ts';
import { Identity, MeshClient, type Verification } from '../../src/index.ts';
import { toDer } from '../../src/platform/ecdsa-der.ts';
import { nodeCrypto } from '../../src/platform/node-crypto.ts';
import type { PublicKey } from '../../src/ports/crypto.ts';
import { veramoVerifier } from './veramo.ts';

/** The two algorithms that are measured. */
export type Algorithm = 'EdDSA' | 'ES256';

/** One issuer and one verifier, and the same credential for everybody. */
export interface CredentialRig {
  /** `count` credentials that nobody has seen. */
  mint(count: number): Promise<readonly string[]>;
  /** Our verdict, with every check. */
  ours(token: string): Promise<Verification>;
  /** The token taken apart, its payload parsed and its signature checked by our provider, and nothing else. */
  provider(token: string): Promise<void>;
  /** The same by node:crypto with a key that is ready, in the form of a signature that it is quickest with. */
  native(token: string): void;
  /** The same with the signature as JWS writes it, which node:crypto changes its form of. */
  nativeAsWritten(token: string): void;
  didJwt(): Promise<void>;
  didJwtVc(): Promise<void>;
  jose(): Promise<void>;
  /** Only where Veramo is installed. */
  veramo(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a rig whose issuer signs with `algorithm`. */
export async function credentialRig(algorithm: Algorithm): Promise<CredentialRig> {
  const type = algorithm === 'EdDSA' ? 'Ed25519' : 'P-256';
  const signer = await memorySigner({ type });
  const identity = await Identity.create({ did: 'did:mesh:enterprise:authority', signer });
  const authority = new MeshClient({ identity });
  const anchors = [{ issuer: identity.did, types: ['LicenceCredential'] }];
  const lab = new MeshClient({ did: 'did:mesh:enterprise:lab', anchors });
  for (const mesh of [authority, lab]) await mesh.start();
  await lab.federate(authority.did);
  const claims = { level: 3 };
  const subject = lab.did;
  const { jwt } = await authority.trust.issue({ subject, type: 'LicenceCredential', claims });
  const key: PublicKey = { type, publicKey: identity.signer.publicKey };
  const others = await peers(algorithm, identity, key);
  const handle = createPublicKey({ key: { ...toJwk(key) }, format: 'jwk' });
  return {
    mint: (count) => minted(jwt, identity, count),
    ours: (token) => lab.trust.verify(token),
    provider: async (token) => {
      const [input, signature] = apart(token);
      must(await nodeCrypto.verify(key, input, signature));
    },
    native: (token) => {
      const [input, signature] = apart(token);
      if (algorithm === 'EdDSA') must(nativeVerify(null, input, handle, signature));
      else must(nativeVerify('sha256', input, handle, toDer(signature)));
    },
    nativeAsWritten: (token) => {
      const [input, signature] = apart(token);
      must(nativeVerify('sha256', input, { key: handle, dsaEncoding: 'ieee-p1363' }, signature));
    },
    ...others,
    close: async () => {
      await lab.close();
      await authority.close();
    },
  };
}

/** What any verifier has to do with a token: split it, decode the signature, parse what it says. */
function apart(token: string): [input: Buffer, signature: Buffer] {
  const [header, payload, signature] = token.split('.') as [string, string, string];
  JSON.parse(Buffer.from(payload, 'base64url').toString());
  return [Buffer.from(`${header}.${payload}`), Buffer.from(signature, 'base64url')];
}

/** Tokens like `pattern`, each with an id of its own. */
async function minted(
  pattern: string,
  { signer }: Identity,
  count: number,
): Promise<readonly string[]> {
  const [header, payload] = pattern.split('.') as [string, string];
  const credential = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  const tokens: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const own = { ...credential, id: `urn:uuid:${crypto.randomUUID()}` };
    const input = `${header}.${toBase64url(utf8(JSON.stringify(own)))}`;
    tokens.push(`${input}.${toBase64url(await signer.sign(utf8(input)))}`);
  }
  return tokens;
}

/** The libraries of others, each with a token of its own form, and with the DID document in memory. */
async function peers(
  algorithm: Algorithm,
  { did, signer }: Identity,
  key: PublicKey,
): Promise<Pick<CredentialRig, 'didJwt' | 'didJwtVc' | 'jose' | 'veramo'>> {
  const jwk = toJwk(key) as JWK;
  const form =
    algorithm === 'EdDSA'
      ? {
          type: 'Ed25519VerificationKey2020',
          publicKeyMultibase: toMultikey(key.type, key.publicKey),
        }
      : { type: 'JsonWebKey2020', publicKeyJwk: jwk as JsonWebKey };
  const id = `${did}#key-1`;
  const didDocument = {
    id: did,
    verificationMethod: [{ id, controller: did, ...form }],
    authentication: [id],
    assertionMethod: [id],
  };
  const found = { didDocument, didDocumentMetadata: {}, didResolutionMetadata: {} };
  // Each of the two has types of did-resolver of its own.
  const resolver = { resolve: () => Promise.resolve(found) } as never;
  const sign = async (data: string | Uint8Array): Promise<string> =>
    toBase64url(await signer.sign(typeof data === 'string' ? utf8(data) : data));
  const issuer = { did, signer: sign, alg: algorithm };
  const credential: JwtCredentialPayload = {
    sub: did,
    nbf: 1_700_000_000,
    vc: {
      '@context': ['https://www.w3.org/2018/credentials/v1'],
      type: ['VerifiableCredential', 'LicenceCredential'],
      credentialSubject: { level: 3 },
    },
  };
  const jwt = await createJWT(credential, { issuer: did, signer: sign }, { alg: algorithm });
  const vcJwt = await createVerifiableCredentialJwt(credential, issuer);
  const cryptoKey = await importJWK(jwk, algorithm);
  let veramo: ReturnType<typeof veramoVerifier> | undefined;
  return {
    didJwt: async () => {
      must((await verifyJWT(jwt, { resolver })).verified);
    },
    didJwtVc: async () => {
      must((await verifyCredential(vcJwt, resolver)).verified);
    },
    jose: async () => {
      must((await jwtVerify(jwt, cryptoKey)).payload.iss === did);
    },
    veramo: async () => {
      veramo ??= veramoVerifier(resolver);
      must(await veramo(vcJwt));
    },
  };
}

function must(holds: boolean): void {
  if (!holds) throw new Error('a good credential was refused');
}
