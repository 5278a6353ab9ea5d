// The tool that other tests look at pages with.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { describeWith } from '../services.ts';
import { Chromium } from './chromium.ts';

const folder = mkdtempSync(join(tmpdir(), 'pages-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const pageOf = (body: string): string => {
  const file = join(folder, `${String(readdirSync(folder).length)}.html`);
  writeFileSync(file, `<!doctype html><meta charset="utf-8"><body style="margin:0">${body}`);
  return pathToFileURL(file).href;
};

describeWith('chromium', 'Chromium', (command) => {
  let chromium: Chromium;
  beforeAll(async () => {
    chromium = await Chromium.open(command);
  }, 30_000);
  afterAll(() => chromium.close());
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('shows a file and says what is in it', async () => {
    const page = await chromium.page(pageOf('<h1>Grüße</h1>'));
    expect(await page.evaluate('document.querySelector("h1").textContent')).toBe('Grüße');
    expect(page.errors).toEqual([]);
  });

  it('waits for promises, and fails with the error of the page', async () => {
    const page = await chromium.page(pageOf(''));
    expect(await page.evaluate('Promise.resolve({ a: [1, null] })')).toEqual({ a: [1, null] });
    await expect(page.evaluate('nothing.there')).rejects.toThrow('nothing is not defined');
    await expect(page.evaluate('Promise.reject(new Error("no"))')).rejects.toThrow('no');
    await expect(page.evaluate('(')).rejects.toThrow('SyntaxError');
  });

  it('carries large texts whole', async () => {
    const page = await chromium.page(pageOf(''));
    const text = await page.evaluate<string>('"é".repeat(1_000_000)');
    expect(text === 'é'.repeat(1_000_000)).toBe(true);
  });

  it('clicks where a person would, further down too', async () => {
    const button = '<button onclick="document.title += event.isTrusted">go</button>';
    const page = await chromium.page(pageOf(`<div style="height:3000px"></div>${button}`));
    await page.click('button');
    await page.click('button');
    await page.until('document.title === "truetrue"');
  });

  it('does not click what a person could not', async () => {
    const cover = '<div id="cover" style="position:fixed;inset:0"></div>';
    const page = await chromium.page(pageOf(`<button>go</button><i hidden>x</i>${cover}`));
    await expect(page.click('button')).rejects.toThrow('button is behind DIV');
    await expect(page.click('i')).rejects.toThrow('i has no size');
    await expect(page.click('b')).rejects.toThrow('there is no b');
  });

  it('hears what goes wrong in a page', async () => {
    const page = await chromium.page(
      pageOf(`<script>
        console.error('first', { a: 1 });
        setTimeout(() => { throw new RangeError('second'); });
        setTimeout(() => Promise.reject('third'));
      </script><img src="fourth.png">`),
    );
    await expect.poll(() => page.errors.length).toBeGreaterThanOrEqual(4);
    const all = page.errors.join('\n');
    for (const word of ['first', 'RangeError: second', 'third', 'fourth.png']) {
      expect(all).toContain(word);
    }
  });

  it('takes pictures in PNG', async () => {
    const page = await chromium.page(pageOf('<h1>picture</h1>'));
    const picture = Buffer.from(await page.screenshot());
    expect(picture.subarray(1, 4).toString('latin1')).toBe('PNG');
    expect(picture.readUInt32BE(16)).toBe(1280);
  });

  it('says which page it cannot open', async () => {
    const missing = pathToFileURL(join(folder, 'missing.html')).href;
    await expect(chromium.page(missing)).rejects.toThrow('missing.html did not open');
  });

  it('closes twice, leaves no profile behind, and answers no more', async () => {
    const profiles = mkdtempSync(join(folder, 'profiles-'));
    vi.stubEnv('TMPDIR', profiles);
    const another = await Chromium.open(command);
    expect(readdirSync(profiles)).not.toEqual([]);
    const page = await another.page(pageOf(''));
    await Promise.all([another.close(), another.close()]);
    await expect(page.evaluate('1')).rejects.toThrow('hung up');
    expect(readdirSync(profiles)).toEqual([]);
  });

  it('that does not start is reported, not waited for', async () => {
    await expect(Chromium.open(join(folder, 'no-such-browser'))).rejects.toThrow('ENOENT');
    await expect(Chromium.open('false')).rejects.toThrow('hung up');
  });
});
