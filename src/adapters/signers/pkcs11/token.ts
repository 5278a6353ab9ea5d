/**
 * One session with a token: find a key or make it, and sign.
 * @module
 */
import { createHash, randomBytes } from 'node:crypto';
import { type Bytes, toHex } from '../../../base/bytes.ts';
import { compressed } from '../../../base/curve-point.ts';
import { MeshError } from '../../../base/errors.ts';
import { hashNames, secretLengths } from '../../../base/signature-kinds.ts';
import type { SignatureKeyType } from '../../../ports/crypto.ts';
import {
  type Attribute,
  attribute,
  flags,
  type Handle,
  mechanism,
  normalUser,
  objectClass,
  type Pkcs11Module,
  type Pkcs11Package,
  returned,
} from './cryptoki.ts';
import { lowerS } from './lower-s.ts';
import { openModule } from './modules.ts';
import { signerFailed } from './signer-failed.ts';

/** A private key in a token, and what is public of it. */
export interface TokenKey {
  readonly type: SignatureKeyType;
  readonly publicKey: Bytes;
  readonly handle: Handle;
}

/** Where the token is, and who opens it. */
export interface TokenAddress {
  readonly library: string;
  readonly token?: string;
  readonly pin: string;
}

/** Opens a session and logs in; see `pkcs11Signer` for the errors. */
export function openToken(lib: Pkcs11Package, { library, token, pin }: TokenAddress): Token {
  const { module, release } = openModule(lib, library);
  let opened: Token | undefined;
  try {
    opened = new Token(module, slotOf(module, token), release);
    opened.logIn(pin, token ?? library);
    return opened;
  } catch (cause) {
    if (opened === undefined) release();
    else opened.close();
    throw signerFailed(library, cause);
  }
}

/** A session with a token. */
export class Token {
  readonly #module: Pkcs11Module;
  readonly #slot: Handle;
  readonly #release: () => void;
  #session: Handle;

  constructor(module: Pkcs11Module, slot: Handle, release: () => void) {
    this.#module = module;
    this.#slot = slot;
    this.#release = release;
    this.#session = this.#newSession();
  }

  /** Logs the process in. One login counts for all its sessions, so a PIN is not looked at again. */
  logIn(pin: string, key: string): void {
    try {
      this.#module.C_Login(this.#session, normalUser, pin);
    } catch (cause) {
      const code = (cause as { code?: unknown }).code;
      if (code === returned.alreadyLoggedIn) return;
      const detail = lockedBecause.get(code);
      if (detail === undefined) throw cause;
      throw new MeshError('KEY_LOCKED', { key, detail }, { cause });
    }
  }

  /** The private key called `label`; made when it is not there and a kind to `create` is given. */
  async key(label: string, create: SignatureKeyType | undefined): Promise<TokenKey> {
    try {
      let [handle] = this.#find(objectClass.privateKey, { type: attribute.label, value: label });
      if (handle === undefined && create !== undefined) {
        await this.#make(label, create);
        [handle] = this.#find(objectClass.privateKey, { type: attribute.label, value: label });
      }
      if (handle === undefined) throw new MeshError('NOT_FOUND', { what: 'the key', id: label });
      return { ...this.#publicPart(label, handle), handle };
    } catch (cause) {
      throw signerFailed(label, cause);
    }
  }

  /** Signature of `message`, as JWS writes it. */
  async sign({ type, handle }: TokenKey, message: Uint8Array): Promise<Bytes> {
    try {
      const hash = hashNames[type];
      const signature =
        hash === undefined
          ? await this.#sign(mechanism.eddsa, handle, message, 64)
          : await this.#sign(
              mechanism.ecdsa,
              handle,
              createHash(hash.replace('-', '')).update(message).digest(),
              2 * secretLengths[type],
            );
      return type === 'secp256k1' ? lowerS(signature) : signature;
    } catch (cause) {
      this.#renew();
      throw signerFailed('the token', cause);
    }
  }

