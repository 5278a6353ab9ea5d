/** What the process of a test and the nodes it forks say to each other. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MeshErrorCode, MeshErrorParams } from '../../src/index.ts';

/** What a node is told at its birth. */
export interface NodeSettings {
  readonly name: string;
  /** Folder of its store. */
  readonly store: string;
  /** Default: one that is free. */
  readonly port?: number;
  readonly peers?: readonly string[];
  /** Issuer of licences. */
  readonly authority?: string;
  /** Whether it offers no agents. */
  readonly idle?: boolean;
  /** File to which its `work` agent adds a line whenever it begins. */
  readonly counter?: string;
}

/** A failure as it crosses between processes. */
export interface Told {
  readonly code: MeshErrorCode;
  readonly params: MeshErrorParams;
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: Told & { readonly message: string };
}

/** A node in a process of its own. */
export class ForkedNode {
  readonly process: ChildProcess;
  readonly name: string;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #orders = 0;

  constructor(settings: NodeSettings) {
    this.name = settings.name;
    const script = fileURLToPath(new URL('./node.ts', import.meta.url));
    this.process = fork(script, [JSON.stringify(settings)], {
      execArgv: ['--conditions=@mesh/source'],
      serialization: 'advanced',
    });
    this.process.on('message', ({ id, value, error }: Answer) => {
      const order = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) order?.resolve(value);
      else order?.reject(Object.assign(new Error(`${this.name}: ${error.message}`), error));
    });
    this.process.on('exit', (code, signal) => {
      for (const order of this.#waiting.values()) {
        order.reject(new Error(`${this.name} ended (${String(code ?? signal)})`));
      }
      this.#waiting.clear();
    });
  }

  /** Has an order carried out. */
  ask<T = unknown>(order: string, body: unknown = null): Promise<T> {
    const id = (this.#orders += 1);
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    this.process.send({ id, order, body }, (error) => {
      if (error !== null && this.#waiting.delete(id)) waiting.reject(error);
    });
    return waiting.promise as Promise<T>;
  }

  /** Closes it and gives its exit code: 0 only when nothing it had started kept it alive. */
  async leave(): Promise<number | null> {
    const exited = once(this.process, 'exit');
    this.process.send({ id: 0, order: 'leave', body: null });
    const [code] = (await exited) as [number | null];
    return code;
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exited = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await exited;
  }
}

/** A folder and processes that go with the test. */
export class Stage implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'mesh-scenario-'));
  readonly #nodes: ForkedNode[] = [];

  /** Path of something in the folder. */
  path(name: string): string {
    return join(this.folder, name);
  }

  /** Forks a node and has it started. */
  async node(name: string, settings: Partial<NodeSettings> = {}) {
    const node = new ForkedNode({ name, store: this.path(name), ...settings });
    this.#nodes.push(node);
    const { did, address } = await node.ask<{ did: `did:${string}:${string}`; address: string }>(
      'start',
    );
    return Object.assign(node, { did, address });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.kill()));
    rmSync(this.folder, { recursive: true });
  }
}

/** Resolves when `holds`, asked every few milliseconds; fails after ten seconds. */
export async function until(holds: () => unknown, what = String(holds)): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
