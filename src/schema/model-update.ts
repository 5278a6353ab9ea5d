/**
 * One participant's contribution to a round: the change it proposes to a model, never the data behind it.
 * @module
 */
import type { Did } from '../base/ids.ts';
import { integer, object, optional, refused, type Shape, text } from '../base/shape.ts';
import { proofShape, type Signed } from './signed.ts';
import { did } from './words.ts';

/** What is signed: the vector itself stands in by its hash. */
export interface ModelUpdateHeader {
  readonly format: 1;
  readonly round: string;
  readonly participant: Did;
  /** CID of the model the change applies to; absent when there was none. */
  readonly base?: string;
  /** Training samples behind the change. */
  readonly samples: number;
  /** Parameters in the vector. */
  readonly size: number;
  /** CID of the vector's little-endian float32 bytes. */
  readonly vectorHash: string;
}

/** A contribution as it travels. */
export interface ModelUpdate {
  readonly header: Signed<ModelUpdateHeader>;
  readonly vector: Float32Array;
}

/** Parser of the signed part of a contribution. */
export const modelUpdateHeaderShape = object({
  format: integer({ min: 1, max: 1 }),
  round: text({ min: 1, max: 200 }),
  participant: did,
  base: optional(text({ max: 128 })),
  samples: integer({ min: 1, max: 1e9 }),
  size: integer({ min: 1 }),
  vectorHash: text({ max: 128 }),
  proof: proofShape,
}) as unknown as Shape<Signed<ModelUpdateHeader>>;

/** Parser of contributions: the header's size must be the vector's, and every number finite. */
export const modelUpdateShape: Shape<ModelUpdate> = (value, at) => {
  const { header, vector } = object({ header: modelUpdateHeaderShape, vector: floats })(value, at);
  if (vector.length !== header.size) {
    throw refused(`${at}.vector`, `${String(header.size)} numbers`, String(vector.length));
  }
  return { header, vector };
};

const floats: Shape<Float32Array> = (value, at) => {
  if (!(value instanceof Float32Array)) throw refused(at, 'a Float32Array', value);
  if (!value.every(Number.isFinite)) throw refused(at, 'finite numbers only', 'NaN or infinity');
  return value;
};
