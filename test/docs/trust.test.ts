// The constants in docs/trust.md are those of the source.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../scripts/doors.ts';
import { trustPage } from '../../scripts/trust-page.ts';
import { reputationConstants } from '../../src/core/trust/reputation/constants.ts';

const page = readFileSync(join(root, 'docs/trust.md'), 'utf8');

describe('docs/trust.md', () => {
  it('is what `npm run docs` writes', () => {
    expect(page).toBe(trustPage(page));
  });

  it('says what every constant of reputation is for', () => {
    for (const name of Object.keys(reputationConstants)) {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\` |`));
      expect(row, name).toMatch(/\| .+ \| \S.+ \|$/);
    }
  });
});
