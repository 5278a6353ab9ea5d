/**
 * What happened in a simulation, event by event, and a number that two runs share only if all of it was the same.
 * @module
 */
import { toHex } from '../../base/bytes.ts';
import { Mixer } from './mixer.ts';

/**
 * One event. `t` is virtual milliseconds since the mesh began, `seq` counts from 0 without a gap, `node` is
 * `<org>/<number>` or, for what concerns no single node, empty. The members beside them depend on the type:
 *
 * | type | members |
 * | --- | --- |
 * | `mesh.ready` | all nodes have started and met |
 * | `message.sent` | `to`, `bytes`, `label`, `link` (number of the connection) |
 * | `message.delivered` | `from`, `bytes`, `label`, `link`, `sentAt` |
 * | `message.dropped` | `to`, `bytes`, `label`, `link`, `why` (`loss`, `partition`, `link`), `again` (whether it is sent again) |
 * | `message.corrupted` | `to`, `bytes`, `label`, `link`, `how` |
 * | `link.opened`, `link.ended` | `peer`, `link`, and at the end `clean` |
 * | `fault.<verb>` | what was done: `fault.partition` `a`, `b`, `oneWay`; `fault.heal` likewise; `fault.crash` `disk`, `power`; `fault.restart`; `fault.pause` `ms`; `fault.clock` `offsetMs`; ... |
 * | `node.booted`, `node.started`, `node.closed`, `node.failed` | a node's life: `life` counts; `error` of something uncaught |
 * | `store.written` | `revision`, `keys` (how many) |
 * | `call.began`, `call.ended` | `what` (`executeTask`, ...), `call` (its number), and at the end `code` if it failed |
 * | `handler.began`, `handler.ended` | `agent` (its name), `task`, `caller` (organisation), `durable` if the agent is |
 * | `store.lost` | `commits`: how many were undone by a power loss |
 * | `disk.lacks` | `task`, whose receipt was given and is not on the disk any more |
 * | `session.misordered` | `got`, `expected`: a record opened that was not due |
 * | `storm.fault`, `storm.calm` | `fault` (its number), `kind`: it strikes, or makes no sense now |
 * | `storm.result`, `storm.failed` | work of a storm: `key`, `by`, `receipt`; `n`, `attempt`, `code` |
 * | `test.<what>` | what a test has noted |
 * | `invariant.broken` | `invariant`, `detail`, `by` (`seq` of the event that broke it) |
 * | any type of `MeshEvent` | the data of the client's event, with `peer` (name of an organisation) and `agent` (`<org>/<number>/<name>`) where it has them; a task's `type` is called `taskType` here, a peer's `node` `peerNode` |
 */
export interface TraceEvent {
  readonly t: number;
  readonly seq: number;
  readonly node: string;
  readonly type: string;
  readonly [member: string]: unknown;
}

/** An event as `first` finds it. */
export interface FoundEvent extends TraceEvent {
  /** Milliseconds since the last fault before it; without one, since the mesh was ready. */
  readonly afterMs: number;
}

/** A trace as JSON. */
export interface TraceJson {
  readonly format: 1;
  readonly seed: number;
  readonly hash: string;
  /** Names of all nodes, in order. */
  readonly nodes: readonly string[];
  /** Events that were forgotten because there were more than the trace keeps. */
  readonly forgotten: number;
  readonly events: readonly TraceEvent[];
}

/** What may be asked of a trace. */
export interface TraceView {
  /** The first event of `type` (`fault.*` for all that begin so) whose members are those of `where`. */
  first(type: string, where?: Readonly<Record<string, unknown>>): FoundEvent | undefined;
  /** How many there are. */
  count(type: string, where?: Readonly<Record<string, unknown>>): number;
  /** All of them, in order. */
  all(type?: string, where?: Readonly<Record<string, unknown>>): readonly TraceEvent[];
  /** Calls `listener` for every event from now on, at once and in its turn; the result takes it off. */
  on(listener: (event: TraceEvent) => void): () => void;
  /** The same for two runs in which the same happened, on every platform. Forgotten events count too. */
  readonly hash: string;
  /** All that was taken down, as plain data. */
  toJSON(): TraceJson;
}

