// One organisation as the parent sees it: a process that takes orders.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { News } from './role.ts';

/** Who is told what an organisation does. */
export interface Audience {
  news(news: News): void;
  progress(name: string, fraction: number): void;
}

interface FromRole {
  readonly kind: 'answer' | 'failure' | 'news' | 'progress';
  readonly id: number;
  readonly value: unknown;
  readonly error: string;
  readonly news: News;
  readonly fraction: number;
}

/** A role running in a process of its own. */
export class Organisation {
  readonly name: string;
  readonly process: ChildProcess;
  readonly #waiting = new Map<
    number,
    { resolve: (value: never) => void; reject: (error: Error) => void }
  >();
  #orders = 0;

  constructor(role: string, name: string, settings: object, audience: Audience) {
    this.name = name;
    const file = new URL(`./${role}.ts`, import.meta.url);
    this.process = fork(file, [JSON.stringify({ name, ...settings })], {
      serialization: 'advanced',
    });
    this.process.on('message', (message: FromRole) => {
      if (message.kind === 'news') audience.news(message.news);
      else if (message.kind === 'progress') audience.progress(name, message.fraction);
      else this.#settle(message);
    });
    this.process.on('exit', (code) => {
      const error = new Error(`${name} ended (${String(code)})`);
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
  }

  /** Has an order carried out. */
  ask<T = unknown>(order: string, body: unknown = {}): Promise<T> {
    this.#orders += 1;
    const id = this.#orders;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.process.send({ id, order, body }, (error) => {
        if (error === null || !this.#waiting.delete(id)) return;
        reject(error);
      });
    });
  }

  /** Asks it to close and waits until it has; kills it after 10 s. */
  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exited = once(this.process, 'exit');
    const timer = setTimeout(() => this.process.kill('SIGKILL'), 10_000);
    if (this.process.connected) this.process.send({ id: 0, order: 'stop', body: {} });
    await exited;
    clearTimeout(timer);
  }

  #settle({ kind, id, value, error }: FromRole): void {
    const order = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (kind === 'answer') order?.resolve(value as never);
    else order?.reject(new Error(`${this.name}: ${error}`));
  }
}
