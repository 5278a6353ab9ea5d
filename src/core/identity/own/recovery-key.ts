/**
 * Keys that are kept offline for the day when all others are lost or stolen.
 * @module
 */
import { fromBase64url, fromUtf8, toBase64url, utf8 } from '../../../base/bytes.ts';
import { MeshError } from '../../../base/errors.ts';
import { parseJson } from '../../../base/shape.ts';
import type { IdentityGround } from './identity-ledger.ts';
import { type OwnKey, seedKey } from './own-key.ts';
import { Sealer, sealedBoxShape } from './secret-box.ts';

/** A recovery key: what an identity commits to, and what is written down and locked away. */
export interface RecoveryKey {
  /** Multikey. */
  readonly key: string;
  /** One line of text. Whoever has it, and its passphrase if it has one, can take the identity over. */
  readonly secret: string;
}

const clear = 'mesh-recovery-1.';
const sealed = 'mesh-recovery-1s.';

/** A new recovery key; its secret is sealed when there is a `passphrase`. */
export async function createRecoveryKey(
  { crypto, random }: IdentityGround,
  { passphrase }: { readonly passphrase?: string } = {},
): Promise<RecoveryKey> {
  const chance = random.child('identity-recovery');
  const seed = chance.bytes(32);
  const { multikey } = await seedKey(crypto, seed);
  if (passphrase === undefined) return { key: multikey, secret: clear + toBase64url(seed) };
  const box = await new Sealer(passphrase, crypto, chance).seal(seed, sealed);
  return { key: multikey, secret: sealed + toBase64url(utf8(JSON.stringify(box))) };
}

/** The key of a secret; throws `KEY_INVALID`, which never shows it, or `IDENTITY_LOCKED`. */
export async function openRecoverySecret(
  { crypto, random }: IdentityGround,
  secret: string,
  passphrase: string | undefined,
): Promise<OwnKey> {
  if (secret.startsWith(clear)) return seedKey(crypto, seedIn(secret.slice(clear.length)));
  if (!secret.startsWith(sealed)) throw unreadable();
  const box = boxIn(secret.slice(sealed.length));
  if (passphrase === undefined) throw locked('a passphrase is needed');
  const seed = await new Sealer(passphrase, crypto, random).open(box, sealed);
  if (seed?.length !== 32) throw locked('the passphrase is another, or it was changed');
  return seedKey(crypto, seed);
}

function seedIn(text: string) {
  const seed = quietly(() => fromBase64url(text));
  if (seed.length !== 32) throw unreadable();
  return seed;
}

function boxIn(text: string) {
  return quietly(() => parseJson(fromUtf8(fromBase64url(text)), sealedBoxShape, 'secret'));
}

/** Without the cause, which would show part of a secret. */
function quietly<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw unreadable();
  }
}

function unreadable(): MeshError {
  return new MeshError('KEY_INVALID', { key: 'the recovery secret', detail: 'it cannot be read' });
}

function locked(detail: string): MeshError {
  return new MeshError('IDENTITY_LOCKED', { did: 'the recovery secret', detail });
}
