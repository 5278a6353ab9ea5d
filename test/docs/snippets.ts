// Code in documents: cut out, type-checked together, and each run in a process of its own.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../../scripts/doors.ts';

const run = promisify(execFile);

/** One fenced block of TypeScript. */
export interface Snippet {
  /** Unique within its document: the line it begins at, or the story it tells. */
  readonly name: string;
  readonly code: string;
  /** Line of its first line of code. */
  readonly line: number;
}

/** How a snippet's process ended. */
export interface Outcome {
  /** 0 when it ran to its end; the signal when it had to be stopped. */
  readonly exit: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** The ` ```ts ` blocks of `markdown`. Blocks marked ` ```ts nocheck ` (or anything else) are left out. */
export function snippetsOf(markdown: string): readonly Snippet[] {
  const snippets: Snippet[] = [];
  for (const match of markdown.matchAll(/^```ts[ \t]*\n([\s\S]*?)^```[ \t]*$/gm)) {
    const line = markdown.slice(0, match.index).split('\n').length + 1;
    snippets.push({ name: `line ${line}`, code: match[1] ?? '', line });
  }
  return snippets;
}

/** The blocks of a document of stories (`**A1. Title.**` before each), by the story's number. */
export function storiesOf(markdown: string): ReadonlyMap<string, Snippet> {
  const titles = [...markdown.matchAll(/^\*\*([A-Z]\d+)\. /gm)];
  const stories = new Map<string, Snippet>();
  for (const [i, title] of titles.entries()) {
    const text = markdown.slice(title.index, titles[i + 1]?.index);
    const [first] = snippetsOf(text);
    const name = title[1] ?? '';
    if (first !== undefined) stories.set(name, { ...first, name });
  }
  return stories;
}

/** A folder inside the package, where `@mesh/sdk` is the package itself, with one file per snippet. */
export class Workbench implements Disposable {
  readonly #folder: string;
  readonly #files = new Map<Snippet, string>();

  constructor(snippets: readonly Snippet[]) {
    mkdirSync(join(root, '.snippets'), { recursive: true });
    this.#folder = mkdtempSync(join(root, '.snippets/'));
    for (const [i, snippet] of snippets.entries()) {
      const file = join(this.#folder, `snippet-${i}.ts`);
      // Blank lines keep the line numbers of the document; the export makes every block a module.
      const above = '\n'.repeat(Math.max(0, snippet.line - 1));
      writeFileSync(file, `${above}${snippet.code}\nexport {};\n`);
      this.#files.set(snippet, file);
    }
  }

  /** What the compiler has to say about them, in one run over all. Empty when they type-check. */
  async typeCheck(): Promise<string> {
    const config = { extends: join(root, 'tsconfig.json'), include: ['./*.ts'] };
    const file = join(this.#folder, 'tsconfig.json');
    writeFileSync(file, JSON.stringify(config));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const done = run(process.execPath, [tsc, '--pretty', 'false', '-p', file], { cwd: root });
    const { stdout } = await done.catch((error: unknown) => error as { stdout: string });
    return this.#named(stdout);
  }

  /** Runs one snippet in a folder of its own; it has `timeoutMs` to end by itself. */
  async run(snippet: Snippet, options: { timeoutMs: number; preamble?: string }): Promise<Outcome> {
    const file = this.#files.get(snippet);
    if (file === undefined) throw new Error(`${snippet.name} is not on this workbench`);
    const cwd = file.replace(/\.ts$/, '');
    mkdirSync(cwd);
    const before = options.preamble === undefined ? [] : ['--import', options.preamble];
    const args = ['--conditions=@mesh/source', ...before, file];
    try {
      const done = await run(process.execPath, args, { cwd, timeout: options.timeoutMs });
      return { exit: 0, ...done };
    } catch (error) {
      const { code, signal, stdout, stderr } = error as {
        code: number | null;
        signal: string | null;
        stdout: string;
        stderr: string;
      };
      return { exit: code ?? signal ?? 'unknown', stdout, stderr };
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The lines of `report` about snippets, with the documents' names in place of the files'. */
  #named(report: string): string {
    const lines: string[] = [];
    for (const [snippet, file] of this.#files) {
      const path = file.slice(root.length + 1);
      for (const line of report.split('\n')) {
        if (line.startsWith(`${path}(`)) lines.push(line.replace(path, snippet.name));
      }
    }
    return lines.join('\n');
  }
}
