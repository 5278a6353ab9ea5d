/**
 * The verdicts this node goes by: its own, and those of anchors named for them. Nobody else's accusation is kept.
 * @module
 */
import { canonicalJson } from '../../../base/canonical.ts';
import { MeshError } from '../../../base/errors.ts';
import { compareText, type Did } from '../../../base/ids.ts';
import { object, optional } from '../../../base/shape.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Store } from '../../../ports/store.ts';
import { type Signed, verifySigned } from '../../../schema/signed.ts';
import {
  releaseShape,
  type TrustRelease,
  type TrustVerdict,
  type VerdictType,
  verdictShape,
} from '../../../schema/trust-verdict.ts';
import type { TrustAnchor } from '../credentials/anchors.ts';
import { isAnchorFor } from '../evidence/word-of.ts';
import type { Keys } from '../needs.ts';
import { keyPart, putJson, scanJson } from '../store-names.ts';
import { Turns } from '../turns.ts';

/** A verdict, and its end if its issuer has ended it. */
export interface BookedVerdict {
  readonly verdict: Signed<TrustVerdict>;
  readonly release?: Signed<TrustRelease>;
}

/** Options of {@link VerdictBook}. */
export interface VerdictBookOptions {
  readonly did: Did;
  readonly keys: Pick<Keys, 'verify'>;
  readonly store: Store;
  readonly clock: Clock;
  readonly anchors: readonly TrustAnchor[];
  /** Milliseconds of probation after a quarantine. */
  readonly probationMs: number;
  /** Told when something is taken in. */
  readonly onTaken: (booked: BookedVerdict) => void;
}

interface Row {
  verdict?: Signed<TrustVerdict>;
  release?: Signed<TrustRelease>;
}

/** Rows kept; beyond it nothing is taken in. */
const rowLimit = 10_000;
/** How far clocks may differ, in milliseconds. */
const skewMs = 60_000;

const rowShape = object({ verdict: optional(verdictShape), release: optional(releaseShape) });

/** Keeps verdicts until they, and the probation after them, are over. */
export class VerdictBook {
  readonly #options: VerdictBookOptions;
  readonly #rows = new Map<string, Row>();
  readonly #about = new Map<Did, Set<Row>>();
  readonly #turns = new Turns('verdicts');

  constructor(options: VerdictBookOptions) {
    this.#options = options;
  }

