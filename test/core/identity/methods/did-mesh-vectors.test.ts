import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../../src/base/bytes.ts';
import { MeshError } from '../../../../src/base/errors.ts';
import { multihashOf } from '../../../../src/base/multiformat.ts';
import { verifyDidLog } from '../../../../src/core/identity/index.ts';
import { meshDocument } from '../../../../src/core/identity/methods/did-mesh.ts';
import { nobleCrypto } from '../../../../src/platform/noble-crypto.ts';
import { nodeCrypto } from '../../../../src/platform/node-crypto.ts';
import { type DidLog, didLogShape } from '../../../../src/schema/did-log.ts';
import { rejected } from '../../../base/thrown.ts';
import { vectors } from '../vectors.ts';

const file = new URL('../../../../docs/protocol/did-mesh-vectors.json', import.meta.url);

interface Vectors {
  readonly now: string;
  readonly scid: { readonly hashed: string; readonly scid: string };
  readonly valid: readonly {
    readonly name: string;
    readonly did: string;
    readonly document: unknown;
    readonly log: DidLog;
  }[];
  readonly invalid: readonly { readonly name: string; readonly log: unknown }[];
}

const published = (): Vectors => JSON.parse(readFileSync(file, 'utf8')) as Vectors;

describe('the published vectors of did:mesh', () => {
  // `npx vitest run test/core/identity/methods/did-mesh-vectors.test.ts --update` writes them anew.
  it('are what this code makes', async () => {
    await expect(await vectors()).toMatchFileSnapshot(file.pathname);
  });

  it('verify, or are refused, on either provider', async () => {
    const { now, valid, invalid } = published();
    expect([valid.length, invalid.length]).toEqual([6, 12]);
    for (const crypto of [nodeCrypto, nobleCrypto]) {
      const check = async (foreign: unknown) => {
        await verifyDidLog(didLogShape(foreign, 'log'), crypto, Date.parse(now));
      };
      for (const { log, did, document } of valid) {
        await check(log);
        expect(meshDocument(log)).toEqual(document);
        expect(log[0]?.did).toBe(did);
      }
      for (const { name, log } of invalid) {
        expect([name, await rejected(check(log))]).toEqual([name, expect.any(MeshError)]);
      }
    }
  });

  it('say what is hashed for the last segment', () => {
    const { scid } = published();
    expect(multihashOf(utf8(scid.hashed))).toBe(scid.scid);
  });
});
