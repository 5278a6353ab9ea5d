// What a browser has loaded when it has made an identity, judged a credential, remembered a task and told a score.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { gzipped, identityAndTrust, webBundle } from '../../scripts/web-bundle.ts';
import { memoryStore } from '../../src/adapters/stores/memory.ts';
import type * as identityRoom from '../../src/core/identity/index.ts';
import type * as trustRoom from '../../src/core/trust/index.ts';
import type * as stream from '../../src/platform/stream-compression.ts';
import type * as web from '../../src/platform/web-crypto.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';
import { party, receiptOf, World } from '../core/trust/rig.ts';

type Part = typeof identityRoom & typeof trustRoom & typeof web & typeof stream;

const bundle = await webBundle(identityAndTrust, { conditions: ['@mesh/source'] });
const folder = mkdtempSync(join(tmpdir(), 'first-verdict-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The part as a page has it, and the names of the files that were run so far. */
async function opened(): Promise<{ readonly part: Part; readonly ran: string[] }> {
  const ran: string[] = [];
  Object.assign(globalThis, { ran });
  for (const { name, contents } of [...bundle.first, ...bundle.later]) {
    const code = Buffer.from(contents).toString();
    writeFileSync(join(folder, name), `globalThis.ran.push(${JSON.stringify(name)});\n${code}`);
  }
  const url = pathToFileURL(join(folder, 'stdin.js')).href;
  return { part: (await import(/* @vite-ignore */ url)) as Part, ran };
}

describe('the identity and trust part in a browser', () => {
  it('loads at most 70 kB for a first verdict, and nothing on the way to it', async () => {
    const { part, ran } = await opened();
    const { createIdentity, createWebCrypto, KeyRing, streamCompression, TrustEngine } = part;
    const world = new World();
    const anchor = await world.org('anchor');
    const peer = party('peer');
    const ground = {
      clock: world.clock,
      random: seededRandom('first verdict'),
      crypto: createWebCrypto(),
    };

    const identity = await createIdentity(ground, { did: 'did:mesh:enterprise:acme' });
    const { did, signer } = identity;
    const store = memoryStore({ clock: world.clock });
    const keys = new KeyRing({ ...ground, store: store.sub('keys/'), resolvers: [] });
    await keys.learn(identity.log);
    const street = world.street.at(did);
    const anchors = [{ issuer: anchor.did, types: ['Iso14001Certificate'] }];
    await using trust = new TrustEngine({
      ...ground,
      ...{ did, signer, keys, store, street, anchors, emit: () => undefined },
      compression: streamCompression,
    });
    await trust.start();
    const claims = { level: 'gold' };
    const asked = { subject: peer.did, type: 'Iso14001Certificate', claims };
    const { jwt } = await anchor.trust.issue(asked);
    world.street.connect(did, anchor.did);

    const verdict = await trust.verify(jwt);
    expect(verdict).toMatchObject({ valid: true, counted: ['Iso14001Certificate'] });
    const forged = jwt.slice(0, -4) + (jwt.endsWith('AAAA') ? 'BBBB' : 'AAAA');
    expect(await trust.verify(forged)).toMatchObject({ valid: false });
    await trust.observe(await receiptOf(peer, { ...anchor, did }, 'r1'), 'kept');
    expect(trust.score(peer.did).score).toBeGreaterThan(0);

    expect(ran.sort()).toEqual(bundle.first.map(({ name }) => name).sort());
    expect(gzipped(bundle.first)).toBeLessThanOrEqual(70_000);
  });

  it('loads the rest on use, once', async () => {
    expect(gzipped([...bundle.first, ...bundle.later])).toBeLessThanOrEqual(140_000);
    const later = bundle.later.flatMap(({ modules }) => modules);
    for (const part of ['later.ts', 'noble-crypto.ts', 'did-jwt/', 'page-rank.ts']) {
      expect(later.some((module) => module.includes(part))).toBe(true);
    }
  });
});
