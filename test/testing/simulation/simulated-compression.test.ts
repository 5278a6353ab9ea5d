// The simulation's compression keeps the promises of the port, and a mesh that revokes can be repeated.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createTestMesh } from '../../../src/testing/index.ts';
import { simulatedCompression } from '../../../src/testing/simulation/simulated-compression.ts';

const bytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.nat(70_000).map((n) => new Uint8Array(n)),
    ),
    {
      maxLength: 6,
    },
  )
  .map((parts) => Uint8Array.from(Buffer.concat(parts)));

it('gives back what it was given, and little more is needed for it', async () => {
  await fc.assert(
    fc.asyncProperty(bytes, async (given) => {
      const packed = await simulatedCompression.gzip(given);
      expect(packed.length).toBeLessThan(given.length + 100);
      expect(await simulatedCompression.gunzip(packed, given.length)).toEqual(given);
      if (given.length > 0) {
        await expect(simulatedCompression.gunzip(packed, given.length - 1)).rejects.toMatchObject({
          code: 'LIMIT_EXCEEDED',
        });
      }
    }),
  );
});

it('takes a list of zeros for a few bytes, and refuses what it did not pack', async () => {
  expect((await simulatedCompression.gzip(new Uint8Array(16_384))).length).toBeLessThan(10);
  await expect(simulatedCompression.gunzip(Uint8Array.of(31, 139, 8), 100)).rejects.toThrow();
});

it('lets a mesh revoke a credential in virtual time, the same again', async () => {
  const hashes = await Promise.all(
    [1, 2].map(async () => {
      await using mesh = await createTestMesh({ orgs: ['a', 'b'], seed: 4 });
      const [a, b] = [mesh.org('a'), mesh.org('b')];
      const { id } = await a.trust.issue({ subject: b.did, type: 'Partner', claims: {} });
      await a.trust.revoke(id, 'over');
      await mesh.clock.advance('10s');
      return mesh.trace().hash;
    }),
  );
  expect(hashes[0]).toBe(hashes[1]);
});
