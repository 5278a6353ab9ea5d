/**
 * The Cedar language's own tests: one line is a set of policies, entities and requests with the expected decisions.
 * @module
 */

import { MeshError } from '../../src/base/errors.ts';
import { cedarEngine } from '../../src/core/policy/language/cedar-engine.ts';
import { DateTime, Duration } from '../../src/core/policy/language/datetime.ts';
import { Decimal } from '../../src/core/policy/language/decimal.ts';
import { IpAddress } from '../../src/core/policy/language/ip-address.ts';
import { parsePolicies } from '../../src/core/policy/language/parser.ts';
import { record, Uid, type Value } from '../../src/core/policy/language/value.ts';
import type { Entity, EntityRef, PolicyValue } from '../../src/ports/policy-engine.ts';
import { parseSchema, resolveName, type Schema, type SchemaType } from './cedar-schema.ts';

interface Line {
  readonly policies: string;
  readonly schema: string;
  /** JSON text, so that 64-bit integers survive. */
  readonly entities: string;
  readonly requests: string | readonly unknown[];
}

interface Request {
  readonly description: string;
  readonly principal: EntityRef;
  readonly action: EntityRef;
  readonly resource: EntityRef;
  readonly context: unknown;
  readonly decision: 'allow' | 'deny';
  readonly reason: readonly string[];
  readonly errors: readonly string[];
}

interface Outcome {
  readonly name: string;
  readonly error?: unknown;
}

export default {
  name: 'cedar',
  /** Runs one line; each request is one outcome, with an error when the answer differs. Never rejects. */
  run: (line: unknown): Promise<readonly Outcome[]> => Promise.resolve(runLine(line as Line)),
};

function runLine(line: Line): readonly Outcome[] {
  let requests: readonly Request[] = [];
  try {
    requests = readRequests(line.requests);
    const answer = prepare(line);
    return requests.map((request) => compare(request, answer));
  } catch (error) {
    if (requests.length === 0) return [{ name: 'the line', error }];
    return requests.map(({ description }) => ({ name: description, error }));
  }
}

function compare(request: Request, answer: (request: Request) => string): Outcome {
  const name = request.description;
  try {
    const [wanted, got] = [show(request.decision, request.reason, request.errors), answer(request)];
    return wanted === got ? { name } : { name, error: failed(`wanted ${wanted}, got ${got}`) };
  } catch (error) {
    return { name, error };
  }
}

function failed(detail: string): MeshError {
  return new MeshError('CONFORMANCE_FAILED', { detail });
}

function prepare(line: Line): (request: Request) => string {
  const schema = parseSchema(line.schema);
  const entities = readEntities(parseJson(line.entities) as readonly JsonEntity[], schema);
  // Cedar numbers the policies of a text: policy0, policy1, ...
  const sources = parsePolicies(line.policies).map(({ text }, i) => ({
    id: `policy${String(i)}`,
    text,
  }));
  const prepared = cedarEngine({ onForbidError: 'cedar' }).prepare(sources);
  return ({ principal, action, resource, context }) => {
    const uid = Uid.of(action);
    const type = schema.actions.get(uid.key)?.context;
    const values = readValue(context, type, schema) as Record<string, PolicyValue>;
    const request = { principal, action: uid, resource, context: values };
    const { effect, determining, errors } = prepared.evaluate(request, entities);
    return show(
      effect,
      determining,
      errors.map(({ policy }) => policy),
    );
  };
}

function show(decision: string, reason: readonly string[], errors: readonly string[]): string {
  return `${decision} by [${[...reason].sort().join()}] erring [${[...errors].sort().join()}]`;
}

interface JsonEntity {
  readonly uid: unknown;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly parents: readonly unknown[];
  readonly tags?: Readonly<Record<string, unknown>>;
}

