import { describe, expect, it } from 'vitest';
import { TokenMemory } from '../../../../src/core/trust/credentials/token-memory.ts';

const tokenOf = (n: number, length = 1_000) => String(n).padStart(length, 'x');

/** How many of the `last` tokens before `end` are remembered, asked from the newest on. */
function kept(memory: TokenMemory<number>, end: number, last: number, length?: number): number {
  const numbers = Array.from({ length: last }, (_, i) => end - 1 - i);
  return numbers.filter((n) => memory.get(tokenOf(n, length)) === n).length;
}

describe('the memory of tokens', () => {
  it('finds a token by the whole of its text, not by its end alone', () => {
    const memory = new TokenMemory<string>();
    memory.set(`a${tokenOf(1)}`, 'a');
    expect(memory.get(`a${tokenOf(1)}`)).toBe('a');
    expect(memory.get(`b${tokenOf(1)}`)).toBeUndefined();
    expect(memory.get(tokenOf(1))).toBeUndefined();
  });

  it('keeps the 4,096 last short ones, and forgets those of long ago', () => {
    const memory = new TokenMemory<number>();
    for (let n = 0; n < 20_000; n += 1) memory.set(tokenOf(n), n);
    expect(kept(memory, 20_000, 4_096)).toBe(4_096);
    expect(kept(memory, 20_000, 20_000)).toBeLessThanOrEqual(8_192);
  });

  it('keeps fewer of longer ones, and none that is a list', () => {
    const memory = new TokenMemory<number>();
    for (let n = 0; n < 3_000; n += 1) memory.set(tokenOf(n, 8_192), n);
    expect(kept(memory, 3_000, 512, 8_192)).toBe(512);
    expect(kept(memory, 3_000, 3_000, 8_192)).toBeLessThanOrEqual(1_024);
    memory.set(tokenOf(1, 8_193), 1);
    expect(memory.get(tokenOf(1, 8_193))).toBeUndefined();
  });
});
