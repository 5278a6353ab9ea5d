// What a person sees in the terminal.
import type { News } from './role.ts';

const colour = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
const paint = (code: number, text: string): string =>
  colour ? `\u001B[${String(code)}m${text}\u001B[0m` : text;

/** Emphasis. */
export const bold = (text: string): string => paint(1, text);
/** Detail. */
export const dim = (text: string): string => paint(2, text);

const tones: Readonly<Record<News['kind'], number>> = {
  session: 36,
  credential: 35,
  round: 32,
  task: 34,
  revocation: 31,
  refusal: 31,
  note: 2,
};

/** Prints lines, and a progress bar that lines push down. */
export class Screen {
  readonly #started = Date.now();
  readonly #bars = new Map<string, number>();
  readonly news: News[] = [];
  #barShown = false;

  /** A heading for the next part of the story. */
  chapter(title: string): void {
    this.line(`\n${bold(title)}`);
  }

  /** One line. */
  line(text: string): void {
    this.#wipe();
    process.stdout.write(`${text}\n`);
  }

  /** One thing that happened somewhere. */
  tell(news: News): void {
    this.news.push(news);
    // The rounds have lines of their own.
    if (news.kind === 'round') return;
    const seconds = ((news.at - this.#started) / 1_000).toFixed(1).padStart(5);
    this.line(
      `${dim(`${seconds} s`)}  ${paint(tones[news.kind], news.who.padEnd(12))} ${news.what}`,
    );
  }

  /** Moves the bar of `name`; at 1 it goes away. */
  progress(name: string, fraction: number): void {
    if (!process.stdout.isTTY) return;
    if (fraction >= 1) this.#bars.delete(name);
    else this.#bars.set(name, fraction);
    this.#wipe();
    if (this.#bars.size === 0) return;
    const mean = [...this.#bars.values()].reduce((a, b) => a + b, 0) / this.#bars.size;
    const filled = Math.round(mean * 30);
    const bar = '█'.repeat(filled) + '░'.repeat(30 - filled);
    process.stdout.write(`         ${bar} ${[...this.#bars.keys()].join(', ')}`);
    this.#barShown = true;
  }

  /** Rows as an aligned table; the first row is the head. */
  table(rows: readonly (readonly string[])[]): void {
    const widths = (rows[0] ?? []).map((_, column) =>
      Math.max(...rows.map((row) => (row[column] ?? '').length)),
    );
    for (const [i, row] of rows.entries()) {
      const text = row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
      this.line(`  ${i === 0 ? bold(text) : text}`);
    }
  }

  #wipe(): void {
    if (!this.#barShown) return;
    process.stdout.write('\r\u001B[2K');
    this.#barShown = false;
  }
}
