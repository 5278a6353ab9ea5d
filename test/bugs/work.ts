/**
 * What a mesh does while faults strike: tasks with and without keys, durable ones, a role, policies, broadcasts, agents that
 * come and go. Whatever is learned on the way is noted, so that laws can look at it.
 * @module
 */
import { fromUtf8, utf8 } from '../../src/base/bytes.ts';
import { MeshError } from '../../src/base/errors.ts';
import type { AgentDefinition, HandlerContext } from '../../src/client/index.ts';
import type { Extension } from '../../src/ports/extension.ts';
import type { Random } from '../../src/ports/random.ts';
import type { TestMesh, TestNode } from '../../src/testing/index.ts';

interface Question {
  readonly n: number;
  readonly ms: number;
}

/** What is asked of whom. */
interface Errand {
  readonly type: 'ledger' | 'saga';
  readonly from: TestNode;
  readonly to: TestNode;
  readonly key: string;
  readonly question: Question;
}

/** A corner in which nodes talk and take turns. */
interface Corner {
  tell(word: string): Promise<void>;
  hold(among: readonly string[]): Promise<{ release(): Promise<void> }>;
}

/** Events in whose very moment a node may lose its power, and which node that is: the one that has just given its word. */
const moments: readonly (readonly [type: string, victim: string])[] = [
  ['task.executed', 'node'],
  ['test.told', 'by'],
  ['test.checkpoint', 'node'],
  ['test.forbidden', 'node'],
];
/** How long it is down then, in milliseconds. */
const downMs = 6_000;

const attempts = 4;
const sagaSteps = 3;

/** The work of one run. */
export class Work {
  readonly #lots: Random;
  #mesh: TestMesh | undefined;
  readonly #sequences = new Map<string, number>();
  #over = false;

  constructor(lots: Random) {
    this.#lots = lots;
  }

  /** Goes into the options of every client: it listens from its first moment on. */
  readonly corner: Extension<Corner> = {
    name: 'corner',
    start: (host) => {
      const listen = async (): Promise<void> => {
        for await (const { bytes } of host.subscribe('words')) {
          this.#mesh?.note(this.#nameOf(host.did), 'heard', { word: fromUtf8(bytes) });
        }
      };
      // A client that closes ends the listening.
      listen().catch(() => undefined);
      return {
        tell: (word) => host.broadcast('words', utf8(word)),
        hold: (among) => host.roles.hold('chair', { ttl: '10s', among: among as never }),
      };
    },
  };

  /** Begins; it ends with the mesh. */
  begin(mesh: TestMesh): void {
    this.#mesh = mesh;
    for (const node of mesh.nodes()) {
      node.client.createAgent(this.#ledger());
      node.client.createAgent(this.#saga(node.name));
    }
    this.#aim(this.#lots.child('aim'));
    this.#every(3_000, 'ledger', (n, lots) => this.#ledgerErrand(n, lots));
    this.#every(4_000, 'saga', (n, lots) => this.#sagaErrand(n, lots));
    this.#every(4_000, 'chair', (_, lots) => this.#takeTurn(lots));
    this.#every(8_000, 'forbid', (n, lots) => this.#shutOut(n, lots));
    this.#every(7_000, 'words', (n, lots) => this.#tell(n, lots));
    this.#every(9_000, 'guests', (n, lots) => this.#guest(n, lots));
    this.#every(2_000, 'records', () => {
      this.#noteRecords();
    });
    this.#every(45_000, 'audit', () => this.#verify());
  }

  /** Harms nobody any more: a node that loses its power while the mesh closes has no close to wait for. */
  end(): void {
    this.#over = true;
  }

  /** Chance alone seldom hits the moment between a word and its safe keeping, so one kind of moment is aimed at in each run. */
  #aim(lots: Random): void {
    const mesh = this.#of();
    const [type, member] = moments[Math.floor(lots.next() * moments.length)]!;
    const gap = 1 + Math.floor(lots.next() * 5);
    let left = gap;
    mesh.trace().on((event) => {
      if (event.type !== type) return;
      left -= 1;
      const victim = mesh.nodes().find(({ name }) => name === event[member]);
      if (left > 0 || victim?.up !== true || this.#over) return;
      left = gap * 2;
      void victim.crash({ power: true });
      void this.#restart(victim);
    });
  }

