import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settle, World } from './rig.ts';

describe('Federation', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });
  afterEach(() => world.close());

  it('answers a call of a peer, and knows who called', async () => {
    const [a, b] = [world.node('a'), world.node('b')];
    b.federation.handle('echo', ({ from, to, body }) => Promise.resolve({ from, to, body }));
    await world.start();
    await a.federation.dial('fake:b', { expect: b.did });
    const answer = await a.federation.call(b.did, 'echo', { vector: Float32Array.of(1, 2) });
    expect(answer).toEqual({ from: a.did, to: b.did, body: { vector: Float32Array.of(1, 2) } });
    await settle();
    expect(a.federation.peers()).toEqual([b.did]);
    expect(b.federation.peers()).toEqual([a.did]);
  });
});
