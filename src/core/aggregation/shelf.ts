/**
 * What a node keeps of its rounds over a restart: results and its own vow, never a contribution.
 * @module
 */
import { utf8 } from '../../base/bytes.ts';
import { multihashOf } from '../../base/multiformat.ts';
import { packPacket, unpackPacket } from '../../base/packet.ts';
import { integer, object } from '../../base/shape.ts';
import type { Op, Store } from '../../ports/store.ts';
import type { Vow } from './ballot.ts';
import { type Outcome, outcomeShape, type Proposal, type RoundName, vowShape } from './messages.ts';

/** How many results of a task are kept. */
export const keptResults = 3;

const headShape = object({ number: integer({ min: 1 }) });

/** Rounds on a store; only `get` and `write` are used. */
export class Shelf {
  readonly #store: Pick<Store, 'get' | 'write'>;

  constructor(store: Pick<Store, 'get' | 'write'>) {
    this.#store = store;
  }

  /** Number of the last completed round of `task`; 0 before the first. */
  async latest(task: string): Promise<number> {
    const entry = await this.#store.get(headKey(task));
    if (entry === undefined) return 0;
    return headShape(unpackPacket(entry.value), 'the last round').number;
  }

  /** The result of a round, while it is kept. */
  async outcome(name: RoundName): Promise<Outcome | undefined> {
    const entry = await this.#store.get(key('result', name));
    return entry === undefined ? undefined : outcomeShape(unpackPacket(entry.value), 'the result');
  }

  /** Keeps a result in place of the round's vow and of the oldest result. */
  async keep(name: RoundName, { header, weights, votes }: Outcome): Promise<void> {
    const { task, number } = name;
    const ops: Op[] = [
      { put: key('result', name), value: packPacket({ header, weights, votes }) },
      { del: key('vow', name) },
    ];
    const last = await this.latest(task);
    if (number > last) ops.push({ put: headKey(task), value: packPacket({ number }) });
    for (let old = last - keptResults + 1; old <= Math.min(last, number - keptResults); old += 1) {
      if (old >= 1) ops.push({ del: key('result', { task, number: old }) });
    }
    await this.#store.write(ops);
  }

  /** What this node has bound itself to in a round. */
  async vow(name: RoundName): Promise<Vow<Proposal>> {
    const entry = await this.#store.get(key('vow', name));
    return entry === undefined ? {} : vowShape(unpackPacket(entry.value), 'the vow');
  }

  /** Keeps a vow; must be done before anyone is told of it. */
  async keepVow(name: RoundName, vow: Vow<Proposal>): Promise<void> {
    await this.#store.write([{ put: key('vow', name), value: packPacket(vow) }]);
  }
}

// A task's name may be longer than a key may be, and may hold a slash.
function place(task: string): string {
  return multihashOf(utf8(task));
}

function headKey(task: string): string {
  return `last/${place(task)}`;
}

function key(kind: 'result' | 'vow', { task, number }: RoundName): string {
  return `${kind}/${place(task)}/${String(number).padStart(10, '0')}`;
}
