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

/**
 * An agent does no task twice, however often it is asked, over crashes and restarts too, as long as its disk is kept. A durable
 * agent goes on with what a crash has interrupted, until the caller was told how it ended.
 */
const atMostOnce: Invariant = {
  name: 'task-at-most-once',
  begin: () => {
    const begun = new PerDisk<Set<string>>(() => new Set());
    const executed = new PerDisk<Set<string>>(() => new Set());
    const over = new PerDisk<Set<string>>(() => new Set());
    return (event) => {
      for (const memory of [begun, executed, over]) memory.see(event);
      const { type, node, agent, peer, task, caller, durable } = event;
      if (type === 'task.executed') executed.of(node).add(`${String(peer)} ${String(task)}`);
      if (type === 'task.completed') {
        const name = `${orgOf(node)} ${String(task)}`;
        for (const [by, tasks] of executed.all()) {
          if (orgOf(by) === peer && tasks.has(name)) over.of(by).add(name);
        }
      }
      if (type !== 'handler.began') return undefined;
      const asked = `${String(caller)} ${String(task)}`;
      const name = `${String(agent)} ${asked}`;
      const again = durable === true ? over.of(node).has(asked) : begun.of(node).has(name);
      begun.of(node).add(name);
      if (!again) return undefined;
      const told = durable === true ? 'again, which was over' : 'twice';
      return `agent '${String(agent)}' of ${node} began task ${String(task)} of ${String(caller)} ${told}`;
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

/** No epoch of a role has two holders, as long as no acceptor has lost its disk, and with it its word. */
const oneHolder: Invariant = {
  name: 'one-holder-per-epoch',
  begin: () => {
    const holders = new Map<string, string>();
    let forgetful = false;
    return ({ type, node, role, epoch, disk }) => {
      forgetful ||= type === 'fault.crash' && disk === 'lost';
      if (type !== 'role.taken') return undefined;
      const name = `epoch ${String(epoch)} of role '${String(role)}'`;
      const before = holders.get(name);
      holders.set(name, node);
      if (before === undefined || forgetful) return undefined;
      return `${name} went to ${before}, and then to ${node}`;
    };
  },
};

/** Nobody goes on talking to a link from which nothing has come for this long; heartbeats end it earlier. */
const silenceMs = 30_000;

/** A peer that has fallen silent is noticed. */
const silenceNoticed: Invariant = {
  name: 'silence-noticed',
  begin: () => {
    const heard = new Map<string, number>();
    const stalls = new Stalls();
    return (event) => {
      stalls.see(event);
      const { type, node, link, t } = event;
      const name = `${node} ${String(link)}`;
      if (type === 'message.delivered') heard.set(name, t);
      if (type !== 'message.sent') return undefined;
      const since = heard.get(name) ?? t;
      heard.set(name, since);
      if (t - Math.max(since, stalls.until(node)) <= silenceMs) return undefined;
      return `${node} still talks to ${String(event['to'])}, of which it has heard nothing for ${String(Math.round(t - since))} ms`;
    };
  },
};

/** A node that has shut a peer out sends it no task and begins none for it, until it lets it back. */
const noTaskToQuarantined: Invariant = {
  name: 'no-task-to-quarantined',
  begin: () => {
    const shut = new Map<string, Set<unknown>>();
    return ({ type, node, peer, caller, task }) => {
      // What was decided stands after a restart, but may have ended meanwhile without anybody to tell of it.
      if (type === 'node.booted' || !shut.has(node)) shut.set(node, new Set());
      const peers = shut.get(node)!;
      if (type === 'trust.quarantined') peers.add(peer);
      if (type === 'trust.released') peers.delete(peer);
      if (type === 'task.sent' && peers.has(peer)) {
        return `${node} sent task ${String(task)} to ${String(peer)}, which it had shut out`;
      }
      if (type === 'handler.began' && peers.has(caller)) {
        return `${node} began task ${String(task)} for ${String(caller)}, which it had shut out`;
      }
      return undefined;
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
  oneHolder,
  silenceNoticed,
  noTaskToQuarantined,
];

/** Shows every event to every law and keeps the first that was broken. */
export class Watchman {
  readonly #looks: readonly {
    readonly name: string;
    readonly look: (event: TraceEvent) => string | undefined;
  }[];
  readonly #tell: (broken: Broken) => void;
  #broken: Broken | undefined;

  /** `tell` hears of the first law that is broken. */
  constructor(laws: readonly Invariant[], tell: (broken: Broken) => void = () => undefined) {
    this.#tell = tell;
    this.#looks = laws.map((law) => ({ name: law.name, look: law.begin() }));
  }

  /** The first law that was broken. */
  get broken(): Broken | undefined {
    return this.#broken;
  }

  readonly see = (event: TraceEvent): void => {
    if (this.#broken !== undefined) return;
    for (const { name, look } of this.#looks) {
      const detail = seen(look, event);
      if (detail === undefined) continue;
      this.#broken = { invariant: name, detail, event };
      this.#tell(this.#broken);
      return;
    }
  };
}

/** What a look says; one that throws would otherwise hit whoever has just told of the event. */
function seen(
  look: (event: TraceEvent) => string | undefined,
  event: TraceEvent,
): string | undefined {
  try {
    return look(event);
  } catch (error) {
    return `the law itself failed: ${String(error)}`;
  }
}

/** Something remembered per node until its disk is lost. */
export class PerDisk<T> {
  readonly #make: () => T;
  readonly #nodes = new Map<string, T>();

  constructor(make: () => T) {
    this.#make = make;
  }

  see({ type, node, disk }: TraceEvent): void {
    if (type === 'fault.crash' && disk === 'lost') this.#nodes.delete(node);
  }

  all(): Iterable<readonly [node: string, value: T]> {
    return this.#nodes;
  }

  of(node: string): T {
    const known = this.#nodes.get(node) ?? this.#make();
    this.#nodes.set(node, known);
    return known;
  }
}

/** Until when nodes stand still, or have stood still: what they should have done meanwhile comes late. */
export class Stalls {
  readonly #until = new Map<string, number>();

  see({ type, node, t, ms }: TraceEvent): void {
    if (type === 'fault.pause') this.#until.set(node, Math.max(this.until(node), t + Number(ms)));
  }

  until(node: string): number {
    return this.#until.get(node) ?? Number.NEGATIVE_INFINITY;
  }
}

function orgOf(node: string): string {
  return node.slice(0, node.lastIndexOf('/'));
}
