/**
 * The Noise handshake as a state machine over bytes: it knows no network, no time and no identity
 * (The Noise Protocol Framework, revision 34, section 5).
 * @module
 */
import { type Bytes, concat, utf8 } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import type { AgreementKey, CryptoProvider } from '../../ports/crypto.ts';
import type { Random } from '../../ports/random.ts';
import { CipherState, hkdf } from './cipher-state.ts';
import type { NoiseSuite, NoiseToken } from './noise-suite.ts';

/** Bytes of an X25519 public key. */
export const dhLength = 32;
/** Bytes an authenticated cipher adds. */
export const tagLength = 16;
/** Bytes of the largest Noise message (section 3). */
export const maxNoiseMessage = 65_535;

/** What a handshake starts from. */
export interface NoiseOptions {
  readonly crypto: CryptoProvider;
  readonly suite: NoiseSuite;
  readonly initiator: boolean;
  /** What both sides must agree on for the handshake to succeed; empty by default. */
  readonly prologue?: Uint8Array;
  /** Own static key, where the pattern sends one. */
  readonly staticKey?: AgreementKey;
  /** The other's static public key, where the pattern knows it beforehand. */
  readonly remoteStatic?: Uint8Array;
  /** Pre-shared keys of 32 bytes in order of use. */
  readonly psks?: readonly Uint8Array[];
  /** Makes the ephemeral key, or is its 32-byte seed. A seed is for test vectors only. */
  readonly ephemeral: Pick<Random, 'bytes'> | Uint8Array;
}

/** What a finished handshake leaves. */
export interface NoiseResult {
  readonly send: CipherState;
  readonly receive: CipherState;
  /** Names this session uniquely (section 11.2, channel binding). */
  readonly handshakeHash: Bytes;
}

/** One side of a handshake: `write` and `read` in turn until `done`, then `split`. */
export class NoiseHandshake {
  readonly #options: NoiseOptions;
  readonly #psks: Uint8Array[];
  #chainingKey: Bytes;
  #hash: Bytes;
  #cipher: CipherState | undefined;
  #ephemeral: AgreementKey | undefined;
  #remoteEphemeral: Uint8Array | undefined;
  #remoteStatic: Uint8Array | undefined;
  #next = 0;
  #failed = false;

  constructor(options: NoiseOptions) {
    const { crypto, suite, prologue = new Uint8Array(0) } = options;
    this.#options = options;
    this.#psks = [...(options.psks ?? [])];
    this.#remoteStatic = options.remoteStatic;
    const name = utf8(suite.name);
    this.#hash =
      name.length <= suite.hashLength
        ? padded(name, suite.hashLength)
        : crypto.hash(suite.hash, name);
    this.#chainingKey = this.#hash;
    this.#mixHash(prologue);
    this.#mixKnownKeys();
  }

  /** Whether this side writes the first message. */
  get initiator(): boolean {
    return this.#options.initiator;
  }

  /** Whether all messages have passed. */
  get done(): boolean {
    return this.#next === this.#options.suite.pattern.messages.length;
  }

  /** The other's static public key, once it is known. */
  get remoteStatic(): Uint8Array | undefined {
    return this.#remoteStatic;
  }

  /** Public half of the own ephemeral key; made when first asked for, since a payload may refer to it. */
  get ephemeralKey(): Bytes {
    return this.#ownEphemeral().publicKey;
  }

  /** The other's ephemeral public key, once it was read. */
  get remoteEphemeral(): Uint8Array | undefined {
    return this.#remoteEphemeral;
  }

