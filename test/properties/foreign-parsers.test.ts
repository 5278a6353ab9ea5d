// Whatever arrives at a door that reads the bytes of others: an answer, or an error of ours, and nothing else. Doors with tests of
// their own for this: credentials, presentations, proofs, bit strings, did:web, did:key, did:jwk, audit bundles, VC 1.1 and SD-JWT VC.
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ethr } from '../../src/adapters/resolvers/ethr.ts';
import { ion } from '../../src/adapters/resolvers/ion.ts';
import { webvh } from '../../src/adapters/resolvers/webvh.ts';
import { memoryStore } from '../../src/adapters/stores/memory.ts';
import { toBase64url, utf8 } from '../../src/base/bytes.ts';
import { canonicalBytes } from '../../src/base/canonical.ts';
import { MeshError } from '../../src/base/errors.ts';
import { hashOf } from '../../src/base/hashes.ts';
import { freshness } from '../../src/base/http-freshness.ts';
import type { Did } from '../../src/base/ids.ts';
import { checkDisclosures } from '../../src/bridges/sd-jwt-vc/disclosures.ts';
import { DidRegistry } from '../../src/core/identity/dids.ts';
import { KeyRing } from '../../src/core/identity/index.ts';
import { signJws } from '../../src/core/trust/credentials/jws.ts';
import type { EvidenceBundle } from '../../src/core/trust/index.ts';
import { nodeCrypto } from '../../src/platform/node-crypto.ts';
import type { Street } from '../../src/ports/street.ts';
import { credentialContext } from '../../src/schema/credential.ts';
import { auditRig, fill } from '../core/audit/audit-rig.ts';
import { clock, grown } from '../core/identity/rig.ts';
import { party, receiptOf, TestStreet, World } from '../core/trust/rig.ts';
import { Square } from '../core/trust/town-crier.ts';

type Path = readonly (string | number)[];

/** Paths to every value inside `value`, itself included. */
function pathsIn(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const members = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [path, ...members.flatMap(([name, member]) => pathsIn(member, [...path, name]))];
}

function replaced(value: unknown, [first, ...rest]: Path, by: unknown): unknown {
  if (first === undefined) return by;
  if (Array.isArray(value)) {
    return (value as unknown[]).map((item, i) => (i === first ? replaced(item, rest, by) : item));
  }
  if (typeof value !== 'object' || value === null) return by;
  return { ...value, [first]: replaced((value as Record<string, unknown>)[first], rest, by) };
}

const junk = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(null, -1, 1e21, 2 ** 53, '', '\ud800', '__proto__', [], {}, [[]], 'did:x:y#z'),
  fc.dictionary(fc.constantFrom('__proto__', 'constructor', 'id', 'type'), fc.jsonValue()),
);

/** `sample`, JSON data, with up to three of its values exchanged. */
function bent(sample: unknown): fc.Arbitrary<unknown> {
  const changes = fc.array(fc.tuple(fc.constantFrom(...pathsIn(sample)), junk), { maxLength: 3 });
  return changes.map((all): unknown => {
    const whole = all.reduce((value, [path, by]) => replaced(value, path, by), sample);
    // Back from text, as it would arrive: so that `__proto__` is a member like any other.
    return JSON.parse(JSON.stringify(whole));
  });
}

/** Fails unless `work` ends with an answer or one of the errors `codes`. */
async function answers(work: () => unknown, codes?: readonly string[]): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!MeshError.is(error)) throw error;
    if (codes !== undefined) expect(codes).toContain(error.code);
  }
}

/** Tries `read` on many bent forms of `sample`. */
function tried(sample: unknown, read: (value: never) => unknown, codes?: readonly string[]) {
  return fc.assert(
    fc.asyncProperty(bent(sample), (value) => answers(() => read(value as never), codes)),
  );
}

const step = (kind: 'rotate' | 'recover' | 'end' | 'compromise') => {
  return { kind, after: 1_000, which: 0, ago: 10 };
};

