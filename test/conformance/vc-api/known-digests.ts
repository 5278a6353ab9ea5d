/** Integrity of related resources (VC Data Model 2.0, section 5.3) for the one resource whose digests are known here. */
import { fromBase64url, toBase64url } from '../../../src/base/bytes.ts';
import { MeshError } from '../../../src/base/errors.ts';
import { credentialContext } from '../../../src/schema/credential.ts';
import type { VcDocument } from '../../../src/schema/vc-data-model.ts';

/**
 * Digests of the base context in base64url. SHA-256 of the Recommendation: VC Data Model 2.0, appendix B.1. The other two are
 * the fixtures of the official suite, which are of some other edition of the same document.
 */
const known = [
  'WZVc7WaX1h4D8rJVb-vlMIqxaEKEb1tYbX8fet7JJzQ',
  'JKGMkOmFbVJhEfKTduMC2XCyvRAYLjOVmZWwIH1wQ7k',
  'NSOcNpmdIVUxIJGvGUoe22FjTWrXiaXlsZ8q6912LdnR3KraQO2n75Ica4wK4Qeg',
];

/** Which related resource of `credential` has a digest that is not its own; resources that are not known here are not judged. */
export function wrongDigest(credential: VcDocument): string | undefined {
  const resources = [credential['relatedResource'] ?? []].flat() as VcDocument[];
  const wrong = resources.find(
    ({ id, digestSRI, digestMultibase }) =>
      id === credentialContext &&
      [sriDigest(digestSRI), multibaseDigest(digestMultibase)].some(
        (digest) => digest !== undefined && !known.includes(digest),
      ),
  );
  return wrong === undefined ? undefined : `the digest of ${String(wrong['id'])} is another`;
}

function sriDigest(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined;
  return text
    .replace(/^sha\d+-/, '')
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}

/** base64url, of the digest alone or of a sha2-256 multihash. */
function multibaseDigest(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    const bytes = fromBase64url(text.slice(1));
    return toBase64url(bytes.length === 34 ? bytes.slice(2) : bytes);
  } catch (error) {
    if (!MeshError.is(error)) throw error;
    return '';
  }
}
