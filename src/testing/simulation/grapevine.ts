/**
 * Who has heard what: broadcasts of a test through the gossip of the clients.
 * @module
 */
import { fromUtf8, utf8 } from '../../base/bytes.ts';
import type { MeshClient } from '../../client/index.ts';
import type { Extension } from '../../ports/extension.ts';
import type { SimulatedNode } from './simulated-node.ts';

/** What the extension at one node can do. */
interface Ear {
  readonly heard: ReadonlySet<string>;
  tell(message: string): Promise<void>;
}

const topic = 'grapevine';

/** An ear at every node of a mesh. */
export class Grapevine {
  readonly #nodes: readonly SimulatedNode[];
  readonly #ears = new Map<MeshClient, Ear>();

  constructor(nodes: readonly SimulatedNode[]) {
    this.#nodes = nodes;
    for (const node of nodes) if (node.up) this.#earOf(node);
  }

  /** Has the first node that is up tell `message`. */
  async tell(message: string): Promise<void> {
    for (const node of this.#nodes) if (node.up) this.#earOf(node);
    const teller = this.#nodes.find(({ up }) => up);
    if (teller !== undefined) await this.#earOf(teller).tell(message);
  }

  /** The share of all nodes that have heard `message`. */
  coverage(message: string): number {
    const heard = this.#nodes.filter((node) => node.up && this.#earOf(node).heard.has(message));
    return heard.length / this.#nodes.length;
  }

  #earOf(node: SimulatedNode): Ear {
    const known = this.#ears.get(node.bare);
    if (known !== undefined) return known;
    const ear = node.bare.use(makeEar());
    this.#ears.set(node.bare, ear);
    return ear;
  }
}

function makeEar(): Extension<Ear> {
  return {
    name: 'grapevine',
    start: (host) => {
      const heard = new Set<string>();
      const listen = async (): Promise<void> => {
        for await (const { bytes } of host.subscribe(topic)) heard.add(fromUtf8(bytes));
      };
      // A client that closes ends the listening.
      listen().catch(() => undefined);
      return {
        heard,
        tell: async (message) => {
          heard.add(message);
          await host.broadcast(topic, utf8(message));
        },
      };
    },
  };
}
