/**
 * A Host that writes down what an extension asks of it. What it does not know, it passes on: a Host may grow.
 * @module
 */
import type { Clock } from '../../../ports/clock.ts';
import type { Host, HostBroadcast, PeerMessage } from '../../../ports/extension.ts';
import type { Gate, GateName } from '../../../ports/gate.ts';
import type { Placement } from '../../../ports/placement.ts';
import type { Store } from '../../../ports/store.ts';
import type { MeshEvent } from '../../../schema/mesh-event.ts';
import { SpiedStream } from './spied-stream.ts';

/** A stream of events, and what it was to select. */
export interface EventStream {
  readonly patterns: readonly string[];
  readonly stream: SpiedStream<MeshEvent>;
}

/** What an extension has asked for so far. */
export class HostLog {
  /** What reaches out, in order: `store.write`, `send ping`, `broadcast news`, ... */
  readonly calls: string[] = [];
  /** What the machine was asked for while the extension started. */
  readonly machine: string[] = [];
  /** Names given to methods, topics and roles. */
  readonly names: string[] = [];
  readonly handlers = new Map<string, (message: PeerMessage) => unknown>();
  readonly gates: { readonly name: GateName; readonly gate: Gate }[] = [];
  readonly placements: Placement[] = [];
  readonly events: EventStream[] = [];
  readonly subscriptions = new Map<string, SpiedStream<HostBroadcast>>();
  /** Timers of the host's clock that are waiting. */
  timers = 0;
}

/** `host`, with all that passes through it written into `log`. */
export function spyOn(host: Host, log: HostLog): Host {
  const named = (what: string, name: string): void => {
    log.names.push(name);
    log.calls.push(`${what} ${name}`);
  };
  const spied: Partial<Host> = {
    clock: countTimers(host.clock, log),
    store: spyOnStore(host, log),
    http: {
      send: (request) => {
        log.calls.push(`http ${request.url}`);
        return host.http.send(request);
      },
    },
    events: (...patterns) => {
      const what = `events ${patterns.join(' ')}`;
      const stream = new SpiedStream(what, host.events(...patterns));
      log.events.push({ patterns, stream });
      return stream;
    },
    handle: (method, handler) => {
      log.names.push(method);
      log.handlers.set(method, handler);
      host.handle(method, handler);
    },
    send: (peer, method, body, options) => {
      named('send', method);
      return host.send(peer, method, body, options);
    },
    broadcast: (topic, bytes, options) => {
      named('broadcast', topic);
      return host.broadcast(topic, bytes, options);
    },
    subscribe: (topic) => {
      log.names.push(topic);
      const stream = new SpiedStream(`broadcasts on '${topic}'`, host.subscribe(topic));
      log.subscriptions.set(topic, stream);
      return stream;
    },
    roles: {
      hold: (role, options) => {
        named('roles.hold', role);
        return host.roles.hold(role, options);
      },
      check: (role, epoch) => {
        named('roles.check', role);
        return host.roles.check(role, epoch);
      },
    },
    gate: (name, gate) => {
      log.gates.push({ name, gate });
      return host.gate(name, gate);
    },
    placement: (placement) => {
      log.placements.push(placement);
      return host.placement(placement);
    },
  };
  return new Proxy(host, {
    get: (target, member) =>
      Object.hasOwn(spied, member)
        ? spied[member as keyof Host]
        : (Reflect.get(target, member, target) as unknown),
  });
}

function countTimers(clock: Clock, log: HostLog): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (ms, run) => {
      let waiting = true;
      const over = (): void => {
        if (waiting) log.timers -= 1;
        waiting = false;
      };
      log.timers += 1;
      const cancel = clock.after(ms, () => {
        over();
        run();
      });
      return () => {
        over();
        cancel();
      };
    },
    sleep: async (ms, signal) => {
      log.timers += 1;
      try {
        await clock.sleep(ms, signal);
      } finally {
        log.timers -= 1;
      }
    },
  };
}

function spyOnStore({ store }: Host, log: HostLog): Store {
  return new Proxy(store, {
    get: (target, member) => {
      const found: unknown = Reflect.get(target, member, target);
      if (typeof found !== 'function') return found;
      return (...args: unknown[]): unknown => {
        log.calls.push(`store.${String(member)}`);
        return (found as (...all: unknown[]) => unknown)(...args);
      };
    },
  });
}
