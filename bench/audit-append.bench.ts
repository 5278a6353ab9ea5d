import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { memoryStore } from '../src/adapters/stores/memory.ts';
import { toMultikey } from '../src/base/multiformat.ts';
import { AuditLog, type AuditLog as Log } from '../src/core/audit/index.ts';
import { nodeCrypto } from '../src/platform/node-crypto.ts';
import { systemClock } from '../src/platform/system-clock.ts';
import { systemRandom } from '../src/platform/system-random.ts';
import type { Signer } from '../src/ports/signer.ts';
import type { Bench, Case } from './harness.ts';

const limit = 'bare SHA-256 of the entry, Ed25519 every 256';
const entries = 20_000;
const batch = 500;
const body = { id: 'task-0123456789', agent: 'did:key:z6Mk#main/echo', outcome: 'ok', ms: 12.5 };
const about = { subject: 'user:42', personal: ['agent'] };

function signerOf(): { readonly did: `did:key:${string}`; readonly signer: Signer } {
  const key = nodeCrypto.signingKey(systemRandom.bytes(32));
  const multikey = toMultikey('Ed25519', key.publicKey);
  const did = `did:key:${multikey}` as const;
  return {
    did,
    signer: {
      algorithm: 'EdDSA',
      keyId: `${did}#${multikey}`,
      publicKey: key.publicKey,
      sign: (message) => Promise.resolve(nodeCrypto.sign(key, message)),
    },
  };
}

/** A log in memory, which takes what comes in batches as a busy node has it. */
function ours(name: string, sealed: boolean): Case {
  const { did, signer } = signerOf();
  const fresh = (): Log =>
    new AuditLog({
      did,
      signer,
      keys: { verify: () => Promise.resolve(true) },
      store: memoryStore(),
      clock: systemClock,
      crypto: nodeCrypto,
      random: systemRandom,
    });
  return {
    name,
    role: 'ours',
    async run(share) {
      const log = fresh();
      const count = Math.max(batch, Math.round(entries * share));
      const begin = performance.now();
      for (let i = 0; i < count; i += 1) {
        if (i % batch === batch - 1) await log.append('task', body, sealed ? about : {});
        else log.appendSoon('task', body, sealed ? about : {});
      }
      await log.flush();
      return (count * 1_000) / (performance.now() - begin);
    },
  };
}

function bare(): Case {
  const { privateKey } = generateKeyPairSync('ed25519');
  return {
    name: limit,
    role: 'limit',
    run(share) {
      const count = Math.max(batch, Math.round(entries * share));
      const begin = performance.now();
      let previous = '';
      for (let i = 0; i < count; i += 1) {
        const entry = { index: i, at: new Date().toISOString(), kind: 'task', body, previous };
        previous = createHash('sha256').update(JSON.stringify(entry)).digest('base64url');
        if (i % 256 === 255) sign(null, Buffer.from(previous), privateKey);
      }
      return Promise.resolve((count * 1_000) / (performance.now() - begin));
    },
  };
}

const bench: Bench = {
  what: 'Entries added to an audit log in memory, 500 in a write: canonical, hashed twice, put into a Merkle tree, stored, and signed.',
  unit: 'events/s',
  better: 'more',
  peer: limit,
  rounds: 9,
  cases: [ours('our log', false), ours('our log, one member sealed', true), bare()],
};

export default bench;
