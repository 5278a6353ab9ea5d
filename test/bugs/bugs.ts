/**
 * Bugs that somebody might have written, each with the law that sees it and the first seed that shows it.
 * @module
 */

/** One bug, as data. */
export interface Bug {
  readonly name: string;
  /** What was got wrong. */
  readonly says: string;
  /** From the root of the project. */
  readonly file: string;
  /** Each stands in the file once, and is replaced. */
  readonly edits: readonly (readonly [find: string, replace: string])[];
  /** Name of the invariant that is broken first. */
  readonly caughtBy: string;
  /** The first seed that breaks it. */
  readonly seed: number;
  /** In which scenario it must show. Default `weather`. */
  readonly scenario?: ScenarioName;
}

/** `weather`: `scenario.ts`. `quarantine`: `quarantine-scenario.ts`. */
export type ScenarioName = 'weather' | 'quarantine';

export const bugs: readonly Bug[] = [
  {
    name: 'claim-after-work',
    says: 'A call under a key is written down when its work is done, not before it begins.',
    file: 'src/core/federation/result-cache.ts',
    edits: [
      [
        `    const claimed = await store.write([{ put: name, value: claim, ttlMs }], condition);
    if (!claimed.ok) return outcomeBefore(await store.get(name), body, call);`,
        `    void [claim, condition];
    const before = await store.get(name);
    if (before !== undefined) return outcomeBefore(before, body, call);`,
      ],
    ],
    caughtBy: 'task-at-most-once',
    seed: 1,
  },
  {
    name: 'body-by-length',
    says: 'Two requests under one key count as the same when their digests have the same length.',
    file: 'src/core/federation/result-cache.ts',
    edits: [
      [
        'if (before.every((byte, i) => byte === now[i])) return;',
        'if (before.length === now.length) return;',
      ],
    ],
    caughtBy: 'answer-fits-question',
    seed: 1,
  },
  {
    name: 'record-gap',
    says: 'A record that does not open is tried as the one after next, for lines that lose something.',
    file: 'src/core/federation/cipher-state.ts',
    edits: [
      [
        `    const opened = this.#aead.open(this.#nonceOf(this.#counter), associated, ciphertext);
    if (opened !== undefined) this.#counter += 1;
    return opened;`,
        `    const opened =
      this.#aead.open(this.#nonceOf(this.#counter), associated, ciphertext) ??
      this.#aead.open(this.#nonceOf(++this.#counter), associated, ciphertext);
    if (opened !== undefined) this.#counter += 1;
    return opened;`,
      ],
    ],
    caughtBy: 'session-in-order',
    seed: 11,
  },
  {
    name: 'record-again',
    says: 'A record that comes a second time opens a second time.',
    file: 'src/core/federation/cipher-state.ts',
    edits: [
      [
        `    if (opened !== undefined) this.#counter += 1;
    return opened;`,
        `    if (opened !== undefined) this.#counter += 1;
    else if (this.#counter > 0) {
      return this.#aead.open(this.#nonceOf(this.#counter - 1), associated, ciphertext);
    }
    return opened;`,
      ],
    ],
    caughtBy: 'session-in-order',
    seed: 74,
  },
  {
    name: 'retry-without-key',
    says: 'A call is made again after a lost session, whether the peer may have seen it or not.',
    file: 'src/core/federation/caller.ts',
    edits: [
      [
        "return by === 'session' && (!delivered || idempotent);",
        "void [delivered, idempotent];\n  return by === 'session';",
      ],
    ],
    caughtBy: 'task-at-most-once',
    seed: 1,
  },
  {
    name: 'receipt-before-record',
    says: 'A receipt is given before it stands in the audit log.',
    file: 'src/client/task-street.ts',
    edits: [
      [
        `    await audit.append('task', receipt as unknown as Json, about);
      return receipt;`,
        `    audit.appendSoon('task', receipt as unknown as Json, about);
      return receipt;`,
      ],
    ],
    caughtBy: 'receipt-kept',
    seed: 3,
  },
  {
    name: 'end-before-write',
    says: 'The audit log moves its end before the store has taken the entries.',
    file: 'src/core/audit/log-end.ts',
    edits: [
      [
        'const conditions: Condition[] = [',
        'this.#chain = end;\n      const conditions: Condition[] = [',
      ],
    ],
    caughtBy: 'audit-whole',
    seed: 5,
  },
  {
    name: 'checkpoint-light',
    says: 'A checkpoint is written like a sign of life, which a power cut may take.',
    file: 'src/core/tasks/task-rows.ts',
    edits: [
      [
        '...(change.light === true && { durable: this.#light }),',
        '...((change.light ?? change.checkpoint !== undefined) && { durable: this.#light }),',
      ],
    ],
    caughtBy: 'checkpoint-kept',
    seed: 1,
  },
  {
    name: 'checkpoint-of-first-attempt',
    says: 'Only a task that was not interrupted goes on from its checkpoint.',
    file: 'src/core/tasks/task-runners.ts',
    edits: [
      [
        'const resumed = row.checkpoint && {',
        'const resumed = row.attempt === 1 && row.checkpoint && {',
      ],
      ['      resumed,\n', '      resumed: resumed === false ? undefined : resumed,\n'],
    ],
    caughtBy: 'checkpoint-kept',
    seed: 1,
  },
  {
    name: 'renewal-ignored',
    says: 'An acceptor counts a lease from when it was granted, whatever renewals came since.',
    file: 'src/core/roles/acceptor.ts',
    edits: [['const at = renews ? undefined : since;', 'void renews;\n        const at = since;']],
    caughtBy: 'one-live-holder',
    seed: 1,
  },
  {
    name: 'decisions-outlive-policies',
    says: 'Kept decisions are found by the question alone, and stay when the policies change.',
    file: 'src/core/policy/policy-cache.ts',
    edits: [
      ['    this.#memory.clear();\n', ''],
      [
        'const key = this.#set.keyOf(question, live);',
        "const key = this.#set.keyOf(question, live)?.replace(/^\\d+ /, '');",
      ],
    ],
    caughtBy: 'no-work-after-forbid',
    seed: 2,
  },
  {
    name: 'absence-always-holds',
    says: 'A store takes the condition that a key is absent for no condition at all.',
    file: 'src/adapters/stores/memory.ts',
    edits: [
      [
        'return (find(this.#records, key, now)?.revision ?? null) === revision;',
        'return revision === null || find(this.#records, key, now)?.revision === revision;',
      ],
    ],
    caughtBy: 'task-at-most-once',
    seed: 1,
  },
  {
    name: 'revision-by-deletes',
    says: 'A commit that only deletes gets no revision of its own.',
    file: 'src/adapters/stores/memory.ts',
    edits: [
      [
        '    this.#revision += 1;\n',
        '    if (changes.some(({ value }) => value !== undefined)) this.#revision += 1;\n',
      ],
    ],
    caughtBy: 'store-goes-forward',
    seed: 1,
  },
  {
    name: 'seen-pruned-early',
    says: 'Broadcasts that have been seen are forgotten until they expire, not from then on.',
    file: 'src/core/gossip/seen-ids.ts',
    edits: [['expires < now', 'expires > now']],
    caughtBy: 'broadcast-heard-once',
    seed: 1,
  },
  {
    name: 'ping-counts-as-pong',
    says: 'A heartbeat that was sent counts as a sign of life.',
    file: 'src/core/federation/heartbeat.ts',
    edits: [['    this.#heard = false;\n  }', '    this.#heard = !this.#heard;\n  }']],
    caughtBy: 'silence-noticed',
    seed: 3,
  },
  {
    name: 'shut-out-asked-once',
    says: 'Whether a peer is in quarantine is asked by the gates only, not again in the moment of sending.',
    file: 'src/client/task-caller.ts',
    edits: [['?? this.#lateRefusal(asked);', '?? undefined;']],
    caughtBy: 'no-task-to-quarantined',
    seed: 1,
    scenario: 'quarantine',
  },
];
