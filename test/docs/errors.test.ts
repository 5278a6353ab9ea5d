// docs/errors.md and the table of sentences tell the same story.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../scripts/doors.ts';
import { errorsPage } from '../../scripts/errors-page.ts';
import { sentences } from '../../src/base/errors.ts';

const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');

describe('docs/errors.md', () => {
  it('has a heading for every code, and no other', () => {
    const headings = [...page.matchAll(/^### (.+)$/gm)].map((match) => match[1]);
    expect(headings.sort()).toEqual(Object.keys(sentences).sort());
  });

  it('says what to do about each', () => {
    expect(page).not.toContain('undefined');
  });

  it('is what `npm run docs` writes', () => {
    expect(page).toBe(errorsPage());
  });
});
