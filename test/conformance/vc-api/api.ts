/**
 * The endpoints of the W3C VC-API that the official test suites call, over the SDK. Not a server for use: it knows one issuer,
 * keeps everything in memory and asks nobody anything.
 */
import { randomUUID } from 'node:crypto';
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import { fromBase64url } from '../../../src/base/bytes.ts';
import { MeshError } from '../../../src/base/errors.ts';
import type { Did, DidUrl } from '../../../src/base/ids.ts';
import { toMultikey } from '../../../src/base/multiformat.ts';
import { isPlainObject } from '../../../src/base/shape.ts';
import { KeyRing } from '../../../src/core/identity/key-ring.ts';
import { CredentialExaminer } from '../../../src/core/trust/credentials/credentials.ts';
import { verifyDataIntegrity } from '../../../src/core/trust/credentials/data-integrity.ts';
import { addProof } from '../../../src/core/trust/credentials/eddsa-jcs.ts';
import { credentialType, signJws } from '../../../src/core/trust/credentials/jws.ts';
import { type Check, refusal } from '../../../src/core/trust/credentials/refusals.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import { systemClock } from '../../../src/platform/system-clock.ts';
import type { Signer } from '../../../src/ports/signer.ts';
import { credentialContext } from '../../../src/schema/credential.ts';
import {
  credentialDocument,
  envelopeOf,
  identifierOf,
  isEnvelope,
  presentationDocument,
  undefinedMembers,
  type VcDocument,
} from '../../../src/schema/vc-data-model.ts';
import { type Answer, problem, problemOf, type Question } from './answer.ts';
import type { ProofChecker } from './borrowed-rdfc.ts';
import { resolution } from './did-resolution.ts';
import { wrongDigest } from './known-digests.ts';
import { olderEnvelope } from './older-envelopes.ts';
import { purposes, Statuses } from './statuses.ts';

/** What {@link VcApi} is made of. */
export interface VcApiOptions {
  /** 32 bytes of the issuer's Ed25519 key. */
  readonly seed: Uint8Array;
  /** Where the server can be reached, for the names of status lists. */
  readonly base: string;
  /** Checks proofs of `eddsa-rdfc-2022`; without it they are refused. */
  readonly rdfc?: (ring: KeyRing) => Promise<ProofChecker>;
}

/** How an instance secures what it issues: `''` inside, `jose` in an envelope, `status` inside with status entries. */
type Instance = '' | 'jose' | 'status';

