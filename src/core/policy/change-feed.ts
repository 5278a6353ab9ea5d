/**
 * Tells watchers which policies changed.
 * @module
 */
import { onAbort } from '../../base/abort.ts';
import { BoundedQueue } from '../../base/bounded-queue.ts';
import { eventMatches } from '../../schema/mesh-event.ts';

/** One policy of a new revision. */
export interface PolicyChange {
  readonly policy: string;
  readonly revision: number;
}

/** Changes a watcher may be behind; older ones are dropped. */
const maxUnread = 1_024;

interface Watcher {
  readonly patterns: readonly string[];
  readonly queue: BoundedQueue<PolicyChange>;
}

/** Changes, for any number of watchers. */
export class ChangeFeed {
  readonly #watchers = new Set<Watcher>();

  /** Changes from now on of policies whose id matches `pattern`, e.g. `eu-*`; ends with `signal` or `close()`. */
  watch(pattern: string | undefined, signal: AbortSignal | undefined): AsyncIterable<PolicyChange> {
    const queue = new BoundedQueue<PolicyChange>({
      name: 'policy changes',
      limit: maxUnread,
      overflow: 'drop-oldest',
    });
    const watcher = { patterns: pattern === undefined ? [] : [pattern], queue };
    this.#watchers.add(watcher);
    onAbort(signal, () => {
      queue.end();
    });
    return queue;
  }

  /** Tells that `policies` are new, different or gone as of `revision`. */
  tell(policies: Iterable<string>, revision: number): void {
    for (const policy of policies) {
      for (const watcher of this.#watchers) {
        if (watcher.queue.ended) this.#watchers.delete(watcher);
        else if (eventMatches(policy, watcher.patterns)) watcher.queue.push({ policy, revision });
      }
    }
  }

  /** Ends all watchers. */
  close(): void {
    for (const { queue } of this.#watchers) queue.end();
    this.#watchers.clear();
  }
}
