// Rotations, revocations and expiry while work goes on: nobody may accept what is stale by what he knows, and everybody must know soon.
import { credentialType, signJws } from '../../src/core/trust/credentials/jws.ts';

import { type Did, type MeshClient, MeshError, type Signer } from '../../src/index.ts';
import { createTestMesh, seededRandom, type TestMesh } from '../../src/testing/index.ts';

/** Everybody knows of a rotation after this much virtual time, with all links up. */
export const boundMs = 5_000;
const orgs = ['a', 'b', 'c', 'd'] as const;
const licence = 'Licence';

/** What a storm came to. */
export interface StormReport {
  /** What was accepted though it was known to be stale; must be empty. */
  readonly stale: readonly string[];
  readonly rotations: number;
  readonly accepted: number;
  readonly refused: number;
  readonly tasks: number;
}

interface Issued {
  readonly issuer: Did;
  readonly id: string;
  readonly jwt: string;
  readonly keyId: string;
  readonly ends: number;
  /** Signed with a key its issuer had replaced. */
  readonly forged: boolean;
}

/** Plays one storm. */
export async function storm(seed: number, lasts = 60): Promise<StormReport> {
  await using mesh = await createTestMesh({ orgs, seed });
  const play = new Storm(mesh, seed);
  await play.begin();
  for (let second = 0; second < lasts; second += 1) await play.second();
  await play.calm();
  return play.report();
}

class Storm {
  readonly #mesh: TestMesh;
  readonly #chance: ReturnType<typeof seededRandom>;
  readonly #clients: readonly MeshClient[];
  readonly #stale: string[] = [];
  readonly #issued: Issued[] = [];
  readonly #replaced: { readonly did: Did; readonly signer: Signer; readonly at: number }[] = [];
  /** Revoked credentials each client has heard of, and keys it knows to be replaced. */
  readonly #heard = new Map<MeshClient, Set<string>>();
  #counts = { rotations: 0, accepted: 0, refused: 0, tasks: 0 };

  constructor(mesh: TestMesh, seed: number) {
    this.#mesh = mesh;
    this.#chance = seededRandom(seed).child('storm');
    this.#clients = orgs.map((org) => mesh.org(org));
  }

