import { describe, expect, it } from 'vitest';
import { Stage, until } from './orders.ts';

interface Done {
  readonly output: string;
  readonly receipt: { readonly by: string };
}

describe('three organisations in three processes', () => {
  it('find each other from one address, work, lose one, and shut one out', async () => {
    await using stage = new Stage();
    const a = await stage.node('a', { idle: true });
    const settings = { peers: [a.address], authority: a.did };
    const [b, c] = await Promise.all([stage.node('b', settings), stage.node('c', settings)]);
    const all = [a, b, c];
    await until(
      async () =>
        (await Promise.all(all.map((node) => node.ask<string[]>('peers')))).every(
          (peers) => peers.length === 2,
        ),
      'everybody to have found everybody',
    );

    const licences = new Map<string, string>();
    for (const node of [b, c]) {
      const { id, jwt } = await a.ask<{ id: string; jwt: string }>('issue', node.did);
      licences.set(node.name, id);
      await node.ask('hold', jwt);
    }
    await until(
      async () => (await a.ask<string[]>('licensed')).length === 2,
      'the licences to be seen',
    );
    await until(async () => (await b.ask<string[]>('licensed')).includes(c.did), 'b to trust c');

    const name = { type: 'name', data: null };
    const at = async (to?: string): Promise<Done> =>
      a.ask<Done>('run', [name, to === undefined ? {} : { to }]);
    expect(await at(c.did)).toMatchObject({ output: 'c', receipt: { by: c.did } });
    // From one that never dialled it, over a session found by introduction.
    expect(await b.ask<Done>('run', [name, { to: c.did }])).toMatchObject({ output: 'c' });

    // c has done the most for a, so it gets most of what a wants done, until it goes; a newcomer has a small share.
    await at(c.did);
    const outputs: string[] = [];
    const work = async (): Promise<void> => {
      while (outputs.filter((output) => output === 'b').length < 20)
        outputs.push((await at()).output);
    };
    const working = Promise.all([work(), work(), work(), work()]);
    await until(() => outputs.length > 20, 'work to be under way');
    expect(await c.leave()).toBe(0);
    await working;
    expect(outputs.slice(0, 20).filter((output) => output === 'b').length).toBeLessThan(10);
    expect((await at()).output).toBe('b');

    await a.ask('revoke', licences.get('b'));
    await expect(at(b.did)).rejects.toMatchObject({
      code: 'POLICY_DENIED',
      params: { gate: 'policy' },
    });
    expect(await Promise.all([a.leave(), b.leave()])).toEqual([0, 0]);
  }, 30_000);
});
