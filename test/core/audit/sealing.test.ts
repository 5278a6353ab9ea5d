import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import { sqliteStore } from '../../../src/adapters/stores/sqlite.ts';
import { verifyAuditLog } from '../../../src/audit.ts';
import { toBase64url, toHex, utf8 } from '../../../src/base/bytes.ts';
import { canonicalJson, type Json } from '../../../src/base/canonical.ts';
import { contentHash } from '../../../src/core/audit/index.ts';
import { putTogether, takeApart } from '../../../src/core/audit/personal.ts';
import type { Store } from '../../../src/ports/store.ts';
import { all, auditRig } from './audit-rig.ts';

const subject = 'user:42-alice@example.org';
const secrets = ['Alice Liddell', '1862-07-04', 'rabbit hole 7'];

/** Every spelling of `text` that a scan would look for. */
function spellings(text: string): readonly string[] {
  const bytes = utf8(text);
  const node = Buffer.from(bytes);
  // Base64 of the middle of a longer text starts at one of three offsets.
  const shifted = [0, 1, 2].map((offset) =>
    node.subarray((3 - offset) % 3, node.length - ((node.length - ((3 - offset) % 3)) % 3)),
  );
  return [
    text,
    toHex(bytes),
    ...shifted.map((part) => part.toString('base64')),
    ...shifted.map((part) => toBase64url(part)),
    contentHash(text),
    toHex(node.subarray()),
  ];
}

/** Everything a store holds and remembers, as text in which anything would be found. */
async function everythingIn(store: Store): Promise<string> {
  const seen: string[] = [];
  for await (const { key, value } of store.scan({})) {
    seen.push(key, Buffer.from(value).toString('latin1'), toHex(value));
  }
  const stop = new AbortController();
  const changes = store.watch('', 0, { signal: stop.signal })[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([
      changes.next(),
      new Promise<undefined>((resolve) => setTimeout(resolve, 20)),
    ]);
    if (next === undefined || next.done === true) break;
    const { key, value } = next.value;
    seen.push(key, Buffer.from(value ?? []).toString('latin1'), toHex(value ?? Uint8Array.of()));
  }
  stop.abort();
  return seen.join('\n');
}

async function addAbout(
  audit: ReturnType<typeof auditRig>['audit'],
  whom = subject,
): Promise<void> {
  await audit.append(
    'task',
    { id: 't1', name: secrets[0]!, hash: contentHash(secrets[1]) },
    {
      subject: whom,
      personal: ['name', 'hash'],
    },
  );
  await audit.append('note', `${secrets[2]!} of ${whom}`, { subject: whom });
  await audit.append(
    'policy',
    { effect: 'allow', resource: `person:${whom}` },
    {
      subject: whom,
      personal: [],
    },
  );
}

