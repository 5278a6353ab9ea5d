import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Host, type MeshError, type SignedReceipt } from '../../src/index.ts';
import { echo, failure, Town } from './rig.ts';

const task = { type: 'echo', data: 'hi' };
const meter = (name = 'meter') => ({ name, start: (host: Host) => host });

describe('what an extension adds to a receipt', () => {
  it('is signed, carried, kept and checked by organisations that do not know it', async () => {
    await using town = new Town();
    const globex = await town.open('globex', [echo]);
    const acme = await town.open('acme');
    await acme.federate(globex.did);
    globex.use(meter()).receipt(({ task: { type }, agent, peer }) => ({
      'meter/carbon': { grams: 1.25, of: type, agent },
      hold: `hold for ${peer}`.slice(0, 40),
      quote: { credits: '12' },
    }));
    const { receipt } = await acme.executeTask(task);
    expect(receipt).toMatchObject({
      'meter/carbon': { grams: 1.25, of: 'echo', agent: `${globex.did}#main/echo` },
      quote: { credits: '12' },
    });
    const [kept] = await Array.fromAsync(acme.audit.entries({ kind: 'task' }));
    expect(kept!.body).toEqual(receipt);
    await acme.audit.verifyReceipt(JSON.parse(JSON.stringify(receipt)), { by: globex.did });
  });

  it('cannot be altered, added to or taken away', async () => {
    await using town = new Town();
    const mesh = await town.open('acme', [echo]);
    mesh.use(meter()).receipt(() => ({ extra: { a: 1, b: [true, null] } }));
    const { receipt } = await mesh.executeTask(task);
    const { extra: _, ...without } = receipt as SignedReceipt & { extra: unknown };
    const forgeries = fc.oneof(
      fc.jsonValue().map((extra) => ({ ...receipt, extra })),
      fc.constant(without),
      fc.jsonValue().map((more) => ({ ...receipt, more })),
    );
    const same = JSON.stringify(receipt);
    await fc.assert(
      fc.asyncProperty(forgeries, async (forged) => {
        fc.pre(JSON.stringify(forged) !== same);
        const error = await failure(mesh.audit.verifyReceipt(forged));
        expect(error.code).toBe('RECEIPT_INVALID');
      }),
      { numRuns: 50 },
    );
  });

  it.each<[string, () => Record<string, unknown>, string]>([
    ['what is the house’s own', () => ({ outcome: 'failed' }), 'ALREADY_EXISTS'],
    ['what another has added', () => ({ first: 2 }), 'ALREADY_EXISTS'],
    ['a member the schema has otherwise', () => ({ hold: 7 }), 'SCHEMA_INVALID'],
    ['what no JSON can say', () => ({ big: 1n }), 'SCHEMA_INVALID'],
    ['too much', () => ({ long: 'x'.repeat(20_000) }), 'LIMIT_EXCEEDED'],
    [
      'anything, when it throws',
      () => {
        throw new Error('broken');
      },
      'INTERNAL',
    ],
  ])('may not be %s: it is left out and reported, and the receipt stands', async (_, bad, code) => {
    await using town = new Town();
    const reports: unknown[] = [];
    const mesh = await town.open('acme', [echo], {
      logger: { log: (...line) => reports.push(line) },
    });
    mesh.use(meter('one')).receipt(() => ({ first: 1 }));
    const remove = mesh.use(meter('two')).receipt(bad);
    mesh.use(meter('three')).receipt(() => ({ third: 3 }));
    const { receipt } = await mesh.executeTask(task);
    expect(receipt).toMatchObject({ outcome: 'ok', first: 1, third: 3 });
    for (const member of ['big', 'long', 'hold']) expect(receipt).not.toHaveProperty(member);
    expect(reports).toHaveLength(1);
    const [level, , fields] = reports[0] as [
      string,
      string,
      { extension: string; error: MeshError },
    ];
    expect([level, fields.extension, fields.error.code]).toEqual(['warn', 'two', code]);
    remove();
    await mesh.executeTask(task);
    expect(reports).toHaveLength(1);
  });
});
