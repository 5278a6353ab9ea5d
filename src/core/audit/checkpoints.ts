/**
 * Heads between peers. A keeper shows each new head to its peers, with proof that it goes on from the one they had; they keep
 * the newest, sign that they saw it, and show it to others. A keeper that signs two truths is found out when they meet.
 * @module
 */
import { fromBase64url, toBase64url } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import { Lifetime } from '../../base/lifetime.ts';
import { integer, list, object, optional, unknown } from '../../base/shape.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Random } from '../../ports/random.ts';
import type { Signer } from '../../ports/signer.ts';
import type { IncomingCall, Street } from '../../ports/street.ts';
import type { Emit } from '../../schema/mesh-event.ts';
import { type Signed, sign, verifySigned } from '../../schema/signed.ts';
import { did, toInstant } from '../../schema/words.ts';
import type { AuditLog } from './audit-log.ts';
import { type AuditWitness, witnessShape } from './bundle.ts';
import { hashText } from './chain.ts';
import type { CheckpointRows, Equivocation } from './checkpoint-rows.ts';
import { type AuditHead, headShape, logName } from './log-rows.ts';
import { isContinued } from './merkle.ts';
import type { Histories, Keys } from './needs.ts';

/** Options of {@link Checkpoints}. */
export interface CheckpointsOptions {
  readonly did: Did;
  readonly log: AuditLog;
  readonly rows: CheckpointRows;
  readonly street: Street;
  readonly keys: Keys;
  readonly histories: Histories | undefined;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly random: Random;
  readonly signer: Signer;
  readonly emit: Emit;
  /** Told of a keeper that is proven to have signed two truths. */
  readonly onEquivocated: ((evidence: Equivocation) => void) | undefined;
}

/** Peers that are shown an own head, and a head of somebody else's. */
const ownFanOut = 16;
const passOnTo = 2;
const callMs = 5_000;
/** Heads in one answer. */
const answerLimit = 64;

const nodesShape = list(hashText, { max: 128 });
const offerShape = object({
  head: headShape,
  since: optional(integer({ min: 1 })),
  proof: optional(nodesShape),
  didLog: optional(unknown),
});
const answerShape = object({ kept: headShape, witness: optional(witnessShape) });
const proofCallShape = object({ log: logName, from: integer({ min: 1 }), to: integer({ min: 1 }) });
const proofAnswerShape = object({ proof: nodesShape });
const askShape = object({ of: optional(did) });
const headsShape = object({ heads: list(headShape, { max: answerLimit }) });

type Offer = ReturnType<typeof offerShape>;

/** Shows own heads, keeps those of others. */
export class Checkpoints {
  readonly #options: CheckpointsOptions;
  readonly #lifetime = new Lifetime('the checkpoints');
  /** Hashes of heads that peers have and this log has not, each told once. */
  readonly #lost = new Set<string>();
  #newest: Signed<AuditHead> | undefined;
  #showing: Promise<void> | undefined;

  constructor(options: CheckpointsOptions) {
    this.#options = options;
  }

