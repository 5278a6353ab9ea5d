/**
 * Bytes and their text forms. Everything on the wire and under a signature passes through here.
 * @module
 */
import { MeshError } from './errors.ts';

/** Bytes backed by a plain ArrayBuffer, as platform APIs want them. */
export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Texts up to this long are written here: their bytes then lie in V8's own heap, which is quicker to get than to call for. */
const shortText = 64;

/** UTF-8 bytes of `text`. */
export function utf8(text: string): Bytes {
  if (text.length > shortText) return encoder.encode(text);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return encoder.encode(text);
    bytes[i] = unit;
  }
  return bytes;
}

/** Text of UTF-8 `bytes`; malformed input throws `SCHEMA_INVALID`. */
export function fromUtf8(bytes: Uint8Array, at = 'text'): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    const got = `${String(bytes.length)} other bytes`;
    throw new MeshError('SCHEMA_INVALID', { at, expected: 'UTF-8', got }, { cause });
  }
}

/** All `parts` in one array. */
export function concat(...parts: readonly Uint8Array[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Whether both hold the same bytes, in time that depends on the length alone. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i += 1) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}

/** Lower-case hexadecimal form. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** Bytes of a hexadecimal string; `SCHEMA_INVALID` otherwise. */
export function fromHex(text: string, at = 'hex'): Bytes {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) {
    throw new MeshError('SCHEMA_INVALID', { at, expected: 'hexadecimal', got: text });
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i += 1) {
    bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  }
  return bytes;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** By character code; above 63 for what is no digit. */
const digits = new Uint8Array(256).fill(0xff);
for (let i = 0; i < alphabet.length; i += 1) digits[alphabet.charCodeAt(i)] = i;

/** base64url without padding (RFC 4648, section 5). */
export function toBase64url(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b, c] = [bytes[i], bytes[i + 1], bytes[i + 2]];
    text += alphabet.charAt(a >> 2) + alphabet.charAt(((a & 3) << 4) | ((b ?? 0) >> 4));
    if (b !== undefined) text += alphabet.charAt(((b & 15) << 2) | ((c ?? 0) >> 6));
    if (c !== undefined) text += alphabet.charAt(c & 63);
  }
  return text;
}

/** Bytes of strict base64url: no padding, no white space, and unused bits zero, so that each value has one spelling. */
export function fromBase64url(text: string, at = 'base64url'): Bytes {
  const rest = text.length % 4;
  const whole = text.length - rest;
  const bytes = new Uint8Array((whole / 4) * 3 + Math.max(0, rest - 1));
  let wrong = rest === 1 ? 0xff : 0;
  let length = 0;
  for (let i = 0; i < whole; i += 4) {
    const [a, b, c, d] = [
      digit(text, i),
      digit(text, i + 1),
      digit(text, i + 2),
      digit(text, i + 3),
    ];
    wrong |= a | b | c | d;
    bytes[length] = (a << 2) | (b >> 4);
    bytes[length + 1] = (b << 4) | (c >> 2);
    bytes[length + 2] = (c << 6) | d;
    length += 3;
  }
  if (rest > 1) {
    const [a, b] = [digit(text, whole), digit(text, whole + 1)];
    const c = rest === 3 ? digit(text, whole + 2) : 0;
    wrong |= a | b | c | ((rest === 3 ? c & 3 : b & 15) === 0 ? 0 : 0xff);
    bytes[length] = (a << 2) | (b >> 4);
    if (rest === 3) bytes[length + 1] = (b << 4) | (c >> 2);
  }
  if (wrong > 63) throw notBase64url(text, at);
  return bytes;
}

/**
 * What {@link fromBase64url} and {@link fromUtf8} make of `text`, in a quarter of the time, where that is ASCII; undefined where it is
 * not, and for all that {@link fromBase64url} refuses.
 */
export function asciiOfBase64url(text: string): string | undefined {
  const rest = text.length % 4;
  if (rest === 1 || text.includes('+') || text.includes('/')) return undefined;
  const ascii = decoded(text.replaceAll('-', '+').replaceAll('_', '/'));
  // Padding and white space, which atob passes over, leave less.
  if (ascii?.length !== Math.floor((text.length * 3) / 4)) return undefined;
  if (rest !== 0 && (digit(text, text.length - 1) & (rest === 2 ? 15 : 3)) !== 0) return undefined;
  return encoder.encode(ascii).length === ascii.length ? ascii : undefined;
}

/** One character for each byte of base64 (WHATWG Infra, forgiving-base64 decode). */
function decoded(base64: string): string | undefined {
  try {
    return atob(base64);
  } catch {
    return undefined;
  }
}

/** The value of a digit; above 63 for what is none. */
function digit(text: string, i: number): number {
  return digits[text.charCodeAt(i)] ?? 0xff;
}

function notBase64url(text: string, at: string): MeshError {
  return new MeshError('SCHEMA_INVALID', { at, expected: 'unpadded base64url', got: text });
}
