import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../src/base/errors.ts';
import { contentHash, signReceipt, verifyReceipt } from '../../../src/core/audit/index.ts';
import { type Signed, sign } from '../../../src/schema/signed.ts';
import { party, TestKeys } from '../trust/rig.ts';

const keys = new TestKeys();
const [worker, asker] = [party('worker'), party('asker')];
const facts = {
  id: 'receipt-1',
  task: 'task-1',
  type: 'math.add',
  agent: `${worker.did}#node/adder`,
  by: worker.did,
  for: asker.did,
  at: '2030-01-01T00:00:00.000Z',
  outcome: 'ok',
  input: { a: 2, b: Float32Array.of(3) },
  output: 5,
  policyVersion: 'sha256:0',
} as const;
const made = () => signReceipt(facts, worker.signer);

describe('a receipt', () => {
  it('verifies where everything is as expected', async () => {
    const { input, output, task, by, agent } = facts;
    const expected = { input, output, task, by, agent, for: asker.did };
    await expect(verifyReceipt(await made(), { keys, expected })).resolves.toMatchObject({
      id: 'receipt-1',
    });
  });

  it('holds input and output by hash alone', async () => {
    const text = JSON.stringify(await made());
    expect(text).not.toContain('"input"');
    expect(await made()).toMatchObject({
      inputHash: contentHash(facts.input),
      outputHash: contentHash(5),
    });
  });

  it.each([
    ['task', { task: 'task-2' }],
    ['by', { by: asker.did }],
    ['for', { for: worker.did }],
    ['agent', { agent: 'other' }],
    ['inputHash', { input: { a: 2, b: Float32Array.of(4) } }],
    ['outputHash', { output: 6 }],
    ['outputHash', { output: undefined }],
  ])('is refused naming %s when that is not as expected', async (detail, expected) => {
    await expect(verifyReceipt(await made(), { keys, expected })).rejects.toMatchObject({
      code: 'RECEIPT_INVALID',
      params: { id: 'receipt-1', detail },
    });
  });

  it('is refused naming the signature when any member was changed', async () => {
    const receipt = await made();
    const members = Object.keys(receipt).filter(
      (member) => member !== 'proof',
    ) as (keyof typeof receipt)[];
    for (const member of members) {
      const changed = { ...receipt, [member]: member === 'outcome' ? 'failed' : 'changed' };
      await expect(verifyReceipt(changed, { keys })).rejects.toMatchObject({
        code: 'RECEIPT_INVALID',
      });
    }
    const other = { ...receipt, task: 'task-2' };
    await expect(verifyReceipt(other, { keys })).rejects.toMatchObject({
      params: { detail: 'signature' },
    });
  });

  it('is refused when somebody else signed it', async () => {
    const forged = signReceipt(facts, asker.signer);
    await expect(verifyReceipt(await forged, { keys })).rejects.toMatchObject({
      code: 'RECEIPT_INVALID',
    });
  });

  it('keeps members of a newer release under its signature', async () => {
    const { proof: _, ...body } = await made();
    const newer = await sign('receipt', { ...body, carbon: '3 g' }, worker.signer);
    expect(await verifyReceipt(newer, { keys })).toMatchObject({ carbon: '3 g' });
    const altered: Signed<object> = { ...newer, carbon: '1 g' } as never;
    await expect(verifyReceipt(altered, { keys })).rejects.toMatchObject({
      code: 'RECEIPT_INVALID',
    });
  });

  it('is refused in no other way, whatever arrives', async () => {
    const receipt = await made();
    const anything = fc.oneof(
      fc.jsonValue(),
      fc
        .tuple(fc.constantFrom(...Object.keys(receipt)), fc.jsonValue())
        .filter(
          ([member, value]) => JSON.stringify(value) !== JSON.stringify((receipt as never)[member]),
        )
        .map(([member, value]) => ({ ...receipt, [member]: value })),
    );
    await fc.assert(
      fc.asyncProperty(anything, async (foreign) => {
        const error: unknown = await verifyReceipt(foreign, { keys }).catch(
          (reason: unknown) => reason,
        );
        expect(MeshError.is(error, 'RECEIPT_INVALID')).toBe(true);
      }),
    );
  });
});
