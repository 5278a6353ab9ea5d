import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Extension, ReceiptContributor } from '../../src/index.ts';
import { isCoreMember } from '../../src/schema/receipt.ts';
import { echo, failure, Town } from './rig.ts';

const adds = (name: string, contribute: ReceiptContributor): Extension<() => void> => ({
  name,
  start: (host) => host.receipt(contribute),
});

describe('members that an extension adds to receipts', () => {
  it('are signed, carried to another organisation, kept there and verified again', async () => {
    await using town = new Town();
    const carbon = adds('carbon', ({ task, peer }) => ({ grams: 7, asked: [task.type, peer] }));
    const globex = await town.open('globex', [echo], { extensions: [carbon] });
    const acme = await town.open('acme');
    await acme.federate(globex.did);
    const { receipt } = await acme.executeTask({ type: 'echo', data: 1 }, { to: globex.did });
    expect(receipt).toMatchObject({ grams: 7, asked: ['echo', acme.did] });
    for await (const { body } of acme.audit.entries({ kind: 'task' })) {
      const kept = await acme.audit.verifyReceipt(body, { by: globex.did });
      expect(kept).toMatchObject({ grams: 7 });
      const altered = { ...(body as object), grams: 8 };
      const refusal = await failure(acme.audit.verifyReceipt(altered));
      expect(refusal).toMatchObject({ code: 'RECEIPT_INVALID', params: { detail: 'signature' } });
    }
  });

  it('never take the place of the core, and what fails is left out and logged', async () => {
    await using town = new Town();
    const logged: unknown[] = [];
    const extensions = [
      adds('liar', () => ({ by: 'did:key:z6Mk', extra: 1 })),
      adds('broken', () => {
        throw new Error('no');
      }),
      adds('ledger', () => ({ hold: 'h-1', arm: 'b' })),
      adds('late', () => ({ hold: 'h-2' })),
      adds('wrong', () => ({ approval: 7 })),
    ];
    const mesh = await town.open('acme', [echo], {
      extensions,
      logger: { log: (_, __, fields) => void logged.push((fields as { by: string }).by) },
    });
    const { receipt } = await mesh.executeTask({ type: 'echo', data: 1 });
    expect(receipt).toMatchObject({ by: mesh.did, hold: 'h-1', arm: 'b' });
    expect(receipt).not.toHaveProperty('extra');
    expect(receipt).not.toHaveProperty('approval');
    expect(logged.sort()).toEqual(['broken', 'late', 'liar', 'wrong']);
  });

  it('are left out when they take longer than a second', async () => {
    await using town = new Town();
    const stuck = adds('stuck', () => new Promise(() => undefined));
    const mesh = await town.open('acme', [echo], { extensions: [stuck] });
    expect((await mesh.executeTask({ type: 'echo', data: 1 })).output).toBe(1);
  });

  it('survive whatever they are, and no alteration does', async () => {
    await using town = new Town();
    let members: Record<string, unknown> = {};
    const any = adds('any', () => members);
    const mesh = await town.open('acme', [echo], { extensions: [any] });
    const names = fc.stringMatching(/^x[a-z]{0,8}$/);
    await fc.assert(
      fc.asyncProperty(fc.dictionary(names, fc.jsonValue(), { minKeys: 1 }), async (given) => {
        members = JSON.parse(JSON.stringify(given)) as Record<string, unknown>;
        const { receipt } = await mesh.executeTask({ type: 'echo', data: 1 });
        expect(receipt).toMatchObject(members);
        await mesh.audit.verifyReceipt(JSON.parse(JSON.stringify(receipt)));
        const altered = { ...receipt, [Object.keys(members)[0]!]: 'altered by somebody' };
        expect(await failure(mesh.audit.verifyReceipt(altered))).toMatchObject({
          code: 'RECEIPT_INVALID',
        });
      }),
      { numRuns: 40 },
    );
  });

  it('may be the open ones, not those of the core', () => {
    expect(['quote', 'hold', 'arm', 'approval', 'mine'].some(isCoreMember)).toBe(false);
    expect(['by', 'usage', 'proof', 'input', '__proto__'].every(isCoreMember)).toBe(true);
  });
});
