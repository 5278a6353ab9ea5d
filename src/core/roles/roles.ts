/**
 * Lets one node at a time hold a role.
 * @module
 */
import { linkedController, onAbort, throwIfAborted } from '../../base/abort.ts';
import { type Duration, toMs } from '../../base/duration.ts';
import { MeshError } from '../../base/errors.ts';
import { asDid, type Did, newId } from '../../base/ids.ts';
import { Lifetime } from '../../base/lifetime.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';
import type { Emit } from '../../schema/mesh-event.ts';
import { name } from '../../schema/words.ts';
import { Acceptor, type RolesStore } from './acceptor.ts';
import { Assembly } from './assembly.ts';
import { type Claim, ttlBounds } from './grant.ts';
import { HeldRole, type RoleLease, reliedOn } from './held-role.ts';
import {
  type ClaimRequest,
  claimRequestShape,
  type LookRequest,
  lookRequestShape,
  type ReleaseRequest,
  releaseRequestShape,
} from './messages.ts';
import type { IncomingCall, MayHold, Street } from './needs.ts';

/** Options of {@link Roles}. */
export interface RolesOptions {
  readonly did: Did;
  readonly clock: Clock;
  readonly random: Random;
  readonly street: Street;
  /**
   * This room's own part of a store with conditional writes. What it promised must survive a restart: with a store that
   * forgets, this node must not be among the acceptors of other nodes' roles.
   */
  readonly store: RolesStore;
  /** Who else may hold a role with this node's word. */
  readonly mayHold: MayHold;
  readonly emit?: Emit;
}

/** Options of {@link Roles.hold}. */
export interface HoldOptions {
  /** How long the role stays free after its holder died, from 100 ms to one hour. Renewed three times as often. */
  readonly ttl: Duration;
  /** Waits until the role is free. Default: throw `ROLE_TAKEN`. */
  readonly standby?: boolean;
  /**
   * Whose word counts: more than half of these must grant the role, and every node must name the same. At most 31, better
   * an odd number. Default: this node alone, which is enough for processes that share its store.
   */
  readonly among?: readonly Did[];
  /** Ends the wait, and releases the role once it is held. */
  readonly signal?: AbortSignal | undefined;
}

interface Candidacy {
  readonly role: string;
  readonly ttlMs: number;
  readonly assembly: Assembly;
}

/** Why an attempt has failed, and when another may do better. */
interface Obstacle {
  readonly error: MeshError;
  readonly waitMs: number;
  /** The role was free, and somebody else asked for it at the same time. */
  readonly contested?: boolean;
}

const amongLimit = 31;
const longestCallMs = 5_000;
const longestBitMs = 10_000;
/** Attempts of one who does not stand by, when several ask at once. */
const contests = 5;

/** Roles that one node at a time holds, each holder with a higher epoch than the one before. */
export class Roles implements AsyncDisposable {
  readonly #options: RolesOptions;
  readonly #lifetime = new Lifetime('roles');
  readonly #acceptor: Acceptor;
  #starting: Promise<void> | undefined;

  constructor(options: RolesOptions) {
    this.#options = options;
    this.#acceptor = new Acceptor(options.store, options.clock);
  }

