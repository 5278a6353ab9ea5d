/**
 * The open tasks as they were last seen; the store has the last word.
 * @module
 */
import type { HeldRow, TaskRows } from './task-rows.ts';
import { isFinal } from './task-state.ts';

/** Open tasks, about in order of submission. */
export class OpenTasks {
  #tasks = new Map<string, HeldRow>();
  /** Seen while the store was being read, and so newer than what was read. */
  #touched = new Set<string>();

  /** How many there are. */
  get size(): number {
    return this.#tasks.size;
  }

  /** All of them. */
  all(): Iterable<HeldRow> {
    return this.#tasks.values();
  }

  /** Whether `id` is one of them. */
  has(id: string): boolean {
    return this.#tasks.has(id);
  }

  /** Takes note of how a task stands now. */
  note(held: HeldRow): void {
    const { id, state } = held.row;
    this.#touched.add(id);
    if (isFinal(state)) this.#tasks.delete(id);
    else this.#tasks.set(id, held);
  }

  /** A task that is not in the store as open any more. */
  drop(id: string): void {
    this.#touched.add(id);
    this.#tasks.delete(id);
  }

  /** Reads them from the store. One read at a time. */
  async read(rows: TaskRows, unreadable: (error: unknown) => void): Promise<readonly HeldRow[]> {
    const touched = new Set<string>();
    this.#touched = touched;
    const read = await rows.open(unreadable);
    const fresh = read.filter(({ row }) => !touched.has(row.id));
    const known = [...touched].flatMap((id) => this.#tasks.get(id) ?? []);
    const all = [...fresh, ...known].sort((a, b) => a.row.submittedAt - b.row.submittedAt);
    this.#tasks = new Map(all.map((held) => [held.row.id, held]));
    return all;
  }
}
