/**
 * Where this room keeps what in its store, and in which form.
 * @module
 */
import { fromUtf8, utf8 } from '../../base/bytes.ts';
import { multihashOf } from '../../base/multiformat.ts';
import { parseJson, type Shape } from '../../base/shape.ts';
import type { Entry, Op, Store } from '../../ports/store.ts';

/** `text` as a part of a key: DIDs and ids may be longer than a key, or hold a slash. */
export function keyPart(text: string): string {
  return multihashOf(utf8(text));
}

/** A write of `value` as JSON. */
export function putJson(key: string, value: unknown): Op {
  return { put: key, value: utf8(JSON.stringify(value)) };
}

/** The JSON value of an entry. */
export function jsonOf<T>(entry: Entry, shape: Shape<T>): T {
  return parseJson(fromUtf8(entry.value, entry.key), shape, entry.key, entry.value.length);
}

/** Every value under `prefix`. */
export async function* scanJson<T>(
  store: Store,
  prefix: string,
  shape: Shape<T>,
): AsyncIterable<T> {
  for await (const entry of store.scan({ prefix })) yield jsonOf(entry, shape);
}
