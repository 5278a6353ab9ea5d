// The verdicts of Chromium's WebCrypto are those of Node.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, expect, it } from 'vitest';
import { root } from '../../scripts/doors.ts';
import { nodeCrypto } from '../../src/platform/node-crypto.ts';
import { answers, type WebAnswers } from '../platform/answers.ts';
import { keyTypes, questions } from '../platform/questions.ts';
import { describeWith } from '../services.ts';
import { Chromium } from './chromium.ts';

const folder = mkdtempSync(join(tmpdir(), 'signatures-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describeWith('chromium', 'signatures in Chromium', (command) => {
  it('get the verdicts they get on Node, the eight of Ed25519 among them', async () => {
    const asked = await questions(7, 4);
    const onNode = await answers(nodeCrypto, asked);
    await using chromium = await Chromium.open(command);
    const page = await chromium.page(await pageWithAnswers());
    const call = `webAnswers(${JSON.stringify(asked)}, ${JSON.stringify(keyTypes)})`;
    const found = await page.evaluate<WebAnswers>(call);
    const told = (verdicts: readonly boolean[]) =>
      asked.map(({ what, type }, i) => [type, what, verdicts[i]]);
    expect(asked.filter(({ type }) => type === 'Ed25519').length).toBeGreaterThan(8);
    expect(told(found.web)).toEqual(told(onNode));
    expect(told(found.noble)).toEqual(told(onNode));
    expect(found.signs).toBe(true);
    // Chromium has Ed25519 since version 137.
    expect(found.trusted).toEqual(['Ed25519', 'P-256', 'P-384', 'P-521']);
    expect(page.errors).toEqual([]);
  }, 60_000);
});

/** A page that knows `webAnswers`; on a page from a file, WebCrypto is there. */
async function pageWithAnswers(): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { webAnswers } from '../platform/answers.ts'; globalThis.webAnswers = webAnswers;`,
      resolveDir: import.meta.dirname,
      loader: 'ts',
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    conditions: ['module', '@mesh/source'],
    absWorkingDir: root,
    logLevel: 'error',
  });
  const script = outputFiles[0]!.text.replaceAll('</script', '<\\/script');
  const file = join(folder, 'page.html');
  writeFileSync(
    file,
    `<!doctype html><meta charset="utf-8"><script type="module">${script}</script>`,
  );
  return pathToFileURL(file).href;
}