  /** The next message with `payload`. */
  write(payload: Uint8Array = new Uint8Array(0)): Bytes {
    const parts: Uint8Array[] = [];
    for (const token of this.#turn(true)) {
      if (token === 'e') parts.push(this.#writeEphemeral());
      else if (token === 's') parts.push(this.#seal(this.#ownStatic().publicKey));
      else this.#mixToken(token);
    }
    parts.push(this.#seal(payload));
    const message = concat(...parts);
    if (message.length > maxNoiseMessage) {
      throw new MeshError('FRAME_TOO_LARGE', { size: message.length, limit: maxNoiseMessage });
    }
    return message;
  }

  /** Payload of the other's next message; `HANDSHAKE_FAILED` when it is not what the other side must have sent. */
  read(message: Uint8Array): Bytes {
    const step = `message ${String(this.#next + 1)}`;
    const tokens = this.#turn(false);
    if (message.length > maxNoiseMessage) throw this.#fail(step, 'too long');
    let rest = message;
    const take = (length: number): Uint8Array => {
      if (rest.length < length) throw this.#fail(step, 'too short');
      const part = rest.subarray(0, length);
      rest = rest.subarray(length);
      return part;
    };
    for (const token of tokens) {
      if (token === 'e') this.#readEphemeral(take(dhLength));
      else if (token === 's') {
        const length = this.#cipher === undefined ? dhLength : dhLength + tagLength;
        this.#remoteStatic = this.#open(take(length), step);
      } else this.#mixForeignToken(token, step);
    }
    return this.#open(rest, step);
  }

  /** The two ciphers of the session; call once, when `done`. */
  split(): NoiseResult {
    const { crypto, suite, initiator } = this.#options;
    if (!this.done) throw misuse('split() comes after the last message');
    const [first, second] = hkdf(crypto, suite, this.#chainingKey, new Uint8Array(0), 2);
    const forth = new CipherState(crypto, suite, first.subarray(0, 32));
    const back = new CipherState(crypto, suite, second.subarray(0, 32));
    const [send, receive] = initiator ? [forth, back] : [back, forth];
    return { send, receive, handshakeHash: this.#hash };
  }

  #turn(writing: boolean): readonly NoiseToken[] {
    const { suite, initiator } = this.#options;
    const tokens = suite.pattern.messages[this.#next];
    const mine = (this.#next % 2 === 0) === initiator;
    if (this.#failed || tokens === undefined || mine !== writing) {
      throw misuse(`it is not the time to ${writing ? 'write' : 'read'}`);
    }
    this.#next += 1;
    return tokens;
  }

  /** Section 7.2: static keys known beforehand are mixed in, the initiator's first. */
  #mixKnownKeys(): void {
    const { suite, initiator } = this.#options;
    const { known } = suite.pattern;
    const own = (): Uint8Array => this.#ownStatic().publicKey;
    const other = (): Uint8Array => present(this.#remoteStatic, 'remoteStatic');
    if (known.initiator) this.#mixHash(initiator ? own() : other());
    if (known.responder) this.#mixHash(initiator ? other() : own());
  }

  #writeEphemeral(): Bytes {
    const { publicKey } = this.#ownEphemeral();
    this.#mixEphemeral(publicKey);
    return publicKey;
  }

  #readEphemeral(publicKey: Uint8Array): void {
    this.#remoteEphemeral = publicKey;
    this.#mixEphemeral(publicKey);
  }

  /** Section 9.2: with pre-shared keys an ephemeral key also changes the cipher key. */
  #mixEphemeral(publicKey: Uint8Array): void {
    this.#mixHash(publicKey);
    if (this.#options.suite.pattern.psk) this.#mixKey(publicKey);
  }

  #mixForeignToken(token: NoiseToken, step: string): void {
    try {
      this.#mixToken(token);
    } catch (cause) {
      // The other's key is a point that gives every secret away.
      if (MeshError.is(cause, 'KEY_INVALID')) throw this.#fail(step, 'unusable key', cause);
      throw cause;
    }
  }

  #mixToken(token: NoiseToken): void {
    if (token === 'psk') {
      this.#mixKeyAndHash(present(this.#psks.shift(), 'psks'));
      return;
    }
    const [initiatorKey, responderKey] = [token[0], token[1]];
    const { initiator, crypto } = this.#options;
    const mine = initiator ? initiatorKey : responderKey;
    const theirs = initiator ? responderKey : initiatorKey;
    const key = mine === 'e' ? this.#ownEphemeral() : this.#ownStatic();
    const other = theirs === 'e' ? this.#remoteEphemeral : this.#remoteStatic;
    this.#mixKey(crypto.agree(key, present(other, 'remoteStatic')));
  }

  #mixKey(material: Uint8Array): void {
    const { crypto, suite } = this.#options;
    const [chainingKey, key] = hkdf(crypto, suite, this.#chainingKey, material, 2);
    this.#chainingKey = chainingKey;
    this.#cipher = new CipherState(crypto, suite, key.subarray(0, 32));
  }

  #mixKeyAndHash(material: Uint8Array): void {
    const { crypto, suite } = this.#options;
    const [chainingKey, mixed, key] = hkdf(crypto, suite, this.#chainingKey, material, 3);
    this.#chainingKey = chainingKey;
    this.#mixHash(mixed);
    this.#cipher = new CipherState(crypto, suite, key.subarray(0, 32));
  }

  #mixHash(data: Uint8Array): void {
    const { crypto, suite } = this.#options;
    this.#hash = crypto.hash(suite.hash, this.#hash, data);
  }

  #seal(plaintext: Uint8Array): Uint8Array {
    const sealed = this.#cipher?.seal(plaintext, this.#hash) ?? plaintext;
    this.#mixHash(sealed);
    return sealed;
  }

  #open(ciphertext: Uint8Array, step: string): Bytes {
    const opened =
      this.#cipher === undefined
        ? Uint8Array.from(ciphertext)
        : this.#cipher.open(ciphertext, this.#hash);
    if (opened === undefined) throw this.#fail(step, 'it does not decrypt');
    this.#mixHash(ciphertext);
    return opened;
  }

  #ownEphemeral(): AgreementKey {
    const { crypto, ephemeral } = this.#options;
    const seed = ephemeral instanceof Uint8Array ? ephemeral : undefined;
    this.#ephemeral ??= crypto.agreementKey(seed ?? (ephemeral as Random).bytes(32));
    return this.#ephemeral;
  }

  #ownStatic(): AgreementKey {
    return present(this.#options.staticKey, 'staticKey');
  }

  #fail(step: string, detail: string, cause?: unknown): MeshError {
    this.#failed = true;
    return new MeshError('HANDSHAKE_FAILED', { step, detail }, { cause });
  }
}

function padded(bytes: Uint8Array, length: number): Bytes {
  const result = new Uint8Array(length);
  result.set(bytes);
  return result;
}

function present<T>(value: T | undefined, argument: string): T {
  if (value !== undefined) return value;
  throw new MeshError('INVALID_ARGUMENT', {
    argument,
    expected: 'given for this pattern',
    got: value,
  });
}

function misuse(detail: string): MeshError {
  return new MeshError('INTERNAL', { what: `a Noise handshake: ${detail}` });
}
