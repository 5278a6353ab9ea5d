/**
 * The tasks in their store: every change is one conditional commit, so two processes never both make it.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import { packPacket, unpackPacket } from '../../base/packet.ts';
import type { Durability, Op, Revision, Store } from '../../ports/store.ts';
import { type TaskRequest, taskRequestShape } from '../../schema/task.ts';
import { readOutcome, type TaskOutcome, writeOutcome } from './task-outcome.ts';
import { readRow, type TaskRow, writeRow } from './task-row.ts';
import { isFinal } from './task-state.ts';

/** A row with the revision it was read at. */
export interface HeldRow {
  readonly row: TaskRow;
  readonly revision: Revision;
}

/** What to write in place of a row. */
export interface RowChange {
  readonly row: TaskRow;
  readonly checkpoint?: Uint8Array;
  /** Goes with a final state, and only with one. */
  readonly outcome?: TaskOutcome;
  /** May be lost with a power cut: nothing but a sign of life. */
  readonly light?: boolean;
}

/** What came of a change. */
export interface Changed extends HeldRow {
  /** False when the decision was to leave the row alone. */
  readonly changed: boolean;
}

/** How often a change is decided anew because somebody else's came between. */
const tryLimit = 32;

/** Rows of finished tasks that are deleted in one commit. */
const batchLimit = 256;

/** Keeps tasks. What is open stands under `open/`, what is over under `final/`, the bytes that belong to it beside. */
export class TaskRows {
  readonly #store: Store;
  readonly #retentionMs: number;

  constructor(store: Store, retentionMs: number) {
    this.#store = store;
    this.#retentionMs = retentionMs;
  }

  /** Throws `UNSUPPORTED` when the store cannot keep two writers apart. */
  assertFit(): void {
    if (this.#store.features.conditional) return;
    const by = 'a store without conditional writes';
    throw new MeshError('UNSUPPORTED', { feature: 'a durable task', by });
  }

  /** The task `id`, open or over. */
  async find(id: string): Promise<HeldRow | undefined> {
    // A task moves from open to final in one commit, so whoever sees it in neither place asks once more.
    for (let tries = 0; tries < 2; tries += 1) {
      const entries = await this.#store.getMany([openKey(id), finalKey(id)]);
      const entry = entries[0] ?? entries[1];
      if (entry !== undefined) {
        return { row: readRow(entry.value, entry.key), revision: entry.revision };
      }
    }
    return undefined;
  }

  /** Writes a new task; undefined when there is one of this id. */
  async create(row: TaskRow, request: TaskRequest): Promise<HeldRow | undefined> {
    const { id } = row;
    const commit = await this.#store.write(
      [
        { put: openKey(id), value: writeRow(row) },
        { put: requestKey(id), value: packPacket(request) },
      ],
      {
        if: [
          { key: openKey(id), revision: null },
          { key: finalKey(id), revision: null },
        ],
      },
    );
    return commit.ok ? { row, revision: commit.revision } : undefined;
  }

  /**
   * Replaces the row of the open task `id` by what `decide` makes of it; undefined when it is not open. What `decide`
   * throws is passed on, and nothing is written.
   */
  async change(
    id: string,
    decide: (held: HeldRow) => RowChange | undefined,
  ): Promise<Changed | undefined> {
    const key = openKey(id);
    for (let tries = 0; tries < tryLimit; tries += 1) {
      const entry = await this.#store.get(key);
      if (entry === undefined) return undefined;
      const held = { row: readRow(entry.value, key), revision: entry.revision };
      const change = decide(held);
      if (change === undefined) return { ...held, changed: false };
      const commit = await this.#store.write(this.#opsOf(change), {
        if: [{ key, revision: held.revision }],
        ...(change.light === true && { durable: this.#light }),
      });
      if (commit.ok) return { row: change.row, revision: commit.revision, changed: true };
    }
    throw new MeshError('OVERLOADED', { what: `the row of task '${id}'`, limit: tryLimit });
  }

