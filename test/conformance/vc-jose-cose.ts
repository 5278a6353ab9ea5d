/**
 * W3C "Securing Verifiable Credentials using JOSE and COSE" on files of inputs. A line is one input `{ file, content, expect?, at? }`:
 *
 * - `vm-*` is a key; its halves must belong together;
 * - `*.txt` is a token: it verifies under the key that its `kid` names, at its own time, and fails after any changed byte;
 * - `*.json` is a credential or presentation: it is signed and verified with every key that has its secret here.
 *
 * `expect: "fail"` turns this round: a token must be refused, a document refused or not verified. `at` is the time, by default what
 * the token says of its own making.
 *
 * Keys are given and issuers named by https addresses, so what is run here is the securing (form, header, registered claims, times,
 * key, signature) and the data model. That an issuer must be a DID, and its key one the DID has, comes on top in the SDK.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { vectorLines } from '../../scripts/vector-lines.ts';
import { fromBase64url } from '../../src/base/bytes.ts';
import { MeshError } from '../../src/base/errors.ts';
import type { DidUrl } from '../../src/base/ids.ts';
import { fromJwk, type PublicJwk } from '../../src/base/jwk.ts';
import {
  isPlainObject,
  object,
  optional,
  type Shaped,
  text,
  unknown,
} from '../../src/base/shape.ts';
import { signJws } from '../../src/core/trust/credentials/jws.ts';
import { nodeCrypto } from '../../src/platform/node-crypto.ts';
import type { PublicKey } from '../../src/ports/crypto.ts';
import type { SignatureAlgorithm, Signer } from '../../src/ports/signer.ts';
import { ownTimeOf, verifySecured } from './vc-jose-cose/secured.ts';

/** What became of one case. */
export interface Outcome {
  readonly name: string;
  readonly error?: unknown;
}

const lineShape = object({
  file: text(),
  content: text({ max: 1 << 20 }),
  expect: optional(unknown),
  at: optional(unknown),
});
type Line = Shaped<typeof lineShape>;

/** A key of the file. */
export interface VectorKey {
  readonly file: string;
  readonly kid: string;
  readonly key: PublicKey;
  readonly signer: Signer | undefined;
}

/** One line and the keys of its file. */
export interface VectorLine {
  readonly line: unknown;
  readonly keys: readonly VectorKey[];
}

const data = fileURLToPath(
  new URL('../../../shared/data/vc-jose-cose.public.jsonl.gz', import.meta.url),
);

/** The lines of `file`, each with the keys of all; a file without any goes by those of the public data. */
export function read(file: string): readonly VectorLine[] {
  const lines = vectorLines(file);
  const own = keysIn(lines);
  const keys = own.length > 0 || !existsSync(data) ? own : keysIn(vectorLines(data));
  return lines.map((line) => ({ line, keys }));
}

/** Lines of the public data; none where it is absent. */
export function publicLines(): readonly VectorLine[] {
  return existsSync(data) ? read(data) : [];
}

export default {
  name: 'vc-jose-cose',
  read,
  /** Runs what one line holds: one outcome for a key or token, one per key for a document. Never rejects. */
  run: async (given: unknown): Promise<readonly Outcome[]> => {
    const { line, keys } = given as VectorLine;
    let parsed: Line;
    try {
      parsed = lineShape(line, 'line');
    } catch (error) {
      return [{ name: 'the line', error }];
    }
    const { file } = parsed;
    if (isKeyFile(file)) return [await outcome(file, parsed, () => void keyOf(parsed))];
    if (!file.endsWith('.json')) return [await outcome(file, parsed, () => token(parsed, keys))];
    const signers = keys.filter(({ signer }) => signer !== undefined);
    return Promise.all(
      signers.map((key) =>
        outcome(`${file} with ${key.file}`, parsed, () => roundTrip(parsed, key)),
      ),
    );
  },
};

/** Runs `work`, which throws where the input is refused, and compares with what is expected. */
async function outcome(
  name: string,
  { expect }: Line,
  work: () => Promise<void> | void,
): Promise<Outcome> {
  const expected = expect === 'fail' ? 'refused' : 'taken';
  let refused: unknown;
  try {
    await work();
  } catch (error) {
    if (!MeshError.is(error) || error.code === 'CONFORMANCE_FAILED') return { name, error };
    refused = error;
  }
  if ((refused === undefined ? 'taken' : 'refused') === expected) return { name };
  const why = MeshError.is(refused) ? `: ${refused.message}` : '';
  const detail = `expected to be ${expected}${why}`;
  return { name, error: new MeshError('CONFORMANCE_FAILED', { detail }, { cause: refused }) };
}

async function token(line: Line, keys: readonly VectorKey[]): Promise<void> {
  const content = line.content.trim();
  const at = timeOf(line.at) ?? ownTimeOf(content);
  await unlessForbidden(line, () => verifySecured(content, { keys, at, inside: true }));
  if (line.expect === 'fail') return;
  for (let i = 0; i < content.length; i += 1) {
    await mustFail(changed(content, i), i, () =>
      verifySecured(changed(content, i), { keys, at, inside: true }),
    );
  }
}

