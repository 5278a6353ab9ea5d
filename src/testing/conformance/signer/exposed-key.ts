/**
 * Looks for a private key in all that an object shows.
 * @module
 */
import { type Bytes, fromBase64url, fromHex } from '../../../base/bytes.ts';

/** Values looked at, and windows as long as the key tried, before the search gives up. */
const valueLimit = 10_000;
const windowLimit = 20_000;

/**
 * Where in `value` a private key of `length` bytes stands, e.g. `.options.seed`; undefined when nowhere. Members of every kind are followed:
 * hidden ones, symbols, accessors, entries of maps and sets. Text is read as hexadecimal and as base64.
 */
export function exposedKey(
  value: unknown,
  isKey: (bytes: Uint8Array) => boolean,
  length = 32,
): string | undefined {
  let windows = 0;
  const seen = new Set<unknown>();
  const bits = BigInt(8 * length);
  const waiting: { readonly path: string; readonly value: unknown }[] = [{ path: '', value }];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (seen.has(next.value)) continue;
    seen.add(next.value);
    if (isExtractable(next.value)) return next.path;
    for (const bytes of bytesIn(next.value, bits)) {
      for (let start = 0; start + length <= bytes.length; start += 1) {
        if ((windows += 1) > windowLimit) return undefined;
        if (isKey(bytes.subarray(start, start + length))) return next.path;
      }
    }
    if (seen.size + waiting.length > valueLimit) continue;
    for (const [name, member] of membersOf(next.value)) {
      waiting.push({ path: `${next.path}.${name}`, value: member });
    }
  }
  return undefined;
}

/** A private key of WebCrypto that anybody may export. */
function isExtractable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return memberOf(value, 'type') === 'private' && memberOf(value, 'extractable') === true;
}

/** What may be a key: bytes, lists of bytes, a number as long as the key, and text that says bytes. */
function bytesIn(value: unknown, bits: bigint): readonly Uint8Array[] {
  if (typeof value === 'string') return bytesSaidIn(value);
  if (typeof value === 'bigint' && value > 0n && value >> bits === 0n) {
    return [fromHex(value.toString(16).padStart(Number(bits) / 4, '0'))];
  }
  if (ArrayBuffer.isView(value)) {
    return [new Uint8Array(value.buffer, value.byteOffset, value.byteLength)];
  }
  if (value instanceof ArrayBuffer) return [new Uint8Array(value)];
  if (Array.isArray(value) && value.length >= 32 && value.every(isByte)) {
    return [Uint8Array.from(value)];
  }
  return [];
}

function isByte(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 256;
}

/** 32 bytes are 64 hexadecimal digits, or 43 of base64, in either alphabet. */
function bytesSaidIn(text: string): Uint8Array[] {
  const hexadecimal = [...text.matchAll(/[0-9a-f]{64,}/gi)].map(([digits]) =>
    decoded(() => fromHex(digits.slice(0, digits.length & ~1))),
  );
  const bare = text.replaceAll(/-----[^-]+-----/g, ' ');
  // As it stands, and with the line breaks of a PEM file taken out.
  const base64 = [bare, bare.replaceAll(/\s/g, '')]
    .flatMap((one) => [...one.matchAll(/[\w+/-]{43,}/g)])
    .map(([digits]) =>
      decoded(() => fromBase64url(digits.replaceAll('+', '-').replaceAll('/', '_'))),
    );
  return [...hexadecimal, ...base64].filter((bytes) => bytes !== undefined);
}

function decoded(decode: () => Bytes): Bytes | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}

/** Own members and those of the prototypes, as far as they can be read. */
function membersOf(value: unknown): [name: string, member: unknown][] {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
  // The members of bytes are numbers, which show nothing that bytesIn has not seen.
  if (!isObject || ArrayBuffer.isView(value)) return [];
  const members: [string, unknown][] = [];
  const exported = exportOf(value);
  if (exported !== undefined) members.push(['export()', exported]);
  if (value instanceof Map || value instanceof Set) {
    for (const entry of value.entries()) members.push(['entries', entry]);
  }
  for (
    let level: object | null = value;
    level !== null;
    level = Object.getPrototypeOf(level) as object | null
  ) {
    if (level === Object.prototype || level === Function.prototype) break;
    for (const key of Reflect.ownKeys(level)) members.push([String(key), memberOf(value, key)]);
  }
  return members;
}

/** What a private `KeyObject` of Node exports. */
function exportOf(value: object): unknown {
  if (memberOf(value, 'type') !== 'private' || memberOf(value, 'export') === undefined) {
    return undefined;
  }
  try {
    return (value as { export(options: object): unknown }).export({ format: 'jwk' });
  } catch {
    return undefined;
  }
}

function memberOf(value: object, key: PropertyKey): unknown {
  try {
    return Reflect.get(value, key, value);
  } catch {
    return undefined;
  }
}