  /** Reads what was promised before and answers other nodes. */
  start(): Promise<void> {
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  /** Releases what is held and ends all waiting. */
  close(): Promise<void> {
    return this.#lifetime.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Holds `role` until it is lost or released. Throws `ROLE_TAKEN` when somebody holds it, `ROLE_NO_MAJORITY` when too few
   * of `among` grant it; with `standby` it waits instead.
   */
  async hold(role: string, options: HoldOptions): Promise<RoleLease> {
    const candidacy = this.#candidacyOf(role, options);
    const { standby = false, signal } = options;
    throwIfAborted(signal, `holding '${role}'`);
    await this.start();
    this.#lifetime.assertOpen();
    const { controller, release } = linkedController(signal, this.#lifetime.signal);
    try {
      for (let contest = 1; ; contest += 1) {
        const outcome = await this.#attempt(candidacy, signal);
        if (outcome instanceof HeldRole) {
          if (controller.signal.aborted) await outcome.release();
          throwIfAborted(controller.signal, `holding '${role}'`);
          return outcome;
        }
        const again = standby || (outcome.contested === true && contest < contests);
        if (!again) throw outcome.error;
        await this.#options.clock.sleep(outcome.waitMs, controller.signal);
      }
    } finally {
      release();
    }
  }

  /**
   * Throws `ROLE_EPOCH_STALE` when this node knows of a higher epoch of `role`: the sender held it once and must stop. A
   * higher one than known is remembered, so ask only after you know that the sender may hold the role.
   */
  async check(role: string, epoch: number): Promise<void> {
    this.#lifetime.assertOpen();
    if (!Number.isSafeInteger(epoch) || epoch < 1) {
      const expected = 'an integer from 1';
      throw new MeshError('INVALID_ARGUMENT', { argument: 'epoch', expected, got: epoch });
    }
    await this.start();
    await this.#acceptor.check(name(role, 'role'), epoch);
  }

  async #start(): Promise<void> {
    const { street } = this.#options;
    await this.#acceptor.start();
    street.handle('roles.look', async ({ from, body }) => {
      const { role } = this.#admit<LookRequest>(lookRequestShape(body, 'look'), from);
      return this.#acceptor.look(role);
    });
    street.handle('roles.claim', async (call) => this.#answerClaim(call));
    street.handle('roles.release', async ({ from, body }) => {
      const request = this.#admit<ReleaseRequest>(releaseRequestShape(body, 'release'), from);
      const { role, epoch, lease } = request;
      await this.#acceptor.release(role, { epoch, lease, holder: from });
      return {};
    });
  }

  #answerClaim({ from, body }: IncomingCall): Promise<unknown> {
    const request = this.#admit<ClaimRequest>(claimRequestShape(body, 'claim'), from);
    const { role, epoch, lease, ttlMs } = request;
    return this.#acceptor.claim(role, { epoch, lease, ttlMs, holder: from });
  }

  /** Hands `request` back when `from` may hold its role. */
  #admit<Request extends LookRequest>(request: Request, from: Did): Request {
    this.#lifetime.assertOpen();
    const { did, mayHold } = this.#options;
    if (from === did || mayHold(from, request.role)) return request;
    throw new MeshError('POLICY_DENIED', {
      action: 'role.hold',
      resource: request.role,
      determining: 'by the receiver',
    });
  }

  #candidacyOf(role: string, { ttl, among }: HoldOptions): Candidacy {
    this.#lifetime.assertOpen();
    const { did, street } = this.#options;
    const ttlMs = Math.floor(toMs(ttl, 'ttl'));
    if (ttlMs < ttlBounds.min || ttlMs > ttlBounds.max) {
      const expected = 'from 100 ms to one hour';
      throw new MeshError('INVALID_ARGUMENT', { argument: 'ttl', expected, got: ttl });
    }
    const acceptors = [...new Set((among ?? [did]).map(asDid))];
    if (acceptors.length === 0 || acceptors.length > amongLimit) {
      const expected = `1 to ${String(amongLimit)} nodes`;
      throw new MeshError('INVALID_ARGUMENT', { argument: 'among', expected, got: among });
    }
    const assembly = new Assembly({
      self: did,
      role: name(role, 'role'),
      among: acceptors,
      acceptor: this.#acceptor,
      street,
      timeoutMs: Math.min(longestCallMs, Math.ceil(ttlMs / 3)),
    });
    return { role, ttlMs, assembly };
  }

  /** Looks first and claims only what is free: a claim that must fail could still cost the holder an acceptor. */
  async #attempt(
    candidacy: Candidacy,
    signal: AbortSignal | undefined,
  ): Promise<HeldRole | Obstacle> {
    const { role, ttlMs, assembly } = candidacy;
    const { did, clock, random } = this.#options;
    const found = await assembly.look();
    if (found.state === 'unheard') {
      const error = tooFew(candidacy, found.answered);
      return { error, waitMs: this.#pause(candidacy, ttlMs) };
    }
    const { epoch } = found;
    if (found.state === 'taken') {
      const error = new MeshError('ROLE_TAKEN', { role, holder: found.holder, epoch });
      return { error, waitMs: this.#pause(candidacy, found.waitMs) };
    }

    const claim: Claim = { epoch: epoch + 1, holder: did, lease: newId('lease', random), ttlMs };
    const sentAt = clock.monotonic();
    const { granted } = await assembly.claim(claim);
    if (granted >= assembly.needed && clock.monotonic() < sentAt + ttlMs * reliedOn) {
      return this.#begin(candidacy, claim, sentAt, signal);
    }
    void assembly.release(claim);
    const error = tooFew(candidacy, granted);
    return { error, waitMs: this.#pause(candidacy, 0), contested: true };
  }

  /** Until the role may be free, at most a third of the lease, and a random bit more, so that two do not ask in step. */
  #pause({ ttlMs }: Candidacy, waitMs: number): number {
    const bit = Math.min(ttlMs, longestBitMs) * (0.02 + 0.1 * this.#options.random.next());
    return Math.min(waitMs, ttlMs / 3) + bit;
  }

  #begin(
    { role, assembly }: Candidacy,
    claim: Claim,
    sentAt: number,
    signal: AbortSignal | undefined,
  ): HeldRole {
    const { clock, emit } = this.#options;
    const { epoch } = claim;
    const ended = (error?: MeshError): void => {
      if (error === undefined) return;
      const { code, params } = error;
      emit?.('role.lost', { role, epoch, code, params });
    };
    const held = new HeldRole({ role, claim, assembly, clock, sentAt, ended });
    this.#follow(held, signal);
    emit?.('role.taken', { role, epoch });
    return held;
  }

  /** Releases `held` with its signal or with this room, whichever is first. */
  #follow(held: HeldRole, signal: AbortSignal | undefined): void {
    if (this.#lifetime.closed) {
      void held.release();
      return;
    }
    const release = (): Promise<void> => held.release();
    const forget = this.#lifetime.own(release);
    const off = onAbort(signal, () => void release());
    onAbort(held.lost, () => {
      forget();
      off();
    });
  }
}

function tooFew({ role, assembly }: Candidacy, got: number): MeshError {
  const { needed, size: among } = assembly;
  return new MeshError('ROLE_NO_MAJORITY', { role, needed, among, got });
}
