import { describe, expect, it } from 'vitest';
import {
  type AgentMove,
  type AgentState,
  moveAgent,
  stateOfAgentAfter,
  takesTasks,
} from '../../src/schema/agent-life.ts';

const states: readonly AgentState[] = ['registered', 'active', 'draining', 'suspended', 'retired'];
const moves: readonly AgentMove[] = ['activate', 'drain', 'suspend', 'retire'];

describe('the life of an agent', () => {
  it('allows exactly these moves', () => {
    const allowed = states.flatMap((state) =>
      moves.flatMap((move) => {
        const next = stateOfAgentAfter(state, move);
        return next === undefined ? [] : [`${state} ${move} ${next}`];
      }),
    );
    expect(allowed).toEqual([
      'registered activate active',
      'registered suspend suspended',
      'registered retire retired',
      'active drain draining',
      'active suspend suspended',
      'active retire retired',
      'draining activate active',
      'draining suspend suspended',
      'draining retire retired',
      'suspended activate active',
      'suspended retire retired',
    ]);
  });

  it('gives tasks to an active agent only', () => {
    expect(states.filter(takesTasks)).toEqual(['active']);
  });

  it('names the agent, its state and the move that is not possible', () => {
    expect(moveAgent('active', 'drain', 'adder')).toBe('draining');
    expect(() => moveAgent('retired', 'activate', 'adder')).toThrow(
      expect.objectContaining({
        code: 'STATE_CONFLICT',
        params: { what: 'agent', id: 'adder', state: 'retired', move: 'activate' },
      }) as Error,
    );
  });
});
