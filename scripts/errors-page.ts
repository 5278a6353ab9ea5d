/**
 * Writes docs/errors.md: every code with its sentence and what to do about it.
 * Run: `node scripts/errors-page.ts` (part of `npm run docs`).
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { advice } from '../src/base/advice.ts';
import { MeshError, type MeshErrorCode, sentences } from '../src/base/errors.ts';
import { root } from './doors.ts';

/** The page, as it should be. */
export function errorsPage(): string {
  const page = [
    '# Error codes',
    '',
    'Every failure the SDK reports is a `MeshError`. Branch on `code`, never on the message: codes are stable, sentences may be reworded.',
    '`params` holds the values named in the sentence, `cause` the lower-level failure (which never leaves the process), and `retryable` whether the same call may',
    'succeed later without a change. What crosses to another organisation is `{ code, params, retryable }` and nothing else.',
    '',
    '```ts nocheck',
    'try {',
    "  await mesh.executeTask({ type: 'math.add', data: [1, 2] });",
    '} catch (error) {',
    "  if (MeshError.is(error, 'POLICY_DENIED')) console.error(error.params['determining']);",
    '  else throw error;',
    '}',
    '```',
    '',
    'Generated from `src/base/errors.ts` by `scripts/errors-page.ts`.',
  ];
  for (const line of tableOfSentences()) {
    const group = /^ {2}\/\/ (.+)$/.exec(line)?.[1];
    const code = /^ {2}([A-Z][A-Z0-9_]*):/.exec(line)?.[1] as MeshErrorCode | undefined;
    if (group !== undefined) page.push('', `## ${group}`);
    if (code !== undefined) page.push('', ...section(code));
  }
  return `${page.join('\n')}\n`;
}

function section(code: MeshErrorCode): readonly string[] {
  const retryable = new MeshError(code).retryable ? ' Retryable.' : '';
  const sentence = sentences[code].replace(/\{(\w+)\}/g, '*$1*');
  return [`### ${code}`, '', `> ${sentence}`, '', `${advice[code]}${retryable}`];
}

/** The lines between `sentences = {` and its end; the comments there are the groups. */
function tableOfSentences(): readonly string[] {
  const lines = readFileSync(join(root, 'src/base/errors.ts'), 'utf8').split('\n');
  const begin = lines.findIndex((line) => line.startsWith('export const sentences'));
  return lines.slice(begin + 1, lines.indexOf('} as const;', begin));
}

if (import.meta.main) writeFileSync(join(root, 'docs/errors.md'), errorsPage());
