/** COSE_Sign1 (RFC 9052, section 4.2) in the form a presentation of the suite holds one: read, and what its signature covers. */
import { concat, fromUtf8, utf8 } from '../../../src/base/bytes.ts';
import { refusal } from '../../../src/core/trust/credentials/refusals.ts';
import type { SignatureKeyType } from '../../../src/ports/crypto.ts';

/** A message taken apart. Nothing in it is proven. */
export interface CoseSign1 {
  readonly kid: string;
  readonly type: unknown;
  readonly keyType: SignatureKeyType;
  readonly payload: Uint8Array;
  /** The Sig_structure. */
  readonly covered: Uint8Array;
  readonly signature: Uint8Array;
}

/** RFC 9053, sections 2.1 and 2.2; RFC 8812, section 3.2. */
const keyTypes: Readonly<Record<number, SignatureKeyType>> = {
  [-7]: 'P-256',
  [-8]: 'Ed25519',
  [-35]: 'P-384',
  [-36]: 'P-521',
  [-47]: 'secp256k1',
};
const labels = { alg: 1, kid: 4, typ: 16 } as const;
const sign1Tag = 0xd2;
const arrayOfFour = 0x84;

/** Takes a tagged message apart; throws `CREDENTIAL_INVALID`. */
export function readCoseSign1(bytes: Uint8Array): CoseSign1 {
  if (bytes[0] !== sign1Tag || bytes[1] !== arrayOfFour) throw refusal('form.parts');
  const reader = new Reader(bytes.subarray(2));
  const [header, , payload, signature] = [
    reader.next(),
    reader.next(),
    reader.next(),
    reader.next(),
  ];
  if (
    !(header instanceof Uint8Array && payload instanceof Uint8Array) ||
    !(signature instanceof Uint8Array) ||
    !reader.atEnd
  ) {
    throw refusal('form.parts');
  }
  const members = new Reader(header).next();
  if (!(members instanceof Map)) throw refusal('header.alg');
  const keyType = keyTypes[members.get(labels.alg) as number];
  if (keyType === undefined) throw refusal('header.alg');
  const kid: unknown = members.get(labels.kid);
  return {
    kid: kid instanceof Uint8Array ? fromUtf8(kid) : '',
    type: members.get(labels.typ),
    keyType,
    payload,
    covered: concat(
      Uint8Array.of(arrayOfFour),
      headed(3, utf8('Signature1')),
      headed(2, header),
      headed(2, new Uint8Array()),
      headed(2, payload),
    ),
    signature,
  };
}

/** A string in CBOR: major type 2 for bytes, 3 for text. */
function headed(major: number, bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  const first = major << 5;
  if (length < 24) return concat(Uint8Array.of(first | length), bytes);
  if (length < 256) return concat(Uint8Array.of(first | 24, length), bytes);
  return concat(Uint8Array.of(first | 25, length >> 8, length & 0xff), bytes);
}

/** As much of CBOR (RFC 8949) as such a message needs: integers, strings, maps of scalars. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  next(): unknown {
    const first = this.#byte();
    const [major, argument] = [first >> 5, this.#argument(first & 31)];
    if (major === 0) return argument;
    if (major === 1) return -1 - argument;
    if (major === 2) return this.#take(argument);
    if (major === 3) return fromUtf8(this.#take(argument));
    if (major !== 5 || argument > 16) throw refusal('form.parts');
    return new Map(Array.from({ length: argument }, () => [this.next(), this.next()]));
  }

  #argument(info: number): number {
    if (info < 24) return info;
    if (info === 24) return this.#byte();
    if (info === 25) return (this.#byte() << 8) | this.#byte();
    throw refusal('form.parts');
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw refusal('form.parts');
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  #byte(): number {
    return this.#take(1)[0]!;
  }
}