  async load(): Promise<void> {
    const { store } = this.#options;
    for await (const { verdict, release } of scanJson(store, 'verdict/', rowShape)) {
      const row: Row = { ...(verdict && { verdict }), ...(release && { release }) };
      const about = verdict ?? release;
      // An issuer may be an anchor no longer.
      if (about === undefined || !this.#isBelieved(about.by, about.about, verdict?.type)) continue;
      this.#rows.set(nameOf(about.by, verdict?.id ?? release!.verdict), row);
      this.#index(row);
    }
  }

  /** Takes in a verdict; whether it is news. `VERDICT_REFUSED` for one that is not gone by here, `SCHEMA_INVALID`. */
  async take(foreign: unknown): Promise<boolean> {
    const verdict = verdictShape(foreign, 'verdict');
    return this.#turns.take(() => this.#take(verdict));
  }

  /** Takes in the end of a verdict; whether it is news. It may come before what it ends. */
  async takeRelease(foreign: unknown): Promise<boolean> {
    const release = releaseShape(foreign, 'release');
    return this.#turns.take(() => this.#takeRelease(release));
  }

  /** Checks the parts of a verdict that do not depend on who believes it. */
  async check(verdict: Signed<TrustVerdict>): Promise<void> {
    const now = this.#options.clock.now();
    if (verdict.by === verdict.about) throw refuse(verdict.id, 'nobody judges himself');
    if (Date.parse(verdict.at) > now + skewMs) throw refuse(verdict.id, 'it is of the future');
    if (Date.parse(verdict.expiresAt) <= now) throw refuse(verdict.id, 'it has expired');
    await this.#verify('trust-verdict', verdict, verdict.id);
  }

  /** The quarantine of `peer` that ends last; undefined when none stands. */
  quarantineOf(peer: Did): Signed<TrustVerdict> | undefined {
    return this.#standing(peer, 'QuarantineAttestation').at(-1);
  }

  /** Slashings of `peer` that stand. */
  slashingsOf(peer: Did): readonly Signed<TrustVerdict>[] {
    return this.#standing(peer, 'SlashingAttestation');
  }

  /** Whether a quarantine of `peer` has ended a short while ago. */
  isOnProbation(peer: Did): boolean {
    const now = this.#options.clock.now();
    const quarantines = this.#of(peer).filter(({ verdict }) => isQuarantine(verdict));
    return quarantines.some((row) => {
      const end = endOf(row);
      return end <= now && now < end + this.#options.probationMs;
    });
  }

  /** Everything known about `peer`, in order of time. */
  of(peer: Did): readonly BookedVerdict[] {
    return this.#of(peer)
      .filter((row): row is BookedVerdict => row.verdict !== undefined)
      .sort((a, b) => compareText(sortKey(a), sortKey(b)));
  }

  /** A verdict by name. */
  get(by: Did, id: string): BookedVerdict | undefined {
    const row = this.#rows.get(nameOf(by, id));
    return row?.verdict === undefined ? undefined : (row as BookedVerdict);
  }

  /** Peers in quarantine now. */
  quarantined(): readonly Did[] {
    return [...this.#about.keys()].filter((peer) => this.quarantineOf(peer) !== undefined);
  }

  /** What a peer may have missed: verdicts that have not expired, newest first, and the ends of some. */
  shown(limit: number): readonly BookedVerdict[] {
    const now = this.#options.clock.now();
    return [...this.#rows.values()]
      .filter((row): row is BookedVerdict => row.verdict !== undefined)
      .filter(({ verdict }) => Date.parse(verdict.expiresAt) > now)
      .sort((a, b) => compareText(sortKey(b), sortKey(a)))
      .slice(0, limit);
  }

  /** Epoch milliseconds of the next end of a verdict or probation; Infinity without one. */
  nextChange(peer?: Did): number {
    const { clock, probationMs } = this.#options;
    const now = clock.now();
    let next = Infinity;
    for (const row of peer === undefined ? this.#rows.values() : this.#of(peer)) {
      const end = endOf(row);
      for (const at of [end, end + probationMs]) if (at > now) next = Math.min(next, at);
    }
    return next;
  }

  /** Forgets what is over, probation too. */
  async prune(): Promise<void> {
    const { store, clock, probationMs } = this.#options;
    const now = clock.now();
    for (const [name, row] of [...this.#rows]) {
      // A release outlives its verdict, so that the verdict cannot be shown again.
      const expires = row.verdict === undefined ? Infinity : Date.parse(row.verdict.expiresAt);
      const longest = Math.max(expires, endOf(row) + probationMs);
      if (now < (Number.isFinite(longest) ? longest : lapseOf(row))) continue;
      this.#rows.delete(name);
      this.#about.get(peerOf(row))?.delete(row);
      await store.write([{ del: keyOf(name) }]);
    }
  }

  async #take(verdict: Signed<TrustVerdict>): Promise<boolean> {
    const { by, about, id, type } = verdict;
    const { did } = this.#options;
    if (about === did) throw refuse(id, 'it is about this node itself');
    if (!this.#isBelieved(by, about, type)) throw refuse(id, `its issuer is no anchor for ${type}`);
    const name = nameOf(by, id);
    const known = this.#rows.get(name);
    if (known?.verdict !== undefined) {
      if (canonicalJson(bodyOf(known.verdict)) === canonicalJson(bodyOf(verdict))) return false;
      throw refuse(id, 'its id was seen with other content');
    }
    await this.check(verdict);
    if (by !== did && this.quarantineOf(by) !== undefined) {
      throw refuse(id, 'its issuer is in quarantine');
    }
    const release = known?.release?.about === about ? known.release : undefined;
    await this.#put(name, { verdict, ...(release && { release }) });
    return true;
  }

  async #takeRelease(release: Signed<TrustRelease>): Promise<boolean> {
    const { by, verdict: id, about } = release;
    const name = nameOf(by, id);
    const known = this.#rows.get(name);
    if (!this.#isBelieved(by, about, known?.verdict?.type)) {
      throw refuse(id, 'its issuer is no anchor');
    }
    if (known?.release !== undefined) return false;
    if (known?.verdict !== undefined && known.verdict.about !== about) {
      throw refuse(id, 'its end is about somebody else');
    }
    if (Date.parse(release.at) > this.#options.clock.now() + skewMs) {
      throw refuse(id, 'its end is of the future');
    }
    await this.#verify('trust-release', release, id);
    await this.#put(name, { ...known, release });
    return true;
  }

  async #put(name: string, row: Row): Promise<void> {
    const before = this.#rows.get(name);
    if (before === undefined && this.#rows.size >= rowLimit) {
      throw new MeshError('OVERLOADED', { what: 'the verdicts of this node', limit: rowLimit });
    }
    // In force before it is stored: a full disk must not let a task through.
    if (before !== undefined) this.#about.get(peerOf(before))?.delete(before);
    this.#rows.set(name, row);
    this.#index(row);
    if (row.verdict !== undefined) this.#options.onTaken(row as BookedVerdict);
    await this.#options.store.write([putJson(keyOf(name), row)]);
  }

  async #verify(
    kind: 'trust-verdict' | 'trust-release',
    signed: Signed<TrustVerdict> | Signed<TrustRelease>,
    id: string,
  ): Promise<void> {
    try {
      await verifySigned(kind, signed, signed.by, this.#options.keys.verify);
    } catch (cause) {
      if (!MeshError.is(cause)) throw cause;
      throw refuse(id, 'its signature does not verify', cause);
    }
  }

  /** An end is believed of whoever may speak verdicts of some kind: it takes nothing from anybody. */
  #isBelieved(by: Did, about: Did, type: VerdictType | undefined): boolean {
    const { did, anchors } = this.#options;
    const types = type === undefined ? verdictTypes : [type];
    return by === did || types.some((one) => isAnchorFor(anchors, by, one, about));
  }

  /** Verdicts of `type` that stand now; the one that ends last is last. */
  #standing(peer: Did, type: VerdictType): readonly Signed<TrustVerdict>[] {
    const rows = this.#about.get(peer);
    // The case of nearly everybody, asked about at every verdict on a credential.
    if (rows === undefined) return [];
    const now = this.#options.clock.now();
    return [...rows]
      .filter((row) => row.verdict?.type === type && now < endOf(row))
      .map(({ verdict }) => verdict!)
      .sort((a, b) => compareText(a.expiresAt, b.expiresAt) || compareText(a.id, b.id));
  }