describe('histories and documents of others', () => {
  it('are learnt or refused, and what is learnt is one history of one DID', async () => {
    const log = await grown([step('rotate'), step('compromise'), step('recover'), step('end')]);
    const codes = ['SCHEMA_INVALID', 'DID_INVALID', 'DID_CONFLICT', 'LIMIT_EXCEEDED'];
    await tried(
      log,
      async (value) => {
        const keys = new KeyRing({ clock, crypto: nodeCrypto, store: memoryStore() });
        await keys.learn(log.slice(0, 2));
        await keys.learn(value);
        const known = await keys.logOf(log[0]!.did);
        expect(log.slice(0, known!.length)).toEqual(known);
      },
      codes,
    );
  });

  it('enter a registry whole or not at all', async () => {
    const registry = new DidRegistry();
    const key = 'z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK';
    for (const id of ['did:web:a.example', `did:key:${key}`] as const) {
      const method = { id: `${id}#${key}`, type: 'Multikey', controller: id };
      const verificationMethod = [{ ...method, publicKeyMultibase: key }];
      registry.add({ id, verificationMethod, assertionMethod: [method.id] }, { at: 0 });
    }
    const codes = ['SCHEMA_INVALID', 'DID_INVALID', 'DID_METHOD_UNKNOWN', 'LIMIT_EXCEEDED'];
    await tried(
      JSON.parse(registry.export()),
      (value) => {
        const taken = new DidRegistry({ limit: 2 });
        try {
          taken.import(JSON.stringify(value));
        } catch (error) {
          expect(taken.size).toBe(0);
          throw error;
        }
        // What was taken in goes out as it was, and in again.
        expect(DidRegistry.from(taken.export()).export()).toBe(taken.export());
      },
      codes,
    );
  });

  it('did:ion: are the first state or refused, also where all hashes are right', async () => {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
    const key = {
      id: 'k',
      type: 'JsonWebKey2020',
      publicKeyJwk: jwk,
      purposes: ['authentication'],
    };
    const service = { id: 's', type: 'T', serviceEndpoint: 'https://a.example' };
    const patches = [
      { action: 'replace', document: { publicKeys: [key], services: [service] } },
      { action: 'add-public-keys', publicKeys: [{ ...key, id: 'l' }] },
      { action: 'remove-services', ids: ['s'] },
    ];
    const multihash = (value: unknown) =>
      toBase64url(Uint8Array.of(0x12, 0x20, ...hashOf('sha256', canonicalBytes(value))));
    const codes = ['DID_INVALID', 'DID_UNREACHABLE', 'SCHEMA_INVALID'];
    await tried(
      { patches, updateCommitment: 'x' },
      (delta) => {
        const suffixData = { deltaHash: multihash(delta), recoveryCommitment: 'y' };
        const state = toBase64url(canonicalBytes({ delta, suffixData }));
        return ion().resolve(`did:ion:${multihash(suffixData)}:${state}`);
      },
      codes,
    );
  });

  it('did:webvh: are proven by a log or refused', async () => {
    const did: Did = 'did:webvh:QmXJLtkz23r4AozbtXsZMKWnVU6rd38CkVtjdWuATU3Yp1:a.example';
    const proof = { type: 'DataIntegrityProof', cryptosuite: 'eddsa-jcs-2022', proofValue: 'z1' };
    const entry = {
      versionId: '1-QmQq6Kg4ZZ1p49znzxnWmes4LkkWgMWLrnrfPre8UD56bz',
      versionTime: '2029-01-01T00:00:00Z',
      parameters: { method: 'did:webvh:1.0', scid: did.split(':')[2], updateKeys: ['z6Mk'] },
      state: { id: did },
      proof: [{ ...proof, verificationMethod: 'did:key:z6Mk#z6Mk' }],
    };
    const log = (entries: unknown) =>
      Array.isArray(entries)
        ? entries.map((one) => JSON.stringify(one)).join('\n')
        : JSON.stringify(entries);
    await tried([entry, entry], (value) =>
      webvh({ crypto: nodeCrypto, logOf: () => ({ log: log(value) }) }).resolve(did),
    );
  });

  it('did:ethr: are what a node says, or it said nothing', async () => {
    const networks = [{ chainId: 1, rpcUrl: 'https://rpc.example' }];
    const event = { topics: ['0x00'], data: '0x00', blockNumber: '0x1', timestamp: '0x1' };
    await tried({ jsonrpc: '2.0', id: 1, result: [event] }, (answer) => {
      const body = utf8(JSON.stringify(answer));
      const send = ({ url }: { url: string }) =>
        Promise.resolve({ status: 200, headers: {}, body, url });
      return ethr({ networks, http: { send } }).resolve(`did:ethr:0x${'1'.repeat(40)}`);
    });
  });

  it('stay fresh for a number of milliseconds, whatever headers say', () => {
    const text = fc.oneof(fc.string(), fc.constantFrom('max-age=9999999999999', 'no-cache,', '-1'));
    fc.assert(
      fc.property(text, text, text, (control, age, etag) => {
        const found = freshness({ 'cache-control': control, age, etag });
        for (const ms of [found.ageMs, found.maxAgeMs ?? 0]) {
          expect(Number.isSafeInteger(ms) && ms >= 0).toBe(true);
        }
      }),
    );
  });

  it('disclosures of an SD-JWT fit their digests or are refused', async () => {
    const digestOf = (text: string) => toBase64url(hashOf('sha256', utf8(text)));
    const written = (parts: unknown) => toBase64url(utf8(JSON.stringify(parts)));
    await tried(
      [{ a: 1, list: [{ '...': 'x' }] }, ['salt', 'name', { _sd: ['y'] }], ['salt', [1]]],
      (value) => {
        const [payload = {}, ...parts] = [value].flat() as unknown[];
        const shown = parts.map(written);
        const sd = { ...(payload as object), _sd: shown.map(digestOf) };
        checkDisclosures(sd, shown, digestOf);
      },
      ['CREDENTIAL_INVALID'],
    );
  });
});

