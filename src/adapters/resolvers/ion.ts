/**
 * did:ion in its long form, which carries the first state of its document and proves it: nobody is asked. Later changes are
 * known to ION nodes alone, so what this says is where the DID began, not where it is. Source: Sidetree 1.0, sections "Long-Form DID
 * URIs", "DID Suffix" and "Standard Patch Actions".
 * @module
 */
import { fromBase64url, fromUtf8, toBase64url } from '../../base/bytes.ts';
import { canonicalBytes, canonicalJson } from '../../base/canonical.ts';
import { MeshError } from '../../base/errors.ts';
import { hashOf } from '../../base/hashes.ts';
import type { Did } from '../../base/ids.ts';
import { list, object, parseJson, text, unknown } from '../../base/shape.ts';
import type { DidResolver } from '../../ports/resolver.ts';
import { readDocumentOf } from '../../schema/read-did-document.ts';
import { applyPatches, type IonState } from './ion/patches.ts';

const longForm = /^did:ion:(?:test:)?([A-Za-z0-9_-]{46}):([A-Za-z0-9_-]+)$/;

/** Bytes of a canonical delta (Sidetree 1.0, MAX_DELTA_SIZE). */
const maxDelta = 1_000;

const initialShape = object({
  delta: object({ patches: list(unknown, { max: 100 }), updateCommitment: text({ max: 100 }) }),
  suffixData: object({ deltaHash: text({ max: 100 }), recoveryCommitment: text({ max: 100 }) }),
});

/**
 * Resolves did:ion in its long form. A short form throws `DID_UNREACHABLE`: only an ION node knows it. A long form that was
 * changed anywhere throws `DID_INVALID`.
 */
export function ion(): DidResolver {
  return {
    methods: ['ion'],
    resolve: (did) =>
      new Promise((resolve) => {
        const document = readDocumentOf(did, documentOf(did, initialState(did)));
        resolve({ document, ageMs: 0, deactivated: false });
      }),
  };
}

function initialState(did: Did): IonState {
  const [, suffix, encoded] = longForm.exec(did) ?? [];
  if (suffix === undefined || encoded === undefined) {
    throw new MeshError('DID_UNREACHABLE', { did, detail: 'only its long form says what it is' });
  }
  try {
    const json = fromUtf8(fromBase64url(encoded));
    const initial = parseJson(json, initialShape, 'did:ion');
    if (canonicalJson(initial) !== json) throw invalid(did, 'not in its canonical form');
    const { delta, suffixData } = initial;
    if (multihash(suffixData) !== suffix) throw invalid(did, 'not the hash of its first state');
    if (multihash(delta) !== suffixData.deltaHash) throw invalid(did, 'its delta was changed');
    if (canonicalBytes(delta).length > maxDelta) throw invalid(did, 'its delta is too long');
    return applyPatches(delta.patches);
  } catch (cause) {
    if (!MeshError.is(cause, 'SCHEMA_INVALID')) throw cause;
    throw invalid(did, cause.message, cause);
  }
}

function documentOf(did: Did, { keys, services }: IonState): object {
  const methods = [...keys.values()];
  const named = (purpose: string): string[] =>
    methods.filter(({ purposes }) => purposes.includes(purpose)).map(({ id }) => `#${id}`);
  return {
    '@context': ['https://www.w3.org/ns/did/v1'],
    id: did,
    verificationMethod: methods.map(({ id, type, controller = did, publicKeyJwk }) => ({
      id: `#${id}`,
      type,
      controller,
      publicKeyJwk,
    })),
    authentication: named('authentication'),
    assertionMethod: named('assertionMethod'),
    keyAgreement: named('keyAgreement'),
    capabilityInvocation: named('capabilityInvocation'),
    capabilityDelegation: named('capabilityDelegation'),
    service: [...services.values()].map((service) => ({ ...service, id: `#${service.id}` })),
  };
}

/** Hashing Process of Sidetree 1.0: a sha2-256 multihash of canonical JSON, in base64url. */
function multihash(value: unknown): string {
  return toBase64url(Uint8Array.of(0x12, 0x20, ...hashOf('sha256', canonicalBytes(value))));
}

function invalid(did: Did, detail: string, cause?: unknown): MeshError {
  return new MeshError('DID_INVALID', { did, detail }, { cause });
}
