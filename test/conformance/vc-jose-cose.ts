/**
 * The W3C test suite of "Securing Verifiable Credentials using JOSE and COSE", its JOSE cases: one line is one input
 * file; each case that uses it is one outcome. Keys are read from the public data, where they are lines of their own.
 *
 * The suite hands the verifier a key and names issuers by https addresses, so what is run here is the securing itself
 * (form, header, claims, signature). That an issuer must be a DID, and its key one the DID has, comes on top in the SDK.
 * A refusal for want of support is not a pass: a case counts only when the SDK judges what the case is about.
 */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { fromBase64url, utf8 } from '../../src/base/bytes.ts';
import { MeshError } from '../../src/base/errors.ts';
import { object, optional, type Shaped, text, unknown } from '../../src/base/shape.ts';
import { checkRegistered } from '../../src/core/trust/claims.ts';
import { type Jws, parseJws } from '../../src/core/trust/jws.ts';
import { refusal } from '../../src/core/trust/refusals.ts';
import { nodeCrypto } from '../../src/platform/node-crypto.ts';

interface Case {
  readonly number: number;
  readonly title: string;
  readonly file: string;
  readonly key: 'p256' | 'p384' | 'p521' | 'ed25519';
  readonly does: 'issue' | 'verify';
  readonly what: 'vc+jwt' | 'vp+jwt';
  readonly expected: 'success' | 'failure';
}

function one(
  number: number,
  title: string,
  file: string,
  key: Case['key'],
  rest: Partial<Pick<Case, 'does' | 'what' | 'expected'>> = {},
): Case {
  const usual = { does: 'verify', what: 'vc+jwt', expected: 'success' } as const;
  return { number, title, file, key, ...usual, ...rest };
}

const issue = { does: 'issue' } as const;
const fails = { expected: 'failure' } as const;
const presentation = { what: 'vp+jwt' } as const;

/** The 16 JOSE cases, as the suite's mapping lists them. */
export const cases: readonly Case[] = [
  one(1, 'basic credential issuance', 'credential-minimal.json', 'p256', issue),
  one(2, 'issuance with all optional fields', 'credential-full.json', 'p384', issue),
  one(3, 'basic presentation issuance', 'presentation-single.json', 'p256', {
    ...issue,
    ...presentation,
  }),
  one(4, 'complex presentation issuance', 'presentation-multiple.json', 'p521', {
    ...issue,
    ...presentation,
  }),
  one(5, 'issuance with unknown extensions', 'credential-unknown-extensions.json', 'p521', {
    ...issue,
    ...fails,
  }),
  one(6, 'basic credential verification', 'credential-jose-minimal.txt', 'p256'),
  one(7, 'presentation verification', 'presentation-jose-multiple.txt', 'p384', presentation),
  one(8, 'issuer match', 'credential-issuer-match-signed.txt', 'ed25519'),
  one(9, 'unknown extensions', 'credential-jose-unknown-extensions.txt', 'ed25519', fails),
  one(10, 'unsecured credential', 'credential-minimal.json', 'ed25519', fails),
  one(11, 'unsecured presentation', 'presentation-single.json', 'ed25519', {
    ...fails,
    ...presentation,
  }),
  one(12, 'invalid signature', 'credential-jose-bad-signature.txt', 'ed25519', fails),
  one(13, 'invalid media type', 'credential-jose-bad-media-type.txt', 'ed25519', fails),
  one(14, 'presentation, invalid media type', 'presentation-jose-bad-media-type.txt', 'ed25519', {
    ...fails,
    ...presentation,
  }),
  one(15, 'vc or vp claims', 'credential-jose-vc-vp-claims.txt', 'ed25519', fails),
  one(16, 'presentation of a bad credential', 'presentation-jose-bad-credential.txt', 'ed25519', {
    ...fails,
    ...presentation,
  }),
];

/** What became of one case. */
export interface Outcome {
  readonly name: string;
  readonly error?: unknown;
}

const lineShape = object({
  file: text(),
  content: text({ max: 1 << 20 }),
  expect: optional(unknown),
});
type Line = Shaped<typeof lineShape>;

const data = new URL('../../../shared/data/vc-jose-cose.public.jsonl.gz', import.meta.url);

/** Lines of the public data; none where it is absent. */
export function publicLines(): readonly Line[] {
  if (!existsSync(data)) return [];
  const lines = gunzipSync(readFileSync(data)).toString('utf8').trim().split('\n');
  return lines.map((line) => lineShape(JSON.parse(line), 'line'));
}

const titleOf = ({ number, title }: Case): string => `${String(number)}. ${title}`;

/** What this release leaves out of the 16 cases, by the name of the case. */
const gaps: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    cases
      .filter(({ key }) => key !== 'ed25519')
      .map((each) => [titleOf(each), 'keys are Ed25519 in this release']),
  ),
  '16. presentation of a bad credential':
    'what a presentation holds is judged credential by credential',
};

export default {
  name: 'vc-jose-cose',
  gaps,
  /** Runs every case that uses the file of `line`; none for keys and other features. Never rejects. */
  run: async (line: unknown): Promise<readonly Outcome[]> => {
    try {
      const { file, content } = lineShape(line, 'line');
      const mine = cases.filter((candidate) => candidate.file === file);
      return await Promise.all(mine.map((candidate) => runCase(candidate, content.trim())));
    } catch (error) {
      return [{ name: 'the line', error }];
    }
  },
};

async function runCase(candidate: Case, content: string): Promise<Outcome> {
  const name = titleOf(candidate);
  try {
    const refused = await refusalOf(() => perform(candidate, content));
    if (MeshError.is(refused, 'UNSUPPORTED')) throw refused;
    const result = refused === undefined ? 'success' : 'failure';
    if (result === candidate.expected) return { name };
    const detail = `expected ${candidate.expected}, got ${result}`;
    throw new MeshError('CONFORMANCE_FAILED', { detail }, { cause: refused });
  } catch (error) {
    return { name, error };
  }
}

async function perform(candidate: Case, content: string): Promise<void> {
  if (candidate.does === 'issue') throw unsupported(`signing with ${candidate.key}`);
  if (candidate.key !== 'ed25519') throw unsupported(`verifying with ${candidate.key}`);
  const jws = parseJws(content, candidate.what);
  await checkSignature(jws);
  if (candidate.what === 'vp+jwt') throw unsupported('what a presentation holds');
  checkRegistered(jws.payload);
}

async function checkSignature({ header, signingInput, signature }: Jws): Promise<void> {
  const { kid, x } = ed25519Key();
  if (header['kid'] !== kid) throw refusal('key.purpose', 'kid names another key');
  const publicKey = fromBase64url(x);
  if (!(await nodeCrypto.verify({ type: 'Ed25519', publicKey }, utf8(signingInput), signature))) {
    throw refusal('signature.wrong');
  }
}

const keyShape = object({ publicKeyJwk: object({ kid: text(), x: text() }) });

function ed25519Key(): Shaped<typeof keyShape>['publicKeyJwk'] {
  const line = publicLines().find(({ file }) => file === 'vm-ed25519.json');
  if (line === undefined) throw unsupported('verifying without ../shared/data');
  return keyShape(JSON.parse(line.content), 'key').publicKeyJwk;
}

async function refusalOf(work: () => Promise<void>): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (MeshError.is(error, 'CREDENTIAL_INVALID', 'UNSUPPORTED')) return error;
    throw error;
  }
}

function unsupported(feature: string): MeshError {
  return new MeshError('UNSUPPORTED', { feature, by: 'this release' });
}
