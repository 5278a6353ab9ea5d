/**
 * Group commit: the writes of one turn share a transaction, hence one flush to the disk.
 * @module
 */
import { abortError, onAbort } from '../../../base/abort.ts';
import { MeshError } from '../../../base/errors.ts';
import type { Commit } from '../../../ports/store.ts';
import type { WriteRequest } from '../parts/write-request.ts';
import { isBusy, storeError } from './store-error.ts';

/** The most writes of one transaction, so that it stays short. */
const groupLength = 1_024;

/** The most writes that may wait; beyond, `OVERLOADED`. */
const waitingLimit = 65_536;

/** How often a lock held by another process is tried. */
const retryMs = 10;

/** What the queue needs of its store. */
export interface Committer {
  readonly store: string;
  /** How long another process may hold the lock, in milliseconds. */
  readonly lockMs: number;
  /** Commits all requests in one transaction, or throws and has written nothing. */
  commit(requests: readonly WriteRequest[]): Commit[];
}

interface Job {
  readonly request: WriteRequest;
  readonly resolve: (commit: Commit) => void;
  readonly reject: (error: Error) => void;
}

/** Writes that wait for their turn; each is told only after its transaction was committed. */
export class GroupCommit {
  readonly #committer: Committer;
  readonly #jobs: Job[] = [];
  readonly #idle = new Set<() => void>();
  #scheduled = false;
  #lockedSince: number | undefined;
  /** So many of the first jobs go alone, because their group failed and one of them must be why. */
  #alone = 0;

  constructor(committer: Committer) {
    this.#committer = committer;
  }

  write(request: WriteRequest, signal: AbortSignal | undefined): Promise<Commit> {
    return new Promise((resolve, reject) => {
      if (this.#jobs.length >= waitingLimit) {
        const what = `the write queue of store ${this.#committer.store}`;
        throw new MeshError('OVERLOADED', { what, limit: waitingLimit });
      }
      let off = (): void => undefined;
      const job: Job = {
        request,
        resolve: (commit) => {
          off();
          resolve(commit);
        },
        reject: (error) => {
          off();
          reject(error);
        },
      };
      this.#jobs.push(job);
      off = onAbort(signal, () => {
        this.#remove(job);
        reject(abortError(signal!, 'write'));
      });
      this.#soon();
    });
  }

  /** Resolves when no write waits any more. */
  async idle(): Promise<void> {
    if (this.#jobs.length === 0) return;
    await new Promise<void>((resolve) => this.#idle.add(resolve));
  }

  #soon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#turn();
    });
  }

  #turn(): void {
    this.#scheduled = false;
    const group = this.#jobs.slice(0, this.#alone > 0 ? 1 : groupLength);
    if (group.length > 0) this.#try(group);
    if (this.#jobs.length > 0) this.#soon();
    else this.#rest();
  }

  #try(group: readonly Job[]): void {
    try {
      const commits = this.#committer.commit(group.map((job) => job.request));
      this.#done(group);
      for (const [i, job] of group.entries()) job.resolve(commits[i]!);
    } catch (error) {
      if (isBusy(error) && this.#mayWait()) this.#later();
      else if (group.length > 1 && !isBusy(error)) this.#alone = group.length;
      else this.#fail(group, error);
    }
  }

  #fail(group: readonly Job[], error: unknown): void {
    this.#done(group);
    for (const job of group) job.reject(storeError(error, this.#committer.store));
  }

  #done(group: readonly Job[]): void {
    this.#jobs.splice(0, group.length);
    this.#alone = Math.max(0, this.#alone - group.length);
    this.#lockedSince = undefined;
  }

  #mayWait(): boolean {
    this.#lockedSince ??= performance.now();
    return performance.now() - this.#lockedSince < this.#committer.lockMs;
  }

  /** The thread is free while another process holds the lock. */
  #later(): void {
    this.#scheduled = true;
    setTimeout(() => {
      this.#turn();
    }, retryMs);
  }

  #remove(job: Job): void {
    const index = this.#jobs.indexOf(job);
    if (index < 0) return;
    this.#jobs.splice(index, 1);
    if (index < this.#alone) this.#alone -= 1;
  }

  #rest(): void {
    this.#alone = 0;
    for (const resolve of this.#idle) resolve();
    this.#idle.clear();
  }
}
