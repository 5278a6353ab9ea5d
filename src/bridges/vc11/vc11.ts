/**
 * Issues, presents and verifies.
 * @module
 */
import { utf8 } from '../../base/bytes.ts';
import { type CompactJws, readCompactJws } from '../../base/compact-jws.ts';
import { MeshError } from '../../base/errors.ts';
import { type Did, splitDidUrl } from '../../base/ids.ts';
import { loadOnce } from '../../base/load-once.ts';
import { isPlainObject } from '../../base/shape.ts';
import { refusedToken } from '../../base/token-refusals.ts';
import { platformGround } from '../../index.ts';
import type { PublicKey } from '../../ports/crypto.ts';
import type { Signer } from '../../ports/signer.ts';
import { checkAgreement, checkPeriod, innerOf, type Speaker, speakerOf } from './claims.ts';
import {
  byLibrary,
  headerOf,
  issuerOf,
  libraryOptions,
  loadDidJwtVc,
  resolverOf,
  written,
} from './library.ts';
import type {
  CredentialVerdict,
  PresentationVerdict,
  Vc11,
  Vc11Credential,
  Vc11Options,
  Vc11PresentOptions,
  Vc11StatusCheck,
  Vc11Tools,
  Vc11VerifyPresentationOptions,
} from './types.ts';

const context = 'https://www.w3.org/2018/credentials/v1';
/** Credentials in one presentation. */
const maxCredentials = 32;
/** What is beyond the library: it knows no ES384 and no ES512. */
const libraryKeys = ['Ed25519', 'P-256', 'secp256k1'];

/** VC 1.1 as JWT over `options`. Calls throw `MODULE_MISSING` without the package did-jwt-vc. */
export function vc11(options: Vc11Options): Vc11 {
  const tools = loadOnce(
    async (): Promise<Vc11Tools> => ({ ...(await platformGround()), ...options }),
  );
  const verify = (jwt: string) =>
    verdictOf<CredentialVerdict>(async () => verifiedCredential(jwt, await tools()));
  return {
    issue: async (credential, signer) => issue(credential, signer, await tools()),
    verify,
    present: async (credentials, signer, asked) =>
      present(credentials, signer, asked, await tools()),
    verifyPresentation: (jwt, asked) =>
      verdictOf<PresentationVerdict>(async () =>
        verifiedPresentation(jwt, asked, await tools(), verify),
      ),
  };
}

async function issue(
  credential: Vc11Credential,
  signer: Signer,
  { clock }: Vc11Tools,
): Promise<string> {
  const { createVerifiableCredentialJwt } = await loadDidJwtVc();
  const { did } = splitDidUrl(signer.keyId);
  const { '@context': contexts = [context], type, ...rest } = credential;
  const payload = {
    issuanceDate: new Date(Math.floor(clock.now() / 1_000) * 1_000).toISOString(),
    ...rest,
    '@context': [...contexts],
    type: [...new Set(['VerifiableCredential', ...type])],
    issuer: { id: did },
  };
  return written('credential', () =>
    createVerifiableCredentialJwt(payload as never, issuerOf(signer), headerOf(signer)),
  );
}

async function present(
  credentials: readonly string[],
  signer: Signer,
  { challenge, audience, validForS = 300 }: Vc11PresentOptions,
  { clock }: Vc11Tools,
): Promise<string> {
  const { createVerifiablePresentationJwt } = await loadDidJwtVc();
  const now = Math.floor(clock.now() / 1_000);
  const vp = {
    '@context': [context],
    type: ['VerifiablePresentation'],
    verifiableCredential: [...credentials],
  };
  const payload = { vp, nbf: now, exp: now + validForS };
  return written('credentials', () =>
    createVerifiablePresentationJwt(payload, issuerOf(signer), {
      ...headerOf(signer),
      challenge,
      domain: audience,
    }),
  );
}

async function verifiedCredential(jwt: string, options: Vc11Tools): Promise<CredentialVerdict> {
  const { clock, status } = options;
  const jws = readToken(jwt);
  const vc = innerOf(jws.payload, 'vc');
  const speaker = speakerOf(jws, [vc['issuer']]);
  const { credentialSubject } = vc;
  const named: unknown = isPlainObject(credentialSubject) ? credentialSubject['id'] : undefined;
  checkAgreement(jws.payload['sub'], named, 'sub');
  checkAgreement(jws.payload['jti'], vc['id'], 'jti');
  checkPeriod(jws.payload, vc, clock.now());
  const key = await checkSignature(jws, speaker, 'assertionMethod', options);
  const { verifyCredential } = await loadDidJwtVc();
  const { verifiableCredential } = await byLibrary(() =>
    verifyCredential(jwt, resolverOf(speaker, key), {
      ...libraryOptions('assertionMethod'),
      policies: { now: Math.floor(clock.now() / 1_000), aud: false },
    }),
  );
  await checkStatus(vc['credentialStatus'], speaker.did, status);
  const { proof: _, ...credential } = verifiableCredential as Readonly<Record<string, unknown>>;
  const subject = named ?? jws.payload['sub'];
  return {
    valid: true,
    issuer: speaker.did,
    credential,
    ...(typeof subject === 'string' ? { subject } : {}),
  };
}