/** Answers the VC-API. */
export class VcApi {
  readonly did: Did;
  readonly #signer: Signer;
  readonly #ring = new KeyRing({
    clock: systemClock,
    crypto: nodeCrypto,
    store: memoryStore({ clock: systemClock }),
  });
  readonly #examiner = new CredentialExaminer({
    keys: this.#ring,
    crypto: nodeCrypto,
    clock: systemClock,
  });
  readonly #statuses: Statuses;
  readonly #rdfc: Promise<ProofChecker> | undefined;

  constructor({ seed, base, rdfc }: VcApiOptions) {
    const key = nodeCrypto.signingKey(seed);
    const multikey = toMultikey('Ed25519', key.publicKey);
    this.did = `did:key:${multikey}`;
    const keyId: DidUrl = `${this.did}#${multikey}`;
    const sign = async (message: Uint8Array) => nodeCrypto.sign(key, message);
    this.#signer = { algorithm: 'EdDSA', keyId, publicKey: key.publicKey, sign };
    this.#statuses = new Statuses(base);
    this.#rdfc = rdfc?.(this.#ring);
  }

  /** The answer to `question`; whatever is wrong with it is an answer too. */
  async answer(question: Question): Promise<Answer> {
    try {
      return await this.#route(question);
    } catch (error) {
      return problemOf(error);
    }
  }

  async #route({ method, path, query, body }: Question): Promise<Answer> {
    const [, prefix = '', rest = path] = /^\/(jose|status)(\/credentials\/.*)$/.exec(path) ?? [];
    switch (`${method} ${rest}`) {
      case 'POST /credentials/issue':
        return this.#issue(memberOf(body, 'credential'), prefix as Instance);
      case 'POST /credentials/verify':
        return this.#verify(memberOf(body, 'verifiableCredential'), optionsOf(body));
      case 'POST /presentations/verify':
        return this.#verifyPresentation(memberOf(body, 'verifiablePresentation'), optionsOf(body));
      case 'POST /credentials/status':
        return this.#setStatus(body);
      default:
        return this.#read(method, path, query);
    }
  }

  async #read(method: string, path: string, query: URLSearchParams): Promise<Answer> {
    const [, folder, name = ''] = /^\/(identifiers|status)\/(.+)$/.exec(path) ?? [];
    if (method === 'GET' && folder === 'identifiers') return resolution(name, query, this.#ring);
    const purpose = purposes.find((one) => one === name);
    if (method === 'GET' && folder === 'status' && purpose !== undefined) {
      const body = await this.#secure(await this.#statuses.list(purpose, this.did));
      return { status: 200, type: 'application/ld+json', body };
    }
    return { status: 404, body: { title: 'no such endpoint', status: 404 } };
  }

  async #issue(given: unknown, instance: Instance): Promise<Answer> {
    const credential = credentialDocument(given, 'credential');
    if (identifierOf(credential['issuer']) !== this.did) {
      return problem('MALFORMED_VALUE_ERROR', `this server signs for ${this.did} only`);
    }
    if ('proof' in credential) return problem('MALFORMED_VALUE_ERROR', 'it has a proof already');
    const [unknown] = undefinedMembers(credential);
    if (unknown !== undefined) {
      return problem('MALFORMED_VALUE_ERROR', `no context defines '${unknown}'`);
    }
    const wrong = wrongDigest(credential);
    if (wrong !== undefined) return problem('RANGE_ERROR', wrong);
    return { status: 201, body: await this.#secured(credential, instance) };
  }

  async #secured(credential: VcDocument, instance: Instance): Promise<object> {
    if (instance === '') return this.#secure(credential);
    const id = identifierOf(credential) ?? `urn:uuid:${randomUUID()}`;
    if (instance === 'status') {
      return this.#secure({ ...credential, id, credentialStatus: this.#statuses.entries(id) });
    }
    const claims = { ...credential, id, iss: this.did };
    const token = await signJws(claims, credentialType, this.#signer);
    return {
      '@context': [credentialContext],
      type: 'EnvelopedVerifiableCredential',
      id: `data:application/vc+jwt,${token}`,
    };
  }

  #secure(document: object): Promise<object> {
    const created = new Date().toISOString();
    return addProof(document, { created }, { signer: this.#signer, crypto: nodeCrypto });
  }

  async #verify(given: unknown, options: VcDocument): Promise<Answer> {
    const credential = await this.#credential(given);
    const checks: readonly unknown[] = [options['checks'] ?? 'credentialStatus'].flat();
    const problems = checks.includes('credentialStatus') ? this.#statusProblems(credential) : [];
    if (problems[0] !== undefined) return problem('RANGE_ERROR', problems[0]);
    return { status: 200, body: { verified: true, checks, credential, problemDetails: [] } };
  }

  /** The credential in `given`, once all that secures it holds. Throws what is wrong with it. */
  async #credential(given: unknown): Promise<VcDocument> {
    if (isEnvelope(given, 'EnvelopedVerifiableCredential')) return this.#enveloped(given);
    if (!isPlainObject(given)) throw refusal('form.json', 'not an object');
    if (isRdfc(given)) return this.#borrowed(given, {}, credentialDocument);
    const { checks, document } = await verifyDataIntegrity(given, this.#ring, nodeCrypto, {
      now: systemClock.now(),
      expiry: false,
    });
    if (document !== undefined) return document;
    throw refused(checks);
  }

  async #enveloped(given: VcDocument): Promise<VcDocument> {
    const { mediaType, content } = envelopeOf(given, 'verifiableCredential');
    if (mediaType === 'application/jwt') {
      const { document } = await olderEnvelope(content, 'vc', this.#ring);
      return credentialDocument(document, 'credential');
    }
    if (mediaType !== 'application/vc+jwt')
      throw refusal('form.proof', `${mediaType} is not supported`);
    const { ok, checks, claims } = await this.#examiner.examine(content);
    if (!ok || claims === undefined) throw refused(checks);
    const document = claims.credential as unknown as VcDocument;
    const { iss: _, ...credential } = document;
    return credentialDocument(credential, 'credential');
  }

  async #verifyPresentation(given: unknown, options: VcDocument): Promise<Answer> {
    if (!isPlainObject(given)) throw refusal('form.json', 'not an object');
    const presentation = isEnvelope(given, 'EnvelopedVerifiablePresentation')
      ? await this.#envelopedPresentation(given, options)
      : await this.#presentation(given, options);
    const inner = [presentation['verifiableCredential'] ?? []].flat() as unknown[];
    for (const credential of inner) {
      const [status] = this.#statusProblems(await this.#credential(credential));
      if (status !== undefined) return problem('RANGE_ERROR', status);
    }
    return { status: 200, body: { verified: true, checks: ['proof'], problemDetails: [] } };
  }

  async #envelopedPresentation(given: VcDocument, options: VcDocument): Promise<VcDocument> {
    const { mediaType, content } = envelopeOf(given, 'verifiablePresentation');
    if (mediaType !== 'application/jwt')
      throw refusal('form.proof', `${mediaType} is not supported`);
    const { document, claims } = await olderEnvelope(content, 'vp', this.#ring);
    const { challenge, domain } = options;
    if (challenge !== undefined && claims['nonce'] !== challenge) {
      throw refusal('binding.nonce');
    }
    if (domain !== undefined && ![claims['aud']].flat().includes(domain)) {
      throw refusal('binding.domain');
    }
    return presentationDocument(document, 'presentation');
  }

  async #presentation(given: VcDocument, options: VcDocument): Promise<VcDocument> {
    if (isRdfc(given)) return this.#borrowed(given, options, presentationDocument);
    const { challenge, domain } = options as { challenge?: string; domain?: string };
    const { document, checks } = await verifyDataIntegrity(given, this.#ring, nodeCrypto, {
      now: systemClock.now(),
      purpose: challenge === undefined ? 'assertionMethod' : 'authentication',
      ...(challenge === undefined ? {} : { challenge }),
      ...(domain === undefined ? {} : { domain }),
    });
    if (document !== undefined) return document;
    throw refused(checks);
  }

  /** A document whose signature somebody else has to check; who speaks in it, and to whom, is judged here. */
  async #borrowed(
    given: VcDocument,
    { challenge, domain }: VcDocument,
    shape: typeof credentialDocument,
  ): Promise<VcDocument> {
    const { proof, ...document } = shape(given, 'document');
    const { verificationMethod, ...terms } = proof as VcDocument;
    if (challenge !== undefined && terms['challenge'] !== challenge) {
      throw refusal('header.challenge');
    }
    if (domain !== undefined && terms['domain'] !== domain) {
      throw refusal('header.domain');
    }
    const speaker = identifierOf(document['issuer'] ?? document['holder']);
    if (speaker !== undefined && String(verificationMethod).split('#')[0] !== speaker) {
      throw refusal('issuer.mismatch', 'no proof is by a key of who speaks in it');
    }
    const rdfc = await this.#rdfc;
    if (rdfc === undefined) throw refusal('header.alg', 'eddsa-rdfc-2022 is not supported');
    if (!(await rdfc(given, challenge as string | undefined))) {
      throw refusal('signature.wrong');
    }
    return document;
  }

  #statusProblems(credential: VcDocument): readonly string[] {
    const entries = [credential['credentialStatus'] ?? []].flat() as VcDocument[];
    return entries.flatMap((entry) => this.#statuses.problem(entry) ?? []);
  }

  #setStatus(body: unknown): Answer {
    const id = memberOf(body, 'credentialId');
    const status = memberOf(body, 'credentialStatus');
    const wanted: unknown = isPlainObject(status) ? status['statusPurpose'] : undefined;
    const purpose = purposes.find((one) => one === wanted);
    if (purpose === undefined || typeof id !== 'string') {
      return problem('MALFORMED_VALUE_ERROR', 'credentialId and a known statusPurpose are needed');
    }
    if (!this.#statuses.set(id, purpose)) {
      return { status: 404, body: { title: 'no such credential', status: 404 } };
    }
    return { status: 200, body: {} };
  }
}

/** The error of the last of `checks`. */
function refused(checks: readonly Check[]): MeshError {
  const { reason = 'claims.model', detail } = checks.at(-1)!;
  return refusal(reason, detail);
}

/** Reads 32 bytes of a key from base64url text. */
export function seedOf(text: string): Uint8Array {
  const seed = fromBase64url(text, 'seed');
  if (seed.length === 32) return seed;
  const expected = '32 bytes as base64url';
  throw new MeshError('INVALID_ARGUMENT', { argument: 'seed', expected, got: seed.length });
}

function isRdfc({ proof }: VcDocument): boolean {
  return isPlainObject(proof) && proof['cryptosuite'] === 'eddsa-rdfc-2022';
}

function memberOf(body: unknown, name: string): unknown {
  return isPlainObject(body) ? body[name] : undefined;
}

function optionsOf(body: unknown): VcDocument {
  const options = memberOf(body, 'options');
  return isPlainObject(options) ? options : {};
}