/**
 * VC-JOSE-COSE, section 1.1.2.1: `vc` and `vp` claims must not be present. A token which has them and is sound in all else is an
 * input for exactly this rule; that it is refused for it, and for nothing before it, is what is right.
 */
async function unlessForbidden({ expect }: Line, verify: () => Promise<unknown>): Promise<void> {
  try {
    await verify();
  } catch (error) {
    const forbidden = MeshError.is(error, 'CREDENTIAL_INVALID') && error.params['reason'];
    if (expect === 'fail' || forbidden !== 'claims.vc') throw error;
  }
}

async function mustFail(
  content: string,
  at: number,
  verify: () => Promise<unknown>,
): Promise<void> {
  try {
    await verify();
  } catch (error) {
    if (MeshError.is(error)) return;
    throw error;
  }
  const detail = `still taken after a change of byte ${String(at)} to '${content.charAt(at)}'`;
  throw new MeshError('CONFORMANCE_FAILED', { detail });
}

/** `content` with another character at `i`, one that base64url has. */
function changed(content: string, i: number): string {
  const other = content.charAt(i) === 'A' ? 'B' : 'A';
  return content.slice(0, i) + other + content.slice(i + 1);
}

/** Signs a document and verifies what came of it: the same document again. What it holds is another case. */
async function roundTrip(line: Line, key: VectorKey): Promise<void> {
  const document = parsed(line.content);
  const types: readonly unknown[] = [document['type']].flat();
  const typ = types.includes('VerifiablePresentation') ? 'vp+jwt' : 'vc+jwt';
  const signed = await signJws(document, typ, key.signer!);
  const at = timeOf(line.at) ?? ownTimeOf(signed);
  const payload = await verifySecured(signed, { keys: [key], at, inside: false });
  if (JSON.stringify(payload) !== JSON.stringify(document)) {
    throw new MeshError('CONFORMANCE_FAILED', { detail: 'it came back as something else' });
  }
}

function parsed(content: string): Readonly<Record<string, unknown>> {
  const expected = 'a JSON object';
  try {
    const value: unknown = JSON.parse(content);
    if (isPlainObject(value)) return value;
  } catch (cause) {
    throw new MeshError('SCHEMA_INVALID', { at: 'content', expected, got: 'text' }, { cause });
  }
  throw new MeshError('SCHEMA_INVALID', { at: 'content', expected, got: 'something else' });
}

/** `at` as a text, or as a number of seconds or milliseconds. */
function timeOf(at: unknown): number | undefined {
  if (at === undefined || at === null) return undefined;
  const ms =
    typeof at === 'number'
      ? at < 1e11
        ? at * 1_000
        : at
      : Date.parse(typeof at === 'string' ? at : '');
  if (!Number.isNaN(ms)) return ms;
  throw new MeshError('SCHEMA_INVALID', { at: 'line.at', expected: 'a time', got: at });
}

const isKeyFile = (file: string): boolean => file.startsWith('vm-');

function keysIn(lines: readonly unknown[]): readonly VectorKey[] {
  return lines.flatMap((line) => {
    try {
      const read = lineShape(line, 'line');
      return isKeyFile(read.file) && read.expect !== 'fail' ? [keyOf(read)] : [];
    } catch (error) {
      if (!MeshError.is(error)) throw error;
      return [];
    }
  });
}

const jwkShape = object({ kty: text(), crv: text(), x: text(), d: optional(text()) });
const keyShape = object({
  id: text(),
  publicKeyJwk: object({ kid: optional(text()) }),
  secretKeyJwk: optional(jwkShape),
});

const algorithms: Readonly<Record<string, SignatureAlgorithm>> = {
  Ed25519: 'EdDSA',
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
  secp256k1: 'ES256K',
};

/** The key of a line; `SCHEMA_INVALID` or `KEY_INVALID` for one that is none. */
function keyOf({ file, content }: Line): VectorKey {
  const { id, publicKeyJwk, secretKeyJwk } = keyShape(parsed(content), file);
  const { type, publicKey } = fromJwk(publicKeyJwk as unknown as PublicJwk);
  if (type === 'X25519') throw new MeshError('KEY_INVALID', { key: id, detail: 'it agrees' });
  const { kid = id } = publicKeyJwk;
  const algorithm = algorithms[type]!;
  if (secretKeyJwk?.d === undefined)
    return { file, kid, key: { type, publicKey }, signer: undefined };
  const secret = nodeCrypto.signingKey(fromBase64url(secretKeyJwk.d), type);
  if (Buffer.compare(secret.publicKey, publicKey) !== 0) {
    throw new MeshError('KEY_INVALID', { key: id, detail: 'its halves do not belong together' });
  }
  const sign = async (message: Uint8Array) => nodeCrypto.sign(secret, message);
  const signer: Signer = { algorithm, keyId: kid as DidUrl, publicKey: secret.publicKey, sign };
  return { file, kid, key: { type, publicKey }, signer };
}
