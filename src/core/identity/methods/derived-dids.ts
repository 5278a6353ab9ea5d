/**
 * DIDs that are their own document: nobody is asked, nothing can be stale.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import { frozenJson } from '../../../base/frozen-json.ts';
import { type Did, type DidUrl, didMethod, splitDidUrl } from '../../../base/ids.ts';
import { RecentMap } from '../../../base/recent-map.ts';
import type { PublicKey } from '../../../ports/crypto.ts';
import type { Resolution } from '../../../ports/resolver.ts';
import type { DidDocument } from '../../../schema/did-document.ts';
import { jwkDocument } from './did-jwk.ts';
import { keyDocument, keyIn } from './did-key.ts';

const methods: Readonly<Record<string, (did: Did) => DidDocument>> = {
  key: keyDocument,
  jwk: jwkDocument,
};

/** The key of a did:key, which never changes. */
export interface DerivedKey {
  readonly key: PublicKey;
  readonly epoch: string;
  readonly ageMs: number;
}

/** Methods whose documents are derived. */
export const derivedMethods: readonly string[] = Object.keys(methods);

/** Documents remembered; deriving one costs more than a signature check. */
const limit = 2_000;

/** Derives documents of did:key and did:jwk and remembers those used last. */
export class DerivedDids {
  readonly #known = new RecentMap<Did, Resolution>(limit);

  /** The document of `did`, undefined for other methods; `DID_INVALID` for an identifier that is no key. */
  resolve(did: Did): Resolution | undefined {
    const known = this.#known.get(did);
    if (known !== undefined) return known;
    const method = didMethod(did);
    if (!Object.hasOwn(methods, method)) return undefined;
    const document = frozenJson(methods[method]!(did), 'document');
    const resolution = Object.freeze({ document, ageMs: 0, deactivated: false });
    this.#known.set(did, resolution);
    return resolution;
  }

  /**
   * The key that a did:key is, undefined for other methods. It is had without the document, which takes longer to derive than
   * a signature to check; bytes that are no key check none. Throws `DID_INVALID`, and `KEY_INVALID` unless it signs.
   */
  keyOf(keyId: DidUrl): DerivedKey | undefined {
    if (!keyId.startsWith('did:key:')) return undefined;
    const { did, fragment } = splitDidUrl(keyId);
    const { type, publicKey } = keyIn(did);
    if (type === 'X25519' || did !== `did:key:${fragment}`) {
      throw new MeshError('KEY_INVALID', { key: fragment, detail: `signs nothing for ${did}` });
    }
    return { key: { type, publicKey }, epoch: 'for ever', ageMs: 0 };
  }
}
