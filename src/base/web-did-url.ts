/**
 * From a DID that names a web server to the address of what lies there.
 * @module
 */
import { MeshError } from './errors.ts';
import type { Did } from './ids.ts';

// RFC 1123, section 2.1: labels of letters, digits and hyphens. No address in any spelling: the last label has a letter that is not
// a digit of a number.
const hostPattern =
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*(?!\d+$|0x[0-9a-f]*$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

// What stands for itself in a path (RFC 3986, section 3.3), so that nothing can leave its segment.
const segmentPattern = /^[A-Za-z0-9._~!$&'()*+,;=@-]{1,255}$/;

/**
 * The https URL of the document of a did:web. Each segment is percent-decoded first and only then put into the path; what would
 * be a path, a query, an address or `..` after that is refused with `DID_INVALID`, as is a port not among `ports`.
 */
export function webUrl(did: Did, ports: readonly number[] = [443]): string {
  return addressOf(did, did.split(':').slice(2), ports, 'did.json');
}

/** The https URL of `file` of a did:webvh (its specification, section "The DID to HTTPS Transformation"), by the same rules. */
export function webvhUrl(did: Did, file: string, ports: readonly number[] = [443]): string {
  return addressOf(did, did.split(':').slice(3), ports, file);
}

function addressOf(
  did: Did,
  segments: readonly string[],
  ports: readonly number[],
  file: string,
): string {
  const [host = '', ...path] = segments.map((segment) => decoded(did, segment));
  const authority = checkedAuthority(did, host, ports);
  for (const segment of path) {
    if (segment === '.' || segment === '..' || !segmentPattern.test(segment)) {
      throw invalid(did, 'a segment of its path is none');
    }
  }
  const folder = path.length === 0 ? '.well-known' : path.join('/');
  return `https://${authority}/${folder}/${file}`;
}

function checkedAuthority(did: Did, text: string, ports: readonly number[]): string {
  const [host = '', port, ...rest] = text.split(':');
  if (rest.length > 0 || !hostPattern.test(host)) throw invalid(did, 'no host name');
  const number = port === undefined ? 443 : /^[1-9]\d{0,4}$/.test(port) ? Number(port) : 0;
  if (!ports.includes(number)) throw invalid(did, `port ${port ?? '443'} is not among those asked`);
  const name = host.toLowerCase();
  return number === 443 ? name : `${name}:${String(number)}`;
}

function decoded(did: Did, segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw invalid(did, 'not percent-encoded UTF-8', cause);
  }
}

function invalid(did: Did, detail: string, cause?: unknown): MeshError {
  return new MeshError('DID_INVALID', { did, detail }, { cause });
}
