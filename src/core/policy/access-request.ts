/**
 * From a question in the mesh's words to one in the policy language's.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import { asDid, type Did } from '../../base/ids.ts';
import { isPlainObject } from '../../base/shape.ts';
import type { EntityRef, PolicyRequest, PolicyValue } from '../../ports/policy-engine.ts';
import type { AccessRequest } from './decision.ts';
import { inLong } from './language/long.ts';
import { Uid } from './language/value.ts';

/** How deep a context may be. */
const maxDepth = 16;

/** `request` as asked at the node of `self`; `INVALID_ARGUMENT` when it makes no sense. */
export function toPolicyRequest(request: AccessRequest, self: Did): PolicyRequest {
  const { subject = self, action, resource, context = {} } = request;
  if (typeof action !== 'string' || action === '') throw invalid('action', 'a name', action);
  return {
    principal: new Uid('Org', asDid(subject)),
    action: new Uid('Action', action),
    resource: toResource(resource, self),
    context: toRecord(context, 'context', 0),
  };
}

function toResource(resource: string, self: Did): EntityRef {
  if (resource === 'mesh') return new Uid('Mesh', self);
  if (typeof resource === 'string') {
    if (resource.startsWith('org:')) return new Uid('Org', asDid(resource.slice(4)));
    if (resource.startsWith('agent:') && resource.length > 6)
      return new Uid('Agent', resource.slice(6));
  }
  throw invalid('resource', "'agent:<id>', 'org:<did>' or 'mesh'", resource);
}

function toRecord(
  value: Readonly<Record<string, unknown>>,
  at: string,
  depth: number,
): Readonly<Record<string, PolicyValue>> {
  if (depth > maxDepth) throw invalid(at, `nested at most ${String(maxDepth)} deep`, 'more');
  // Without a prototype: data from a peer must not pass for an entity because it has a `type` and an `id`.
  const record = Object.create(null) as Record<string, PolicyValue>;
  for (const [name, member] of Object.entries(value)) {
    if (member !== undefined) record[name] = toValue(member, `${at}.${name}`, depth + 1);
  }
  return record;
}

function toValue(value: unknown, at: string, depth: number): PolicyValue {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint' && inLong(value)) return value;
  if (Number.isSafeInteger(value)) return BigInt(value as number);
  if (value instanceof Uid) return value;
  if (isPlainObject(value)) return toRecord(value, at, depth);
  if (!Array.isArray(value))
    throw invalid(at, 'text, an integer, true, false, a list or an object', value);
  if (depth > maxDepth) throw invalid(at, `nested at most ${String(maxDepth)} deep`, 'more');
  return value.map((item: unknown, i) => toValue(item, `${at}[${String(i)}]`, depth + 1));
}

function invalid(argument: string, expected: string, got: unknown): MeshError {
  return new MeshError('INVALID_ARGUMENT', { argument, expected, got });
}
