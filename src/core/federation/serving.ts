/**
 * One incoming call, from its first message to its answer.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import { rememberDeadline } from './deadline.ts';
import { frameFlag } from './frames.ts';
import type { Gate } from './gate.ts';
import type { CallEnds, Handler, IncomingStream } from './handlers.ts';
import { Inbox, packMessage, readMessage } from './inbox.ts';
import type { ResultCache } from './result-cache.ts';
import type { CallHeader } from './session.ts';
import { compact, type Stream, type StreamEvents, type StreamFailure } from './stream.ts';

/** What answering needs. */
export interface ServingGround {
  readonly clock: Clock;
  readonly results: ResultCache;
  readonly gate: Gate;
  /** The session is gone, the work goes on. */
  orphaned(serving: Serving): void;
  /** Nothing more will happen. */
  settled(serving: Serving): void;
}

/** The handler's view of the call, driven by the events of its stream. */
export class Serving implements StreamEvents, IncomingStream {
  readonly from: Did;
  readonly to: Did;
  readonly #ground: ServingGround;
  readonly #stream: Stream;
  readonly #header: CallHeader;
  readonly #handler: Handler;
  readonly #deadline: number;
  readonly #cancelTimer: () => void;
  readonly #inbox: Inbox | undefined;
  #stage: 'empty' | 'in line' | 'running' | 'settled' = 'empty';
  #leaveLine: (() => void) | undefined;
  #body: unknown;
  #controller: AbortController | undefined;
  #over: MeshError | undefined;

  constructor(
    ground: ServingGround,
    stream: Stream,
    header: CallHeader,
    ends: CallEnds,
    handler: Handler,
  ) {
    const { clock } = ground;
    this.from = ends.from;
    this.to = ends.to;
    this.#ground = ground;
    this.#stream = stream;
    this.#header = header;
    this.#handler = handler;
    this.#inbox = handler.kind === 'stream' ? new Inbox(stream) : undefined;
    this.#deadline = clock.monotonic() + header.deadlineMs;
    this.#cancelTimer = clock.after(header.deadlineMs, () => {
      this.#expire();
    });
  }

  get body(): unknown {
    return this.#body;
  }

  /** Made when first asked for: most handlers never look, and a signal costs more than the rest of a call. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      rememberDeadline(this.#controller.signal, this.#deadline);
      if (this.#over !== undefined) this.#controller.abort(this.#over);
    }
    return this.#controller.signal;
  }

  async send(value: unknown): Promise<void> {
    await this.#stream.send(packMessage(value), 0);
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown, undefined> {
    if (this.#inbox !== undefined) return this.#inbox[Symbol.asyncIterator]();
    throw new MeshError('UNSUPPORTED', {
      feature: 'reading a stream',
      by: 'handle(): use handleStream()',
    });
  }

  message(bytes: Uint8Array, cost: number): void {
    if (this.#stage === 'empty') this.#enter(bytes, cost);
    else if (this.#inbox !== undefined) this.#inbox.push(bytes, cost);
    else this.#stream.consumed(cost);
  }

  ended(): void {
    if (this.#stage === 'empty') {
      this.#refuse(new MeshError('PROTOCOL_ERROR', { detail: 'a call without a body' }));
    }
    this.#inbox?.end();
  }

  failed({ error, by }: StreamFailure): void {
    this.#inbox?.fail(error);
    // Work under an idempotency key outlives its session: the caller comes back for the result.
    if (by === 'session' && this.#header.idempotencyKey !== undefined) this.#ground.orphaned(this);
    else this.stop(error);
  }

  /** The answer is not wanted any more. A handler that runs is told, and counts until it has ended. */
  stop(error: MeshError): void {
    this.#over ??= error;
    this.#controller?.abort(this.#over);
    this.#cancelTimer();
    if (this.#stage === 'running') return;
    this.#leaveLine?.();
    this.#settle();
  }

  #enter(bytes: Uint8Array, cost: number): void {
    let body = bytes;
    this.#stage = 'in line';
    this.#leaveLine = this.#ground.gate.enter(this.from, () => {
      this.#stage = 'running';
      void this.#run(body, cost);
    });
    // Whoever waits in line keeps bytes of its own; they stay on the sender's account.
    if (this.#leaveLine !== undefined) body = compact(bytes);
  }

  async #run(bytes: Uint8Array, cost: number): Promise<void> {
    try {
      this.#stream.consumed(cost);
      this.#body = readMessage(bytes);
      const result = await this.#resultOf(bytes);
      if (this.#stream.open) void this.#stream.send(result, frameFlag.result | frameFlag.end);
    } catch (thrown) {
      this.#refuse(thrown);
    } finally {
      this.#ground.gate.leave(this.from);
      this.#settle();
    }
  }

  #resultOf(body: Uint8Array): Promise<Uint8Array> {
    const { method, idempotencyKey: key } = this.#header;
    if (key === undefined || this.#isRemembered()) return this.#execute();
    const subject =
      this.#handler.kind === 'call' ? this.#handler.subjectOf?.(this.#body) : undefined;
    const call = { from: this.from, method, key, body, subject };
    return this.#ground.results.run(call, () => this.#execute());
  }

  #isRemembered(): boolean {
    return this.#handler.kind === 'call' && this.#handler.remembers?.(this.#body) === true;
  }

  async #execute(): Promise<Uint8Array> {
    const value = await this.#handler.run(this);
    if (!isAsyncIterable(value)) return packMessage(value);
    if (this.#header.idempotencyKey !== undefined) {
      throw new MeshError('UNSUPPORTED', {
        feature: 'an idempotency key',
        by: 'a streaming handler',
      });
    }
    for await (const item of value) await this.send(item);
    return packMessage(undefined);
  }

  #refuse(thrown: unknown): void {
    this.#stream.cancel(thrown, `method '${this.#header.method}'`);
  }

  #expire(): void {
    const { method, deadlineMs: ms } = this.#header;
    const error = new MeshError('TIMEOUT', { what: `call '${method}'`, ms });
    this.stop(error);
    this.#stream.cancel(error, method);
  }

  #settle(): void {
    if (this.#stage === 'settled') return;
    this.#stage = 'settled';
    this.#cancelTimer();
    this.#ground.settled(this);
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