  /** Answers peers. */
  start(): void {
    const { street } = this.#options;
    street.handle('audit.checkpoint', (call) => this.#take(call));
    street.handle('audit.proof', ({ body }) => this.#prove(body));
    street.handle('audit.checkpoints', async ({ body }) => {
      const { of } = askShape(body, 'question');
      return { heads: await this.#options.rows.heads(of, answerLimit) };
    });
  }

  /** Shows no more. Idempotent. */
  async close(): Promise<void> {
    await this.#lifetime.close();
    await this.#showing;
  }

  /** Shows `head` to peers; while that is under way, the newest of the later ones comes next. */
  show(head: Signed<AuditHead>): void {
    this.#newest = head;
    this.#showing ??= this.#showAll().finally(() => {
      this.#showing = undefined;
    });
  }

  /** The heads that `peer` keeps: of one keeper, or of all, 64 at most. */
  async ask(peer: Did, of: Did | undefined): Promise<readonly Signed<AuditHead>[]> {
    const answer = await this.#call(peer, 'audit.checkpoints', { ...(of && { of }) });
    return headsShape(answer, 'answer').heads;
  }

  /**
   * Takes two heads that cannot both be true, however they came here: what follows is the same as when peers show them.
   * `INVALID_ARGUMENT` for two that prove nothing, `SIGNATURE_INVALID` unless both are signed by a key the keeper has today.
   */
  async accuse(foreign: { readonly first: unknown; readonly second: unknown }): Promise<void> {
    const { keys, did: self } = this.#options;
    const [first, second] = [
      headShape(foreign.first, 'first'),
      headShape(foreign.second, 'second'),
    ];
    if (!contradicts(first, second) || first.keeper === self) {
      const expected = 'another head of the same number and log of another keeper';
      throw new MeshError('INVALID_ARGUMENT', { argument: 'second', expected, got: second });
    }
    for (const head of [first, second]) {
      await verifySigned('audit-head', head, head.keeper, keys.verify);
    }
    await this.#accuse({ first, second, proven: true });
  }

  async #showAll(): Promise<void> {
    while (this.#newest !== undefined && !this.#lifetime.closed) {
      const head = this.#newest;
      this.#newest = undefined;
      const peers = this.#options.street.peers().slice(0, ownFanOut);
      await Promise.all(peers.map((peer) => this.#showTo(peer, head)));
    }
  }

  /** A peer that is away or in another mind costs nothing: the next head comes to it too. */
  async #showTo(peer: Did, head: Signed<AuditHead>): Promise<void> {
    try {
      const { histories } = this.#options;
      const didLog = await histories?.logOf(head.keeper);
      const offer = { head, ...(didLog !== undefined && { didLog }) };
      const answer = await this.#offer(peer, offer);
      await this.#compare(answer.kept, peer);
      const { index } = answer.kept;
      // It has an older one: show that the log goes on from there.
      if (index >= head.index || !(await this.#isMine(answer.kept))) return;
      const nodes = await this.#options.log.tree.continuation(index + 1, head.index + 1);
      await this.#offer(peer, { ...offer, since: index + 1, proof: nodes.map(toBase64url) });
    } catch (error) {
      if (!MeshError.is(error)) throw error;
    }
  }

  async #offer(peer: Did, offer: object): Promise<ReturnType<typeof answerShape>> {
    const answer = answerShape(await this.#call(peer, 'audit.checkpoint', offer), 'answer');
    if (answer.witness !== undefined) await this.#hear(answer.witness, peer);
    return answer;
  }

  async #hear(witness: Signed<AuditWitness>, peer: Did): Promise<void> {
    const { keys, rows, did: self } = this.#options;
    if (witness.keeper !== self || witness.by !== peer) return;
    await verifySigned('audit-witness', witness, peer, keys.verify);
    await rows.witness(witness);
  }

  /** A head of this log that a peer has: when the log does not, it was cut off or written anew, e.g. from a copy of the disk. */
  async #compare(kept: Signed<AuditHead>, peer: Did): Promise<void> {
    if (!(await this.#isMine(kept))) return;
    const { log, emit } = this.#options;
    const entry = await log.at(kept.index).catch(() => undefined);
    if (entry?.hash === kept.hash || this.#lost.has(kept.hash)) return;
    this.#lost.add(kept.hash);
    emit('audit.lost', { log: kept.log, index: kept.index, entries: log.end.length }, { peer });
  }

  /** Whether a head is of this log, and really signed by its keeper. */
  async #isMine(head: Signed<AuditHead>): Promise<boolean> {
    const { did: self, log, keys } = this.#options;
    if (head.keeper !== self || head.log !== log.name?.log) return false;
    const signed = verifySigned('audit-head', head, self, keys.verify, Date.parse(head.at));
    return signed.then(
      () => true,
      () => false,
    );
  }

  async #take({ from, body }: IncomingCall): Promise<unknown> {
    this.#lifetime.assertOpen();
    const { rows, keys, histories, did: self, street } = this.#options;
    const offer = offerShape(body, 'offer');
    const { head, didLog } = offer;
    const kept = await rows.kept(head);
    // Of strangers only what they bring themselves is of interest.
    const expected =
      head.keeper === from || kept !== undefined || street.peers().includes(head.keeper);
    if (!expected || head.keeper === self) return { kept: kept ?? head };
    if (didLog !== undefined) await histories?.learn(didLog);
    await verifySigned('audit-head', head, head.keeper, keys.verify);
    const now = await this.#place(offer, kept, from);
    if (now.index !== head.index || now.hash !== head.hash) return { kept: now };
    return { kept: now, witness: await this.#witness(head) };
  }

  /** Puts a head beside the one that is kept; the one that is kept then. */
  async #place(
    offer: Offer,
    kept: Signed<AuditHead> | undefined,
    from: Did,
  ): Promise<Signed<AuditHead>> {
    const { head } = offer;
    if (kept === undefined) return this.#keep(offer, from);
    if (head.index === kept.index) {
      if (contradicts(kept, head)) {
        await this.#accuse({ first: kept, second: head, proven: true });
      }
      return kept;
    }
    if (head.index < kept.index) return kept;
    const verdict = await this.#goesOn(kept, offer, from);
    if (verdict === 'yes') return this.#keep(offer, from);
    if (verdict === 'no') await this.#accuse({ first: kept, second: head, proven: false });
    return kept;
  }

  /** Whether a head goes on from the one that is kept. `unknown` until the keeper was heard. */
  async #goesOn(
    kept: Signed<AuditHead>,
    { head, since, proof }: Offer,
    from: Did,
  ): Promise<'yes' | 'no' | 'unknown'> {
    const { crypto, street } = this.#options;
    let nodes = since === kept.index + 1 ? proof : undefined;
    const direct = from === head.keeper;
    if (nodes === undefined && !direct && street.peers().includes(head.keeper)) {
      const ask = { log: head.log, from: kept.index + 1, to: head.index + 1 };
      const answer = await this.#call(head.keeper, 'audit.proof', ask).catch(() => undefined);
      if (answer !== undefined) nodes = proofAnswerShape(answer, 'answer').proof;
    }
    if (nodes === undefined) return 'unknown';
    const states = [kept, head].map(({ index, root }) => ({
      size: index + 1,
      root: fromBase64url(root),
    }));
    const bytes = nodes.map((node) => fromBase64url(node));
    return isContinued(states[0]!, states[1]!, bytes, crypto) ? 'yes' : 'no';
  }

  async #keep(offer: Offer, from: Did): Promise<Signed<AuditHead>> {
    const { head } = offer;
    if (await this.#options.rows.keep(head)) this.#passOn(offer, from);
    return head;
  }

  /** A few others see it: those to whom the keeper showed something else. */
  #passOn(offer: Offer, from: Did, count = passOnTo): void {
    const { street, random } = this.#options;
    const others = street.peers().filter((peer) => peer !== from && peer !== offer.head.keeper);
    for (let i = 0; i < count && others.length > 0; i += 1) {
      const [peer] = others.splice(Math.floor(random.next() * others.length), 1);
      this.#call(peer!, 'audit.checkpoint', offer).catch(() => undefined);
    }
  }

