import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { platform as node } from '../../src/platform/node.ts';
import { platform as web } from '../../src/platform/web.ts';

describe('the platforms', () => {
  it('say which they are', async () => {
    expect([node.name, web.name]).toEqual(['node', 'web']);
    expect([(await node.crypto()).name, (await web.crypto()).name]).toEqual(['node', 'web']);
  });

  it('open a store that lasts on Node', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mesh-platform-'));
    const key = 'k';
    const first = await node.openStore(folder);
    await first.write([{ put: key, value: new Uint8Array([1]) }]);
    await first.close();
    await using again = await node.openStore(folder);
    expect((await again.get(key))?.value).toEqual(new Uint8Array([1]));
    rmSync(folder, { recursive: true });
  });

  it('send no request to this machine', async () => {
    for (const { http } of [node, web]) {
      const sending = http.send({ url: 'https://127.0.0.1/' });
      await expect(sending).rejects.toMatchObject({ code: 'HTTP_REFUSED' });
    }
  });

  it('refuse a store in a browser, and say why', async () => {
    const opening = web.openStore('./acme');
    await expect(opening).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    await expect(opening).rejects.toThrow(/IndexedDB/);
  });
});
