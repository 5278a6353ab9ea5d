// Habits that are rules: no unfinished business in the library, no drawer for odds and ends, no switched-off test.
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../scripts/doors.ts';

/** `path:line` of every line of `files` that matches. */
function lines(files: string, pattern: RegExp): readonly string[] {
  return globSync(files, { cwd: root }).flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [])),
  );
}

describe('the house', () => {
  it('has no unfinished business', () => {
    const unfinished =
      /\b(TODO|FIXME|HACK|XXX)\b|not implemented|\bas any\b|@ts-ignore|@ts-nocheck/i;
    expect(lines('src/**/*.ts', unfinished)).toEqual([]);
  });

  it('keeps the lint laws on, but for single lines with a reason', () => {
    const silenced = /eslint-disable(?!-next-line [\w@/-]+ -- \w)|biome-ignore|v8 ignore/;
    expect(lines('src/**/*.ts', silenced)).toEqual([]);
  });

  it('has no file for odds and ends', () => {
    const names = globSync('{src,scripts,bench}/**/*.ts', { cwd: root }).map((file) =>
      basename(file, '.ts'),
    );
    expect(names.filter((name) => /^(utils?|helpers?|common|manager|misc)$/.test(name))).toEqual(
      [],
    );
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.bench)?$/.test(name))).toEqual([]);
  });

  it('runs every test it has', () => {
    const name = /\b(it|test|describe)\.(only|todo|skip)\(/;
    expect(lines('test/**/*.ts', name).filter((line) => !line.includes('words.test.ts'))).toEqual(
      [],
    );
  });
});