  async #sign(how: number, key: Handle, input: Uint8Array, length: number): Promise<Bytes> {
    this.#module.C_SignInit(this.#session, { mechanism: how, parameter: null }, key);
    // An empty buffer would arrive as no buffer at all, unless it lies inside another.
    const inside = Buffer.concat([input, Buffer.alloc(1)]).subarray(0, input.length);
    return Uint8Array.from(
      await this.#module.C_SignAsync(this.#session, inside, Buffer.alloc(length)),
    );
  }

  /** After a failure an operation may be left open in the session, and every later one would fail. */
  #renew(): void {
    const old = this.#session;
    try {
      // First the new one: with its last session a process is logged out.
      this.#session = this.#newSession();
      this.#module.C_CloseSession(old);
    } catch {
      // The token is gone; the next signature will say so.
    }
  }

  #newSession(): Handle {
    return this.#module.C_OpenSession(this.#slot, flags.serialSession | flags.readWriteSession);
  }

  close(): void {
    try {
      this.#module.C_CloseSession(this.#session);
    } finally {
      this.#release();
    }
  }

  async #make(label: string, type: SignatureKeyType): Promise<void> {
    const id = randomBytes(16);
    const how = type === 'Ed25519' ? mechanism.makeEdwards : mechanism.makeEc;
    const both = [
      { type: attribute.token, value: true },
      { type: attribute.label, value: label },
      { type: attribute.id, value: id },
    ];
    await this.#module.C_GenerateKeyPairAsync(
      this.#session,
      { mechanism: how, parameter: null },
      [
        ...both,
        { type: attribute.verify, value: true },
        { type: attribute.curve, value: Buffer.from(curves[type][0]!, 'hex') },
      ],
      [
        ...both,
        { type: attribute.private, value: true },
        { type: attribute.sensitive, value: true },
        { type: attribute.extractable, value: false },
        { type: attribute.sign, value: true },
      ],
    );
  }

  /** Kind and bytes of the public key that stands beside a private one. */
  #publicPart(label: string, handle: Handle): Pick<TokenKey, 'type' | 'publicKey'> {
    const [sensitive, extractable, id] = this.#read(handle, [
      attribute.sensitive,
      attribute.extractable,
      attribute.id,
    ]);
    if (sensitive?.[0] !== 1 || extractable?.[0] !== 0) {
      throw new MeshError('KEY_INVALID', { key: label, detail: 'it could leave the token' });
    }
    const [other] = this.#find(objectClass.publicKey, { type: attribute.id, value: id! });
    if (other === undefined) {
      throw new MeshError('NOT_FOUND', { what: 'the public key', id: label });
    }
    const [curve, point] = this.#read(other, [attribute.curve, attribute.point]);
    const type = typeOf(label, curve!);
    return { type, publicKey: pointOf(label, type, point!) };
  }

  #find(kind: number, named: Attribute): readonly Handle[] {
    this.#module.C_FindObjectsInit(this.#session, [{ type: attribute.class, value: kind }, named]);
    try {
      return this.#module.C_FindObjects(this.#session, 1);
    } finally {
      this.#module.C_FindObjectsFinal(this.#session);
    }
  }

  #read(object: Handle, types: readonly number[]): readonly Uint8Array[] {
    const template = types.map((type) => ({ type }));
    return this.#module
      .C_GetAttributeValue(this.#session, object, template)
      .map(({ value }) => value);
  }
}

function slotOf(module: Pkcs11Module, label: string | undefined): Handle {
  const slots = module.C_GetSlotList(true);
  // Labels are padded with blanks.
  const named = slots.filter((slot) => module.C_GetTokenInfo(slot).label.trim() === label);
  const fitting = label === undefined ? slots : named;
  if (fitting.length === 1) return fitting[0]!;
  if (fitting.length === 0) {
    throw new MeshError('NOT_FOUND', { what: 'the token', id: label ?? 'any' });
  }
  const expected = 'the label of one of the tokens';
  throw new MeshError('INVALID_ARGUMENT', { argument: 'token', expected, got: label ?? 'none' });
}

const lockedBecause: ReadonlyMap<unknown, string> = new Map([
  [returned.pinIncorrect, 'the PIN is another'],
  [returned.pinInvalid, 'the PIN is another'],
  [returned.pinLengthRange, 'the PIN is another'],
  [returned.pinLocked, 'the token has locked its PIN'],
]);

/** CKA_EC_PARAMS of each kind, as DER in hexadecimal, the one to write first: the OID, or RFC 8032's name. */
const curves: Readonly<Record<SignatureKeyType, readonly string[]>> = {
  Ed25519: ['06032b6570', '130c656477617264733235353139'],
  'P-256': ['06082a8648ce3d030107'],
  'P-384': ['06052b81040022'],
  'P-521': ['06052b81040023'],
  secp256k1: ['06052b8104000a'],
};

function typeOf(key: string, curve: Uint8Array): SignatureKeyType {
  const name = toHex(curve);
  for (const [type, names] of Object.entries(curves)) {
    if (names.includes(name)) return type as SignatureKeyType;
  }
  throw new MeshError('KEY_INVALID', { key, detail: `a curve that is not known, ${name}` });
}

/** CKA_EC_POINT is the point in a DER OCTET STRING; some modules leave the wrapping away. */
function pointOf(key: string, type: SignatureKeyType, value: Uint8Array): Bytes {
  const size = secretLengths[type];
  const length = type === 'Ed25519' ? size : 1 + 2 * size;
  const point = Uint8Array.from(value.subarray(value.length - length));
  const head = toHex(value.subarray(0, value.length - length));
  const wrapped = length < 0x80 ? [0x04, length] : [0x04, 0x81, length];
  if (point.length === length && (head === '' || head === toHex(Uint8Array.from(wrapped)))) {
    if (type === 'Ed25519') return point;
    if (point[0] === 4) {
      return compressed({ x: point.slice(1, 1 + size), y: point.slice(1 + size) });
    }
  }
  throw new MeshError('KEY_INVALID', { key, detail: 'its public key has a form of its own' });
}
