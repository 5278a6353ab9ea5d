import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChainReader } from '../../../src/adapters/resolvers/ethr/chain-reader.ts';
import { fromUtf8, utf8 } from '../../../src/base/bytes.ts';
import type { HttpRequest } from '../../../src/ports/http.ts';

/** A reader of a chain whose blocks were made at `times`. */
function readerOf(times: readonly number[]) {
  const asked: unknown[] = [];
  const send = (request: HttpRequest) => {
    const { params } = JSON.parse(fromUtf8(request.body!)) as { params: [string] };
    asked.push(params[0]);
    const number = params[0] === 'latest' ? times.length - 1 : Number(params[0]);
    const hex = (value: number) => `0x${value.toString(16)}`;
    const result = { number: hex(number), timestamp: hex(times[number]!) };
    const body = utf8(JSON.stringify({ result }));
    return Promise.resolve({ status: 200, headers: {}, body, url: request.url });
  };
  const network = { chainId: 1, rpcUrl: 'https://node.example' };
  const reader = new ChainReader({ http: { send }, network, signal: undefined, maxRequests: 64 });
  return { reader, asked };
}

describe('the block of a time', () => {
  it('is the newest that was made by then, in few questions', async () => {
    const chain = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(chain, fc.integer({ min: 0, max: 2_000 }), async (steps, seconds) => {
        let time = 100;
        const times = steps.map((step) => (time += step));
        const { reader, asked } = readerOf(times);
        const expected = Math.max(
          0,
          times.findLastIndex((at) => at <= seconds),
        );
        expect(await reader.blockAt(seconds)).toBe(expected);
        expect(asked.length).toBeLessThan(2 + Math.ceil(Math.log2(times.length + 1)));
      }),
    );
  });
});