  async #accuse(evidence: Equivocation): Promise<void> {
    const { rows, emit, onEquivocated } = this.#options;
    if (!(await rows.accuse(evidence))) return;
    const { keeper, log, index } = evidence.second;
    emit('audit.equivocated', { log, index, proven: evidence.proven }, { peer: keeper });
    // Who has one of the two sees the other.
    this.#passOn({ head: evidence.second }, keeper, ownFanOut);
    this.#passOn({ head: evidence.first }, keeper, ownFanOut);
    if (evidence.proven) onEquivocated?.(evidence);
  }

  async #witness(head: AuditHead): Promise<Signed<AuditWitness>> {
    const { did: by, signer, clock } = this.#options;
    const { keeper, tenant, log, index, hash } = head;
    const at = toInstant(clock.now());
    const owner = { keeper, ...(tenant !== undefined && { tenant }) };
    return sign(
      'audit-witness',
      { format: 1 as const, ...owner, log, index, hash, by, at },
      signer,
    );
  }

  async #prove(body: unknown): Promise<unknown> {
    const { log } = this.#options;
    const asked = proofCallShape(body, 'question');
    const known =
      asked.log === log.name?.log && asked.from <= asked.to && asked.to <= log.end.length;
    if (!known) throw new MeshError('NOT_FOUND', { what: 'audit log', id: asked.log });
    const nodes = await log.tree.continuation(asked.from, asked.to);
    return { proof: nodes.map(toBase64url) };
  }

  #call(peer: Did, method: string, body: unknown): Promise<unknown> {
    const { signal } = this.#lifetime;
    return this.#options.street.call(peer, method, body, { timeoutMs: callMs, signal });
  }
}

/** Whether a keeper that signed both has said two things of one moment of its log. */
function contradicts(a: AuditHead, b: AuditHead): boolean {
  const same = a.keeper === b.keeper && a.log === b.log && a.index === b.index;
  return same && (a.hash !== b.hash || a.root !== b.root);
}
