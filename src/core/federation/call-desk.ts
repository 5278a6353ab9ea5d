/**
 * The one owner of a call's life: finds a session, makes the call, and makes it again where that is safe.
 * @module
 */
import { linkedController, onAbort, throwIfAborted, withDeadline } from '../../base/abort.ts';
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';
import { refusals } from './admission.ts';
import { backoff } from './backoff.ts';
import {
  AttemptFailure,
  attemptCall,
  type Carrier,
  callTimeout,
  mayRepeat,
  type OutgoingStream,
  StreamCall,
} from './caller.ts';
import { timeLeft } from './deadline.ts';
import { packMessage } from './inbox.ts';
import type { PeerTable } from './peer-table.ts';
import type { CallHeader, Session } from './session.ts';

/** Options of a call. */
export interface CallOptions {
  /** Default 30,000 ms for calls, one hour for streams. A deadline of the work behind `signal` shortens it. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Lets the call be repeated after a lost session: the peer runs it once for each key, for 24 hours. */
  readonly idempotencyKey?: string | undefined;
  /** Whether a lost peer is waited for until the time is over. Default true; false dials it once more, then gives up. */
  readonly awaitReturn?: boolean | undefined;
  /** Which node of the peer. Default: the one with the least to do. */
  readonly node?: string | undefined;
  /** Which of this node's identities calls. Default: the first. */
  readonly as?: Did | undefined;
}

/** Options of {@link CallDesk}. */
export interface CallDeskOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly table: PeerTable;
  /** Fires when the node closes: nobody waits for a peer any longer. */
  readonly closing: AbortSignal;
  /** What carries calls to this node itself, if `peer` is one of its identities and no other `node` is meant. */
  loopback(from: Did, peer: Did, node: string | undefined): Carrier | undefined;
  /** A new session with `peer`, from the addresses known. */
  connect(from: Did, peer: Did): Promise<Session>;
}

/** Who is called by whom. */
interface Wanted {
  readonly from: Did;
  readonly peer: Did;
  readonly node: string | undefined;
}

const callMs = 30_000;
const streamMs = 3_600_000;

/** Makes calls. */
export class CallDesk {
  readonly #options: CallDeskOptions;
  /** Calls made, streams too. */
  calls = 0;

  constructor(options: CallDeskOptions) {
    this.#options = options;
  }

  /** Calls `method` at `peer` in the name of `from`. */
  async call(
    from: Did,
    peer: Did,
    method: string,
    body: unknown,
    options: CallOptions,
  ): Promise<unknown> {
    const { clock } = this.#options;
    const { signal, idempotencyKey, node, awaitReturn = true } = options;
    const wanted: Wanted = { from, peer, node };
    throwIfAborted(signal, `call '${method}'`);
    this.calls += 1;
    const packed = packMessage(body);
    const header = this.#header(method, options, callMs);
    const deadline = clock.monotonic() + header.deadlineMs;
    for (let losses = 0; ; losses += 1) {
      const awaited = awaitReturn ? losses : 0;
      const carrier =
        this.#ready(wanted) ?? (await this.#find(wanted, awaited, header, deadline, signal));
      const deadlineMs = Math.max(1, Math.ceil(deadline - clock.monotonic()));
      try {
        const attempt = { carrier, header: { ...header, deadlineMs }, body: packed, clock, signal };
        return await attemptCall(attempt);
      } catch (thrown) {
        if (!(thrown instanceof AttemptFailure)) throw thrown;
        const refused = refusals.includes(thrown.failure.error.code);
        const again =
          !refused &&
          mayRepeat(thrown.failure, idempotencyKey !== undefined) &&
          (awaitReturn || losses === 0);
        if (!again || clock.monotonic() >= deadline) throw errorOf(thrown, peer);
      }
    }
  }