/** Members whose texts are few and come again and again. */
const fewValues: ReadonlySet<string> = new Set(['to', 'from', 'label', 'peer', 'why']);

/** Kept events, unless more are asked for. */
export const traceLimit = 1_000_000;

/** Takes events down. */
export class Trace implements TraceView {
  readonly #seed: number;
  readonly #now: () => number;
  readonly #limit: number;
  readonly #mixer = new Mixer();
  readonly #events: TraceEvent[] = [];
  readonly #nodes: string[] = [];
  readonly #listeners = new Set<(event: TraceEvent) => void>();
  readonly #typeHashes = new Map<string, number>();
  #seq = 0;

  constructor(seed: number, now: () => number, limit: number = traceLimit) {
    this.#seed = seed;
    this.#now = now;
    this.#limit = limit;
  }

  /** Names a node, for the JSON form. */
  addNode(name: string): void {
    this.#nodes.push(name);
  }

  /** Takes down an event. `detail` must be plain data. */
  add(node: string, type: string, detail: Readonly<Record<string, unknown>> = {}): void {
    const event: TraceEvent = { ...detail, t: this.#now(), seq: this.#seq, node, type };
    this.#seq += 1;
    this.#mixer.number(event.t).word(this.#nameHash(type)).word(this.#nameHash(node));
    for (const name in detail) this.#mixValue(name, detail[name]);
    if (this.#events.length < this.#limit) this.#events.push(event);
    for (const listener of this.#listeners) listener(event);
  }

  /** Lets `bytes` count in the hash without taking them down. */
  mix(bytes: Uint8Array): void {
    this.#mixer.bytes(bytes);
  }

  first(type: string, where: Readonly<Record<string, unknown>> = {}): FoundEvent | undefined {
    const found = this.#events.findIndex((event) => eventFits(event, type, where));
    if (found < 0) return undefined;
    const event = this.#events[found]!;
    const cause = this.#events.findLast(({ type: before }, i) => i < found && isCause(before));
    return { ...event, afterMs: event.t - (cause?.t ?? 0) };
  }

  count(type: string, where: Readonly<Record<string, unknown>> = {}): number {
    return this.all(type, where).length;
  }

  all(type = '*', where: Readonly<Record<string, unknown>> = {}): readonly TraceEvent[] {
    return this.#events.filter((event) => eventFits(event, type, where));
  }

  on(listener: (event: TraceEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  get hash(): string {
    return toHex(this.#mixer.copy().digest(16));
  }

  toJSON(): TraceJson {
    return {
      format: 1,
      seed: this.#seed,
      hash: this.hash,
      nodes: [...this.#nodes],
      forgotten: this.#seq - this.#events.length,
      events: [...this.#events],
    };
  }

  #mixValue(name: string, value: unknown): void {
    if (typeof value === 'number') this.#mixer.number(value);
    else if (typeof value === 'string') {
      if (fewValues.has(name)) this.#mixer.word(this.#nameHash(value));
      else this.#mixer.text(value);
    } else if (value !== undefined) this.#mixer.text(JSON.stringify(value));
  }

  /** Types and nodes are few, so each text is mixed once. */
  #nameHash(name: string): number {
    let hash = this.#typeHashes.get(name);
    if (hash === undefined) {
      hash = new DataView(new Mixer().text(name).digest(16).buffer).getInt32(0);
      this.#typeHashes.set(name, hash);
    }
    return hash;
  }
}

/** Whether `event` is of `type` (`fault.*`: begins so) and has the members `where`. */
export function eventFits(
  event: TraceEvent,
  type: string,
  where: Readonly<Record<string, unknown>>,
): boolean {
  const named = type.endsWith('*') ? event.type.startsWith(type.slice(0, -1)) : event.type === type;
  return named && Object.entries(where).every(([name, value]) => event[name] === value);
}

function isCause(type: string): boolean {
  return type === 'mesh.ready' || type.startsWith('fault.');
}
