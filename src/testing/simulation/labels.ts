/**
 * What a frame on the street is about, as far as it can be read.
 * @module
 */

/** Names one frame; told whether the side that dialled has sent it. */
export type Labeller = (frame: Uint8Array, byCaller: boolean) => string;

/** Frames of the handshake, Noise XX: two by the caller, one by the callee. */
const handshakeFrames = { caller: 2, callee: 1 } as const;

/** A labeller for one connection. Sealed records are called `record` unless they can be read. */
export function labellerFor(readable: boolean): Labeller {
  let [byCallerSoFar, byCalleeSoFar] = [0, 0];
  const methods = new Map<number, string>();
  return (frame, byCaller) => {
    const count = byCaller ? (byCallerSoFar += 1) : (byCalleeSoFar += 1);
    const { caller, callee } = handshakeFrames;
    if (count <= (byCaller ? caller : callee)) return 'handshake';
    return readable ? recordLabel(frame, methods) : 'record';
  };
}

const tagLength = 16;
const headLength = 8;
const plain: Readonly<Record<number, string>> = {
  3: 'cancel',
  4: 'credit',
  5: 'ping',
  6: 'pong',
  7: 'goodbye',
};

/**
 * The method of the first call or answer in a record (`task.run`, `task.run reply`), else what kind of frame is in it. The
 * layout is that of docs/protocol: flags, then frames of type, stream, length and payload.
 */
function recordLabel(record: Uint8Array, methods: Map<number, string>): string {
  let fallback = 'record';
  const end = record.length - tagLength;
  for (let at = 1; at + headLength <= end; ) {
    const type = record[at]! & 15;
    const last = (record[at]! & 32) !== 0;
    const stream = word(record, at + 2);
    const length = (record[at + 6]! << 8) | record[at + 7]!;
    const payload = at + headLength;
    if (type === 1) {
      const method = methodIn(record, payload);
      methods.set(stream, method);
      return method;
    }
    if (type === 2) {
      const method = methods.get(stream);
      if (last) methods.delete(stream);
      return method === undefined ? 'data' : `${method} reply`;
    }
    fallback = plain[type] ?? fallback;
    at = payload + length;
  }
  return fallback;
}

function word(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  );
}

/** The method in the header of a call: the first member of a small JSON object behind two bytes of length. */
function methodIn(record: Uint8Array, payload: number): string {
  const length = (record[payload]! << 8) | record[payload + 1]!;
  let header = '';
  for (let i = 0; i < Math.min(length, 300); i += 1) {
    header += String.fromCharCode(record[payload + 2 + i]!);
  }
  return /^\{"method":"([^"]*)"/.exec(header)?.[1] ?? 'call';
}
