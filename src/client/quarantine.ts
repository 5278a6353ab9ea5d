/**
 * What a quarantine does at this node: the gate, and the end of everything that is under way with the peer.
 * @module
 */
import { linkedController } from '../base/abort.ts';
import { MeshError } from '../base/errors.ts';
import type { Did } from '../base/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { Gate } from '../ports/gate.ts';

/** A verdict, as much of it as is told. */
export interface QuarantineVerdict {
  readonly id: string;
  readonly reason: string;
  readonly expiresAt: string;
}

/** What is shut. */
export interface QuarantineEffects {
  readonly clock: Clock;
  /** The verdict that shuts `peer` out now. */
  readonly verdictOn: (peer: Did) => QuarantineVerdict | undefined;
  /** Drops what is known of its agents. */
  readonly forget: (peer: Did) => Promise<unknown>;
  /** Ends what it has running here. */
  readonly cancelWork: (peer: Did, reason: MeshError) => Promise<unknown>;
  /** Ends its sessions, and what they carry. */
  readonly expel: (peer: Did, reason: MeshError) => Promise<unknown>;
  /** Meets it again. */
  readonly welcome: (peer: Did) => Promise<unknown>;
  readonly report: (error: unknown, peer: Did) => void;
}

/** The peer learns the reason from its sessions that are closed, so there is a moment to tell it. */
const noticeMs = 500;

/** Shuts peers out, and lets them back. */
export class Quarantines {
  readonly #effects: QuarantineEffects;
  readonly #running = new Map<Did, Set<AbortController>>();
  /** Drains and notices under way, by peer. */
  readonly #timers = new Map<Did, () => void>();
  readonly #hooks: QuarantineEffects['cancelWork'][] = [];
  #closed = false;

  constructor(effects: QuarantineEffects) {
    this.#effects = effects;
  }

  /** Why nothing goes to `peer` or comes from it; undefined when it may. */
  refusal(peer: Did): MeshError | undefined {
    const verdict = this.#effects.verdictOn(peer);
    if (verdict === undefined) return undefined;
    const { id: verdictId, reason, expiresAt: until } = verdict;
    return new MeshError('PEER_QUARANTINED', { peer, until, reason, verdict: verdictId });
  }

  /** Stands before all other gates. */
  readonly gate: Gate = {
    before: ({ peer }) => {
      const refusal = this.refusal(peer);
      if (refusal !== undefined) throw refusal;
    },
  };

  /** Runs `work` that this node wants from `peer`, until the peer is shut out. */
  async during<T>(
    peer: Did,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { controller, release } = linkedController(signal);
    const running = this.#running.get(peer) ?? new Set<AbortController>();
    this.#running.set(peer, running.add(controller));
    try {
      return await work(controller.signal);
    } finally {
      release();
      running.delete(controller);
      if (running.size === 0) this.#running.delete(peer);
    }
  }

  /** Shuts `peer` out. Its agents are forgotten at once; what is running has `drainMs` to finish. */
  begin(peer: Did, drainMs: number): void {
    if (this.#closed) return;
    this.#stopTimer(peer);
    const { forget } = this.#effects;
    this.#attempt(peer, () => forget(peer));
    if (drainMs === 0) this.#end(peer);
    else
      this.#later(peer, drainMs, () => {
        this.#end(peer);
      });
  }

  /** Has `cancel` called too when a peer is shut out. */
  alsoCancel(cancel: QuarantineEffects['cancelWork']): void {
    this.#hooks.push(cancel);
  }

  /** Lets `peer` back. */
  lift(peer: Did): void {
    this.#stopTimer(peer);
    const { welcome } = this.#effects;
    this.#attempt(peer, () => welcome(peer));
  }

  close(): void {
    this.#closed = true;
    for (const peer of [...this.#timers.keys()]) this.#stopTimer(peer);
  }

  #end(peer: Did): void {
    const { cancelWork, expel } = this.#effects;
    const reason = this.refusal(peer);
    // It was lifted meanwhile.
    if (reason === undefined) return;
    for (const controller of this.#running.get(peer) ?? []) controller.abort(reason);
    for (const cancel of [cancelWork, ...this.#hooks]) {
      this.#attempt(peer, () => cancel(peer, reason));
    }
    this.#later(peer, noticeMs, () => {
      const last = this.refusal(peer);
      if (last !== undefined) this.#attempt(peer, () => expel(peer, last));
    });
  }

  #later(peer: Did, ms: number, run: () => void): void {
    if (this.#closed) return;
    const cancel = this.#effects.clock.after(ms, () => {
      this.#timers.delete(peer);
      run();
    });
    this.#timers.set(peer, cancel);
  }

  #stopTimer(peer: Did): void {
    this.#timers.get(peer)?.();
    this.#timers.delete(peer);
  }

  /** What fails here is the business of whoever keeps the log: the gate stands all the same. */
  #attempt(peer: Did, run: () => Promise<unknown>): void {
    if (this.#closed) return;
    run().catch((error: unknown) => {
      if (!this.#closed) this.#effects.report(error, peer);
    });
  }
}
