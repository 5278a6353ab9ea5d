import { expect, it } from 'vitest';
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import type { Did } from '../../../src/base/ids.ts';
import { CheckpointRows, type Equivocation } from '../../../src/core/audit/checkpoint-rows.ts';

function pair(log: number, proven: boolean): Equivocation {
  const keeper = 'did:key:zLiar' as Did;
  const head = {
    format: 1,
    keeper,
    log: String(log).padStart(22, '0'),
    index: 1,
    hash: 'A'.repeat(43),
    root: 'B'.repeat(43),
    at: '2030-01-01T00:00:00.000Z',
    proof: { keyId: `${keeper}#zLiar` as const, signature: 'A'.repeat(86) },
  } as const;
  return { first: head, second: { ...head, hash: 'C'.repeat(43) }, proven };
}

it('a proof is told where suspicions have taken all the room, and once where there is some', async () => {
  const rows = new CheckpointRows(memoryStore());
  expect(await rows.accuse(pair(0, true))).toBe(true);
  expect(await rows.accuse(pair(0, true))).toBe(false);
  for (let log = 1; log < 100; log += 1) expect(await rows.accuse(pair(log, false))).toBe(log < 64);
  expect(await rows.equivocations()).toHaveLength(64);
  expect(await rows.accuse(pair(100, true))).toBe(true);
  expect(await rows.accuse(pair(1, true))).toBe(true);
});
