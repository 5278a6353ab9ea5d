/**
 * What the handshake messages carry: a hint whom the first is for, and who each side is.
 * @module
 */
import { type Bytes, concat, equalBytes, utf8 } from '../../base/bytes.ts';
import type { Did } from '../../base/ids.ts';
import { packPacket, unpackPacket } from '../../base/packet.ts';
import { list, object, optional, refused, type Shape, text } from '../../base/shape.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Endpoint } from '../../ports/transport.ts';
import { type DidLog, didLogShape } from '../../schema/did-log.ts';
import type { Signed } from '../../schema/signed.ts';
import { name } from '../../schema/words.ts';
import { type NoiseKey, noiseKeyShape } from './noise-key.ts';

/** Payload of messages 2 and 3, always encrypted. */
export interface Hello {
  readonly proof: Signed<NoiseKey>;
  /** History of the DID; empty for did:key. */
  readonly log: DidLog;
  /** Differs at each start of the node, so that a restart can be told from a second node of the same name. */
  readonly instance: string;
  /** Names of optional abilities. */
  readonly features: readonly string[];
  /** Where this node listens; empty when it only dials. */
  readonly endpoints: readonly Endpoint[];
  readonly tenant?: string;
}

/** Bytes of the largest first message: enough for 32 bytes of key and a small payload. */
export const maxFirstMessage = 4_096;
const hintLength = 16;

/** Endpoints as peers announce them. */
export const endpointsShape: Shape<readonly Endpoint[]> = list(text({ min: 1, max: 512 }), {
  max: 16,
});

const helloShape: Shape<Hello> = object({
  proof: noiseKeyShape,
  log: didLogShape,
  instance: text({ min: 1, max: 64 }),
  features: list(text({ min: 1, max: 64 }), { max: 64 }),
  endpoints: endpointsShape,
  tenant: optional(name),
});

const hintShape: Shape<Uint8Array> = (value, at) => {
  if (!(value instanceof Uint8Array) || value.length !== hintLength) {
    throw refused(at, `${String(hintLength)} bytes`, value);
  }
  return value;
};
const firstShape = object({ want: optional(hintShape) });

/** Payload of messages 2 and 3. */
export function packHello(hello: Hello): Bytes {
  return packPacket(hello);
}

/** Reads the payload of message 2 or 3; unknown members are kept. */
export function readHello(payload: Uint8Array): Hello {
  return helloShape(unpackPacket(payload, 'hello'), 'hello');
}

/** Payload of message 1: nothing, or a hint for whom it is that tells nothing to those who do not know the DID. */
export function packFirst(
  crypto: CryptoProvider,
  ephemeral: Uint8Array,
  wanted: Did | undefined,
): Bytes {
  return packPacket(wanted === undefined ? {} : { want: hint(crypto, ephemeral, wanted) });
}

/** Which of `dids` the first message asks for; undefined when it names none of them. */
export function readFirst(
  payload: Uint8Array,
  crypto: CryptoProvider,
  ephemeral: Uint8Array,
  dids: readonly Did[],
): Did | undefined {
  const { want } = firstShape(unpackPacket(payload, 'message 1'), 'message 1');
  if (want === undefined) return undefined;
  return dids.find((did) => equalBytes(want, hint(crypto, ephemeral, did)));
}

function hint(crypto: CryptoProvider, ephemeral: Uint8Array, did: Did): Bytes {
  return crypto
    .hash('sha256', concat(utf8('mesh/want/v1'), ephemeral, utf8(did)))
    .slice(0, hintLength);
}
