import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  checkOfRefusal,
  failedCheck,
  type RefusalReason,
  reasons,
  refusal,
} from '../../../src/core/trust/credentials/refusals.ts';

const all = Object.entries(reasons) as [RefusalReason, string][];
const page = readFileSync(new URL('../../../docs/protocol/trust.md', import.meta.url), 'utf8');

describe('reasons', () => {
  it('are all in the protocol page, with their sentences and whether they may pass', () => {
    for (const [reason, sentence] of all) {
      const { retryable = false } = failedCheck(reason);
      const name = retryable ? `*\`${reason}\`*` : `\`${reason}\``;
      expect(page).toContain(`| ${name} | ${sentence} |`);
    }
    const rows = page.match(/^\| \*?`[a-z]+\.[a-z0-9-]+`\*? \|/gm) ?? [];
    expect(rows.filter((row) => !row.includes('trust.'))).toHaveLength(all.length);
  });

  it('come through an error unchanged', () => {
    for (const [reason] of all) {
      expect(checkOfRefusal(refusal(reason, 'x'))).toEqual(failedCheck(reason, 'x'));
    }
    expect(() => checkOfRefusal(new TypeError('a bug'))).toThrow('a bug');
  });
});