describe('calls and answers of others on matters of trust', () => {
  /** A node, a stranger, and a sample of each body that travels between them. */
  async function setUp() {
    const world = new World();
    const square = new Square();
    const options = { sharesEvidence: () => true };
    const [peer, other] = [await world.org('peer', options), await world.org('other')];
    const anchors = [{ issuer: peer.did, types: ['Partner', 'QuarantineAttestation', 'reliable'] }];
    const crier = square.at(party('node').did);
    const node = await world.org('node', { ...options, anchors, crier });
    const { id, jwt } = await peer.trust.issue({ subject: peer.did, type: 'Partner', claims: {} });
    await peer.trust.hold(jwt);
    await peer.trust.observe(await receiptOf(other, peer, 'r'), 'kept');
    await peer.trust.attest({ about: other.did, type: 'reliable' });
    const request = { reason: 'x', evidence: {} };
    const verdict = await peer.trust.quarantine(other.did, request);
    const own = await peer.trust.slash(node.did, request);
    await peer.trust.revoke(id, 'x');
    world.street.connect(peer.did, node.did);
    const asked = (method: string, body: unknown = {}) =>
      world.street.call(node.did, peer.did, method, body);
    const credentials = await asked('trust.credentials');
    const evidence = await asked('trust.evidence');
    const verdicts = await asked('trust.verdicts');
    const status = await asked('trust.status', { list: 0 });
    return { world, square, peer, node, verdict, own, credentials, evidence, verdicts, status };
  }

  it('are answered, or refused with a code', async () => {
    const { world, peer, node, verdict, own, credentials, status } = await setUp();
    const bodies: readonly (readonly [string, unknown])[] = [
      ['trust.offer', credentials],
      ['trust.status', { list: 0 }],
      ['trust.status.push', status],
      ['trust.evidence', { run: 'x', next: 3 }],
      ['trust.verdict', { verdict }],
      ['trust.notice', { verdict: own }],
      ['trust.appeal', { ...own, verdict: own.id, to: node.did, grounds: 'x' }],
    ];
    for (const [method, body] of bodies) {
      await tried(body, (value) => world.street.call(peer.did, node.did, method, value));
    }
  });

  it('do no harm to who asked', async () => {
    const { world, square, peer, node, credentials, evidence, verdicts } = await setUp();
    const street = world.street.at(peer.did);
    const replies: readonly (readonly [string, unknown])[] = [
      ['trust.credentials', credentials],
      ['trust.evidence', evidence],
      ['trust.verdicts', verdicts],
    ];
    for (const [method, body] of replies) {
      await tried(body, async (value) => {
        street.handle(method, () => Promise.resolve(value));
        await node.trust.meet(peer.did);
      });
    }
    const { evidence: pieces, attestations } = evidence as EvidenceBundle;
    await tried({ format: 1, evidence: pieces, attestations, logs: [] }, (value) =>
      node.trust.merge(value),
    );
    await tried(verdicts, (value) => {
      square.say(node.did, 'trust.verdict', utf8(JSON.stringify(value)));
    });
    expect(node.trust.score(peer.did).score).toBeGreaterThanOrEqual(0);
  });

  it('lists of statuses are read or refused', async () => {
    const issuer = party('issuer');
    const encodedList = `u${toBase64url(gzipSync(new Uint8Array(16_384)))}`;
    const list = {
      '@context': [credentialContext],
      id: 'https://issuer.example/status/1',
      type: ['VerifiableCredential', 'BitstringStatusListCredential'],
      issuer: issuer.did,
      validFrom: '2030-01-01T00:00:00Z',
      credentialSubject: { type: 'BitstringStatusList', statusPurpose: 'revocation', encodedList },
    };
    const credentialStatus = {
      type: 'BitstringStatusListEntry',
      statusPurpose: 'revocation',
      statusListIndex: '8',
      statusListCredential: list.id,
    };
    const { encodedList: _, ...about } = list.credentialSubject;
    const credential = { ...list, id: 'urn:test:1', type: ['VerifiableCredential', 'Partner'] };
    const statusOf = (status: unknown) =>
      signJws(
        { ...credential, credentialSubject: about, credentialStatus: status },
        'vc+jwt',
        issuer.signer,
      );
    await tried([list, credentialStatus], async (value) => {
      const [foreign, status] = [value].flat(1) as unknown[];
      const answer = await signJws(Object(foreign) as object, 'vc+jwt', issuer.signer);
      const send = ({ url }: { url: string }) =>
        Promise.resolve({ status: 200, headers: {}, body: utf8(answer), url });
      const node = await new World().org('node', { http: { send } });
      const { checks } = await node.trust.verify(await statusOf(status));
      expect(checks.length).toBeGreaterThan(0);
      await node.trust.close();
    });
  });
});

describe('heads of the audit logs of others', () => {
  it('are kept, answered, or refused with a code', async () => {
    const street = new TestStreet();
    const open = async (name: string) => {
      const rig = auditRig(name, { street: street.at(party(name).did) as unknown as Street });
      await rig.audit.start();
      return rig;
    };
    const [keeper, node] = [await open('keeper'), await open('node')];
    street.connect(keeper.self.did, node.self.did);
    await fill(keeper.audit, 20);
    await fill(node.audit, 20);
    const { did } = node.self;
    const [head] = (await keeper.audit.export()).heads;
    const named = (await node.audit.export()).heads[0]!;
    const bodies: readonly (readonly [string, unknown])[] = [
      ['audit.checkpoint', { head, since: 4, proof: ['AA', 'AA'] }],
      ['audit.proof', { log: named, from: 3, to: 9 }],
      ['audit.checkpoints', { of: did }],
    ];
    for (const [method, body] of bodies) {
      await tried(body, (value) => street.call(keeper.self.did, did, method, value));
    }
    expect((await node.audit.export()).entries).toHaveLength(20);
  });
});
