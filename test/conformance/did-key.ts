/**
 * `npm run conformance -- did-key FILE`: the example documents of the did:key method. FILE is one of the files of test vectors that the
 * method publishes (w3c-ccg/did-key-spec, test-vectors/*.json: documents by their DIDs), or JSON lines `{ did, didDocument, expect? }`
 * with `expect: "fail"` for what must be refused. Suites of keys differ between versions of the method, so keys are compared by
 * name, value and purpose, not by the form they are written in.
 * @module
 */
import { existsSync, readFileSync } from 'node:fs';
import type { CaseResult, ConformanceSuite } from '../../scripts/conformance.ts';
import { vectorLines } from '../../scripts/vector-lines.ts';
import { MeshError } from '../../src/base/errors.ts';
import { asDid, type Did } from '../../src/base/ids.ts';
import { toMultikey } from '../../src/base/multiformat.ts';
import { isPlainObject } from '../../src/base/shape.ts';
import { keyDocument } from '../../src/core/identity/methods/did-key.ts';
import {
  type DidDocument,
  type Relationship,
  relationships,
} from '../../src/schema/did-document.ts';
import { readDocumentOf } from '../../src/schema/read-did-document.ts';
import {
  agreementKeyOf,
  publicKeyOf,
  type VerificationMethod,
} from '../../src/schema/verification-method.ts';

interface Case {
  readonly did: Did;
  readonly didDocument?: unknown;
  readonly expect?: 'fail';
}

/** Curves the SDK has no use for. */
const otherCurves = /^did:key:z(?:UC7|4MX|5Tc)/;

const suite: ConformanceSuite = {
  name: 'did-key',
  read: (file) =>
    isOneDocument(file) ? casesOf(JSON.parse(readFileSync(file, 'utf8'))) : vectorLines(file),
  run: (line) => {
    const { did, didDocument, expect } = line as Case;
    const run = (): void => {
      check(did, didDocument, expect);
    };
    return Promise.resolve([resultOf(did, run)]);
  },
};
export default suite;

function isOneDocument(file: string): boolean {
  return existsSync(file) && file.endsWith('.json');
}

/** The published files hold `{ did: { didDocument } }`, or `{ didDocument: { did: document } }`. */
function casesOf(file: unknown): readonly Case[] {
  if (!isPlainObject(file)) return [];
  const { didDocument } = file;
  const documents = isPlainObject(didDocument)
    ? Object.entries(didDocument)
    : Object.entries(file).map(([did, entry]) => [did, (entry as Case).didDocument] as const);
  return documents
    .filter(([did]) => !otherCurves.test(did))
    .map(([did, document]) => ({ did: did as Did, didDocument: document }));
}

function resultOf(name: string, run: () => void): CaseResult {
  try {
    run();
    return { name };
  } catch (error) {
    return { name, error };
  }
}

function check(did: unknown, published: unknown, expect: 'fail' | undefined): void {
  const ours = expect === 'fail' ? refusedOrNot(did) : keyDocument(asDid(did));
  if (ours === undefined) return;
  if (expect === 'fail') throw failed('it was taken');
  const theirs = readDocumentOf(ours.id, published);
  for (const purpose of relationships) {
    const [named, expected] = [keysOf(ours, purpose), keysOf(theirs, purpose)];
    // Earlier versions let every key of a curve agree as well.
    const missing = expected.filter((key) => !named.includes(key) && purpose !== 'keyAgreement');
    const added = named.filter((key) => !expected.includes(key));
    const [wrong] = [...missing, ...added];
    if (wrong !== undefined) throw failed(`${purpose} differs in ${wrong}`);
  }
}

function refusedOrNot(did: unknown): DidDocument | undefined {
  try {
    return keyDocument(asDid(did));
  } catch (error) {
    if (MeshError.is(error, 'DID_INVALID')) return undefined;
    throw error;
  }
}

/** Name and value of each key that `purpose` names. */
function keysOf(document: DidDocument, purpose: Relationship): string[] {
  return (document[purpose] ?? []).map((id) => {
    const method = document.verificationMethod.find((one) => one.id === id);
    if (method === undefined) throw failed(`${id} stands nowhere`);
    return `${id} ${valueOf(method)}`;
  });
}

function valueOf(method: VerificationMethod): string {
  const key = publicKeyOf(method);
  if (key !== undefined) return toMultikey(key.type, key.publicKey);
  const agreement = agreementKeyOf(method);
  if (agreement !== undefined) return toMultikey('X25519', agreement);
  throw failed(`${method.id} holds no key of a known form, ${method.type}`);
}

function failed(detail: string): MeshError {
  return new MeshError('CONFORMANCE_FAILED', { detail });
}
