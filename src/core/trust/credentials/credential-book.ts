/**
 * The credentials this node goes by: its own, to show, and those of its peers, to believe.
 * @module
 */
import type { Did } from '../../../base/ids.ts';
import { integer, object, optional, text } from '../../../base/shape.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Store } from '../../../ports/store.ts';
import { type Credential, statusesOf } from '../../../schema/credential.ts';
import type { Emit } from '../../../schema/mesh-event.ts';
import { listedProblem, type StatusList } from '../status/status-list.ts';
import { keyPart, putJson, scanJson } from '../store-names.ts';
import type { DelegationLink } from './chains.ts';
import { delegationType } from './delegation.ts';
import { refusal } from './refusals.ts';
import type { Verification } from './verification.ts';

/** A credential in the book. */
export interface BookedCredential {
  readonly id: string;
  readonly issuer: Did;
  readonly subject: Did;
  /** Types an anchor of this node stands for; none for a credential that is true and does not count. */
  readonly counted: readonly string[];
  /** Delegations by which it counts; none when its issuer is an anchor itself. */
  readonly via: readonly DelegationLink[];
  readonly credential: Credential;
  readonly jwt: string;
  /** Its issuer has suspended it: it stands again once it is reinstated. */
  readonly suspended: boolean;
}

/** Options of {@link CredentialBook}. */
export interface CredentialBookOptions {
  readonly did: Did;
  readonly store: Store;
  readonly clock: Clock;
  /** Judges; `at`, epoch milliseconds, is since when the credential has been in the book. */
  readonly verify: (
    token: string,
    reach: 'always' | 'anchors' | 'never',
    at?: number,
  ) => Promise<Verification>;
  readonly staleAt: (list: StatusList) => number;
  readonly emit: Emit;
  /** Deletes a key of the store, in its own time. */
  readonly forget: (key: string) => void;
  /** Told when what counts of `subject` is different now. */
  readonly onChanged: (subject: Did, because: string) => void;
  /** Told when a credential that was gone by is revoked. */
  readonly onRevoked: (subject: Did, credential: string, types: readonly string[]) => void;
  /** Told when a credential that was gone by is suspended. */
  readonly onSuspended: (subject: Did) => void;
}

/** An instant by both clocks: it is past when one of them says so, since one may be set back and the other stand still in sleep. */
interface Deadline {
  /** Epoch milliseconds. */
  readonly wall: number;
  readonly monotonic: number;
}

interface Row extends Omit<BookedCredential, 'counted' | 'via' | 'suspended'> {
  counted: readonly string[];
  via: readonly DelegationLink[];
  suspended: boolean;
  /** Epoch milliseconds since when it has been in the book: the keys of that time count for it. */
  readonly since: number;
  /** Epoch milliseconds at which the credential itself ends. */
  readonly ends: number;
  /** Until then the last verdict is gone by. */
  until: Deadline;
  /** Then it is judged again. */
  due: Deadline;
}

/** Credentials kept of one subject. */
const perSubject = 64;
/** Credentials kept in all; those that do not count take at most half of it. */
const inAll = 10_000;
/** Milliseconds until a credential that could not be judged is tried again. */
const retryMs = 60_000;

const rowShape = object({ jwt: text({ max: 65_536 }), since: optional(integer()) });

/** Books credentials, and strikes them out when they no longer stand. */
export class CredentialBook {
  readonly #options: CredentialBookOptions;
  readonly #rows = new Map<Did, Map<string, Row>>();
  #size = 0;

  constructor(options: CredentialBookOptions) {
    this.#options = options;
  }