  #of(peer: Did): readonly Row[] {
    return [...(this.#about.get(peer) ?? [])];
  }

  #index(row: Row): void {
    const peer = peerOf(row);
    const rows = this.#about.get(peer) ?? new Set<Row>();
    this.#about.set(peer, rows.add(row));
  }
}

const verdictTypes: readonly VerdictType[] = ['SlashingAttestation', 'QuarantineAttestation'];

function isQuarantine(verdict: TrustVerdict | undefined): boolean {
  return verdict?.type === 'QuarantineAttestation';
}

/** Epoch milliseconds from which the verdict says nothing any more. */
function endOf({ verdict, release }: Row): number {
  if (verdict === undefined) return -Infinity;
  const expires = Date.parse(verdict.expiresAt);
  return release === undefined ? expires : Math.min(expires, Date.parse(release.at));
}

/** An end whose verdict never came is kept for as long as the verdict could have lived. */
function lapseOf({ release }: Row): number {
  return release === undefined ? 0 : Date.parse(release.at) + 367 * 86_400_000;
}

function peerOf({ verdict, release }: Row): Did {
  return (verdict ?? release)!.about;
}

function bodyOf({ proof: _, ...body }: Signed<TrustVerdict>): TrustVerdict {
  return body;
}

function sortKey({ verdict }: BookedVerdict): string {
  return `${verdict.at} ${verdict.by} ${verdict.id}`;
}

function nameOf(by: Did, id: string): string {
  return `${keyPart(by)}/${keyPart(id)}`;
}

function keyOf(name: string): string {
  return `verdict/${name}`;
}

/** The error of a verdict that is not gone by. */
export function refuse(verdict: string, detail: string, cause?: unknown): MeshError {
  return new MeshError('VERDICT_REFUSED', { verdict, detail }, { cause });
}