  /** Opens a stream. It is bound to its session: when that is lost, the stream fails. */
  async openStream(
    from: Did,
    peer: Did,
    method: string,
    body: unknown,
    options: CallOptions,
  ): Promise<OutgoingStream> {
    const { clock } = this.#options;
    const { signal, node } = options;
    const wanted: Wanted = { from, peer, node };
    throwIfAborted(signal, `stream '${method}'`);
    this.calls += 1;
    const header = this.#header(method, options, streamMs);
    const deadline = clock.monotonic() + header.deadlineMs;
    const carrier = this.#ready(wanted) ?? (await this.#find(wanted, 0, header, deadline, signal));
    const releases: (() => void)[] = [];
    const stream = new StreamCall(() => {
      for (const release of releases) release();
    });
    stream.begin(carrier, header, packMessage(body));
    releases.push(
      clock.after(header.deadlineMs, () => {
        stream.cancel(callTimeout(header));
      }),
      onAbort(signal, () => {
        stream.cancel();
      }),
    );
    return stream;
  }

  #header(method: string, options: CallOptions, defaultMs: number): CallHeader {
    const { timeoutMs = defaultMs, signal, idempotencyKey } = options;
    const deadlineMs = timeLeft(this.#options.clock.monotonic(), timeoutMs, signal);
    return { method, deadlineMs, ...(idempotencyKey !== undefined && { idempotencyKey }) };
  }

  #ready({ from, peer, node }: Wanted): Carrier | undefined {
    const { table } = this.#options;
    const own = this.#options.loopback(from, peer, node);
    if (own !== undefined || node === undefined) return own ?? table.pick(from, peer);
    const session = table.at(from, peer, node);
    return session?.usable === true ? session : undefined;
  }

  /** A session with the node that is wanted. The addresses of a peer may lead to another of its nodes, which will not do. */
  async #connect({ from, peer, node }: Wanted): Promise<Carrier> {
    const session = await this.#options.connect(from, peer);
    if (node === undefined || session.peer.node === node) return session;
    const detail = `its node '${node}' is not connected`;
    throw new MeshError('PEER_UNREACHABLE', { peer, detail });
  }

  /**
   * A session that does not exist yet. After a loss it is waited for, since somebody may be dialling already; the pauses
   * grow with each, so that a peer that lets nobody in is not asked in a loop.
   */
  #find(
    wanted: Wanted,
    losses: number,
    header: CallHeader,
    deadline: number,
    signal: AbortSignal | undefined,
  ): Promise<Carrier> {
    const { clock, closing } = this.#options;
    const what = `call '${header.method}'`;
    const { controller, release } = linkedController(signal, closing);
    const options = { what, signal: controller.signal, error: () => callTimeout(header) };
    const left = Math.max(1, deadline - clock.monotonic());
    return withDeadline(clock, left, options, async (inner) => {
      for (let failures = losses; ; failures += 1) {
        if (failures > 1) await this.#arrival(wanted, failures, inner);
        try {
          return this.#ready(wanted) ?? (await this.#connect(wanted));
        } catch (error) {
          throwIfAborted(inner, what);
          if (losses === 0 || !MeshError.is(error, 'PEER_UNREACHABLE')) throw error;
        }
      }
    }).finally(release);
  }

  /** Resolves when a session with `peer` arrives, or when it is time to dial again. */
  #arrival({ from, peer }: Wanted, failures: number, signal: AbortSignal): Promise<void> {
    const { clock, random, table } = this.#options;
    return new Promise((resolve) => {
      const offs: (() => void)[] = [];
      const finish = (): void => {
        for (const off of offs) off();
        resolve();
      };
      offs.push(clock.after(backoff(failures, random.next()), finish));
      offs.push(
        table.onArrival((session) => {
          if (session.local === from && session.peer.did === peer) finish();
        }),
      );
      offs.push(onAbort(signal, finish));
    });
  }
}

function errorOf({ failure }: AttemptFailure, peer: Did): MeshError {
  const { error, by, delivered: sent } = failure;
  if (by !== 'session' || error.code === 'CLOSED' || refusals.includes(error.code)) return error;
  // Who sends it elsewhere must know whether it may have been done here.
  const detail = error.message;
  return new MeshError('PEER_UNREACHABLE', { peer, detail, sent }, { cause: error });
}
