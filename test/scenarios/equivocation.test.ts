// A keeper that signs two truths of its log is shut out by everybody who sees both, whoever brings them.
import { describe, expect, it } from 'vitest';
import { cidOfJson } from '../../src/base/multiformat.ts';
import { MeshError } from '../../src/index.ts';
import { sign } from '../../src/schema/signed.ts';
import { createTestMesh, type TestMesh, type TestMeshOptions } from '../../src/testing/index.ts';

const orgs = ['a', 'b', 'c', 'liar'];
const policies = [{ id: 'open', text: 'permit (principal, action, resource);' }];
// Nobody goes by the verdict of anybody else: each must be convinced by the two heads alone.
const judges: readonly string[] = [];

async function open(options: Pick<TestMeshOptions, 'seed' | 'client'> = {}): Promise<TestMesh> {
  const network = { latency: [5, 60], drop: 0.02 } as const;
  const mesh = await createTestMesh({ orgs, judges, network, client: { policies }, ...options });
  for (const { client } of mesh.nodes()) {
    client.createAgent({ name: 'work', capabilities: ['work'], handler: () => 'done' });
  }
  await mesh.settle();
  return mesh;
}

/** Two heads of one log and number by the liar: the one its peers were shown, and another. */
async function twoTruths(mesh: TestMesh) {
  const liar = mesh.org('liar');
  await liar.audit.append('note', 'one truth');
  const first = (await liar.audit.export()).heads.at(-1)!;
  const { proof: _, ...body } = first;
  const second = await sign('audit-head', { ...body, hash: 'A'.repeat(43) }, liar.identity.signer);
  await mesh.clock.advance('1m');
  return { first, second };
}

const ask = async (mesh: TestMesh, from: string): Promise<string> => {
  try {
    await mesh.org(from).executeTask({ type: 'work', data: null }, { to: mesh.did('liar') });
    return 'done';
  } catch (error) {
    return MeshError.is(error) ? error.code : String(error);
  }
};

describe('a keeper that signed two heads of its log', () => {
  it.each([1, 2, 3])(
    'is shut out by everybody within 10 s, seed %i',
    async (seed) => {
      await using mesh = await open({ seed });
      const heads = await twoTruths(mesh);
      expect(await ask(mesh, 'c')).toBe('done');
      await mesh.org('a').audit.accuse(heads);
      await mesh.clock.advance('10s');
      for (const org of ['a', 'b', 'c']) {
        const { trust, audit } = mesh.org(org);
        const [booked] = trust.verdicts(mesh.did('liar'));
        // Its own verdict, from its own evidence.
        expect(booked?.verdict).toMatchObject({ by: mesh.did(org), type: 'QuarantineAttestation' });
        const evidence = await trust.proof(booked!.verdict.evidence);
        expect(cidOfJson(evidence)).toBe(booked!.verdict.evidence);
        const { shown } = evidence as { shown: Awaited<ReturnType<typeof twoTruths>> };
        expect(new Set([shown.first.hash, shown.second.hash])).toEqual(
          new Set([heads.first.hash, heads.second.hash]),
        );
        expect(await audit.equivocations()).toMatchObject([{ proven: true }]);
        expect(await ask(mesh, org)).toBe('PEER_QUARANTINED');
      }
      // The way back is the one of every verdict.
      const notice = mesh
        .org('liar')
        .trust.notices()
        .find(({ by }) => by === mesh.did('a'));
      expect(notice?.reason).toContain('audit-equivocation');
      await mesh.org('a').trust.release(notice!.id, 'its disk had been put back');
      expect(await ask(mesh, 'a')).toBe('done');
      mesh.assertInvariants();
    },
    60_000,
  );

  it('is slashed instead where the options say so, and judged once', async () => {
    await using mesh = await open({
      client: { policies, audit: { equivocation: 'slash for 2h' } },
    });
    const { first, second } = await twoTruths(mesh);
    await mesh.org('a').audit.accuse({ first, second });
    await mesh.org('a').audit.accuse({ first: second, second: first });
    await mesh.clock.advance('10s');
    const verdicts = mesh.org('a').trust.verdicts(mesh.did('liar'));
    expect(verdicts.map(({ verdict }) => verdict.type)).toEqual(['SlashingAttestation']);
    expect(await ask(mesh, 'a')).toBe('done');
  }, 60_000);

  it('cannot be made up by others', async () => {
    await using mesh = await open();
    const { first, second } = await twoTruths(mesh);
    const { audit, trust, identity } = mesh.org('a');
    const { proof: _, ...body } = second;
    const forged = await sign('audit-head', body, identity.signer);
    await expect(audit.accuse({ first, second: forged })).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
    });
    for (const other of [first, { ...first, index: first.index + 1, hash: second.hash }]) {
      await expect(audit.accuse({ first, second: other })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    }
    await expect(mesh.org('liar').audit.accuse({ first, second })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    expect(trust.verdicts(mesh.did('liar'))).toEqual([]);
  }, 60_000);
});