async function verifiedPresentation(
  jwt: string,
  { challenge, audience, anySubject = false }: Vc11VerifyPresentationOptions,
  options: Vc11Tools,
  verify: (jwt: string) => Promise<CredentialVerdict>,
): Promise<PresentationVerdict> {
  const { clock } = options;
  const jws = readToken(jwt);
  const vp = innerOf(jws.payload, 'vp');
  const speaker = speakerOf(jws, [vp['holder']]);
  const { nonce, aud } = jws.payload;
  if (nonce !== challenge) throw refusedToken('holder', 'it answers another challenge');
  if (![aud].flat().includes(audience)) throw refusedToken('holder', 'it is for somebody else');
  checkPeriod(jws.payload, vp, clock.now());
  const key = await checkSignature(jws, speaker, 'authentication', options);
  const { verifyPresentation } = await loadDidJwtVc();
  await byLibrary(() =>
    verifyPresentation(jwt, resolverOf(speaker, key), {
      ...libraryOptions('authentication'),
      policies: { now: Math.floor(clock.now() / 1_000) },
      challenge,
      domain: audience,
    }),
  );
  const credentials: CredentialVerdict[] = [];
  for (const inner of tokensOf(vp)) credentials.push(await verify(inner));
  const shown = { holder: speaker.did, credentials };
  const bad = credentials.find(({ valid }) => !valid);
  if (bad?.because !== undefined) return { valid: false, because: bad.because, ...shown };
  if (!anySubject && credentials.some(({ subject }) => subject !== speaker.did)) {
    const detail = 'a credential is about somebody else';
    return { valid: false, because: { check: 'holder', detail }, ...shown };
  }
  return { valid: true, ...shown };
}

function readToken(jwt: unknown): CompactJws {
  if (typeof jwt !== 'string') throw refusedToken('form', 'not a token');
  const jws = readCompactJws(jwt, { typ: ['JWT', undefined] });
  if (!libraryKeys.includes(jws.keyType)) {
    throw refusedToken('header', 'no algorithm that is taken');
  }
  return jws;
}

/** Credentials that are no tokens have no proof that is checked here. */
function tokensOf(vp: Readonly<Record<string, unknown>>): readonly string[] {
  const inner = [vp['verifiableCredential'] ?? []].flat() as readonly unknown[];
  if (inner.length > maxCredentials) {
    throw refusedToken('claims', `over ${String(maxCredentials)} credentials`);
  }
  if (!inner.every((one) => typeof one === 'string')) {
    throw refusedToken('claims', 'a credential is not a token');
  }
  return inner;
}

/** By the strict rule of the SDK: the library takes small-order keys, and second forms of a signature. */
async function checkSignature(
  { signingInput, signature, keyType }: CompactJws,
  { keyId }: Speaker,
  purpose: 'assertionMethod' | 'authentication',
  { keys, crypto }: Vc11Tools,
): Promise<PublicKey> {
  const { key } = await keys.keyOf(keyId, { purpose }).catch((error: unknown) => {
    if (!MeshError.is(error)) throw error;
    throw refusedToken('key', error.message, error);
  });
  if (key.type !== keyType) throw refusedToken('key', 'its algorithm is for another kind of key');
  if (!(await crypto.verify(key, utf8(signingInput), signature))) {
    throw refusedToken('signature', 'it was not signed with that key');
  }
  return key;
}

async function checkStatus(
  status: unknown,
  issuer: Did,
  check: Vc11StatusCheck | undefined,
): Promise<void> {
  if (status === undefined) return;
  if (check === undefined) throw refusedToken('status', 'nobody here looks it up');
  for (const entry of [status].flat() as readonly unknown[]) {
    if (!isPlainObject(entry)) throw refusedToken('claims', 'credentialStatus is not an object');
    const problem = await check(entry, issuer).catch((error: unknown) =>
      error instanceof Error ? error.message : 'it could not be looked up',
    );
    if (problem !== undefined) throw refusedToken('status', problem);
  }
}

async function verdictOf<T extends CredentialVerdict | PresentationVerdict>(
  work: () => Promise<T>,
): Promise<T | { readonly valid: false; readonly because: { check: string; detail: string } }> {
  try {
    return await work();
  } catch (error) {
    if (!MeshError.is(error, 'CREDENTIAL_INVALID')) throw error;
    const { check, detail } = error.params as { check: string; detail: string };
    return { valid: false, because: { check, detail } };
  }
}
