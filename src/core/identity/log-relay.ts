/**
 * News of keys on the street: whoever learns that a known history has become longer tells its neighbours at once.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import { boolean, object } from '../../base/shape.ts';
import type { Clock } from '../../ports/clock.ts';
import type { IncomingCall, Street } from '../../ports/street.ts';
import { type DidLog, didLogShape } from '../../schema/did-log.ts';
import type { KeyRing, LogChange } from './key-ring.ts';

/** The method that brings a history. */
export const logMethod = 'identity.log';

/** Options of {@link LogRelay}. */
export interface LogRelayOptions {
  readonly street: Street;
  readonly keys: KeyRing;
  readonly clock: Clock;
  /** Ends all waiting. */
  readonly signal: AbortSignal;
}

const callMs = 5_000;
/** A neighbour that did not answer is told again after this long, and twice as long. */
const againMs = [1_000, 2_000, 4_000] as const;
/** Histories that changed of late are told to those who connect. */
const recentMs = 3_600_000;
const recentLimit = 256;

const bodyShape = object({ log: didLogShape });
const answerShape = object({ known: boolean });

/** Answers and calls `identity.log`. Histories of DIDs that are unknown here are not taken in. */
export class LogRelay {
  readonly #options: LogRelayOptions;
  readonly #recent = new Map<Did, { readonly log: DidLog; readonly at: number }>();
  /** Neighbours whose news are being checked. */
  readonly #busy = new Set<Did>();
  /** Who brought a history that is being checked, by its DID. */
  readonly #bringers = new Map<Did, Did>();

  constructor(options: LogRelayOptions) {
    this.#options = options;
  }

  /** Begins. The results end it. */
  start(): readonly (() => void)[] {
    const { street, keys } = this.#options;
    street.handle(logMethod, (call) => this.#take(call));
    return [
      keys.onChange((change) => {
        this.#tellAll(change);
      }),
      street.onPeer((peer) => {
        this.#greet(peer);
      }),
    ];
  }

  /** One history of one neighbour at a time: checking takes time. */
  async #take({ from, body }: IncomingCall): Promise<{ known: boolean }> {
    const { keys } = this.#options;
    const { log } = bodyShape(body, 'body');
    const did = log[0]?.did;
    if (did === undefined || (await keys.logOf(did)) === undefined) return { known: false };
    if (this.#busy.has(from)) throw new MeshError('OVERLOADED', { what: logMethod, limit: 1 });
    this.#busy.add(from);
    this.#bringers.set(did, from);
    try {
      await keys.learn(log);
      return { known: true };
    } finally {
      this.#busy.delete(from);
      this.#bringers.delete(did);
    }
  }

  /** What is not new here was told when it was: so a history crosses each link once. */
  #tellAll({ did, log }: LogChange): void {
    const { street, clock } = this.#options;
    this.#recent.delete(did);
    this.#recent.set(did, { log, at: clock.monotonic() });
    if (this.#recent.size > recentLimit) this.#recent.delete(this.#recent.keys().next().value!);
    const bringer = this.#bringers.get(did);
    for (const peer of street.peers()) {
      if (peer !== bringer) void this.#tell(peer, log);
    }
  }

  #greet(peer: Did): void {
    const oldest = this.#options.clock.monotonic() - recentMs;
    for (const [did, { log, at }] of this.#recent) {
      if (at < oldest) this.#recent.delete(did);
      else void this.#tell(peer, log);
    }
  }

  /** Never rejects: a neighbour that cannot be told now hears it when it connects again. */
  async #tell(peer: Did, log: DidLog): Promise<void> {
    const { street, clock, signal } = this.#options;
    for (const wait of [...againMs, undefined]) {
      try {
        const options = { timeoutMs: callMs, signal };
        answerShape(await street.call(peer, logMethod, { log }, options), logMethod);
        return;
      } catch (error) {
        const useless = MeshError.is(error, 'UNSUPPORTED', 'DID_CONFLICT', 'DID_INVALID');
        if (useless || wait === undefined) return;
      }
      // Ends with the node, and with the session.
      const ended = await clock.sleep(wait, signal).then(
        () => !street.peers().includes(peer),
        () => true,
      );
      if (ended) return;
    }
  }
}