describe('personal parts of entries', () => {
  it('are sealed, and read by who has the keys', async () => {
    const { audit, store } = auditRig();
    await addAbout(audit);
    const [task, note, policy] = await all(audit.entries());
    expect(task!.body).toEqual({ id: 't1' });
    expect(note!.body).toBeNull();
    expect(policy!.body).toEqual({ effect: 'allow' });
    expect(new Set([task, note, policy].map((entry) => entry!.sealed!.tag)).size).toBe(1);
    const held = await everythingIn(store);
    for (const text of [subject, ...secrets]) {
      for (const spelling of spellings(text)) expect(held).not.toContain(spelling);
    }
    const opened = await all(audit.entries({ reveal: true }));
    expect(opened.map(({ body }) => body)).toEqual([
      { id: 't1', name: secrets[0], hash: contentHash(secrets[1]) },
      `${secrets[2]!} of ${subject}`,
      { effect: 'allow', resource: `person:${subject}` },
    ]);
  });

  it('survive a restart, and a second process on the same store', async () => {
    const { audit, store } = auditRig();
    await addAbout(audit);
    await audit.close();
    const [one, two] = [auditRig('keeper', { store }), auditRig('keeper', { store })];
    for (let i = 0; i < 4; i += 1) {
      await Promise.all([addAbout(one.audit), addAbout(two.audit, 'user:7')]);
    }
    const opened = await all(one.audit.entries({ reveal: true }));
    expect(opened).toHaveLength(27);
    expect(opened.filter(({ body }) => body === null)).toEqual([]);
    expect(new Set(opened.map(({ sealed }) => sealed!.tag)).size).toBe(2);
    await two.audit.erase({ subject, basis: 'asked to' });
    // The other process knows nothing of it, and must not go on with the old key.
    await addAbout(one.audit);
    const after = await all(one.audit.entries({ reveal: true }));
    expect(after.filter(({ body, kind }) => body === null && kind === 'note')).toHaveLength(5);
    expect(after.at(-1)!.body).toMatchObject({ resource: `person:${subject}` });
    expect(await one.audit.verify()).toMatchObject({ intact: true });
  });

  it('are gone once the subject is erased, everywhere, and the chain still holds', async () => {
    const { audit, store } = auditRig();
    await addAbout(audit, 'user:7');
    await addAbout(audit);
    const before = await audit.export();
    const { entry, found } = await audit.erase({ subject, basis: 'GDPR Art. 17' });
    expect(found).toBe(true);
    expect(entry).toMatchObject({ kind: 'erasure', body: { basis: 'GDPR Art. 17' } });
    expect(await audit.verify()).toMatchObject({ intact: true, entries: 7 });
    const after = await audit.export();
    const revealed = await audit.export({ reveal: true });
    const lines = (await all(audit.exportLines({ reveal: true }))).join('');
    const opened = canonicalJson(await all(audit.entries({ reveal: true })));
    const held = await everythingIn(store);
    for (const text of [subject, ...secrets]) {
      for (const spelling of spellings(text)) {
        expect(held).not.toContain(spelling);
        expect(canonicalJson(before)).not.toContain(spelling);
        expect(canonicalJson(after)).not.toContain(spelling);
        expect(lines).not.toContain(spelling);
        // Others' are still there to be read.
        if (text === subject) expect(opened).not.toContain(spelling);
      }
    }
    expect(opened).toContain(secrets[2]);
    for (const bundle of [before, after, revealed, lines]) {
      expect(await verifyAuditLog(bundle)).toMatchObject({ intact: true, complete: true });
    }
    expect(await verifyAuditLog(revealed)).toMatchObject({ sealed: 6, opened: 3 });
    expect(revealed.keys).toHaveLength(1);
    // What comes later has a new key, and nothing says that it is about the same subject.
    await addAbout(audit);
    const tags = (await all(audit.entries())).map(({ sealed }) => sealed?.tag);
    expect(new Set(tags.filter((tag) => tag !== undefined)).size).toBe(3);
  });

  it('leave nothing of their key in the files of a store on disk', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sealing-'));
    try {
      await using store = sqliteStore(folder);
      const { audit } = auditRig('keeper', { store });
      await addAbout(audit, 'user:7');
      await addAbout(audit);
      const kept = await all(store.scan({ prefix: 'key/' }));
      const inFiles = (bytes: Uint8Array) =>
        readdirSync(folder).some((file) =>
          readFileSync(join(folder, file)).includes(Buffer.from(bytes)),
        );
      expect(kept.map(({ value }) => inFiles(value))).toEqual([true, true]);
      const { entry } = await audit.erase({ subject, basis: 'asked to' });
      const { tag } = entry.body as { tag: string };
      const erased = kept.find(({ key }) => key === `key/${tag}`)!;
      expect(kept.filter(({ value }) => inFiles(value))).toEqual(
        kept.filter((row) => row !== erased),
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('cannot be opened after a key came back from nowhere: the tag is bound to its key', async () => {
    const { audit } = auditRig();
    await addAbout(audit);
    const bundle = await audit.export({ reveal: true });
    expect(await verifyAuditLog(bundle)).toMatchObject({ intact: true, sealed: 3, opened: 3 });
    const keys = bundle.keys.map(({ tag }) => ({ tag, secret: toBase64url(new Uint8Array(32)) }));
    expect(await verifyAuditLog({ ...bundle, keys })).toMatchObject({
      intact: false,
      firstBreak: 0,
    });
  });

  it('are those the writer names, and all that names the subject', () => {
    const names = fc.constantFrom('a', 'b"c', 'né', 'user:1');
    const bodies = fc.oneof(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.jsonValue(),
    ) as fc.Arbitrary<Json>;
    fc.assert(
      fc.property(
        bodies,
        names,
        fc.option(fc.array(fc.string()), { nil: undefined }),
        (body, whom, personal) => {
          let clean: Json;
          try {
            clean = JSON.parse(canonicalJson(body)) as Json;
          } catch {
            return; // no JSON at all
          }
          const apart = takeApart(clean, { subject: whom, ...(personal && { personal }) });
          expect(canonicalJson(apart.body)).not.toContain(canonicalJson(whom).slice(1, -1));
          const whole =
            apart.personal === undefined ? apart.body : putTogether(apart.body, apart.personal);
          expect(whole).toEqual(clean);
        },
      ),
      // "null" stands for a body that is sealed whole, and names nobody.
      { examples: [['user:1', 'user:1', []]] },
    );
  });

  it('have a subject with a name, and an erasure a basis that does not tell it', async () => {
    const { audit } = auditRig();
    await expect(audit.append('task', {}, { subject: '' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    for (const basis of ['', `asked by ${subject}`, 'x'.repeat(257)]) {
      await expect(audit.erase({ subject, basis })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    }
    const { found, entry } = await audit.erase({ subject, basis: 'asked to' });
    expect(found).toBe(false);
    expect(canonicalJson(entry)).not.toContain(subject);
  });

  it('are readable with the application’s key only, where it gave one', async () => {
    const sealingKey = new Uint8Array(32).fill(7);
    const store = memoryStore();
    const { audit } = auditRig('keeper', { store, sealingKey });
    await addAbout(audit);
    await audit.close();
    const thief = auditRig('keeper', { store });
    await thief.audit.start();
    await expect(all(thief.audit.entries({ reveal: true }))).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
    });
    const again = auditRig('keeper', { store, sealingKey });
    expect((await all(again.audit.entries({ reveal: true })))[0]!.body).toMatchObject({
      name: secrets[0],
    });
  });
});
