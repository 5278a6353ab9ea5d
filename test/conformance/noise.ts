/**
 * Runs published Noise test vectors: one line is one handshake, both sides of it, with the messages after it.
 */
import { equalBytes, fromHex, toHex } from '../../src/base/bytes.ts';
import { MeshError } from '../../src/base/errors.ts';
import { list, object, optional, type Shaped, text } from '../../src/base/shape.ts';
import { NoiseHandshake } from '../../src/core/federation/noise.ts';
import { noiseSuite } from '../../src/core/federation/noise-suite.ts';
import { nodeCrypto } from '../../src/platform/node-crypto.ts';
import type { CryptoProvider } from '../../src/ports/crypto.ts';

const hex = text({ max: 131_070 });
const side = { prologue: hex, ephemeral: hex, static: hex, remote_static: hex };
const vectorShape = object({
  protocol_name: text(),
  init_prologue: optional(side.prologue),
  init_ephemeral: side.ephemeral,
  init_static: optional(side.static),
  init_remote_static: optional(side.remote_static),
  init_psks: optional(list(hex)),
  resp_prologue: optional(side.prologue),
  resp_ephemeral: optional(side.ephemeral),
  resp_static: optional(side.static),
  resp_remote_static: optional(side.remote_static),
  resp_psks: optional(list(hex)),
  handshake_hash: optional(hex),
  messages: list(object({ payload: hex, ciphertext: hex })),
});

type Vector = Shaped<typeof vectorShape>;

/** Runs one vector with `crypto`; throws at the first byte that differs. */
export function noise(line: unknown, crypto: CryptoProvider = nodeCrypto): void {
  const vector = vectorShape(line, 'vector');
  const initiator = makeSide(vector, true, crypto);
  const responder = makeSide(vector, false, crypto);
  let transport: ReturnType<typeof finish> | undefined;
  for (const [i, { payload, ciphertext }] of vector.messages.entries()) {
    const byInitiator = i % 2 === 0;
    const [writer, reader] = byInitiator ? [initiator, responder] : [responder, initiator];
    transport ??= initiator.done ? finish(vector, initiator, responder) : undefined;
    const message = transport
      ? (byInitiator ? transport.initiator : transport.responder).send.seal(fromHex(payload))
      : writer.write(fromHex(payload));
    same(`ciphertext ${String(i)}`, message, fromHex(ciphertext));
    const read = transport
      ? (byInitiator ? transport.responder : transport.initiator).receive.open(message)
      : reader.read(message);
    same(`payload ${String(i)}`, read ?? new Uint8Array(0), fromHex(payload));
  }
  if (transport === undefined) finish(vector, initiator, responder);
}

function makeSide(vector: Vector, initiator: boolean, crypto: CryptoProvider): NoiseHandshake {
  const read = (field: 'prologue' | 'ephemeral' | 'static' | 'remote_static') => {
    const value = vector[`${initiator ? 'init' : 'resp'}_${field}` as const];
    return value === undefined ? undefined : fromHex(value, field);
  };
  const [prologue, own, remoteStatic] = [read('prologue'), read('static'), read('remote_static')];
  const psks = initiator ? vector.init_psks : vector.resp_psks;
  return new NoiseHandshake({
    crypto,
    suite: noiseSuite(vector.protocol_name),
    initiator,
    ephemeral: read('ephemeral') ?? new Uint8Array(32),
    ...(prologue && { prologue }),
    ...(own && { staticKey: crypto.agreementKey(own) }),
    ...(remoteStatic && { remoteStatic }),
    ...(psks && { psks: psks.map((psk) => fromHex(psk)) }),
  });
}

function finish(vector: Vector, initiator: NoiseHandshake, responder: NoiseHandshake) {
  const ends = { initiator: initiator.split(), responder: responder.split() };
  const { handshake_hash: expected } = vector;
  if (expected !== undefined) {
    same('handshake hash', ends.initiator.handshakeHash, fromHex(expected));
    same('handshake hash of the responder', ends.responder.handshakeHash, fromHex(expected));
  }
  return ends;
}

function same(what: string, got: Uint8Array, expected: Uint8Array): void {
  if (equalBytes(got, expected)) return;
  const detail = `${what}: expected ${toHex(expected)}, got ${toHex(got)}`;
  throw new MeshError('CONFORMANCE_FAILED', { detail });
}

/** The suite for the conformance runner. */
export default {
  name: 'noise',
  run(line: unknown): Promise<readonly { readonly name: string; readonly error?: unknown }[]> {
    const { protocol_name: protocol } = (line ?? {}) as { protocol_name?: unknown };
    const name = typeof protocol === 'string' ? protocol : 'vector without a protocol name';
    try {
      noise(line);
      return Promise.resolve([{ name }]);
    } catch (error) {
      return Promise.resolve([{ name, error }]);
    }
  },
};