  /** A start can fail, as when the disk is full: then it is tried again. */
  async #restart(node: TestNode): Promise<void> {
    await this.#of().clock.sleep(downMs);
    if (node.up) return;
    await node.restart().catch(async () => {
      if (node.up) await node.crash();
      await this.#restart(node);
    });
  }

  /** What goes wrong in the midst of harm is the mesh's business; what it must not do is for the laws to see. */
  #every(ms: number, name: string, act: (n: number, lots: Random) => unknown): void {
    const mesh = this.#of();
    const stream = this.#lots.child(name);
    const beat = async (n: number): Promise<void> => {
      await mesh.clock.sleep(ms);
      void beat(n + 1);
      try {
        await act(n, stream.child(String(n)));
      } catch (error) {
        if (!MeshError.is(error)) throw error;
      }
    };
    void beat(0);
  }

  #ledger(): AgentDefinition {
    return {
      name: 'ledger',
      capabilities: ['ledger'],
      handler: async ({ input }) => {
        const { n, ms } = input as Question;
        await this.#of().clock.sleep(ms);
        return { n };
      },
    };
  }

  #saga(node: string): AgentDefinition {
    return {
      name: 'saga',
      capabilities: ['saga'],
      durable: true,
      handler: async (context) => {
        const { input, signal } = context;
        const { n, ms } = input as Question;
        const task = `${context.caller.did} ${context.task.id}`;
        let step = context.resumed?.bytes[0] ?? 0;
        this.#of().note(node, 'resumed', { task, step });
        while (step < sagaSteps) {
          await this.#of().clock.sleep(ms);
          if (signal.aborted) throw signal.reason;
          step += 1;
          await this.#checkpoint(context, node, task, step);
        }
        return { n };
      },
    };
  }

  async #checkpoint(
    { checkpoint }: HandlerContext,
    node: string,
    task: string,
    step: number,
  ): Promise<void> {
    await checkpoint(Uint8Array.of(step));
    this.#of().note(node, 'checkpoint', { task, step });
  }

  /** Asks for something, and some time later again: the same under the same key, or by mistake something else. */
  async #ledgerErrand(n: number, lots: Random): Promise<void> {
    const [from, to] = this.#two(lots);
    const question = { n, ms: Math.floor(lots.next() * 3_000) };
    const errand: Errand = { type: 'ledger', from, to, key: `ledger-${String(n)}`, question };
    if (lots.next() < 0.2) {
      const data = question;
      await from.client.executeTask({ type: 'ledger', data }, { to: this.#didOf(to) });
      return;
    }
    await this.#ask(errand);
    await this.#of().clock.sleep(Math.floor(lots.next() * 40_000));
    const other = lots.next() < 0.3 ? { ...question, n: n + 1_000_000 } : question;
    await this.#ask({ ...errand, question: other });
  }

  async #sagaErrand(n: number, lots: Random): Promise<void> {
    const [from, to] = this.#two(lots);
    const question = { n, ms: Math.floor(lots.next() * 8_000) };
    const errand: Errand = { type: 'saga', from, to, key: `saga-${String(n)}`, question };
    await this.#ask(errand);
    await this.#of().clock.sleep(Math.floor(lots.next() * 40_000));
    await this.#ask(errand);
  }

  /** Asks until there is an answer. */
  async #ask({ type, from, to, key, question }: Errand): Promise<void> {
    const mesh = this.#of();
    const { n } = question;
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const asked = mesh.clock.now();
      const about = { by: to.name, key, n, asked };
      if (!from.up) return;
      try {
        const { output, receipt } = await from.client.executeTask(
          { type, data: question },
          { to: this.#didOf(to), timeout: '20s', idempotencyKey: key },
        );
        mesh.note(from.name, 'told', {
          ...about,
          echo: (output as Question).n,
          receipt: receipt.id,
        });
        return;
      } catch (error) {
        if (!MeshError.is(error)) throw error;
        mesh.note(from.name, 'untold', { ...about, code: error.code });
        if (error.code === 'INVALID_ARGUMENT') return;
      }
      await mesh.clock.sleep(4_000);
    }
  }

  async #takeTurn(lots: Random): Promise<void> {
    const mesh = this.#of();
    const [node] = this.#two(lots);
    const among = mesh.orgs.map((org) => mesh.did(org));
    const held = await node.client.use(this.corner).hold(among);
    await mesh.clock.sleep(Math.floor(lots.next() * 30_000));
    mesh.note(node.name, 'released');
    await held.release();
  }

  /** Shuts an organisation out for a while. */
  async #shutOut(n: number, lots: Random): Promise<void> {
    const mesh = this.#of();
    const [node, other] = this.#two(lots);
    const id = `shut/${String(n)}`;
    const peer = orgOf(other);
    const text = `@id("${id}")
forbid (principal == Org::"${this.#didOf(other)}", action == Action::"task.receive", resource);`;
    await node.client.policy.publish({ id, text });
    mesh.note(node.name, 'forbidden', { peer });
    await mesh.clock.sleep(5_000 + Math.floor(lots.next() * 20_000));
    mesh.note(node.name, 'permitting', { peer });
    for (;;) {
      try {
        await node.client.policy.withdraw(id);
        return;
      } catch (error) {
        if (MeshError.is(error, 'INVALID_ARGUMENT')) return;
      }
      await mesh.clock.sleep(3_000);
    }
  }

  async #tell(n: number, lots: Random): Promise<void> {
    const [node] = this.#two(lots);
    await node.client.use(this.corner).tell(`word ${String(n)}`);
  }

  /** An agent comes and goes: two records of it, and a third the next time. */
  async #guest(n: number, lots: Random): Promise<void> {
    const [node] = this.#two(lots);
    const name = `guest-${String(n % 2)}`;
    const agent = node.client.createAgent({
      name,
      capabilities: [name],
      handler: () => 'hello',
    });
    await this.#of().clock.sleep(Math.floor(lots.next() * 6_000));
    await agent.retire();
  }

  /** Notes every record that a node knows in another version than a moment ago. */
  #noteRecords(): void {
    for (const node of this.#of().nodes()) {
      if (!node.up) continue;
      for (const { id, sequence } of recordsOf(node)) {
        const name = `${node.name} ${id}`;
        if (this.#sequences.get(name) === sequence) continue;
        this.#sequences.set(name, sequence);
        this.#of().note(node.name, 'record', { agent: id, sequence });
      }
    }
  }

  async #verify(): Promise<void> {
    await Promise.all(
      this.#of()
        .nodes()
        .filter(({ up }) => up)
        .map(async (node) => {
          const { intact, firstBreak, because } = await node.client.audit.verify();
          this.#of().note(node.name, 'audit', { intact, firstBreak, because });
        }),
    );
  }

  #two(lots: Random): readonly [TestNode, TestNode] {
    const nodes = this.#of().nodes();
    const first = Math.floor(lots.next() * nodes.length);
    const step = 1 + Math.floor(lots.next() * (nodes.length - 1));
    return [nodes[first]!, nodes[(first + step) % nodes.length]!];
  }

  #didOf(node: TestNode): ReturnType<TestMesh['did']> {
    return this.#of().did(orgOf(node));
  }

  #nameOf(did: string): string {
    const org = this.#of().orgs.find((each) => this.#of().did(each) === did);
    return `${org!}/0`;
  }

  #of(): TestMesh {
    return this.#mesh!;
  }
}

function orgOf({ name }: TestNode): string {
  return name.slice(0, name.lastIndexOf('/'));
}

/** Before its start a node knows nobody. */
function recordsOf({
  client,
}: TestNode): readonly { readonly id: string; readonly sequence: number }[] {
  try {
    return client.discovery.records();
  } catch (error) {
    if (MeshError.is(error)) return [];
    throw error;
  }
}
