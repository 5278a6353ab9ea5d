// The extractor itself: what it takes, what it leaves, and that it notices what it is there to notice.
import { describe, expect, it } from 'vitest';
import { snippetsOf, storiesOf, Workbench } from './snippets.ts';

const fence = '```';
const document = [
  '# Title',
  `${fence}ts`,
  'const a = 1;',
  fence,
  `${fence}ts nocheck`,
  'const b = ;',
  fence,
  `${fence}sh`,
  'npm start',
  fence,
  `${fence}ts`,
  'const c = 3;',
  'export const d = c;',
  fence,
].join('\n');

describe('snippetsOf', () => {
  it('takes TypeScript blocks with the line they begin at, and leaves the others', () => {
    expect(snippetsOf(document)).toEqual([
      { name: 'line 3', line: 3, code: 'const a = 1;\n' },
      { name: 'line 12', line: 12, code: 'const c = 3;\nexport const d = c;\n' },
    ]);
  });
});

describe('storiesOf', () => {
  it('finds each story by its number', () => {
    const text = `**A1. One.** Words.\n\n${fence}ts\nlet one = 1;\n${fence}\n**B2. No code.** Words.\n**A3. Three.**\n${fence}ts\nlet three = 3;\n${fence}\n`;
    expect([...storiesOf(text)].map(([name, { code }]) => [name, code])).toEqual([
      ['A1', 'let one = 1;\n'],
      ['A3', 'let three = 3;\n'],
    ]);
  });
});

describe('the workbench', () => {
  const snippet = (name: string, code: string) => ({ name, code, line: 7 });

  it('names the document and the line of a type error', async () => {
    const wrong = snippet('README.md:7', `const n: number = 'text';\n`);
    using workbench = new Workbench([wrong, snippet('fine', 'const m = 1;\n')]);
    const report = await workbench.typeCheck();
    expect(report).toContain('README.md:7(7,7): error TS2322');
    expect(report).not.toContain('fine');
  }, 30_000);

  it('sees a snippet that throws, one that never ends, and one that is fine', async () => {
    const throwing = snippet('a', `throw new Error('planted');\n`);
    const endless = snippet('b', 'setInterval(() => undefined, 1_000);\n');
    const fine = snippet('c', `console.log('done');\n`);
    using workbench = new Workbench([throwing, endless, fine]);
    const [a, b, c] = await Promise.all([
      workbench.run(throwing, { timeoutMs: 5_000 }),
      workbench.run(endless, { timeoutMs: 1_000 }),
      workbench.run(fine, { timeoutMs: 5_000 }),
    ]);
    expect([a.exit, b.exit, c.exit]).toEqual([1, 'SIGTERM', 0]);
    expect(a.stderr).toContain('planted');
    expect(c.stdout).toBe('done\n');
  }, 30_000);
});
