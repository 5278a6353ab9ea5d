/**
 * At most one execution for each (caller, method, idempotency key) while the key lives, across crashes.
 * @module
 */
import { toBase64url, utf8 } from '../../base/bytes.ts';
import { MeshError, type MeshErrorCode, type WireError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import { packPacket, unpackPacket } from '../../base/packet.ts';
import { object, oneOf, optional, refused, type Shape, text, unknown } from '../../base/shape.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Entry, Store } from '../../ports/store.ts';
import { fromWireError, toWireError } from './wire-error.ts';

/** Which call it is. */
export interface CallIdentity {
  readonly from: Did;
  readonly method: string;
  readonly key: string;
  /** The packed body: a key used again for something else is refused. */
  readonly body: Uint8Array;
  /** Whom it is about. */
  readonly subject?: string | undefined;
}

/** Options of {@link ResultCache}. */
export interface ResultCacheOptions {
  /** Must be able to write on a condition. */
  readonly store: Store;
  readonly crypto: Pick<CryptoProvider, 'hash'>;
  /** How long a key lives, in milliseconds. Default 24 hours. */
  readonly ttlMs?: number;
}

const prefix = 'result/';

type Outcome = { readonly result: Uint8Array } | { readonly error: WireError };

const bytes: Shape<Uint8Array> = (value, at) => {
  if (!(value instanceof Uint8Array)) throw refused(at, 'bytes', value);
  return value;
};
const recordShape = object({
  state: oneOf('claimed', 'done'),
  body: bytes,
  subject: optional(text({ min: 1, max: 512 })),
  result: optional(bytes),
  error: optional(unknown),
});

/**
 * Remembers what calls led to. The claim is written before the work begins, so after a crash in between a retry is
 * told `TASK_UNCERTAIN` instead of running the work again. Failures are remembered like results.
 */
export class ResultCache {
  readonly #options: ResultCacheOptions;
  readonly #running = new Map<
    string,
    { readonly body: Uint8Array; readonly outcome: Promise<Outcome> }
  >();

  constructor(options: ResultCacheOptions) {
    this.#options = options;
  }

  /** Executions going on now. */
  get running(): number {
    return this.#running.size;
  }

  /** The result of the call: of the work, of the same work going on, or of the work done before. */
  async run(call: CallIdentity, work: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const name = this.#nameOf(call);
    const digest = this.#options.crypto.hash('sha256', call.body);
    const running = this.#running.get(name);
    if (running !== undefined) {
      assertSameBody(running.body, digest);
      return settle(await running.outcome);
    }
    const outcome = this.#once(name, digest, call, work);
    this.#running.set(name, { body: digest, outcome });
    try {
      return settle(await outcome);
    } finally {
      this.#running.delete(name);
    }
  }

  /** Deletes what is remembered about `subject`, and says of how many calls. They may be executed again. */
  async erase(subject: string): Promise<number> {
    const { store } = this.#options;
    const about: string[] = [];
    for await (const { key, value } of store.scan({ prefix })) {
      if (recordShape(unpackPacket(value), 'result').subject === subject) about.push(key);
    }
    if (about.length > 0) await store.write(about.map((del) => ({ del, purge: true })));
    return about.length;
  }

  async #once(
    name: string,
    body: Uint8Array,
    call: CallIdentity,
    work: () => Promise<Uint8Array>,
  ): Promise<Outcome> {
    const { store, ttlMs = 24 * 3_600_000 } = this.#options;
    if (!store.features.conditional) {
      throw new MeshError('UNSUPPORTED', {
        feature: 'an idempotency key',
        by: 'a store without conditional writes',
      });
    }
    const about = call.subject === undefined ? {} : { subject: call.subject };
    const claim = packPacket({ state: 'claimed', body, ...about });
    const condition = { if: [{ key: name, revision: null }] };
    const claimed = await store.write([{ put: name, value: claim, ttlMs }], condition);
    if (!claimed.ok) return outcomeBefore(await store.get(name), body, call);
    const outcome = await attempt(work, call.method);
    // This node is closing: nobody knows how far the work came, so the claim stays as it is.
    if ('error' in outcome && outcome.error.code === 'CLOSED') return outcome;
    // Written before it is sent: an answer that was given once is given again. A refusal leaves the key free.
    const done = packPacket({ state: 'done', body, ...about, ...outcome });
    await store.write([isRefusal(outcome) ? { del: name } : { put: name, value: done, ttlMs }]);
    return outcome;
  }

  /** Keys of a store are short and of limited characters; the parts are not. */
  #nameOf({ from, method, key }: CallIdentity): string {
    const text = JSON.stringify([from, method, key]);
    return `${prefix}${toBase64url(this.#options.crypto.hash('sha256', utf8(text)))}`;
  }
}

/** Codes with which work is turned away before it begins. */
const refusalCodes: readonly MeshErrorCode[] = [
  'AGENT_NOT_FOUND',
  'APPROVAL_DENIED',
  'BUDGET_EXCEEDED',
  'LICENCE_MISSING',
  'OVERLOADED',
  'PEER_REJECTED',
  'POLICY_DENIED',
  'TRUST_TOO_LOW',
];

function isRefusal(outcome: Outcome): boolean {
  return 'error' in outcome && refusalCodes.includes(outcome.error.code);
}

async function attempt(work: () => Promise<Uint8Array>, method: string): Promise<Outcome> {
  try {
    return { result: await work() };
  } catch (thrown) {
    return { error: toWireError(thrown, method) };
  }
}

/** What an earlier execution left; a claim alone means that nobody knows how far it came. */
function outcomeBefore(entry: Entry | undefined, body: Uint8Array, call: CallIdentity): Outcome {
  const uncertain = new MeshError('TASK_UNCERTAIN', { task: call.key });
  // It expired between the failed claim and now: rare, and refusing is the safe side.
  if (entry === undefined) throw uncertain;
  const record = recordShape(unpackPacket(entry.value), 'result');
  assertSameBody(record.body, body);
  if (record.state === 'claimed') throw uncertain;
  if (record.result !== undefined) return { result: record.result };
  return { error: record.error as WireError };
}

function assertSameBody(before: Uint8Array, now: Uint8Array): void {
  if (before.every((byte, i) => byte === now[i])) return;
  const expected = 'used for one request only';
  throw new MeshError('INVALID_ARGUMENT', {
    argument: 'idempotencyKey',
    expected,
    got: 'another body',
  });
}

function settle(outcome: Outcome): Uint8Array {
  if ('result' in outcome) return outcome.result;
  throw fromWireError(outcome.error);
}
