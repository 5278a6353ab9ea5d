// The users' stories, word for word: what the API was designed from must compile and run.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { root } from '../../scripts/doors.ts';
import { type Snippet, storiesOf, Workbench } from './snippets.ts';

const design = join(root, '../shared/design/api.md');

/** The stories that are told by now, each with what it must print. */
const told: readonly { readonly story: string; readonly prints: RegExp }[] = [
  { story: 'A1', prints: /^\{ sum: 5 \} receipt/ },
  { story: 'A2', prints: /^$/ },
  {
    story: 'A9',
    prints:
      /^true \[(?:\s*\[\s*'did:mesh:enterprise:acme:z\w+#z\w+',\s*'[^']+',\s*(?:'[^']+'|undefined)\s*\],?){2}\s*\]\n\{\s*'@context'/,
  },
  { story: 'A7', prints: /^page 1\npage 2\npage 3\n10n\n$/ },
  { story: 'A16', prints: /^true true undefined 0\n$/ },
];

describe.skipIf(!existsSync(design))(
  'the stories (skipped without ../shared/design/api.md)',
  () => {
    const all = existsSync(design)
      ? storiesOf(readFileSync(design, 'utf8'))
      : new Map<string, Snippet>();
    const snippets = told.flatMap(({ story }) => all.get(story) ?? []);
    const workbench = new Workbench(snippets);
    afterAll(() => {
      workbench[Symbol.dispose]();
    });

    it('are all in the design', () => {
      expect(snippets.map(({ name }) => name)).toEqual(told.map(({ story }) => story));
    });

    it('type-check', async () => {
      expect(await workbench.typeCheck()).toBe('');
    }, 60_000);

    it.each(told)(
      'run: $story',
      async ({ story, prints }) => {
        const snippet = all.get(story);
        if (snippet === undefined) throw new Error(`${story} is not in the design`);
        const preamble = join(root, `test/docs/preambles/${story}.ts`);
        const { exit, stdout, stderr } = await workbench.run(snippet, {
          timeoutMs: 20_000,
          ...(existsSync(preamble) && { preamble }),
        });
        expect({ exit, stderr: exit === 0 ? '' : stderr }).toEqual({ exit: 0, stderr: '' });
        expect(stdout).toMatch(prints);
      },
      30_000,
    );
  },
);
