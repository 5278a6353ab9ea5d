/** Organisations on a hub of their own, so that no test meets those of another. */
import {
  type AgentDefinition,
  MemoryHub,
  MeshClient,
  type MeshClientOptions,
  MeshError,
  memoryTransport,
  policyTemplates,
} from '../../src/index.ts';

/** A street with several organisations; closing it closes them all. */
export class Town implements AsyncDisposable {
  readonly hub = new MemoryHub();
  readonly #clients: MeshClient[] = [];

  /** An organisation that has not started. */
  org(name: string, options: MeshClientOptions = {}): MeshClient {
    const transport = memoryTransport({ hub: this.hub });
    const client = new MeshClient({ did: `did:mesh:enterprise:${name}`, transport, ...options });
    this.#clients.push(client);
    return client;
  }

  /** A started organisation that takes tasks from everybody and offers `agents`. */
  async open(
    name: string,
    agents: readonly AgentDefinition[] = [],
    options: MeshClientOptions = {},
  ) {
    const client = this.org(name, { policies: policyTemplates.openTo({}), ...options });
    for (const agent of agents) client.createAgent(agent);
    await client.start();
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close({ drain: 0 })));
  }
}

/** The MeshError `work` ends with. */
export async function failure(work: Promise<unknown> | (() => unknown)): Promise<MeshError> {
  try {
    await (typeof work === 'function' ? work() : work);
  } catch (error) {
    if (MeshError.is(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** Resolves when `holds`, looked at after every turn of the event loop; fails after five seconds. */
export async function until(holds: () => unknown, what = String(holds)): Promise<void> {
  const end = performance.now() + 5_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** An agent that answers with its input. */
export const echo: AgentDefinition = {
  name: 'echo',
  capabilities: ['echo'],
  handler: ({ input }) => input,
};