function readEntities(list: readonly JsonEntity[], schema: Schema): ReadonlyMap<string, Entity> {
  const entities = new Map<string, Entity>();
  for (const [key, { parents }] of schema.actions) {
    const ref = actionOf(key);
    entities.set(key, { ref, attributes: {}, parents });
  }
  for (const { uid, attrs, parents, tags = {} } of list) {
    const ref = readUid(uid);
    const type = schema.entities.get(ref.type);
    const above = [...parents.map(readUid), ...(entities.get(ref.key)?.parents ?? [])];
    entities.set(ref.key, {
      ref,
      attributes: readValue(attrs, type?.attributes, schema) as Record<string, PolicyValue>,
      parents: above,
      tags: record(
        Object.entries(tags).map(([name, tag]) => [name, readValue(tag, type?.tags, schema)]),
      ) as Record<string, PolicyValue>,
    });
  }
  return entities;
}

function actionOf(key: string): Uid {
  const at = key.indexOf('::"');
  return new Uid(key.slice(0, at), JSON.parse(key.slice(at + 2)) as string);
}

function readUid(value: unknown): Uid {
  const { __entity: inner, type, id } = value as { __entity?: unknown; type: string; id: string };
  return inner === undefined ? new Uid(type, id) : readUid(inner);
}

const constructors: Readonly<Record<string, (text: string) => Value | undefined>> = {
  decimal: (text) => Decimal.parse(text),
  ip: (text) => IpAddress.parse(text),
  ipaddr: (text) => IpAddress.parse(text),
  datetime: (text) => DateTime.parse(text),
  duration: (text) => Duration.parse(text),
};

function readValue(json: unknown, type: SchemaType | undefined, schema: Schema): Value {
  if (typeof json === 'number') return BigInt(json);
  if (typeof json !== 'object' || json === null) return readScalar(json, type, schema);
  if (Array.isArray(json)) {
    const of = typeof type === 'object' && type.kind === 'set' ? type.of : undefined;
    return json.map((item) => readValue(item, of, schema));
  }
  return readObject(json as Record<string, unknown>, type, schema);
}

function readScalar(json: unknown, type: SchemaType | undefined, schema: Schema): Value {
  const resolved = type?.kind === 'name' ? resolveName(schema, type) : undefined;
  const parse =
    resolved?.kind === 'builtin' && typeof json === 'string'
      ? constructors[resolved.name]
      : undefined;
  return parse === undefined ? (json as Value) : extension(resolved!.kind, parse, json as string);
}

function readObject(
  json: Readonly<Record<string, unknown>>,
  type: SchemaType | undefined,
  schema: Schema,
): Value {
  if ('__entity' in json) return readUid(json);
  if ('__extn' in json) return readExtension(json['__extn']);
  const resolved = type?.kind === 'name' ? resolveName(schema, type) : type;
  if (resolved?.kind === 'entity') return readUid(json);
  if (resolved?.kind === 'builtin' && resolved.name in constructors) return readExtension(json);
  if (resolved?.kind === 'set' || resolved?.kind === 'name')
    return readValue(json, resolved, schema);
  const members = resolved?.kind === 'record' ? resolved.members : undefined;
  return record(
    Object.entries(json).map(([name, value]) => [
      name,
      readValue(value, members?.get(name), schema),
    ]),
  );
}

function readExtension(json: unknown): Value {
  const { fn, arg, args } = json as { fn: string; arg?: unknown; args?: readonly unknown[] };
  // `offset` is how Cedar writes an instant that its text form cannot reach.
  if (fn === 'offset') {
    const [instant, span] = args!.map((item) =>
      readExtension((item as { __extn: unknown }).__extn),
    );
    return (instant as DateTime).offset(span as Duration);
  }
  return extension(fn, constructors[fn]!, (arg ?? args?.[0]) as string);
}

function extension(name: string, parse: (text: string) => Value | undefined, text: string): Value {
  const value = parse(text);
  if (value === undefined) throw failed(`'${text}' is no ${name}`);
  return value;
}

function readRequests(requests: Line['requests']): readonly Request[] {
  const list = typeof requests === 'string' ? parseJson(requests) : requests;
  if (!Array.isArray(list)) throw failed('a line needs requests');
  return list as readonly Request[];
}

/** JSON with integers as bigints. */
function parseJson(text: string): unknown {
  const revive = (_: string, value: unknown, context?: { source?: string }): unknown =>
    typeof value === 'number' && context?.source !== undefined && /^-?\d+$/.test(context.source)
      ? BigInt(context.source)
      : value;
  return JSON.parse(text, revive);
}