  /** Reads the book and judges what it holds. */
  async load(): Promise<void> {
    const { store, verify } = this.#options;
    const kept: { readonly jwt: string; readonly since?: number | undefined }[] = [];
    for await (const row of scanJson(store, 'credential/', rowShape)) kept.push(row);
    for (const { jwt, since } of kept.slice(0, inAll)) {
      const verification = await verify(jwt, 'never', since);
      if (verification.valid || isRetryable(verification)) this.#enter(jwt, verification, since);
    }
    // What counts by a delegation could not be seen to count before that was read.
    for (const row of [...this.#all()]) {
      if (this.booked(row.issuer).some(({ credential }) => isDelegation(credential))) {
        await this.#rejudge(row, 'never');
      }
    }
  }

  /**
   * Keeps an own credential, or a delegation to the issuer of one. `CREDENTIAL_INVALID` when it is about somebody else or was
   * refused.
   */
  async hold(jwt: string): Promise<BookedCredential> {
    const verification = await this.#options.verify(jwt, 'always');
    const failure = verification.checks.find(({ ok, check }) => !ok && check !== 'anchor');
    // Whether it was revoked may not be known just now; those it is shown to will find out.
    if (failure !== undefined && failure.retryable !== true) {
      throw refusal(failure.reason ?? 'claims.model', failure.detail);
    }
    const { subject, credential } = verification;
    if (subject === undefined || credential === undefined || !this.#isOwn(subject, credential)) {
      throw refusal('claims.subject');
    }
    const row = this.#enter(jwt, verification);
    if (row === undefined)
      throw refusal('claims.limit', `a holder keeps at most ${String(perSubject)}`);
    await this.#write(row);
    return row;
  }

  /**
   * Books a peer's credential when it is valid, or suspended, and about the peer, or a delegation that counts; whether it was
   * booked.
   */
  async accept(peer: Did, jwt: string): Promise<boolean> {
    const verification = await this.#options.verify(jwt, 'anchors');
    const { valid, subject, counted } = verification;
    if (!(valid || isSuspended(verification)) || subject === undefined) return false;
    if (subject !== peer && !counted.includes(delegationType)) return false;
    const { issuer, credential } = verification as Required<Verification>;
    const known = this.#rows.get(subject)?.get(nameOf(issuer, credential.id));
    const row = this.#enter(jwt, verification);
    if (row === undefined) return false;
    if (known?.jwt !== jwt) await this.#write(row);
    if ((known?.counted.length ?? 0) === 0 && row.counted.length > 0) this.#tellAccepted(row);
    return true;
  }

  /** What is gone by for `subject` now. */
  standing(subject: Did): readonly BookedCredential[] {
    const rows = [...(this.#rows.get(subject)?.values() ?? [])];
    return rows.filter(({ until, suspended }) => !suspended && !this.#isPast(until));
  }

  /** Everything booked about `subject`, also what could not be judged lately. */
  booked(subject: Did): readonly BookedCredential[] {
    return [...(this.#rows.get(subject)?.values() ?? [])];
  }

  /**
   * What this node shows: its own credentials, and the delegations their issuers have. What stands for others comes before them, so
   * that who reads it in order can judge each by what came before.
   */
  shown(limit: number): readonly BookedCredential[] {
    const shown = new Set(this.booked(this.#options.did).slice(0, limit));
    for (const { issuer } of shown) {
      for (const row of this.booked(issuer)) {
        if (shown.size < limit && isDelegation(row.credential)) shown.add(row);
      }
    }
    return [...shown].reverse();
  }

  /** Epoch milliseconds until which {@link standing} stays as it is, unless something happens. */
  standsUntil(subject: Did): number {
    const now = this.#options.clock.now();
    const ends = [...(this.#rows.get(subject)?.values() ?? [])].map(({ until }) => until.wall);
    return Math.min(Infinity, ...ends.filter((until) => until > now));
  }

  /** Subjects in the book. */
  subjects(): readonly Did[] {
    return [...this.#rows.keys()];
  }

  get size(): number {
    return this.#size;
  }

  /** The status lists that booked credentials go by. */
  lists(): readonly { readonly id: string; readonly issuer: Did }[] {
    const lists = new Map<string, { id: string; issuer: Did }>();
    for (const { credential, issuer } of this.#all()) {
      for (const { statusListCredential: id } of statusesOf(credential)) {
        lists.set(nameOf(issuer, id), { id, issuer });
      }
    }
    return [...lists.values()];
  }

  /** Goes by a newer list at once: strikes out what it revokes, holds back what it suspends. `reasonOf` says why, where this node knows. */
  apply(list: StatusList, reasonOf: (id: string) => string | undefined): void {
    const until = this.#options.staleAt(list);
    for (const row of [...this.#all()]) {
      if (row.issuer !== list.issuer) continue;
      const statuses = statusesOf(row.credential);
      const listed = statuses.filter((one) => one.statusListCredential === list.id);
      if (listed.length === 0) continue;
      const problem = listedProblem(list, listed);
      if (problem !== undefined) {
        const because = reasonOf(row.id) ?? problem.detail;
        if (problem.reason === 'status.suspended') this.#suspend(row, because);
        else this.#revoke(row, because);
      } else if (statuses.length === listed.length) this.#prolong(row, until);
      // By the other lists it may end sooner: then it is judged again at the time that stands, or at once.
      else if (row.suspended) row.due = this.#in(0);
    }
  }

  /** Strikes out what `issuer` said under `id`. */
  drop(issuer: Did, id: string): void {
    for (const row of [...this.#all()]) {
      if (row.issuer !== issuer || row.id !== id) continue;
      this.#strike(row);
      this.#options.onChanged(row.subject, `credential ${id} was struck out here`);
    }
  }

  /** Epoch milliseconds at which something must be judged again. */
  get dueAt(): number | undefined {
    let due: number | undefined;
    for (const row of this.#all()) due = Math.min(due ?? Infinity, row.due.wall);
    return due;
  }

  /** Subjects whose credentials are due and stand on a list of somebody else. */
  dueSubjects(): ReadonlySet<Did> {
    const due = new Set<Did>();
    for (const { due: at, credential, subject } of this.#all()) {
      if (this.#isPast(at) && credential.credentialStatus !== undefined) due.add(subject);
    }
    return due;
  }

  /** The keys of `issuer` have changed: what it said is not gone by until it was judged again, which is due now. */
  doubt(issuer: Did): void {
    for (const row of this.#all()) if (row.issuer === issuer) this.#doubt(row);
  }

  /** Judges again what is due. */
  async rejudge(): Promise<void> {
    const due = [...this.#all()].filter((row) => this.#isPast(row.due));
    for (const row of due) await this.#rejudge(row);
  }

  async #rejudge(row: Row, reach?: 'never'): Promise<void> {
    const own = this.#isOwn(row.subject, row.credential);
    const wide = reach ?? (own ? 'always' : 'anchors');
    const verification = await this.#options.verify(row.jwt, wide, row.since);
    // A newer list may have struck it out meanwhile.
    if (this.#rows.get(row.subject)?.get(nameOf(row.issuer, row.id)) !== row) return;
    if (verification.valid) {
      row.counted = verification.counted;
      row.via = verification.via;
      this.#renew(row, verification.until);
      this.#reinstate(row);
    } else if (isSuspended(verification)) {
      this.#suspend(row, verification.because ?? '');
      row.due = this.#in(retryMs);
    } else if (isRetryable(verification) && (own || row.counted.length > 0)) {
      row.due = this.#in(retryMs);
    } else {
      this.#strike(row);
    }
    this.#options.onChanged(row.subject, verification.because ?? 'its credentials were checked');
  }

  /** Whether a credential is about this node, or hands a right to somebody whose word this node shows. */
  #isOwn(subject: Did, credential: Credential): boolean {
    if (subject === this.#options.did) return true;
    return (
      isDelegation(credential) && this.shown(perSubject).some(({ issuer }) => issuer === subject)
    );
  }

  #enter(jwt: string, verification: Verification, since?: number): Row | undefined {
    const { issuer, subject, credential, counted, via, until, ends } = verification;
    if (issuer === undefined || subject === undefined || credential === undefined) return undefined;
    const name = nameOf(issuer, credential.id);
    const rows = this.#rows.get(subject) ?? new Map<string, Row>();
    if (!rows.has(name)) {
      const room = counted.length > 0 ? inAll : inAll / 2;
      if (rows.size >= perSubject || this.#size >= room) return undefined;
      this.#size += 1;
    }
    const about = { id: credential.id, issuer, subject, counted, via, credential, jwt };
    const known = rows.get(name);
    const first = since ?? (known?.jwt === jwt ? known.since : undefined);
    const now = Math.floor(this.#options.clock.now());
    const never = this.#in(Infinity);
    const suspended = isSuspended(verification);
    const row: Row = { ...about, suspended, since: first ?? now, ends, until: never, due: never };
    this.#renew(row, until);
    rows.set(name, row);
    this.#rows.set(subject, rows);
    return row;
  }

  #tellAccepted(row: Row): void {
    const data = { credential: row.id, types: row.counted };
    this.#options.emit('credential.accepted', data, { peer: row.subject });
    this.#options.onChanged(row.subject, `holds ${row.counted.join(', ')}`);
  }

  #revoke(row: Row, reason: string): void {
    this.#strike(row);
    const data = { credential: row.id, issuer: row.issuer, reason };
    this.#options.emit('credential.revoked', data, { peer: row.subject });
    this.#options.onChanged(row.subject, `credential ${row.id} no longer stands`);
    this.#options.onRevoked(row.subject, row.id, row.counted);
  }

  #suspend(row: Row, reason: string): void {
    if (row.suspended) return;
    row.suspended = true;
    const data = { credential: row.id, issuer: row.issuer, reason };
    this.#options.emit('credential.suspended', data, { peer: row.subject });
    this.#options.onChanged(row.subject, `credential ${row.id} is suspended`);
    if (isDelegation(row.credential)) this.#orphan(row);
    this.#options.onSuspended(row.subject);
  }

  #reinstate(row: Row): void {
    if (!row.suspended) return;
    row.suspended = false;
    const data = { credential: row.id, issuer: row.issuer };
    this.#options.emit('credential.reinstated', data, { peer: row.subject });
    this.#options.onChanged(row.subject, `credential ${row.id} stands again`);
    // What its delegate has said may count by it again.
    if (isDelegation(row.credential)) this.doubt(row.subject);
  }

  /** A newer list moves the end of the verdict. When all was judged last stays, since keys are judged then too. */
  #prolong(row: Row, until: number): void {
    // What counts by delegations ends with the first of them.
    if (!this.#isPast(row.until) && row.via.length === 0) {
      row.until = this.#at(Math.min(until, row.ends));
      this.#reinstate(row);
    } else row.due = this.#in(0);
  }

  /** Judged again before the verdict ends, so that there is time to ask for a newer list, and when it ends. */
  #renew(row: Row, until: number): void {
    row.until = this.#at(until);
    const left = until - this.#options.clock.now();
    if (left <= 0) row.due = this.#in(retryMs);
    else row.due = this.#in(0.2 * left > retryMs ? 0.8 * left : left);
  }

  /** Not gone by until it was judged again, which is due now. */
  #doubt(row: Row): void {
    row.until = this.#in(0);
    row.due = this.#in(0);
  }

  #at(wall: number): Deadline {
    const { clock } = this.#options;
    return { wall, monotonic: clock.monotonic() + wall - clock.now() };
  }

  #in(ms: number): Deadline {
    return this.#at(this.#options.clock.now() + ms);
  }

  #isPast({ wall, monotonic }: Deadline): boolean {
    const { clock } = this.#options;
    return clock.now() >= wall || clock.monotonic() >= monotonic;
  }

  #strike(row: Row): void {
    const rows = this.#rows.get(row.subject);
    if (rows?.delete(nameOf(row.issuer, row.id)) !== true) return;
    this.#size -= 1;
    if (rows.size === 0) this.#rows.delete(row.subject);
    this.#options.forget(keyOf(row));
    if (isDelegation(row.credential)) this.#orphan(row);
  }

  /** What counted by a delegation that is gone stands no more, until it is judged again. */
  #orphan({ issuer, id }: Row): void {
    for (const row of this.#all()) {
      if (!row.via.some((link) => link.issuer === issuer && link.credential === id)) continue;
      this.#doubt(row);
      this.#options.onChanged(row.subject, `delegation ${id} no longer stands`);
    }
  }

  async #write(row: Row): Promise<void> {
    await this.#options.store.write([putJson(keyOf(row), { jwt: row.jwt, since: row.since })]);
  }

  *#all(): Iterable<Row> {
    for (const rows of this.#rows.values()) yield* rows.values();
  }
}

function isRetryable({ checks }: Verification): boolean {
  return checks.some(({ ok, retryable }) => !ok && retryable === true);
}

function isSuspended({ reason }: Verification): boolean {
  return reason === 'status.suspended';
}

function isDelegation({ type }: Credential): boolean {
  return type.includes(delegationType);
}

function nameOf(issuer: Did, id: string): string {
  return `${issuer} ${id}`;
}

function keyOf({ subject, issuer, id }: BookedCredential): string {
  return `credential/${keyPart(subject)}/${keyPart(nameOf(issuer, id))}`;
}
