/**
 * Keeps the tables of constants in docs/trust.md true: each constant with its value and its sentence, from the source.
 * Run: `node scripts/trust-page.ts` (part of `npm run docs`).
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withSection } from '../bench/report.ts';
import { reputationConstants } from '../src/core/trust/reputation/constants.ts';
import { trustConstants } from '../src/core/trust/score/score.ts';
import { trustWeights } from '../src/core/trust/score/weights.ts';
import { root } from './doors.ts';

/** docs/trust.md as it should be. */
export function trustPage(page: string): string {
  const { weights: _weights, halfLives: _halfLives, ...score } = trustConstants;
  const [first, ...rows] = Object.keys(
    trustWeights.standard,
  ) as (keyof typeof trustWeights.standard)[];
  const names = Object.keys(trustWeights) as (keyof typeof trustWeights)[];
  const weights = [
    `| factor | ${names.map((name) => `\`${name}\``).join(' | ')} |`,
    `| --- |${names.map(() => ' ---: |').join('')}`,
    ...[first!, ...rows].map(
      (factor) => `| ${factor} | ${names.map((name) => trustWeights[name][factor]).join(' | ')} |`,
    ),
  ];
  const sections = {
    'constants:weights': weights,
    'constants:score': constantTable('src/core/trust/score/score.ts', 'TrustConstants', score),
    'constants:reputation': constantTable(
      'src/core/trust/reputation/constants.ts',
      'ReputationConstants',
      reputationConstants,
    ),
  };
  return Object.entries(sections).reduce(
    (text, [name, lines]) => withSection(text, name, lines.join('\n')),
    page,
  );
}

/** A row for each member of an interface: name, value, and what the source says of it. */
function constantTable(file: string, name: string, values: object): readonly string[] {
  const source = readFileSync(join(root, file), 'utf8');
  const begin = source.indexOf(`export interface ${name} {`);
  const body = source.slice(begin, source.indexOf('\n}', begin));
  const members = [...body.matchAll(/(?:\/\*\*(?<doc>.*?)\*\/\s*)?readonly (?<member>\w+):/gs)];
  const docs = new Map(members.map(({ groups }) => [groups!['member']!, groups!['doc'] ?? '']));
  return [
    '| constant | value | meaning |',
    '| --- | ---: | --- |',
    ...Object.entries(values).map(([member, value]) => {
      const doc = (docs.get(member) ?? '').replaceAll(/\s*\n\s*\*\s*/g, ' ').trim();
      return `| \`${member}\` | ${shown(value)} | ${doc} |`;
    }),
  ];
}

function shown(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, part]) => `${name} ${String(part)}`)
    .join(', ');
}

if (import.meta.main) {
  const file = join(root, 'docs/trust.md');
  writeFileSync(file, trustPage(readFileSync(file, 'utf8')));
}
