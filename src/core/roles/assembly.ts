/**
 * All acceptors of a role, asked at once.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import type { Acceptor } from './acceptor.ts';
import { type Claim, majority } from './grant.ts';
import { type Claimed, claimedShape, type Look, lookShape } from './messages.ts';
import type { Street } from './needs.ts';
import { isSettled, type Survey, survey } from './survey.ts';

/** What an assembly works with. */
export interface AssemblyOptions {
  readonly self: Did;
  readonly role: string;
  readonly among: readonly Did[];
  /** This node's own word, when it is among them. */
  readonly acceptor: Acceptor;
  readonly street: Street;
  /** Bound of each call. */
  readonly timeoutMs: number;
}

/** How a claim went. */
export interface Tally {
  readonly granted: number;
  /** Answered that the epoch is over or that somebody's lease is live. */
  readonly refused: number;
}

/** Asks the acceptors of one role. Who does not answer has not granted anything; that is all there is to know of it. */
export class Assembly {
  readonly #options: AssemblyOptions;
  readonly needed: number;
  readonly size: number;

  constructor(options: AssemblyOptions) {
    this.#options = options;
    this.size = options.among.length;
    this.needed = majority(this.size);
  }

  /** How the role stands once that is settled, or all have answered or failed. */
  async look(): Promise<Survey> {
    const looks: Look[] = [];
    const { role, acceptor } = this.#options;
    await this.#ask(
      async (peer) => {
        looks.push(
          await (peer === undefined
            ? acceptor.look(role)
            : this.#call(peer, 'roles.look', { role }).then((answer) => lookShape(answer, 'look'))),
        );
      },
      () => isSettled(looks, this.size),
    );
    return survey(looks, this.size);
  }

  /** How the claim stands when it is won, cannot be won any more, or all have answered or failed. */
  async claim(claim: Claim): Promise<Tally> {
    const tally = { granted: 0, refused: 0 };
    await this.#ask(
      async (peer) => {
        const { state } = await this.#claimAt(peer, claim);
        tally[state === 'granted' ? 'granted' : 'refused'] += 1;
      },
      () => tally.granted >= this.needed || tally.refused > this.size - this.needed,
    );
    return { ...tally };
  }

  /** Gives back what was granted; those who do not hear of it wait until the lease is over. */
  async release({ epoch, lease, holder }: Claim): Promise<void> {
    const { role, acceptor } = this.#options;
    await this.#ask(
      async (peer) => {
        await (peer === undefined
          ? acceptor.release(role, { epoch, lease, holder })
          : this.#call(peer, 'roles.release', { role, epoch, lease }));
      },
      () => false,
    );
  }

  async #claimAt(peer: Did | undefined, claim: Claim): Promise<Claimed> {
    const { role, acceptor } = this.#options;
    if (peer === undefined) return acceptor.claim(role, claim);
    const { epoch, lease, ttlMs } = claim;
    const answer = await this.#call(peer, 'roles.claim', { role, epoch, lease, ttlMs });
    return claimedShape(answer, 'answer');
  }

  /** Asks everybody (undefined is this node); resolves when `enough` holds or all have answered or failed. */
  #ask(ask: (peer: Did | undefined) => Promise<void>, enough: () => boolean): Promise<void> {
    const { self, among } = this.#options;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const asked = among.map(async (peer) => {
      await ask(peer === self ? undefined : peer).catch(() => undefined);
      if (enough()) resolve(undefined);
    });
    void Promise.all(asked).then(() => {
      resolve(undefined);
    });
    return promise;
  }

  #call(peer: Did, method: string, body: unknown): Promise<unknown> {
    const { street, timeoutMs } = this.#options;
    return street.call(peer, method, body, { timeoutMs });
  }
}
