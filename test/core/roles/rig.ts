/**
 * A fake street on virtual time: nodes whose clocks run at different speeds, that are cut off, die and come back.
 * @module
 */
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import { MeshError } from '../../../src/base/errors.ts';
import type { Did } from '../../../src/base/ids.ts';
import { packPacket, unpackPacket } from '../../../src/base/packet.ts';
import {
  type RoleLease,
  Roles,
  type RolesOptions,
  type RolesStore,
} from '../../../src/core/roles/index.ts';
import type { IncomingCall, Street } from '../../../src/core/roles/needs.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import { seededRandom, type VirtualClock, virtualClock } from '../../../src/testing/index.ts';

type Handler = (call: IncomingCall) => Promise<unknown>;

/** Milliseconds a message takes, or that it is lost. */
export type Weather = (from: Did, to: Did) => number | 'lost';

/** A lease somebody got, in the order they were got. */
export interface Taken {
  readonly node: Node;
  readonly lease: RoleLease;
}

/** Nodes, the street between them, and who holds the one role they are after. */
export class Town {
  readonly clock = virtualClock();
  readonly nodes: Node[] = [];
  readonly taken: Taken[] = [];
  /** Makes each life's chance its own, also where processes share a name. */
  lives = 0;
  weather: Weather = () => 1;

  /** A node that is not started. */
  settle(options: Partial<RolesOptions> & { rate?: number } = {}): Node {
    const node = new Node(this, `did:key:node${this.nodes.length}`, options);
    this.nodes.push(node);
    return node;
  }

  get dids(): Did[] {
    return this.nodes.map(({ did }) => did);
  }

  /** Leases that their holders still rely on. */
  get live(): Taken[] {
    return this.taken.filter(({ lease, node }) => !lease.lost.aborted && node.isAlive(lease));
  }

  carry(from: Life, to: Did, method: string, body: unknown, timeoutMs: number): Promise<unknown> {
    const sent = packPacket(body);
    return new Promise((resolve, reject) => {
      const give = from.clock.after(timeoutMs, () => {
        reject(new MeshError('TIMEOUT', { what: method, ms: timeoutMs }));
      });
      const back = (settle: () => void): void => {
        this.#hop(to, from.did, () => {
          give();
          if (from.alive) settle();
        });
      };
      this.#hop(from.did, to, () => {
        const life = this.nodes.find(({ did }) => did === to)?.life;
        if (life?.alive !== true) return;
        life.answer(method, from.did, unpackPacket(sent)).then(
          (answer) => {
            const packed = packPacket(answer);
            back(() => {
              resolve(unpackPacket(packed));
            });
          },
          (error: unknown) => {
            const { code, params } = error as MeshError;
            back(() => {
              reject(new MeshError(code, params));
            });
          },
        );
      });
    });
  }

  #hop(from: Did, to: Did, arrive: () => void): void {
    const delay = this.weather(from, to);
    if (delay !== 'lost') this.clock.after(delay, arrive);
  }
}

/** One run of a node, from its start to its crash. */
export class Life {
  readonly did: Did;
  readonly clock: Clock;
  readonly roles: Roles;
  readonly events: { type: string; data: unknown }[] = [];
  readonly leases = new Set<RoleLease>();
  alive = true;
  readonly #handlers = new Map<string, Handler>();

  constructor(town: Town, did: Did, rate: number, options: Partial<RolesOptions>) {
    this.did = did;
    this.clock = skewed(town.clock, rate, () => this.alive);
    const street: Street = {
      // The dead say nothing, though what they began still runs.
      call: (peer, method, body, { timeoutMs = 5_000 } = {}) =>
        this.alive ? town.carry(this, peer, method, body, timeoutMs) : new Promise(() => undefined),
      handle: (method, handler) => this.#handlers.set(method, handler),
    };
    this.roles = new Roles({
      did,
      clock: this.clock,
      random: seededRandom(`life ${(town.lives += 1)}`),
      street,
      mayHold: () => true,
      emit: (type, data) => this.events.push({ type, data }),
      ...options,
      store: mortal(options.store!, () => this.alive),
    });
  }

