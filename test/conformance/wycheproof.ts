/**
 * `npm run conformance -- wycheproof FILE`: vectors of signatures that libraries get wrong (C2SP/wycheproof, testvectors_v1), asked of
 * node:crypto, WebCrypto and noble behind the one rule of docs/guide/keys.md. FILE is one of ed25519_test.json and
 * ecdsa_{secp256r1_sha256,secp384r1_sha384,secp521r1_sha512,secp256k1_sha256}{,_p1363}_test.json. Where the rule is stricter than
 * the vectors it counts: DER is no form of JWS, and on secp256k1 the higher s is refused.
 * @module
 */
import { readFileSync } from 'node:fs';
import type { CaseResult, ConformanceSuite } from '../../scripts/conformance.ts';
import { type Bytes, fromHex } from '../../src/base/bytes.ts';
import { compressed } from '../../src/base/curve-point.ts';
import { MeshError } from '../../src/base/errors.ts';
import { nobleCrypto } from '../../src/platform/noble-crypto.ts';
import { nodeCrypto } from '../../src/platform/node-crypto.ts';
import { createWebCrypto } from '../../src/platform/web-crypto.ts';
import type { PublicKey, SignatureKeyType } from '../../src/ports/crypto.ts';

/** A key, and signatures under it. */
interface Group {
  readonly type: string;
  readonly publicKey: {
    readonly curve: string;
    readonly pk?: string;
    readonly uncompressed?: string;
  };
  readonly sha?: string;
  readonly tests: readonly Vector[];
}

interface Vector {
  readonly tcId: number;
  readonly comment: string;
  readonly msg: string;
  readonly sig: string;
  readonly result: 'valid' | 'invalid' | 'acceptable';
}

const kinds: Readonly<Record<string, SignatureKeyType>> = {
  edwards25519: 'Ed25519',
  'secp256r1 SHA-256': 'P-256',
  'secp384r1 SHA-384': 'P-384',
  'secp521r1 SHA-512': 'P-521',
  'secp256k1 SHA-256': 'secp256k1',
};

/** Half the order of secp256k1: BIP 62. */
const largestLowS = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

const providers = [nodeCrypto, createWebCrypto(), nobleCrypto];

const suite: ConformanceSuite = {
  name: 'wycheproof',
  read: (file) => (JSON.parse(readFileSync(file, 'utf8')) as { testGroups: unknown[] }).testGroups,
  run: async (line) => {
    const group = line as Group;
    const key = keyOf(group);
    const results: CaseResult[] = [];
    for (const vector of group.tests) results.push(await judge(group, key, vector));
    return results;
  },
};
export default suite;

async function judge({ type }: Group, key: PublicKey, vector: Vector): Promise<CaseResult> {
  const { tcId, comment, msg, sig, result } = vector;
  const name = `${key.type} ${String(tcId)} ${comment}`;
  const verdicts: boolean[] = [];
  for (const crypto of providers) {
    verdicts.push(await crypto.verify(key, fromHex(msg), fromHex(sig)));
  }
  const expected = result === 'valid' && isOfOurForm(type, key.type, sig);
  const right = (verdict: boolean): boolean =>
    result === 'acceptable' ? verdict === verdicts[0] : verdict === expected;
  if (verdicts.every(right)) return { name };
  const said = providers.map((crypto, i) => `${crypto.name} ${String(verdicts[i])}`).join(', ');
  return { name, error: new MeshError('CONFORMANCE_FAILED', { detail: `${result}: ${said}` }) };
}

function isOfOurForm(form: string, type: SignatureKeyType, sig: string): boolean {
  if (form === 'EcdsaVerify') return false;
  return type !== 'secp256k1' || BigInt(`0x${sig.slice(64)}`) <= largestLowS;
}

function keyOf({ publicKey, sha = '' }: Group): PublicKey {
  const { curve, pk, uncompressed = '' } = publicKey;
  const type = kinds[`${curve} ${sha}`.trim()];
  if (type === undefined) {
    throw new MeshError('UNSUPPORTED', { feature: `${curve} with ${sha}`, by: 'the SDK' });
  }
  return { type, publicKey: pk === undefined ? pointIn(fromHex(uncompressed)) : fromHex(pk) };
}

/** SEC 1 v2, section 2.3.3: both coordinates after a byte. */
function pointIn(bytes: Bytes): Bytes {
  const half = (bytes.length - 1) / 2;
  return compressed({ x: bytes.slice(1, 1 + half), y: bytes.slice(1 + half) });
}
