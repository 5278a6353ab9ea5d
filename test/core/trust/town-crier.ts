/** Gossip for tests of trust: what one tells, all others hear, in whatever number of copies. */
import type { Did } from '../../../src/base/ids.ts';
import type { TownCrier } from '../../../src/core/trust/needs.ts';

type Listener = (message: { readonly bytes: Uint8Array }) => void;

export class Square {
  readonly #listeners = new Map<Did, Map<string, Set<Listener>>>();
  /** Everything that was told, in order. */
  readonly told: { readonly from: Did; readonly topic: string; readonly bytes: Uint8Array }[] = [];
  /** Who hears nothing for now. */
  readonly deaf = new Set<Did>();
  /** Priorities asked for. */
  readonly priorities = new Set<string>();

  at(self: Did): TownCrier {
    const topics = new Map<string, Set<Listener>>();
    this.#listeners.set(self, topics);
    return {
      broadcast: (topic, bytes, { priority }) => {
        this.told.push({ from: self, topic, bytes });
        this.priorities.add(priority);
        for (const did of this.#listeners.keys()) if (did !== self) this.say(did, topic, bytes);
        return Promise.resolve();
      },
      on: (topic, listener) => {
        topics.set(topic, (topics.get(topic) ?? new Set()).add(listener));
        return () => topics.get(topic)?.delete(listener);
      },
    };
  }

  /** Lets `did` hear something, whoever says it. */
  say(did: Did, topic: string, bytes: Uint8Array): void {
    if (this.deaf.has(did)) return;
    for (const listener of this.#listeners.get(did)?.get(topic) ?? []) listener({ bytes });
  }
}
