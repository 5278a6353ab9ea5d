/**
 * Typed input and output by any Standard Schema library (zod, valibot, arktype; standardschema.dev, version 1).
 * @module
 */
import { MeshError } from '../base/errors.ts';

/** A schema of any library that implements Standard Schema v1. */
export interface Schema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a schema says of a value. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One thing wrong with a value. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** `value` as the schema gives it back; `SCHEMA_INVALID` naming the first place that is wrong. */
export async function checkSchema<T>(
  schema: Schema<unknown, T> | undefined,
  value: unknown,
  at: string,
): Promise<T> {
  if (schema === undefined) return value as T;
  const result = await schema['~standard'].validate(value);
  if (result.issues === undefined) return result.value;
  const [issue] = result.issues;
  throw new MeshError('SCHEMA_INVALID', {
    at: placeOf(at, issue),
    expected: issue?.message ?? 'what its schema says',
    got: 'something else',
  });
}

function placeOf(at: string, issue: SchemaIssue | undefined): string {
  const keys = (issue?.path ?? []).map((part) =>
    String(typeof part === 'object' ? part.key : part),
  );
  return [at, ...keys].join('.');
}
