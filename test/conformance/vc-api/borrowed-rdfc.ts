/**
 * `eddsa-rdfc-2022` for the presentations that the official suites sign themselves. It needs JSON-LD, which the SDK does not
 * process, so it is borrowed from the suite's own folder, and only the signature is: everything else is judged by the SDK.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Did } from '../../../src/base/ids.ts';
import type { KeyRing } from '../../../src/core/identity/key-ring.ts';

/** Whether every proof of `document` is a signature by the key it names, for its purpose. */
export type ProofChecker = (document: object, challenge: string | undefined) => Promise<boolean>;

type Loaded = Readonly<Record<string, never>>;

/** The checker of the suite that is installed in `folder`. */
export async function borrowedRdfc(folder: string, ring: KeyRing): Promise<ProofChecker> {
  const from = createRequire(`${folder}/package.json`);
  const load = async (name: string) =>
    (await import(pathToFileURL(from.resolve(name)).href)) as Loaded;
  const [vc, integrity, suite, jsigs] = (await Promise.all([
    load('@digitalbazaar/vc'),
    load('@digitalbazaar/data-integrity'),
    load('@digitalbazaar/eddsa-rdfc-2022-cryptosuite'),
    load('jsonld-signatures'),
  ])) as unknown as [Vc, Integrity, { cryptosuite: unknown }, Signatures];
  const signatures = jsigs.default ?? jsigs;
  const documentLoader = loaderOf(vc, ring);
  return async (document, challenge) => {
    const { purposes } = signatures;
    const isPresentation = [(document as { type?: unknown }).type]
      .flat()
      .includes('VerifiablePresentation');
    const purpose = isPresentation
      ? new purposes.AuthenticationProofPurpose({ challenge })
      : new purposes.AssertionProofPurpose();
    const proof = new integrity.DataIntegrityProof({ cryptosuite: suite.cryptosuite });
    const result = await signatures.verify(document, { suite: proof, purpose, documentLoader });
    return result.verified;
  };
}

interface Vc {
  defaultDocumentLoader(url: string): Promise<unknown>;
}
interface Integrity {
  DataIntegrityProof: new (options: { cryptosuite: unknown }) => unknown;
}
interface Signatures {
  default?: Signatures;
  purposes: {
    AuthenticationProofPurpose: new (options: { challenge: string | undefined }) => unknown;
    AssertionProofPurpose: new () => unknown;
  };
  verify(document: object, options: object): Promise<{ verified: boolean; error?: unknown }>;
}

const examples = 'https://www.w3.org/ns/credentials/examples/v2';
const multikey = 'https://w3id.org/security/multikey/v1';

/** Documents of did:key come from the SDK's own resolver. */
function loaderOf(vc: Vc, ring: KeyRing) {
  return async (url: string): Promise<unknown> => {
    const found = (document: unknown) => ({ contextUrl: null, documentUrl: url, document });
    if (url === examples) {
      return found({ '@context': { '@vocab': 'https://www.w3.org/ns/credentials/examples#' } });
    }
    if (!url.startsWith('did:key:')) return vc.defaultDocumentLoader(url);
    const { document } = await ring.resolve(url.split('#')[0] as Did);
    const method = document.verificationMethod.find(({ id }) => id === url);
    return found(method === undefined ? document : { '@context': multikey, ...method });
  };
}
