/**
 * A disk that tells the truth about power: what was not flushed is gone.
 * @module
 */
import { memoryStore } from '../../adapters/stores/memory.ts';
import { attempt } from '../../adapters/stores/parts/attempt.ts';
import { subStore } from '../../adapters/stores/parts/sub-store.ts';
import { linkedController } from '../../base/abort.ts';
import { MeshError } from '../../base/errors.ts';
import { Lifetime } from '../../base/lifetime.ts';
import type { Random } from '../../ports/random.ts';
import type {
  Change,
  Commit,
  Entry,
  Key,
  Op,
  Range,
  ReadOptions,
  Revision,
  Snapshot,
  Store,
  StoreFeatures,
  WriteOptions,
} from '../../ports/store.ts';
import type { EventLoop } from './event-loop.ts';
import { epoch, type Host } from './host.ts';
import type { Trace } from './trace.ts';

/** How a disk behaves. */
export interface DiskOptions {
  /** Milliseconds a flush takes; writes asked for meanwhile share the next one. Default 1. */
  readonly syncMs?: number;
}

/** One write that a power loss would undo; it may be on its way still. */
interface Unflushed {
  readonly keys: readonly Key[];
  /** What stood there before, and what came of the write. */
  readonly outcome: Promise<readonly [before: readonly (Entry | undefined)[], commit: Commit]>;
}

/** Keeps the bytes of one node over all its lives. */
export class Disk {
  readonly #host: Host;
  readonly #loop: EventLoop;
  readonly #trace: Trace;
  readonly #chance: Random;
  readonly #syncMs: number;
  #store: Store;
  #unflushed: Unflushed[] = [];
  #waiting: { readonly life: number; readonly done: (error?: MeshError) => void }[] = [];
  #full = false;
  #syncFails = false;

  constructor(parts: {
    readonly host: Host;
    readonly loop: EventLoop;
    readonly trace: Trace;
    readonly chance: Random;
    readonly options: DiskOptions;
  }) {
    this.#host = parts.host;
    this.#loop = parts.loop;
    this.#trace = parts.trace;
    this.#chance = parts.chance;
    this.#syncMs = parts.options.syncMs ?? 1;
    this.#store = this.#blank();
  }

  /** Whether every write is refused with `STORE_FULL`. */
  set full(full: boolean) {
    this.#full = full;
  }

  /** Whether flushing fails: what was written may be there after a power loss or not. */
  set syncFails(fails: boolean) {
    this.#syncFails = fails;
  }