  answer(method: string, from: Did, body: unknown): Promise<unknown> {
    const handler = this.#handlers.get(method);
    if (handler === undefined) {
      return Promise.reject(new MeshError('UNSUPPORTED', { feature: method, by: this.did }));
    }
    return handler({ from, body, signal: new AbortController().signal });
  }
}

/** One node with its store, over all its lives. */
export class Node {
  readonly did: Did;
  readonly store: RolesStore;
  life: Life;
  readonly #town: Town;
  readonly #options: Partial<RolesOptions>;
  readonly #rate: number;

  constructor(town: Town, did: Did, options: Partial<RolesOptions> & { rate?: number }) {
    const { rate = 1, ...rest } = options;
    this.#town = town;
    this.did = rest.did ?? did;
    this.#rate = rate;
    this.store = rest.store ?? memoryStore({ clock: town.clock });
    this.#options = { ...rest, store: this.store };
    this.life = this.#live();
  }

  get roles(): Roles {
    return this.life.roles;
  }

  isAlive(lease: RoleLease): boolean {
    return this.life.alive && this.life.leases.has(lease);
  }

  /** Dies without a word. */
  kill(): void {
    this.life.alive = false;
  }

  /** Comes back with the store it had; its monotonic clock begins anew. */
  async restart(): Promise<void> {
    this.kill();
    this.life = this.#live();
    await this.life.roles.start();
  }

  /** Holds the role and enters it in the town's book. */
  async hold(options: Parameters<Roles['hold']>[1], role = 'leader'): Promise<RoleLease> {
    const { life } = this;
    const lease = await life.roles.hold(role, options);
    if (life.alive) {
      life.leases.add(lease);
      this.#town.taken.push({ node: this, lease });
    }
    return lease;
  }

  #live(): Life {
    return new Life(this.#town, this.did, this.#rate, this.#options);
  }
}

/** `clock` at `rate` times its speed, from a zero of its own; its timers die with `isAlive`. */
function skewed(clock: VirtualClock, rate: number, isAlive: () => boolean): Clock {
  const start = clock.monotonic();
  const after = (ms: number, run: () => void): (() => void) =>
    clock.after(ms / rate, () => {
      if (isAlive()) run();
    });
  return {
    now: () => clock.now(),
    monotonic: () => (clock.monotonic() - start) * rate,
    after,
    sleep: async (ms, signal) => {
      await clock.sleep(ms / rate, signal);
      if (!isAlive()) await never;
    },
  };
}

const never = new Promise<never>(() => undefined);

/** `store` as a process sees it that may die at any moment: then nothing it asked for comes back, done or not. */
function mortal(store: RolesStore, isAlive: () => boolean): RolesStore {
  const live = async <T>(ask: () => Promise<T>): Promise<T> => {
    if (!isAlive()) return never;
    const answer = await ask();
    return isAlive() ? answer : never;
  };
  return {
    features: store.features,
    scan: (range) => store.scan(range),
    get: (key) => live(() => store.get(key)),
    write: (ops, options) => live(() => store.write(ops, options)),
  };
}

/** `store` that takes its time, as `delay` says. */
export function slow(store: RolesStore, clock: Clock, delay: () => number): RolesStore {
  return {
    features: store.features,
    scan: (range) => store.scan(range),
    get: async (key) => {
      await clock.sleep(delay());
      const entry = await store.get(key);
      await clock.sleep(delay());
      return entry;
    },
    write: async (ops, options) => {
      await clock.sleep(delay());
      const commit = await store.write(ops, options);
      await clock.sleep(delay());
      return commit;
    },
  };
}

/** Starts `promise` and tells how it stands. */
export function watch<T>(promise: Promise<T>): { value: T | undefined; error: unknown } {
  const state: { value: T | undefined; error: unknown } = { value: undefined, error: undefined };
  promise.then(
    (value) => {
      state.value = value;
    },
    (error: unknown) => {
      state.error = error;
    },
  );
  return state;
}

export { memoryStore };
