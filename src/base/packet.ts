/**
 * The form of a message body: JSON text with binary parts beside it, so that a vector or an image never passes
 * through a text codec. Layout: u32 length of the JSON (big endian), JSON, then the parts, each on an 8-byte boundary.
 * In the JSON a part stands as `{"$u8":[offset,length]}` or `{"$f32":[offset,length]}`; a member name of the
 * user's that begins with `$` is written with one more `$`.
 * @module
 */
import { type Bytes, fromUtf8, utf8 } from './bytes.ts';
import { canonicalJson } from './canonical.ts';
import { MeshError } from './errors.ts';
import { isPlainObject } from './shape.ts';

/** Data a packet can carry: JSON, with Uint8Array and Float32Array anywhere in it. */
export type Packable = unknown;

const align = 8;
const maxDepth = 64;

/** `value` as one block of bytes. The same value always gives the same bytes (member order does not matter). */
export function packPacket(value: Packable): Bytes {
  // Large bodies are often bytes and nothing else: there is no tree to walk.
  if (value instanceof Uint8Array) {
    return assemble(`{"$u8":[0,${String(value.length)}]}`, [{ offset: 0, bytes: value }]);
  }
  const parts: Part[] = [];
  let end = 0;
  const place = (bytes: Uint8Array, name: '$u8' | '$f32', length: number): unknown => {
    const offset = end;
    parts.push({ offset, bytes });
    end = roundUp(offset + bytes.length);
    return { [name]: [offset, length] };
  };
  const tree = isPlain(value, 0) ? value : takeParts(value, place, '$', 0);
  return assemble(canonicalJson(tree), parts);
}

/** Binary data and where it lies behind the JSON. */
interface Part {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

function assemble(text: string, parts: readonly Part[]): Bytes {
  const json = utf8(text);
  const start = roundUp(4 + json.length);
  const last = parts.at(-1);
  const packet = new Uint8Array(last ? start + last.offset + last.bytes.length : 4 + json.length);
  new DataView(packet.buffer).setUint32(0, json.length);
  packet.set(json, 4);
  for (const { offset, bytes } of parts) packet.set(bytes, start + offset);
  return packet;
}

/** The value of a packet; `SCHEMA_INVALID` for anything malformed. Parts are copies, safe to keep. */
export function unpackPacket(packet: Uint8Array, at = 'packet'): unknown {
  if (packet.length < 4) throw malformed(at, 'too short');
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  const length = view.getUint32(0);
  if (length > packet.length - 4) throw malformed(at, 'JSON longer than the packet');
  const start = roundUp(4 + length);
  let tree: unknown;
  try {
    tree = JSON.parse(fromUtf8(packet.subarray(4, 4 + length), at));
  } catch (cause) {
    if (MeshError.is(cause)) throw cause;
    throw malformed(at, 'not JSON', cause);
  }
  if (isPlain(tree, 0)) return tree;
  const parts = new Parts(packet.subarray(Math.min(start, packet.length)));
  return putParts(tree, parts, at, 0);
}

/** Whether `value` stands in the JSON as it is: no binary data, no name that begins with `$`. Most do, and need no copy. */
function isPlain(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (depth > maxDepth || ArrayBuffer.isView(value)) return false;
  if (Array.isArray(value)) return value.every((item) => isPlain(item, depth + 1));
  return Object.keys(value).every(
    (name) => !name.startsWith('$') && isPlain((value as Record<string, unknown>)[name], depth + 1),
  );
}

function takeParts(
  value: unknown,
  place: (bytes: Uint8Array, name: '$u8' | '$f32', length: number) => unknown,
  at: string,
  depth: number,
): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > maxDepth) throw malformed(at, 'nested too deep');
  if (value instanceof Float32Array) {
    return place(littleEndian(value), '$f32', value.length);
  }
  if (value instanceof Uint8Array) return place(value, '$u8', value.length);
  if (Array.isArray(value)) {
    return value.map((item, i) => takeParts(item, place, `${at}[${String(i)}]`, depth + 1));
  }
  if (!isPlainObject(value)) return value;
  const result: Record<string, unknown> = {};
  // Sorted, so that equal values place their parts in the same order.
  for (const key of Object.keys(value).sort()) {
    const name = key.startsWith('$') ? `$${key}` : key;
    define(result, name, takeParts(value[key], place, `${at}.${key}`, depth + 1));
  }
  return result;
}

function putParts(value: unknown, parts: Parts, at: string, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > maxDepth) throw malformed(at, 'nested too deep');
  if (Array.isArray(value)) {
    return value.map((item, i) => putParts(item, parts, `${at}[${String(i)}]`, depth + 1));
  }
  const members = value as Record<string, unknown>;
  if ('$u8' in members) return parts.take(members['$u8'], 1, at);
  if ('$f32' in members) return floats(parts.take(members['$f32'], 4, at));
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(members)) {
    const name = key.startsWith('$$') ? key.slice(1) : key;
    define(result, name, putParts(members[key], parts, `${at}.${key}`, depth + 1));
  }
  return result;
}

/** The binary end of a packet. No more bytes are handed out than there are, however often the JSON names a part. */
class Parts {
  readonly #bytes: Uint8Array;
  #left: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#left = bytes.length;
  }

  take(place: unknown, width: number, at: string): Bytes {
    const [offset, length] = Array.isArray(place) ? (place as unknown[]) : [];
    if (!isCount(offset) || !isCount(length) || offset + length * width > this.#bytes.length) {
      throw malformed(at, 'a part outside the packet');
    }
    this.#left -= length * width;
    if (this.#left < 0) throw malformed(at, 'a part that is named twice');
    // A real copy, also of a Buffer, whose own slice() shares memory.
    return new Uint8Array(this.#bytes.subarray(offset, offset + length * width));
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function littleEndian(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return isLittleEndian ? bytes : swapped(bytes);
}

function floats(bytes: Bytes): Float32Array<ArrayBuffer> {
  return new Float32Array((isLittleEndian ? bytes : swapped(bytes)).buffer);
}

function swapped(bytes: Uint8Array): Bytes {
  const copy = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i += 1) copy[i] = bytes[i ^ 3]!;
  return copy;
}

/** Sets a member even when it is called `__proto__`. */
function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  });
}

function roundUp(offset: number): number {
  return Math.ceil(offset / align) * align;
}

function malformed(at: string, got: string, cause?: unknown): MeshError {
  return new MeshError('SCHEMA_INVALID', { at, expected: 'a packet', got }, { cause });
}
