/** DID resolution over HTTP for did:key, with the errors its test suite asks for (W3C DID Resolution; did:key 0.9, section 3.1.3). */
import { MeshError } from '../../../src/base/errors.ts';
import { isDid, splitDidUrl } from '../../../src/base/ids.ts';
import type { KeyRing } from '../../../src/core/identity/key-ring.ts';
import type { Answer } from './answer.ts';

const context = 'https://w3id.org/did-resolution/v1';
/** Forms of keys that need no consent to experiments. */
const settledFormats = [
  ...['Multikey', 'JsonWebKey2020', 'Ed25519VerificationKey2020', 'X25519KeyAgreementKey2020'],
];
const formats = [...settledFormats, 'Ed25519VerificationKey2018', 'X25519KeyAgreementKey2019'];

/** Resolves a DID, or one key of it where `url` has a fragment. */
export async function resolution(
  url: string,
  query: URLSearchParams,
  ring: KeyRing,
): Promise<Answer> {
  const [did = '', ...rest] = url.split(/(?=[/?#])/);
  const metadata = rest.length > 0 ? 'didDereferencingMetadata' : 'didResolutionMetadata';
  const refused = formatError(query, rest.length > 0) ?? formError(url, did, rest);
  if (refused !== undefined) return failure(metadata, refused);
  try {
    const { document } = await ring.resolve(did as `did:${string}:${string}`);
    const found = rest.length === 0 ? document : methodOf(url, document.verificationMethod);
    if (found === undefined) return failure(metadata, 'notFound');
    const body = { '@context': context, didDocument: found, didDocumentMetadata: {} };
    const contentType = 'application/did+ld+json';
    return { status: 200, body: { ...body, [metadata]: { contentType } } };
  } catch (error) {
    if (!MeshError.is(error)) throw error;
    return failure(metadata, resolutionError(error));
  }
}

function formatError(query: URLSearchParams, oneKey: boolean): string | undefined {
  const format = query.get('publicKeyFormat') ?? 'Multikey';
  if (!formats.includes(format)) return 'unsupportedPublicKeyType';
  const experiments = query.get('enableExperimentalPublicKeyTypes') === 'true';
  if (oneKey && !experiments && !settledFormats.includes(format)) return 'invalidPublicKeyType';
  return format === 'Multikey' ? undefined : 'representationNotSupported';
}

function formError(url: string, did: string, rest: readonly string[]): string | undefined {
  if (!url.startsWith('did:')) return 'invalidDid';
  if (/^did:[a-z0-9]+:/.test(did) && !did.startsWith('did:key:')) return 'methodNotSupported';
  if (!/^did:key:z[1-9A-HJ-NP-Za-km-z]+$/.test(did) || !isDid(did)) return 'invalidDid';
  return rest.every((part) => /^#[\w.-]+$/.test(part)) ? undefined : 'invalidDidUrl';
}

function methodOf<T extends { readonly id: string }>(url: string, methods: readonly T[]) {
  const { did, fragment } = splitDidUrl(url);
  return methods.find(({ id }) => id === `${did}#${fragment}`);
}

/** The SDK says of a key only that its kind or length is not known; a kind that is known has the wrong length. */
function resolutionError(error: MeshError): string {
  return MeshError.is(error.cause, 'KEY_INVALID') ? 'invalidPublicKeyLength' : 'invalidDid';
}

function failure(metadata: string, error: string): Answer {
  const status = { methodNotSupported: 501, notFound: 404 }[error] ?? 400;
  const body = { '@context': context, didDocument: {}, didDocumentMetadata: {} };
  return { status, body: { ...body, [metadata]: { error } } };
}