  /** Every open task; `unreadable` is told of rows that are none. */
  open(unreadable: (error: unknown) => void): Promise<readonly HeldRow[]> {
    return this.#scan('open/', unreadable);
  }

  /** Every task that is over and still kept. */
  final(unreadable: (error: unknown) => void): Promise<readonly HeldRow[]> {
    return this.#scan('final/', unreadable);
  }

  /** What was asked for. Throws `STORE_CORRUPT` when it is gone. */
  async request(id: string): Promise<TaskRequest> {
    return taskRequestShape(unpackPacket(await this.#bytes(requestKey(id))), 'task');
  }

  /** The bytes of the last checkpoint. Throws `STORE_CORRUPT` when they are gone. */
  checkpoint(id: string): Promise<Uint8Array> {
    return this.#bytes(checkpointKey(id));
  }

  /** How the task `id` ended; undefined while it has not, or when it is no longer kept. */
  async outcome(id: string): Promise<TaskOutcome | undefined> {
    const entry = await this.#store.get(outcomeKey(id));
    return entry && readOutcome(entry.value, entry.key);
  }

  /** Forgets finished tasks older than the retention, and the oldest beyond `count`. */
  async prune(now: number, count: number): Promise<void> {
    const rows = (await this.final(() => undefined)).map(({ row }) => row);
    const newestFirst = rows.sort((a, b) => endOf(b) - endOf(a));
    const over = newestFirst.filter(
      (row, i) => i >= count || endOf(row) + this.#retentionMs <= now,
    );
    for (let from = 0; from < over.length; from += batchLimit) {
      const batch = over.slice(from, from + batchLimit);
      await this.#store.write(
        batch.flatMap(({ id }) => [{ del: finalKey(id) }, { del: outcomeKey(id) }]),
      );
    }
  }

  /** Deletes all that is kept of `ids`, and every trace of it that the store can reach. */
  async erase(ids: readonly string[]): Promise<void> {
    for (let from = 0; from < ids.length; from += batchLimit) {
      const keys = ids
        .slice(from, from + batchLimit)
        .flatMap((id) =>
          [openKey, finalKey, requestKey, checkpointKey, outcomeKey].map((of) => of(id)),
        );
      await this.#store.write(keys.map((del) => ({ del, purge: true })));
    }
  }

  async #scan(prefix: string, unreadable: (error: unknown) => void): Promise<readonly HeldRow[]> {
    const rows: HeldRow[] = [];
    for await (const { key, value, revision } of this.#store.scan({ prefix })) {
      try {
        rows.push({ row: readRow(value, key), revision });
      } catch (error) {
        unreadable(error);
      }
    }
    return rows;
  }

  #opsOf({ row, checkpoint, outcome }: RowChange): readonly Op[] {
    const { id } = row;
    if (outcome === undefined || !isFinal(row.state)) {
      const put: Op = { put: openKey(id), value: writeRow(row) };
      return checkpoint === undefined
        ? [put]
        : [put, { put: checkpointKey(id), value: checkpoint }];
    }
    const ttlMs = this.#retentionMs;
    return [
      { del: openKey(id) },
      { del: requestKey(id) },
      { del: checkpointKey(id) },
      { put: finalKey(id), value: writeRow(row), ttlMs },
      { put: outcomeKey(id), value: writeOutcome(outcome), ttlMs },
    ];
  }

  get #light(): Durability {
    return this.#store.features.durable === 'none' ? 'none' : 'process';
  }

  async #bytes(key: string): Promise<Uint8Array> {
    const entry = await this.#store.get(key);
    if (entry !== undefined) return entry.value;
    throw new MeshError('STORE_CORRUPT', { store: 'tasks', detail: `${key} is missing` });
  }
}

function openKey(id: string): string {
  return `open/${id}`;
}

function finalKey(id: string): string {
  return `final/${id}`;
}

function requestKey(id: string): string {
  return `request/${id}`;
}

function checkpointKey(id: string): string {
  return `checkpoint/${id}`;
}

function outcomeKey(id: string): string {
  return `outcome/${id}`;
}

function endOf({ finishedAt = 0 }: TaskRow): number {
  return finishedAt;
}