  /** The store as the present life of the host sees it. */
  open(): Store {
    return new DiskStore(this, this.#host);
  }

  /** The bytes themselves, for reading. */
  get bytes(): Store {
    return this.#store;
  }

  /**
   * The machine stops. Without power, a random number of the newest commits that were not flushed are undone; or all is
   * `lost`, as after a change of disks.
   */
  async crash(power: boolean, disk: 'kept' | 'lost'): Promise<void> {
    this.#waiting = [];
    this.#full = false;
    this.#syncFails = false;
    const unflushed = this.#unflushed;
    this.#unflushed = [];
    if (disk === 'lost') {
      const old = this.#store;
      this.#store = this.#blank();
      await old.close();
      return;
    }
    if (!power || unflushed.length === 0) return;
    const kept = Math.floor(this.#chance.next() * (unflushed.length + 1));
    for (const { keys, outcome } of unflushed.slice(kept).reverse()) {
      const [before, commit] = await outcome;
      if (commit.ok) await this.#store.write(keys.map((key, i) => this.#undo(key, before[i])));
    }
    const lost = unflushed.length - kept;
    if (lost > 0) this.#trace.add(this.#host.name, 'store.lost', { commits: lost });
  }

  /** Writes for the present life; resolves once as safe as was asked for. */
  async write(ops: readonly Op[], options: WriteOptions = {}): Promise<Commit> {
    const { durable = 'power', ...rest } = options;
    const { life } = this.#host;
    if (this.#full) throw new MeshError('STORE_FULL', { store: this.#host.name });
    const keys = ops.map((op) => ('del' in op ? op.del : op.put));
    if (keys.length === 0) return this.#store.write(ops, rest);
    // Both happen at once, in this order.
    const outcome = Promise.all([this.#store.getMany(keys), this.#store.write(ops, rest)]);
    const written = { keys, outcome };
    this.#unflushed.push(written);
    const [, commit] = await outcome.catch((error: unknown) => {
      this.#forget(written);
      throw error;
    });
    if (!commit.ok) {
      this.#forget(written);
      return commit;
    }
    // The machine is gone: whether this survives was decided by its crash.
    if (this.#host.life !== life) return commit;
    const { revision } = commit;
    this.#trace.add(this.#host.name, 'store.written', { revision, keys: keys.length });
    // Whoever heard of it may have stopped the machine in that very moment.
    if (this.#host.life !== life) return commit;
    const flushed = this.#flushSoon();
    if (durable === 'power') await flushed;
    else flushed.catch(() => undefined);
    return commit;
  }

  #forget(written: Unflushed): void {
    this.#unflushed = this.#unflushed.filter((one) => one !== written);
  }

  #flushSoon(): Promise<void> {
    const { life } = this.#host;
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        life,
        done: (error) => {
          if (error === undefined) resolve();
          else reject(error);
        },
      });
      if (this.#waiting.length > 1) return;
      this.#loop.after(this.#syncMs, () => {
        this.#host.enter(life, () => {
          this.#flush();
        });
      });
    });
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const error = this.#syncFails
      ? new MeshError('STORE_FAILED', { store: this.#host.name, detail: 'the flush failed' })
      : undefined;
    if (error === undefined) this.#unflushed = [];
    for (const { done } of waiting) done(error);
  }

  #undo(key: Key, entry: Entry | undefined): Op {
    if (entry === undefined) return { del: key };
    const { value, expires } = entry;
    if (expires === undefined) return { put: key, value };
    return { put: key, value, ttlMs: Math.max(1, expires - this.#now()) };
  }

  #blank(): Store {
    return memoryStore({ clock: { now: () => this.#now() }, historyBytes: 1 << 20 });
  }

  #now(): number {
    return epoch + this.#loop.now + this.#host.clockOffset;
  }
}

const features: StoreFeatures = {
  durable: 'power',
  conditional: true,
  snapshot: true,
  ttl: true,
  shared: false,
  purge: true,
};

/** A disk within one life of its host: what that life has asked for gets no answer once it is over. */
class DiskStore implements Store {
  readonly features = features;
  readonly #disk: Disk;
  readonly #host: Host;
  readonly #life: number;
  readonly #bytes: Store;
  readonly #lifetime: Lifetime;

  constructor(disk: Disk, host: Host) {
    this.#disk = disk;
    this.#host = host;
    this.#life = host.life;
    this.#bytes = disk.bytes;
    this.#lifetime = new Lifetime(`the disk of ${host.name}`);
  }

  get(key: Key, options?: ReadOptions): Promise<Entry | undefined> {
    return this.#guarded(() => this.#bytes.get(key, options));
  }

  getMany(keys: readonly Key[], options?: ReadOptions): Promise<readonly (Entry | undefined)[]> {
    return this.#guarded(() => this.#bytes.getMany(keys, options));
  }

  write(ops: readonly Op[], options?: WriteOptions): Promise<Commit> {
    return this.#guarded(() => this.#disk.write(ops, options));
  }

  scan(range: Range, options?: ReadOptions): AsyncIterable<Entry> {
    return this.#steps(options, (inner) => this.#bytes.scan(range, inner));
  }

  snapshot(): Promise<Snapshot> {
    return this.#guarded(async () => {
      const snapshot = await this.#bytes.snapshot!();
      this.#lifetime.own(() => snapshot.close());
      return snapshot;
    });
  }

  watch(prefix: Key, from?: Revision, options?: ReadOptions): AsyncIterable<Change> {
    return this.#steps(options, (inner) => this.#bytes.watch(prefix, from, inner));
  }

  sub(prefix: Key): Store {
    return subStore(this, prefix);
  }

  close(): Promise<void> {
    return this.#lifetime.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #guarded<T>(work: () => Promise<T>): Promise<T> {
    return this.#host.outside(this.#life, () =>
      attempt(() => {
        this.#lifetime.assertOpen();
        return work();
      }),
    );
  }

  /** The steps of an iteration that is begun at once, and ends with `CLOSED` when this store is closed. */
  #steps<T>(
    options: ReadOptions | undefined,
    begin: (inner: ReadOptions) => AsyncIterable<T>,
  ): AsyncIterable<T> {
    const lifetime = this.#lifetime;
    const { controller, release } = linkedController(options?.signal, lifetime.signal);
    const items = begin({ signal: controller.signal });
    return (async function* () {
      try {
        lifetime.assertOpen();
        yield* items;
        lifetime.assertOpen();
      } finally {
        release();
      }
    })();
  }
}
