/**
 * Clients in memory that carry an extension, and what it does there.
 * @module
 */
import { MemoryHub, memoryTransport } from '../../../adapters/transports/memory.ts';
import type { Did } from '../../../base/ids.ts';
import { MeshClient } from '../../../client/mesh-client.ts';
import type { MeshClientOptions } from '../../../client/options.ts';
import type { Extension, Host } from '../../../ports/extension.ts';
import { checkWithin } from '../../assert.ts';
import type { Law } from '../law.ts';
import { HostLog, spyOn } from './host-spy.ts';
import { watchMachine } from './machine-watch.ts';

/** Where a method of an extension's API is tried. */
export interface ExtensionUse {
  /** The client that carries the extension. */
  readonly mesh: MeshClient;
  /** Another organisation, which carries it too. */
  readonly peer: Did;
  readonly signal?: AbortSignal;
}

/** One way to use an API. */
export type ExtensionMethod<Api> = (api: Api, use: ExtensionUse) => unknown;

/** What a bench is told about the extension. */
export interface BenchOptions {
  readonly make: () => Extension;
  readonly methods: Readonly<Record<string, ExtensionMethod<unknown>>>;
  readonly state: ((api: unknown) => unknown) | undefined;
  readonly client: MeshClientOptions;
  readonly timeoutMs: number;
}

/** One law of extensions. */
export type ExtensionLaw = Law<ExtensionBench>;

/** One client, with an extension of its own. */
export class Station {
  readonly mesh: MeshClient;
  /** As `make` gave it, but that its host is spied on. */
  readonly extension: Extension;
  readonly log = new HostLog();
  readonly #options: BenchOptions;
  #held: { readonly api: unknown } | undefined;
  /** The host itself, once the extension was started. */
  host: Host | undefined;

  constructor(options: BenchOptions, client: MeshClientOptions) {
    this.#options = options;
    const extension = options.make();
    this.extension = {
      name: extension.name,
      start: (host) => {
        this.host = host;
        return watchMachine(
          () => extension.start(spyOn(host, this.log)),
          (asked) => this.log.machine.push(asked),
        );
      },
    };
    this.mesh = new MeshClient({ ...options.client, ...client });
  }

  /** The API, as whoever used the extension once holds it. */
  use(): unknown {
    this.#held ??= { api: this.mesh.use(this.extension) };
    return this.#held.api;
  }

  /** Calls one method. */
  async call(name: string, peer: Did, signal?: AbortSignal): Promise<unknown> {
    const method = this.#options.methods[name]!;
    return await method(this.use(), { mesh: this.mesh, peer, ...(signal && { signal }) });
  }

  /** Calls every method, one after the other. */
  async callAll(peer: Did): Promise<void> {
    for (const name of Object.keys(this.#options.methods)) {
      await checkWithin(this.#options.timeoutMs, name, this.call(name, peer));
    }
  }
}

/** Two clients that know each other, each with the extension. */
export interface Pair {
  readonly near: Station;
  readonly far: Station;
}

/** Opens clients, and closes them all. */
export class ExtensionBench {
  readonly options: BenchOptions;
  readonly #stations: Station[] = [];

  constructor(options: BenchOptions) {
    this.options = options;
  }

  /** A client that has not started, and whose extension has not either. */
  station(name = 'acme', hub = new MemoryHub(), client: MeshClientOptions = {}): Station {
    const did = `did:mesh:enterprise:${name}`;
    const transport = memoryTransport({ hub });
    const station = new Station(this.options, { did, transport, ...client });
    this.#stations.push(station);
    return station;
  }

  /** Two organisations that have started, use the extension (`late`: not before they have), and are bound to each other. */
  async pair({
    late = false,
    ...client
  }: MeshClientOptions & { late?: boolean } = {}): Promise<Pair> {
    const hub = new MemoryHub();
    const [near, far] = [this.station('acme', hub, client), this.station('globex', hub)];
    for (const station of [near, far]) {
      if (!late) station.use();
      await station.mesh.start();
      station.use();
    }
    await near.mesh.federate(far.mesh.did);
    return { near, far };
  }

  /** Closes every client. */
  async clear(): Promise<void> {
    await Promise.all(this.#stations.map(({ mesh }) => mesh.close({ drain: 0 })));
  }
}
