import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../src/base/errors.ts';
import { packPacket } from '../../../src/base/packet.ts';
import {
  doneOutcome,
  readOutcome,
  type TaskOutcome,
  writeOutcome,
} from '../../../src/core/tasks/task-outcome.ts';
import { newRow, readRow, type TaskRow, writeRow } from '../../../src/core/tasks/task-row.ts';
import { ann, request } from './rig.ts';

const row: TaskRow = {
  ...newRow(request('t1'), { from: ann, agent: 'adder', now: 1 }),
  checkpoint: { version: 1, size: 2, attempt: 1 },
  input: Uint8Array.of(1, 2),
};

const refusal = (work: () => unknown): string => {
  try {
    work();
    return 'none';
  } catch (error) {
    return MeshError.is(error) ? error.code : 'foreign';
  }
};

describe('what is written of a task', () => {
  it('is read as it was written', () => {
    expect(readRow(writeRow(row), 'open/x')).toEqual(row);
    const outcomes: TaskOutcome[] = [
      doneOutcome({ output: Float32Array.of(1) }, 't'),
      { state: 'failed', error: { code: 'TASK_FAILED', params: { task: 't' }, retryable: false } },
      { state: 'cancelled', reason: 'why' },
    ];
    for (const outcome of outcomes)
      expect(readOutcome(writeOutcome(outcome), 'x')).toEqual(outcome);
  });

  it('is refused with a code when it was damaged, wherever', () => {
    const bytes = writeRow(row);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const damaged = bytes.slice();
        damaged[at] = value;
        expect(['none', 'STORE_CORRUPT', 'STORE_VERSION']).toContain(
          refusal(() => readRow(damaged, 'open/x')),
        );
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        expect(refusal(() => readRow(noise, 'open/x'))).toBe('STORE_CORRUPT');
        expect(refusal(() => readOutcome(noise, 'outcome/x'))).toBe('STORE_CORRUPT');
      }),
    );
  });

  it('by a newer release is left alone', () => {
    const newer = packPacket({ ...row, format: 2 });
    expect(refusal(() => readRow(newer, 'open/x'))).toBe('STORE_VERSION');
  });

  it('is a failure when the result is too large to keep', () => {
    const outcome = doneOutcome({ output: new Uint8Array((16 << 20) + 1) }, 't');
    expect(outcome).toMatchObject({ state: 'failed', error: { code: 'LIMIT_EXCEEDED' } });
  });
});
