import { describe, expect, it } from 'vitest';
import { fromUtf8, utf8 } from '../../src/base/bytes.ts';
import { type Extension, type Host, memoryStore } from '../../src/index.ts';
import { failure, Town } from './rig.ts';

/** An extension that hands out its host and answers `ping`. */
function corner(name = 'corner'): Extension<Host> & { starts: number } {
  const extension = {
    name,
    starts: 0,
    start(host: Host): Host {
      extension.starts += 1;
      host.handle('ping', async ({ from, body }) => await Promise.resolve({ from, body }));
      return host;
    },
  };
  return extension;
}

describe('an extension', () => {
  it('is started once, and used twice gives the same API', async () => {
    await using town = new Town();
    const extension = corner();
    const mesh = town.org('acme', { extensions: [extension] });
    expect(extension.starts).toBe(1);
    const api = mesh.use(extension);
    expect(mesh.use(extension)).toBe(api);
    expect(api.use(extension)).toBe(api);
    expect(extension.starts).toBe(1);
  });

  it('must not have the name of another', async () => {
    await using town = new Town();
    const mesh = town.org('acme', { extensions: [corner()] });
    expect(await failure(() => mesh.use(corner()))).toMatchObject({
      code: 'ALREADY_EXISTS',
      params: { id: 'corner' },
    });
  });

  it('that fails to start is not started', async () => {
    await using town = new Town();
    const mesh = town.org('acme');
    let tries = 0;
    const flaky = {
      name: 'flaky',
      start: () => {
        tries += 1;
        if (tries === 1) throw new Error('not yet');
        return tries;
      },
    };
    expect(() => mesh.use(flaky)).toThrow('not yet');
    expect(mesh.use(flaky)).toBe(2);
  });

  it('talks to its like at a peer, whose word for who calls is proven', async () => {
    await using town = new Town();
    const acme = town.org('acme');
    const globex = town.org('globex');
    const [here] = [acme.use(corner()), globex.use(corner())];
    await Promise.all([acme.start(), globex.start()]);
    const body = { bytes: Uint8Array.of(1) };
    expect(await here.send(globex.did, 'ping', body)).toEqual({ from: acme.did, body });
    expect(await failure(here.send(globex.did, 'pong', body))).toMatchObject({ code: 'NOT_FOUND' });
    // Used only after the start: wired at once.
    const late = acme.use(corner('late'));
    globex.use(corner('late'));
    expect(await late.send(globex.did, 'ping', 1)).toMatchObject({ body: 1 });
  });

  it('has a part of the store that no other extension sees', async () => {
    await using town = new Town();
    const store = memoryStore();
    const mesh = town.org('acme', { store });
    const [one, two] = [mesh.use(corner('one')), mesh.use(corner('two'))];
    await one.store.write([{ put: 'k', value: utf8('mine') }]);
    expect(await two.store.get('k')).toBeUndefined();
    expect(fromUtf8((await store.get('x/one/k'))!.value)).toBe('mine');
  });

  it('has chance of its own, and knows the DID once the client has started', async () => {
    await using town = new Town();
    const mesh = town.org('acme');
    const host = mesh.use(corner());
    expect(await failure(() => host.did)).toMatchObject({ code: 'NOT_STARTED' });
    expect(host.random.bytes(8)).not.toEqual(mesh.use(corner('two')).random.bytes(8));
    await mesh.start();
    expect(host.did).toBe(mesh.did);
  });

  it('is told by its signal when the client closes, and its event streams end', async () => {
    await using town = new Town();
    const mesh = town.org('acme');
    const host = mesh.use(corner());
    await mesh.start();
    const reading = Array.fromAsync(host.events('agent.*'));
    mesh.createAgent({ name: 'a', capabilities: ['a'], handler: () => 1 });
    await mesh.close();
    expect(host.signal.aborted).toBe(true);
    expect((await reading).map(({ type }) => type)).toEqual(['agent.registered', 'agent.changed']);
    expect(await failure(host.send(mesh.did, 'ping', 1))).toMatchObject({ code: 'CLOSED' });
  });
});
