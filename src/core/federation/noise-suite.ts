/**
 * Noise protocol names as data: which messages carry which tokens, which cipher seals them, which hash binds them.
 * Source: The Noise Protocol Framework, revision 34, sections 7, 8, 9 and 12.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import type { AeadName, HashName } from '../../ports/crypto.ts';

/** One step of a handshake message. */
export type NoiseToken = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss' | 'psk';

/** What both sides know beforehand, and what each message carries; the initiator writes the first. */
export interface NoisePattern {
  /** Whether the responder knows the initiator's static key, and the other way round. */
  readonly known: { readonly initiator: boolean; readonly responder: boolean };
  readonly messages: readonly (readonly NoiseToken[])[];
  /** Whether pre-shared keys take part. */
  readonly psk: boolean;
}

/** A protocol name taken apart. */
export interface NoiseSuite {
  readonly name: string;
  readonly pattern: NoisePattern;
  readonly cipher: AeadName;
  /** Section 12: AESGCM writes the counter big endian, ChaChaPoly little endian. */
  readonly bigEndianNonce: boolean;
  readonly hash: HashName;
  readonly hashLength: 32 | 64;
}

// Section 7.5: letters say what is known of each static key: Not there, Known, Xmitted, Immediately.
const patterns: Readonly<Record<string, Omit<NoisePattern, 'psk'>>> = {
  NN: { known: { initiator: false, responder: false }, messages: [['e'], ['e', 'ee']] },
  XX: {
    known: { initiator: false, responder: false },
    messages: [['e'], ['e', 'ee', 's', 'es'], ['s', 'se']],
  },
  IK: {
    known: { initiator: false, responder: true },
    messages: [
      ['e', 'es', 's', 'ss'],
      ['e', 'ee', 'se'],
    ],
  },
  KK: {
    known: { initiator: true, responder: true },
    messages: [
      ['e', 'es', 'ss'],
      ['e', 'ee', 'se'],
    ],
  },
};

const ciphers: Readonly<Record<string, Pick<NoiseSuite, 'cipher' | 'bigEndianNonce'>>> = {
  ChaChaPoly: { cipher: 'chacha20-poly1305', bigEndianNonce: false },
  AESGCM: { cipher: 'aes-256-gcm', bigEndianNonce: true },
};

const hashes: Readonly<Record<string, Pick<NoiseSuite, 'hash' | 'hashLength'>>> = {
  SHA256: { hash: 'sha256', hashLength: 32 },
  SHA512: { hash: 'sha512', hashLength: 64 },
  BLAKE2s: { hash: 'blake2s', hashLength: 32 },
};

/** The suite called `name`, e.g. `Noise_XXpsk3_25519_ChaChaPoly_SHA256`; `UNSUPPORTED` for others. */
export function noiseSuite(name: string): NoiseSuite {
  const [, base = '', modifiers = '', cipher = '', hash = ''] =
    /^Noise_([A-Z]{2})((?:psk\d(?:\+psk\d)*)?)_25519_([A-Za-z0-9]+)_([A-Za-z0-9]+)$/.exec(name) ??
    [];
  const parts = [own(patterns, base), own(ciphers, cipher), own(hashes, hash)] as const;
  const [pattern, aead, digest] = parts;
  if (pattern === undefined || aead === undefined || digest === undefined) throw unknown(name);
  return { name, ...aead, ...digest, pattern: withPsks(pattern, modifiers, name) };
}

/** Section 9.4: `psk0` stands before the first token, `pskN` behind the last of message N. */
function withPsks(
  pattern: Omit<NoisePattern, 'psk'>,
  modifiers: string,
  name: string,
): NoisePattern {
  const messages = pattern.messages.map((tokens) => [...tokens]);
  const places = modifiers.split('+').filter((text) => text !== '');
  for (const place of places) {
    const n = Number(place.slice(3));
    const message = messages[Math.max(0, n - 1)];
    if (message === undefined) throw unknown(name);
    if (n === 0) message.unshift('psk');
    else message.push('psk');
  }
  return { known: pattern.known, messages, psk: places.length > 0 };
}

function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function unknown(name: string): MeshError {
  return new MeshError('UNSUPPORTED', { feature: `the Noise protocol '${name}'`, by: 'this SDK' });
}