  async begin(): Promise<void> {
    for (const client of this.#clients) {
      const heard = new Set<string>();
      this.#heard.set(client, heard);
      client.on('identity.rotated', ({ peer, data }) => {
        const log = this.#clients.find(({ did }) => did === (peer ?? client.did))!.identity.log;
        const gone = log.slice(0, data.version - 1).flatMap(({ keys }) => keys);
        for (const key of gone) heard.add(`${peer ?? client.did}#${key}`);
      });
      client.on('credential.revoked', ({ data }) => heard.add(data.credential));
      client.createAgent({ name: 'echo', capabilities: ['echo'], handler: ({ input }) => input });
    }
    await this.#mesh.settle();
    for (const client of this.#clients) await this.#issue(client);
  }

  /** One second of the storm: something happens at one, and everybody works and checks. */
  async second(): Promise<void> {
    const client = this.#pick(this.#clients);
    const dice = this.#chance.next();
    if (dice < 0.25) await this.#rotate(client, dice < 0.1);
    else if (dice < 0.5) await this.#issue(client);
    else if (dice < 0.65) await this.#revoke();
    else if (dice < 0.9) await this.#forge();
    const work = this.#clients.flatMap((one) => [
      this.#task(one),
      this.#judge(one),
      this.#judge(one),
    ]);
    await Promise.all([...work, this.#mesh.clock.advance('1s')]);
  }

  /** After the last change and some time, nobody accepts anything by an old key, and new keys work. */
  async calm(): Promise<void> {
    await this.#rotate(this.#clients[0]!, true);
    await this.#forge();
    await this.#mesh.clock.advance(boundMs);
    for (const client of this.#clients) {
      for (const { did, signer } of this.#replaced) {
        if (did !== client.did && !this.#heard.get(client)!.has(signer.keyId)) {
          this.#stale.push(`${client.did} has not heard that ${signer.keyId} was replaced`);
        }
      }
      for (const { proof } of client.discovery.records({})) {
        if (this.#replaced.some(({ signer }) => signer.keyId === proof.keyId)) {
          this.#stale.push(`${client.did} holds a record by ${proof.keyId}`);
        }
      }
      for (const one of this.#issued) {
        const { valid } = await client.trust.verify(one.jwt);
        if (valid && this.#isReplaced(one.keyId)) this.#stale.push(`${client.did} took ${one.id}`);
      }
      const fresh = await this.#issue(client, 600_000);
      const other = this.#clients.find((one) => one !== client)!;
      const { valid, because } = await other.trust.verify(fresh.jwt);
      if (!valid) this.#stale.push(`a fresh credential is refused: ${because ?? ''}`);
      await this.#task(client);
    }
  }

  report(): StormReport {
    return { stale: this.#stale, ...this.#counts };
  }

  async #rotate(client: MeshClient, compromised: boolean): Promise<void> {
    const { current } = client.identity.signer;
    const at = Math.floor(this.#mesh.clock.now());
    const lost = [{ key: current!.keyId, from: new Date(at) }];
    await client.identity.rotate(compromised ? { compromised: lost } : {});
    this.#replaced.push({ did: client.did, signer: current!, at });
    this.#counts.rotations += 1;
  }

  async #issue(client: MeshClient, least = 5_000): Promise<Issued> {
    const subject = this.#pick(this.#clients.filter((one) => one !== client)).did;
    const life = least + Math.floor(this.#chance.next() * 40_000);
    const { keyId } = client.identity.signer;
    const request = { subject, type: licence, claims: { n: 1 }, validFor: life };
    const { id, jwt } = await client.trust.issue(request);
    const ends = this.#mesh.clock.now() + life;
    const issued = { issuer: client.did, id, jwt, keyId, ends, forged: false };
    this.#issued.push(issued);
    return issued;
  }

  async #revoke(): Promise<void> {
    const one = this.#pick(this.#issued.filter(({ forged }) => !forged));
    const issuer = this.#clients.find(({ did }) => did === one.issuer)!;
    await issuer.trust.revoke(one.id, 'storm');
    this.#heard.get(issuer)!.add(one.id);
  }

  /** A thief signs with a key that was replaced, and dates it as he likes. */
  async #forge(): Promise<void> {
    if (this.#replaced.length === 0) return;
    const { did, signer, at } = this.#pick(this.#replaced);
    const now = this.#mesh.clock.now();
    const iso = (ms: number) => new Date(ms).toISOString();
    const id = `urn:uuid:forged-${String(this.#issued.length)}`;
    const payload = {
      '@context': ['https://www.w3.org/ns/credentials/v2'],
      id,
      type: ['VerifiableCredential', licence],
      issuer: did,
      iss: did,
      validFrom: iso(at - 10_000),
      validUntil: iso(now + 60_000),
      credentialSubject: { id: this.#pick(this.#clients).did },
    };
    const jwt = await signJws(payload, credentialType, signer);
    const { keyId } = signer;
    this.#issued.push({ issuer: did, id, jwt, keyId, ends: now + 60_000, forged: true });
  }

  async #task(client: MeshClient): Promise<void> {
    const peer = this.#pick(this.#clients.filter((one) => one !== client));
    const known = new Set(this.#heard.get(client));
    const work = client.executeTask({ type: 'echo', data: 1 }, { to: peer.did });
    const receipt = await work.then(
      (result) => result.receipt,
      (error: unknown) => {
        // Sessions under a compromised key end at once, whatever they carry.
        if (MeshError.is(error, 'PEER_UNREACHABLE', 'PEER_REJECTED')) return undefined;
        throw error;
      },
    );
    if (receipt === undefined) return;
    this.#counts.tasks += 1;
    if (known.has(receipt.proof.keyId)) this.#stale.push(`a receipt by ${receipt.proof.keyId}`);
  }

  /** What was known before the check began decides: it may not be accepted against that. */
  async #judge(client: MeshClient): Promise<void> {
    const one = this.#pick(this.#issued);
    const known = new Set(this.#heard.get(client));
    const ended = this.#mesh.clock.now() > one.ends + 60_000;
    const { valid } = await client.trust.verify(one.jwt);
    this.#counts[valid ? 'accepted' : 'refused'] += 1;
    if (!valid) return;
    const name = `${client.did} took ${one.id} of ${one.issuer}`;
    if (known.has(one.keyId)) this.#stale.push(`${name} by a key it knew to be replaced`);
    if (known.has(one.id)) this.#stale.push(`${name}, which it knew to be revoked`);
    if (ended) this.#stale.push(`${name}, which has expired`);
  }

  #isReplaced(keyId: string): boolean {
    return this.#replaced.some(({ signer }) => signer.keyId === keyId);
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#chance.next() * from.length)]!;
  }
}
