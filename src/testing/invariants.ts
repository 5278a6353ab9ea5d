/**
 * What must hold in every run, whatever happens: predicates that look at each event as it is taken down.
 * @module
 */
import type { TraceEvent } from './simulation/trace.ts';

/** A law with a name. `begin` gives the look of one run: it is shown every event, and says what is wrong, if anything. */
export interface Invariant {
  readonly name: string;
  /** A look at one run, from its first event. */
  begin(): (event: TraceEvent) => string | undefined;
}

/** A law that was broken. */
export interface Broken {
  readonly invariant: string;
  readonly detail: string;
  readonly event: TraceEvent;
}

/** An agent does no task twice, however often it is asked, over crashes and restarts too, as long as its disk is kept. */
const atMostOnce: Invariant = {
  name: 'task-at-most-once',
  begin: () => {
    const begun = new PerDisk<Set<string>>(() => new Set());
    return (event) => {
      begun.see(event);
      if (event.type !== 'handler.began') return undefined;
      const { node, agent, task, caller } = event;
      const name = [agent, caller, task].join(' ');
      if (!begun.of(node).has(name)) {
        begun.of(node).add(name);
        return undefined;
      }
      return `agent '${String(agent)}' of ${node} began task ${String(task)} of ${String(caller)} twice`;
    };
  },
};

/** Whoever is told that a task is done was told so by somebody who did it. */
const completedWasExecuted: Invariant = {
  name: 'completed-was-executed',
  begin: () => {
    const executed = new Set<string>();
    return ({ type, node, peer, task }) => {
      if (type === 'task.executed') executed.add(`${orgOf(node)} ${String(task)}`);
      if (type !== 'task.completed' || executed.has(`${String(peer)} ${String(task)}`))
        return undefined;
      return `${node} took task ${String(task)} for done by ${String(peer)}, which never did it`;
    };
  },
};

/** One task under a key has one result: whoever asks again gets the receipt that was given first. */
const oneResult: Invariant = {
  name: 'one-result-per-key',
  begin: () => {
    const results = new PerDisk<Map<string, unknown>>(() => new Map());
    return (event) => {
      results.see(event);
      if (event.type !== 'storm.result') return undefined;
      const { by, key, receipt, node } = event;
      const known = results.of(String(by));
      const first = known.get(String(key)) ?? receipt;
      known.set(String(key), first);
      if (first === receipt) return undefined;
      return `${node} got receipt ${String(receipt)} for key ${String(key)}, before it was ${String(first)}`;
    };
  },
};

/** What a node has signed a receipt for is on its record for good, unless its disk is gone. */
const receiptsKept: Invariant = {
  name: 'receipt-kept',
  begin: () => (event) =>
    event.type === 'disk.lacks'
      ? `${event.node} lost the receipt of task ${String(event['task'])}, which it had given`
      : undefined,
};

/** Records open in the order in which they were sealed, each once. Seen with simulated cryptography only. */
const sessionsInOrder: Invariant = {
  name: 'session-in-order',
  begin: () => (event) =>
    event.type === 'session.misordered'
      ? `a session took record ${String(event['got'])} where ${String(event['expected'])} was due`
      : undefined,
};

/** The revision of a store only grows. */
const storesGoForward: Invariant = {
  name: 'store-goes-forward',
  begin: () => {
    const newest = new PerDisk<{ revision: number }>(() => ({ revision: 0 }));
    return (event) => {
      newest.see(event);
      if (event.type !== 'store.written') return undefined;
      const { node } = event;
      const revision = Number(event['revision']);
      const before = newest.of(node).revision;
      newest.of(node).revision = revision;
      if (revision > before) return undefined;
      return `the store of ${node} went from revision ${String(before)} to ${String(revision)}`;
    };
  },
};

/** No error of the library goes uncaught. */
const nothingUncaught: Invariant = {
  name: 'nothing-uncaught',
  begin: () => (event) =>
    event.type === 'node.failed' ? `${event.node}: ${String(event['error'])}` : undefined,
};

/** The laws of every run. */
export const invariants: readonly Invariant[] = [
  atMostOnce,
  completedWasExecuted,
  oneResult,
  receiptsKept,
  sessionsInOrder,
  storesGoForward,
  nothingUncaught,
];

/** Shows every event to every law and keeps the first that was broken. */
export class Watchman {
  readonly #looks: readonly {
    readonly name: string;
    readonly look: (event: TraceEvent) => string | undefined;
  }[];
  #broken: Broken | undefined;

  constructor(laws: readonly Invariant[]) {
    this.#looks = laws.map((law) => ({ name: law.name, look: law.begin() }));
  }

  /** The first law that was broken. */
  get broken(): Broken | undefined {
    return this.#broken;
  }

  readonly see = (event: TraceEvent): void => {
    if (this.#broken !== undefined) return;
    for (const { name, look } of this.#looks) {
      const detail = look(event);
      if (detail === undefined) continue;
      this.#broken = { invariant: name, detail, event };
      return;
    }
  };
}

/** Something remembered per node until its disk is lost. */
class PerDisk<T> {
  readonly #make: () => T;
  readonly #nodes = new Map<string, T>();

  constructor(make: () => T) {
    this.#make = make;
  }

  see({ type, node, disk }: TraceEvent): void {
    if (type === 'fault.crash' && disk === 'lost') this.#nodes.delete(node);
  }

  of(node: string): T {
    const known = this.#nodes.get(node) ?? this.#make();
    this.#nodes.set(node, known);
    return known;
  }
}

function orgOf(node: string): string {
  return node.slice(0, node.lastIndexOf('/'));
}
