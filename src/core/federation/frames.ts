/**
 * The byte layout of frames inside a record: 8 bytes of head, then the payload.
 *
 * ```text
 *  0        type (low 4 bits), flags (high 4 bits)
 *  1 .. 5   stream, big endian
 *  6 .. 7   length of the payload, big endian
 * ```
 * @module
 */
import { MeshError } from '../../base/errors.ts';

/** Kinds of frames. Unknown kinds are skipped by those who do not know them. */
export const frameType = {
  /** Opens a stream: u16 length of the header, header (JSON), then as `data`. */
  open: 1,
  /** A piece of a message. */
  data: 2,
  /** Ends a stream at once, both ways: the error as JSON. */
  cancel: 3,
  /** Allows u32 more bytes on a stream. */
  credit: 4,
  /** Asks for a `pong` with the same payload of at most 16 bytes. */
  ping: 5,
  pong: 6,
  /** No new streams: the last one that was taken and why, as JSON. */
  goodbye: 7,
} as const;

/** Bits of the flags. */
export const frameFlag = {
  /** A message begins here: u32 length of the whole message stands before its first bytes. */
  start: 1,
  /** The sender sends no more on this stream. */
  end: 2,
  /** The message is the result of the call, not one of its items. */
  result: 4,
} as const;

/** Bytes of a frame's head. */
export const headLength = 8;
/** Bytes of the largest payload this side writes; larger ones are understood. */
export const maxPayload = 16_384;
/** Number of the largest stream. */
export const maxStream = 2 ** 40 - 1;

/** One frame. The payload may come in two pieces so that nothing is copied before it is sealed. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Uint8Array;
  readonly rest?: Uint8Array;
  /** Number of the record that carried it; set for `open` frames when they are sealed. */
  record?: number;
}

/** Bytes `frame` takes. */
export function frameLength(frame: Frame): number {
  return headLength + frame.payload.length + (frame.rest?.length ?? 0);
}

/** Writes `frame` into `target` at `offset`; the offset behind it. */
export function writeFrame(target: Uint8Array, offset: number, frame: Frame): number {
  const { type, flags, stream, payload, rest } = frame;
  const length = payload.length + (rest?.length ?? 0);
  target[offset] = type | (flags << 4);
  target[offset + 1] = Math.floor(stream / 2 ** 32);
  writeU32(target, offset + 2, stream % 2 ** 32);
  target[offset + 6] = length >>> 8;
  target[offset + 7] = length;
  target.set(payload, offset + headLength);
  if (rest !== undefined) target.set(rest, offset + headLength + payload.length);
  return offset + headLength + length;
}

/** Hands every frame of `bytes` to `take`, payloads as views; `PROTOCOL_ERROR` for a frame cut short. */
export function readFrames(bytes: Uint8Array, take: (frame: Frame) => void): void {
  let offset = 0;
  while (offset < bytes.length) {
    if (bytes.length - offset < headLength) throw broken('a frame without a whole head');
    const kind = bytes[offset]!;
    const stream = bytes[offset + 1]! * 2 ** 32 + readU32(bytes, offset + 2);
    const start = offset + headLength;
    const length = (bytes[offset + 6]! << 8) | bytes[offset + 7]!;
    if (length > bytes.length - start) throw broken('a frame longer than its record');
    offset = start + length;
    take({ type: kind & 15, flags: kind >>> 4, stream, payload: bytes.subarray(start, offset) });
  }
}

/** A number of 32 bits, big endian. */
export function readU32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  );
}

/** Writes a number of 32 bits, big endian. */
export function writeU32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}

/** The error of a peer that does not keep to the protocol. */
export function broken(detail: string, cause?: unknown): MeshError {
  return new MeshError('PROTOCOL_ERROR', { detail }, { cause });
}
