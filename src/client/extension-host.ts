/**
 * What an extension sees of the client: narrow, and in its own corner.
 * @module
 */
import { MeshError } from '../base/errors.ts';
import type { Extension, Host, HostBroadcast } from '../ports/extension.ts';
import type { Store } from '../ports/store.ts';
import { candidatesFor } from './candidate-of.ts';
import type { Rooms } from './compose.ts';
import type { EventHub } from './event-hub.ts';
import { groundOf } from './ground.ts';
import { lazyDoor } from './lazy-door.ts';
import type { MeshClientOptions } from './options.ts';
import { telemetryOf } from './tenant.ts';

/** Starts extensions, each once. */
export class Extensions {
  readonly #makeHost: (name: string) => Host;
  readonly #apis = new Map<Extension, unknown>();

  constructor(hostOf: (name: string) => Host) {
    this.#makeHost = hostOf;
  }

  /** The API of `extension`, started if it was not. Two extensions of one name would share a corner: `ALREADY_EXISTS`. */
  use<Api>(extension: Extension<Api>): Api {
    if (this.#apis.has(extension)) return this.#apis.get(extension) as Api;
    for (const { name } of this.#apis.keys()) {
      if (name === extension.name) {
        throw new MeshError('ALREADY_EXISTS', { what: 'extension', id: name });
      }
    }
    const api = extension.start(this.#makeHost(extension.name));
    this.#apis.set(extension, api);
    return api;
  }
}

/** What a host is made of. */
export interface HostParts {
  readonly options: MeshClientOptions;
  readonly events: EventHub;
  readonly use: Host['use'];
  /** Fires when the client closes. */
  readonly signal: AbortSignal;
  readonly current: () => Rooms | undefined;
  readonly ready: () => Promise<Rooms>;
  readonly tasks: Host['tasks'];
  readonly autonomy: Host['autonomy'];
  readonly perform: Host['perform'];
  /** Runs `wire` with the rooms, before the street opens or at once. */
  readonly wire: (wire: (rooms: Rooms) => void) => void;
}

/** The corner of the extension called `name`. */
export function makeHost(name: string, parts: HostParts): Host {
  const { options, events, current, ready } = parts;
  const { clock, random, http } = groundOf(options);
  const corner = `x/${name}/`;
  const method = (called: string): string => `x.${name}.${called}`;
  return {
    get did() {
      const did = current()?.identity.did;
      if (did === undefined) throw new MeshError('NOT_STARTED', { what: 'the DID' });
      return did;
    },
    clock,
    random: random.child(corner),
    signal: parts.signal,
    store: lazyDoor<Store>(
      'store',
      () => current()?.store.sub(corner),
      async () => (await ready()).store.sub(corner),
      ['get', 'getMany', 'write'],
    ),
    tenant: options.tenant,
    telemetry: telemetryOf(options),
    http,
    events: (...patterns) => events.read(patterns, parts.signal),
    handle(called, handler) {
      parts.wire(({ federation }) => {
        federation.handle(method(called), handler);
      });
    },
    send: async (peer, called, body, sending = {}) =>
      (await ready()).federation.call(peer, method(called), body, sending),
    broadcast: async (topic, bytes, broadcasting = {}) => {
      await (await ready()).gossip.broadcast(corner + topic, bytes, broadcasting);
    },
    subscribe: (topic) => subscription(topic, corner, parts),
    roles: {
      hold: async (role, holding) => (await ready()).roles.hold(corner + role, holding),
      check: async (role, epoch) => (await ready()).roles.check(corner + role, epoch),
    },
    gate: (gateName, gate) => addSoon(parts, ({ gates }) => gates.add(gateName, gate)),
    receipt: (contribute) =>
      addSoon(parts, ({ receiptMembers }) => receiptMembers.add(name, contribute)),
    onErase: (erase) => addSoon(parts, ({ audit }) => audit.onErase(`x/${name}`, erase)),
    placement: (placement) => {
      parts.wire((rooms) => {
        rooms.placement.current = placement;
      });
      return () => {
        const rooms = current();
        if (rooms?.placement.current === placement) rooms.placement.current = rooms.placement.own;
      };
    },
    ...viewsOf(current),
    tasks: parts.tasks,
    autonomy: parts.autonomy,
    perform: parts.perform,
    use: parts.use,
  };
}

/** Adds something once there are rooms to add it to; the result takes it away, or back. */
function addSoon({ wire }: HostParts, add: (rooms: Rooms) => () => void): () => void {
  let remove = (): void => undefined;
  let wanted = true;
  wire((rooms) => {
    if (wanted) remove = add(rooms);
  });
  return () => {
    wanted = false;
    remove();
  };
}

/** The rooms, as narrow as extensions see them. */
function viewsOf(
  current: () => Rooms | undefined,
): Pick<Host, 'trust' | 'policy' | 'discovery' | 'federation'> {
  const rooms = (what: string): Rooms => {
    const now = current();
    if (now === undefined) throw new MeshError('NOT_STARTED', { what });
    return now;
  };
  return {
    trust: {
      score: (peer) => {
        const { score, state } = rooms('trust').trust.score(peer);
        return { score, state };
      },
      credentialsOf: (peer) => rooms('trust').trust.credentialsOf(peer),
    },
    policy: {
      decide: (question) => {
        const { effect, determining, advice } = rooms('policy').policy.decideSync(question);
        return { effect, determining, ...(advice !== undefined && { advice }) };
      },
    },
    discovery: {
      candidates: (capability) => candidatesFor(capability, rooms('discovery')),
      get: (agent) => rooms('discovery').discovery.get(agent),
    },
    federation: {
      peers: () => rooms('federation').federation.peers(),
      onPeer: (listener) => rooms('federation').federation.onPeer(listener),
    },
  };
}

/** Broadcasts on the extension's own `topic`, from the first wait on. */
async function* subscription(
  topic: string,
  corner: string,
  { ready, signal }: HostParts,
): AsyncGenerator<HostBroadcast, void, undefined> {
  const { gossip } = await ready();
  for await (const message of gossip.subscribe(corner + topic, { signal })) {
    yield { ...message, topic };
  }
}
