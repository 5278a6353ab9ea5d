// The page in a browser, under the hands of a person.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { playOut } from '../../../scripts/sim.ts';
import { simulationPicture } from '../../../src/testing/index.ts';
import { Chromium, type Page } from '../../browser/chromium.ts';
import { describeWith } from '../../services.ts';
import { traceOf } from './traces.ts';

const folder = mkdtempSync(join(tmpdir(), 'picture-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const text = (selector: string): string => `document.querySelector('${selector}').textContent`;
const selected = `document.querySelector('.row[aria-selected="true"]')`;

describeWith('chromium', 'the page of a run', (command) => {
  let chromium: Chromium;
  let failed: string;
  beforeAll(async () => {
    chromium = await Chromium.open(command);
    const play = { seed: 7, orgs: 3, lasts: '30s', chaos: 'story', fail: true } as const;
    failed = (await playOut(play)).page;
  }, 120_000);
  afterAll(() => chromium.close());

  let count = 0;
  const show = (html: string): Promise<Page> => {
    count += 1;
    const file = join(folder, `${count}.html`);
    writeFileSync(file, html);
    return chromium.page(pathToFileURL(file).href);
  };
  const choose = (page: Page, id: string, value: string): Promise<unknown> =>
    page.evaluate(
      `((e) => { e.value = '${value}'; e.dispatchEvent(new Event('input')); })(document.getElementById('${id}'))`,
    );

  it('plays: the clock runs, messages and the list move along, and it pauses', async () => {
    const page = await show(failed);
    const before = await page.evaluate<string>(text('#clock'));
    const picture = `document.getElementById('street').toDataURL()`;
    const still = await page.evaluate<string>(picture);
    await page.click('#play');
    expect(await page.evaluate(text('#play'))).toBe('Pause');
    await page.until(`Number(document.getElementById('scrubber').value) > 2000`);
    await page.click('#play');
    const after = await page.evaluate<string>(text('#clock'));
    expect(after).not.toBe(before);
    expect(await page.evaluate<string>(picture)).not.toBe(still);
    expect(await page.evaluate(`${selected} !== null`)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await page.evaluate(text('#clock'))).toBe(after);
    expect(page.errors).toEqual([]);
  });

  it('filters the events by type, node and words', async () => {
    const page = await show(failed);
    await choose(page, 'what', 'kind:fault');
    const types = `[...document.querySelectorAll('.row .type')].map((e) => e.textContent)`;
    expect(new Set(await page.evaluate<string[]>(types))).toContain('fault.crash');
    expect(
      (await page.evaluate<string[]>(types)).every((type) => /^(fault|invariant)\./.test(type)),
    ).toBe(true);
    await choose(page, 'what', 'all');
    const all = await page.evaluate<string>(text('#found'));
    await choose(page, 'search', 'ping globex/1');
    expect(await page.evaluate(text('#found'))).not.toBe(all);
    const rows = `[...document.querySelectorAll('.row')].map((e) => e.title + e.textContent)`;
    const shown = await page.evaluate<string[]>(rows);
    expect(shown.length).toBeGreaterThan(0);
    for (const row of shown) expect(row).toMatch(/ping/);
    expect(await page.evaluate(`document.querySelectorAll('.row').length`)).toBeLessThan(80);
  });

  it('shows the state and the events of a node that is clicked, and lets it go', async () => {
    const page = await show(failed);
    await choose(page, 'scrubber', '20000');
    await page.click('button[data-node="globex/0"]');
    expect(await page.evaluate(text('#node-name'))).toBe('globex/0');
    expect(await page.evaluate(text('#node-facts'))).toMatch(/Agentsdesk \(active\)/);
    const concern = `[...document.querySelectorAll('.row')].every((e) => (e.title + e.textContent).includes('globex/0'))`;
    expect(await page.evaluate(concern)).toBe(true);
    await page.click('#node-close');
    expect(await page.evaluate(`document.getElementById('node').hidden`)).toBe(true);
    expect(await page.evaluate(`document.getElementById('who').value`)).toBe('');
  });

  it('jumps to the time of an event that is clicked, by mouse and by keys', async () => {
    const page = await show(failed);
    await choose(page, 'what', 'type:fault.crash');
    await page.until(`${text('.row .type')} === 'fault.crash'`);
    await page.click('.row');
    await page.until(`${text('#clock')} === ${text('.row .time')}`);
    await page.until(`document.querySelectorAll('.node[data-state="down"]').length === 1`);
    await choose(page, 'what', 'all');
    const press = (key: string): Promise<unknown> =>
      page.evaluate(
        `document.getElementById('events').dispatchEvent(new KeyboardEvent('keydown', { key: '${key}', bubbles: true }))`,
      );
    const place = `Number(${selected}.dataset.place)`;
    const from = await page.evaluate<number>(place);
    await press('ArrowDown');
    expect(await page.evaluate<number>(place)).toBe(from + 1);
    await press('ArrowUp');
    expect(await page.evaluate<number>(place)).toBe(from);
    await press('.');
    expect(await page.evaluate<number>(place)).toBe(from + 1);
  });

  it('keeps the row under the hand while the list moves on, and the rows in their order', async () => {
    const page = await show(failed);
    const rows = `[...document.querySelectorAll('.row')]`;
    const scroll = async (to: number): Promise<void> => {
      await page.evaluate(`document.getElementById('events').scrollTop = ${to * 26}`);
      await page.until(`Number(${rows}[0].dataset.place) === ${to - 6}`);
    };
    await scroll(20);
    await page.evaluate(`globalThis.held = ${rows}[10]`);
    for (const to of [22, 18, 24]) {
      await scroll(to);
      expect(await page.evaluate('globalThis.held.isConnected')).toBe(true);
      const places = await page.evaluate<number[]>(`${rows}.map((e) => Number(e.dataset.place))`);
      expect(places).toEqual(places.map((_, i) => to - 6 + i));
    }
  });

  it('tells which law broke, where, after what, and how to run it again', async () => {
    const page = await show(failed);
    expect(await page.evaluate(text('#law'))).toBe('answered-within-5-s');
    expect(await page.evaluate(text('#why'))).toMatch(/has waited 5\.\d s for \w+ to answer/);
    expect(await page.evaluate(text('#replay'))).toContain('--seed 7');
    const story = `[...document.querySelectorAll('#because .type')].map((e) => e.textContent)`;
    const types = await page.evaluate<string[]>(story);
    expect(types.slice(0, 3)).toEqual(['task.sent', 'handler.began', 'fault.crash']);
    await page.click('#to-failure');
    expect(await page.evaluate(`${selected}.dataset.failing`)).toBe('true');
    expect(await page.evaluate(text('#when'))).toContain(
      await page.evaluate<string>(text('#clock')),
    );
  });

  it('stops where the run failed when it is played', async () => {
    const page = await show(failed);
    await choose(page, 'speed', '60');
    await page.click('#play');
    await page.until(`${text('#play')} === 'Play'`);
    expect(await page.evaluate(`${selected}.dataset.failing`)).toBe('true');
  });

  it('runs nothing that a trace says, and shows it as it is', async () => {
    const evil = '</script><img src=x onerror="document.title=1"><script>document.title=1</script>';
    const trace = traceOf([[0, evil, 'task.sent', { task: evil, [evil]: evil }]], [evil]);
    const page = await show(simulationPicture(trace, { title: 'calm', failure: new Error(evil) }));
    await page.click('.node');
    expect(await page.evaluate(text('.row .who'))).toBe(evil);
    expect(await page.evaluate(text('#why'))).toBe(evil);
    expect(await page.evaluate(`document.querySelectorAll('img').length`)).toBe(0);
    expect(await page.evaluate('document.title')).toBe('calm');
    expect(page.errors).toEqual([]);
  });

  it('stays quick with fifty nodes and a hundred thousand events', async () => {
    const names = Array.from({ length: 50 }, (_, i) => `org-${i % 10}/${i}`);
    const booted = names.map((name) => [0, name, 'node.booted', { life: 1 }] as const);
    const messages = Array.from({ length: 100_000 - 50 }, (_, i) => {
      const [from, to] = [names[i % 50]!, names[(i * 7 + 1) % 50]!];
      return [
        i,
        to,
        'message.delivered',
        { from, sentAt: Math.max(0, i - 20), label: 'data' },
      ] as const;
    });
    const page = await show(simulationPicture(traceOf([...booted, ...messages], names)));
    await choose(page, 'what', 'all');
    expect(await page.evaluate(text('#found'))).toBe('100,000 of 100,000 events');
    const scrub = `(() => {
      const begun = performance.now();
      for (let i = 0; i < 10; i += 1) {
        const scrubber = document.getElementById('scrubber');
        scrubber.value = i % 2 === 0 ? 90000 : 10000;
        scrubber.dispatchEvent(new Event('input'));
      }
      return (performance.now() - begun) / 10;
    })()`;
    // A tenth of it is usual; what a person calls slow begins here.
    expect(await page.evaluate<number>(scrub)).toBeLessThan(300);
    expect(page.errors).toEqual([]);
  }, 60_000);
});
