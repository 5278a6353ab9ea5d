import type { DidUrl } from '../../src/base/ids.ts';
import { fromMultikey, toMultikey } from '../../src/base/multiformat.ts';
import { nodeCrypto } from '../../src/platform/node-crypto.ts';
import type { ProofVerifier } from '../../src/schema/signed.ts';

/** A did:key signer made from one byte. */
export function signerOf(seed: number) {
  const key = nodeCrypto.signingKey(new Uint8Array(32).fill(seed));
  const multikey = toMultikey('Ed25519', key.publicKey);
  const did = `did:key:${multikey}` as const;
  return {
    did,
    keyId: `${did}#${multikey}` as DidUrl,
    sign: (message: Uint8Array) => Promise.resolve(nodeCrypto.sign(key, message)),
  };
}

/** Verifies by the key that stands in the fragment; false, as a key ring is, when none does. */
export const verify: ProofVerifier = (keyId, message, signature) => {
  try {
    const { publicKey } = fromMultikey(keyId.slice(keyId.indexOf('#') + 1));
    return Promise.resolve(nodeCrypto.verify({ type: 'Ed25519', publicKey }, message, signature));
  } catch {
    return Promise.resolve(false);
  }
};

/** Where something stands in a document. */
export type Path = readonly (string | number)[];

/** A copy of `document` with `value` at `path`; undefined takes the member away. */
export function changed(document: unknown, path: Path, value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const before = document as Record<string | number, unknown>;
  const after = (
    Array.isArray(document) ? [...(document as unknown[])] : { ...before }
  ) as typeof before;
  const member = changed(before[key], rest, value);
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- the copy is ours
  if (member === undefined) delete after[key];
  else after[key] = member;
  return after;
}

/** `path` as error messages write it. */
export function placeOf(path: Path): string {
  return path.map((key) => (typeof key === 'number' ? `[${String(key)}]` : `.${key}`)).join('');
}

/** Every place in `document`, branches too. */
export function places(document: unknown, at: Path = []): Path[] {
  if (typeof document !== 'object' || document === null || ArrayBuffer.isView(document))
    return [at];
  const inside = Array.isArray(document)
    ? document.flatMap((item, i) => places(item, [...at, i]))
    : Object.entries(document).flatMap(([key, member]) => places(member, [...at, key]));
  return [at, ...inside];
}
