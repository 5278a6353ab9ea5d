import { describe, expect, it } from 'vitest';
import { MemoryHub, memoryTransport } from '../../../src/adapters/transports/memory.ts';
import { sharedTransport } from '../../../src/adapters/transports/shared.ts';
import { webSocketTransport } from '../../../src/adapters/transports/websocket.ts';
import type { Link, TransportContext } from '../../../src/ports/transport.ts';
import { transportConformance, virtualClock } from '../../../src/testing/index.ts';

const hub = new MemoryHub();

describe.each([
  ['memory', () => memoryTransport({ hub })],
  ['websocket', () => webSocketTransport({ listen: { port: 0 } })],
])('a shared %s transport', (_, make) => {
  for (const { name, run } of transportConformance(() => sharedTransport(make()))) it(name, run);
});

describe('a shared listener', () => {
  const first = (letter: number): Uint8Array => Uint8Array.of(letter);

  /** Two parties on one place; each takes links whose first frame begins with its letter. */
  async function street() {
    const clock = virtualClock();
    const hub = new MemoryHub();
    const transport = sharedTransport(memoryTransport({ hub, name: 'street' }));
    const got: string[] = [];
    const context = (letter: number, signal = new AbortController().signal): TransportContext => ({
      clock,
      signal,
      recognises: (frame) => frame[0] === letter,
    });
    const listen = (letter: number) =>
      transport.listen(
        'mem:street',
        (link) => {
          link.receive({
            frame: (bytes) => got.push(`${String(letter)} got ${String(bytes[0])}`),
            closed: () => got.push(`${String(letter)} closed`),
          });
        },
        context(letter),
      );
    const dial = (): Promise<Link> =>
      memoryTransport({ hub }).dial('mem:street', { clock, signal: new AbortController().signal });
    return { clock, got, listen, dial };
  }

  it('gives a link to whom its first frame asks for, and one that asks for nobody to the first', async () => {
    const { clock, got, listen, dial } = await street();
    await listen(1);
    await listen(2);
    for (const letter of [2, 1, 9]) {
      const link = await dial();
      link.receive({ frame: () => undefined, closed: () => undefined });
      link.send(first(letter));
      await clock.advance(1);
    }
    expect(got).toEqual(['2 got 2', '1 got 1', '1 got 9']);
  });

  it('ends a link that says nothing, and is not filled by links that wait', async () => {
    const { clock, got, listen, dial } = await street();
    await listen(1);
    await listen(2);
    let ended = 0;
    const closed = (): void => {
      ended += 1;
    };
    for (let i = 0; i < 257; i += 1) {
      const link = await dial();
      link.receive({ frame: () => undefined, closed });
    }
    await clock.advance(1);
    expect(ended).toBe(1);
    await clock.advance('10s');
    expect(ended).toBe(257);
    const link = await dial();
    link.receive({ frame: () => undefined, closed });
    link.send(first(1));
    await clock.advance(1);
    expect(got).toEqual(['1 got 1']);
    expect(clock.timers).toBe(0);
  });

  it('stays open until the last has left', async () => {
    const { clock, got, listen, dial } = await street();
    const [one, two] = [await listen(1), await listen(2)];
    await one.close();
    const link = await dial();
    link.receive({ frame: () => undefined, closed: () => undefined });
    link.send(first(1));
    await clock.advance(1);
    expect(got).toEqual(['2 got 1']);
    await two.close();
    await two.close();
    await expect(dial()).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' });
    expect((await listen(3)).endpoints).toEqual(['mem:street']);
  });
});
