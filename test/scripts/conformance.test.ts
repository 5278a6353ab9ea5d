// The runner of published vectors: what it reads, what it counts, how it ends.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { type ConformanceSuite, conform } from '../../scripts/conformance.ts';
import { root } from '../../scripts/doors.ts';
import { vectorLines } from '../../scripts/vector-lines.ts';

const folder = mkdtempSync(join(tmpdir(), 'vectors-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function written(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

/** Each line is a list of numbers; even ones pass, odd ones fail, a negative one throws. */
const even: ConformanceSuite = {
  name: 'even numbers',
  run: async (line) =>
    (line as number[]).map((n) => {
      if (n < 0) throw new Error('negative');
      return n % 2 === 0 ? { name: `${n}` } : { name: `${n}`, error: new Error('odd') };
    }),
};

describe('vectorLines', () => {
  it('reads plain and gzipped JSON lines alike', () => {
    const text = '{"a":1}\n\n[2]\n';
    expect(vectorLines(written('plain.jsonl', text))).toEqual([{ a: 1 }, [2]]);
    expect(vectorLines(written('packed.jsonl.gz', gzipSync(text)))).toEqual([{ a: 1 }, [2]]);
  });

  it('names the line that is not JSON', () => {
    const file = written('broken.jsonl', '{}\n{nonsense\n');
    expect(() => vectorLines(file)).toThrow(`${file}, line 2 is not JSON`);
  });
});

describe('conform', () => {
  it('counts cases, not lines, and a line that throws as one failure', async () => {
    const printed: string[] = [];
    const counts = await conform(even, [[2, 4], [3], [-1, 2]], (line) => printed.push(line));
    expect(counts).toEqual({ passed: 2, failed: 2 });
    expect(printed).toEqual(['FAILED 3: odd', 'FAILED line 3: negative']);
  });

  it('prints a bounded number of failures and counts the rest', async () => {
    const printed: string[] = [];
    const odd = Array.from({ length: 50 }, (_, i) => 2 * i + 1);
    expect(await conform(even, [odd], (line) => printed.push(line))).toEqual({
      passed: 0,
      failed: 50,
    });
    expect(printed).toHaveLength(21);
    expect(printed.at(-1)).toBe('... and 30 more');
  });
});

describe('npm run conformance', () => {
  const run = async (...args: readonly string[]) => {
    const command = ['--conditions=@mesh/source', join(root, 'scripts/conformance.ts'), ...args];
    const done = promisify(execFile)(process.execPath, command);
    return done.then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: unknown) => error as { code: number; stdout: string; stderr: string },
    );
  };

  it('lists the suites when it does not know the one asked for', async () => {
    const { code, stderr } = await run('astrology', 'stars.jsonl');
    expect(code).toBe(2);
    expect(stderr).toContain(`no suite 'astrology'`);
    expect(stderr).toContain('suites: ');
  });

  it('says which file it cannot read', async () => {
    const { code, stderr } = await run('noise', join(folder, 'missing.gz'));
    expect(code).toBe(2);
    expect(stderr).toContain('missing.gz');
  });

  it('fails when a vector is wrong, with the counts on the last line', async () => {
    const wrong = written('wrong.jsonl', '{"protocol_name":"Noise_QQ_25519_ChaChaPoly_SHA256"}\n');
    const { code, stdout } = await run('noise', wrong);
    expect(code).toBe(1);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('0 passed, 1 failed');
  });
});
