// What an independent implementation of did:mesh is checked with. Keys are Ed25519 seeds of 32 equal bytes.
import { canonicalJson } from '../../../src/base/canonical.ts';
import { meshDocument } from '../../../src/core/identity/methods/did-mesh.ts';
import { keyPeriods } from '../../../src/core/identity/methods/key-periods.ts';
import { toInstant } from '../../../src/schema/words.ts';
import { changed, type Path } from '../../schema/rig.ts';
import { commitments, continued, type Log, multikeys, newLog, start } from './rig.ts';

const at = Date.UTC(2026, 0, 1);

/** Histories that hold, by name. */
export async function goodLogs(): Promise<ReadonlyMap<string, Log>> {
  const inception = await newLog({ at: toInstant(at) });
  const rotated = await continued(inception, { keys: [2], next: [3] }, { reason: 'scheduled' });
  const several = await continued(rotated, { keys: [3], next: [4, 5] });
  const both = await continued(several, { keys: [4, 5], next: [6], signer: 5 });
  const lost = [{ key: multikeys([1])[0]!, from: toInstant(at + 500) }];
  const taken = await continued(rotated, { keys: [3], next: [4] }, { compromised: lost });
  const ended = await continued(rotated, { keys: [3] }, { deactivated: true });
  const safe = await newLog({ at: toInstant(at), recoveryKeys: multikeys([101]) });
  const kept = { recovery: commitments([101]) };
  const stolen = await continued(safe, { keys: [2] }, { ...kept, deactivated: true });
  const recovery = { recovery: commitments([102]), compromised: lost };
  const recovered = await continued(stolen, { keys: [20], next: [21], signer: 101 }, recovery);
  return new Map(
    Object.entries({ inception, rotated, several: both, compromised: taken, ended, recovered }),
  );
}

/** Histories that do not hold: the name says what is wrong. */
async function badLogs(good: ReadonlyMap<string, Log>): Promise<readonly [string, unknown][]> {
  const [rotated, inception] = [good.get('rotated')!, good.get('inception')!];
  const alter = (path: Path, value: unknown): unknown => changed(rotated, path, value);
  const safe = await newLog({ at: toInstant(at), recoveryKeys: multikeys([101]) });
  return [
    ['another label', alter([0, 'did'], rotated[0]!.did.replace('acme', 'acne'))],
    ['another time in the first entry', alter([0, 'at'], toInstant(at + 1))],
    ['another time in the second entry', alter([1, 'at'], toInstant(at + 1))],
    ['a member nobody signed', alter([1, 'note'], 'hello')],
    ['the signature of another entry', alter([1, 'proof'], rotated[0]!.proof)],
    ['the first entry is missing', rotated.slice(1)],
    ['a key that was not committed to', await continued(inception, { keys: [9] })],
    ['a key that served before', await continued(inception, { keys: [2, 1], signer: 2 })],
    ['an entry after the end', await continued(good.get('ended')!, { keys: [4] })],
    ['an entry of the future', await newLog({ at: toInstant(start + 1e12) })],
    ['recovery keys dropped without one of them', await continued(safe, { keys: [2] })],
    [
      'a recovery key used and kept',
      await continued(safe, { keys: [20], signer: 101 }, { recovery: commitments([101]) }),
    ],
  ];
}

/** All of it, as the file in docs/protocol holds it. */
export async function vectors(): Promise<string> {
  const good = await goodLogs();
  const first = good.get('inception')![0]!;
  const { proof: _, ...unsigned } = first;
  const template = { ...unsigned, did: 'did:mesh:enterprise:acme:{SCID}' };
  const valid = [...good].map(([name, log]) => ({
    name,
    did: log[0]!.did,
    document: meshDocument(log),
    deactivated: log.at(-1)!.deactivated === true,
    keys: keyPeriods(log).map(({ key, from, to }) => ({
      key,
      from: toInstant(from),
      ...(to !== undefined && { to: toInstant(to) }),
    })),
    log,
  }));
  const invalid = (await badLogs(good)).map(([name, log]) => ({ name, log }));
  const hashed = `mesh/did-scid/v1\n${canonicalJson(template)}`;
  const file = {
    about: 'Test vectors of the did:mesh method; see did-mesh.md. Verified at the time `now`.',
    now: toInstant(start),
    scid: { hashed, scid: first.did.slice(first.did.lastIndexOf(':') + 1) },
    valid,
    invalid,
  };
  return `${JSON.stringify(file, null, 1)}\n`;
}
