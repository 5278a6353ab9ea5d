import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  finalStates,
  isFinal,
  moveTask,
  openStates,
  stateAfter,
  type TaskMove,
  type TaskState,
} from '../../../src/core/tasks/task-state.ts';

const states: readonly TaskState[] = [...openStates, ...finalStates];
const moves: readonly TaskMove[] = [
  'start',
  'restart',
  'release',
  'wait',
  'suspend',
  'wake',
  'finish',
  'fail',
  'cancel',
];

describe('the states of a task', () => {
  it('allow exactly these moves', () => {
    const allowed = states.flatMap((state) =>
      moves.flatMap((move) => {
        const next = stateAfter(state, move);
        return next === undefined ? [] : [`${state} ${move} ${next}`];
      }),
    );
    expect(allowed).toEqual([
      'queued start running',
      'queued suspend suspended',
      'queued cancel cancelled',
      'running restart running',
      'running release queued',
      'running wait waiting',
      'running suspend suspended',
      'running finish done',
      'running fail failed',
      'running cancel cancelled',
      'waiting wake queued',
      'waiting cancel cancelled',
      'suspended wake queued',
      'suspended cancel cancelled',
    ]);
  });

  it('are never left once final, whatever is tried, and never become anything unknown', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...moves), { maxLength: 40 }), (tried) => {
        let state: TaskState = 'queued';
        for (const move of tried) {
          const before: TaskState = state;
          state = stateAfter(state, move) ?? state;
          expect(states).toContain(state);
          if (isFinal(before)) expect(state).toBe(before);
          if (isFinal(state) && !isFinal(before)) {
            expect(move === 'cancel' || before === 'running').toBe(true);
          }
        }
      }),
    );
  });

  it('name the task, its state and the move that is not possible', () => {
    fc.assert(
      fc.property(fc.constantFrom(...states), fc.constantFrom(...moves), (state, move) => {
        const next = stateAfter(state, move);
        if (next !== undefined) expect(moveTask(state, move, 't1')).toBe(next);
        else {
          expect(() => moveTask(state, move, 't1')).toThrow(
            expect.objectContaining({
              code: 'STATE_CONFLICT',
              params: { what: 'task', id: 't1', state, move },
            }) as Error,
          );
        }
      }),
    );
  });

  it('can always be brought to an end', () => {
    for (const state of openStates) expect(stateAfter(state, 'cancel')).toBe('cancelled');
  });
});
