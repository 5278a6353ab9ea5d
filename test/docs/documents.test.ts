// Every piece of TypeScript in the README and the guide, and every one-page example, type-checks, runs, and ends by itself.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { root } from '../../scripts/doors.ts';
import { type Snippet, snippetsOf, Workbench } from './snippets.ts';

const documents = ['README.md', ...globSync('docs/guide/*.md', { cwd: root }).sort()];

const snippets: readonly Snippet[] = documents.flatMap((document) =>
  snippetsOf(readFileSync(join(root, document), 'utf8')).map((snippet) => ({
    ...snippet,
    name: `${document}:${snippet.line}`,
  })),
);

// Folders in examples/ are programs of their own; the files beside them are one-page stories.
const examples = globSync('examples/*.ts', { cwd: root })
  .sort()
  .map((file): Snippet => ({ name: file, code: readFileSync(join(root, file), 'utf8'), line: 1 }));

const workbench = new Workbench([...snippets, ...examples]);
afterAll(() => {
  workbench[Symbol.dispose]();
});

describe('the documents', () => {
  it('show code in the README before line 30', () => {
    const first = snippets.find(({ name }) => name.startsWith('README.md:'));
    expect(first?.line).toBeLessThan(30);
  });

  it('type-check', async () => {
    expect(await workbench.typeCheck()).toBe('');
  }, 60_000);

  it.each([...snippets, ...examples])(
    'run: $name',
    async (snippet) => {
      const { exit, stderr } = await workbench.run(snippet, { timeoutMs: 20_000 });
      expect({ exit, stderr: exit === 0 ? '' : stderr }).toEqual({ exit: 0, stderr: '' });
    },
    30_000,
  );
});
