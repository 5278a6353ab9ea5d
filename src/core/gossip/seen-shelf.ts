/**
 * Ids on a store, so that a message which was here before a restart does not count again after it.
 * @module
 */
import { packPacket, unpackPacket } from '../../base/packet.ts';
import { integer, object } from '../../base/shape.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Op, Store } from '../../ports/store.ts';

const seenShape = object({ expires: integer() });

/** The part of a store that is used. */
export type ShelfStore = Pick<Store, 'scan' | 'write'>;

/** Writes ids behind: those of the last moment may be lost in a crash, and their messages then come again. */
export class SeenShelf {
  readonly #store: ShelfStore;
  readonly #logger: Logger | undefined;
  /** Not yet written; one write is under way at a time. At most as many as there are ids remembered. */
  #waiting = new Map<string, Op>();
  #writing: Promise<void> | undefined;

  constructor(store: ShelfStore, logger: Logger | undefined) {
    this.#store = store;
    this.#logger = logger;
  }

  /** What was seen before. */
  async *load(): AsyncIterable<{ readonly id: string; readonly expires: number }> {
    for await (const { key, value } of this.#store.scan({ prefix: 'seen/' })) {
      const { expires } = seenShape(unpackPacket(value), 'a seen message');
      yield { id: key.slice('seen/'.length), expires };
    }
  }

  keep(id: string, expires: number): void {
    this.#enqueue(id, { put: `seen/${id}`, value: packPacket({ expires }) });
  }

  forget(ids: readonly string[]): void {
    for (const id of ids) this.#enqueue(id, { del: `seen/${id}` });
  }

  /** Resolves when all is written. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  #enqueue(id: string, op: Op): void {
    this.#waiting.set(id, op);
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  async #write(): Promise<void> {
    // What arrives in one turn is written in one go.
    await Promise.resolve();
    while (this.#waiting.size > 0) {
      const ops = [...this.#waiting.values()];
      this.#waiting = new Map();
      try {
        await this.#store.write(ops);
      } catch (error) {
        // Gossip goes on without; the price is a message that comes again after a restart.
        this.#logger?.log('warn', 'ids of broadcasts were not kept', { error });
      }
    }
  }
}
