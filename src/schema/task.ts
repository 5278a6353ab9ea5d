/**
 * Work one organisation asks another to do.
 * @module
 */
import {
  isPlainObject,
  list,
  object,
  optional,
  refused,
  type Shape,
  text,
  unknown,
} from '../base/shape.ts';
import { name } from './words.ts';

/** A part of the world with one law. */
export type Zone = 'EU' | 'US' | 'APAC' | 'CA' | 'ME';

/** Where data may go: into one zone, anywhere but one zone, anywhere. */
export type Sovereignty = Zone | `no-${Zone}` | 'any';

/** Work to be done by any agent that offers `type` among its capabilities. */
export interface Task {
  /** The capability asked for. */
  readonly type: string;
  /** Input: JSON data, with Uint8Array and Float32Array anywhere in it. */
  readonly data: unknown;
  readonly sovereignty?: Sovereignty;
  /** What the data is, for policies: `personal-data`, ... */
  readonly labels?: readonly string[];
  /**
   * Whom the data is about, by a name of your own, e.g. `user:42`; travels with the task. What audit logs hold of the task is then
   * sealed with that subject's key, and `mesh.audit.erase` makes it unreadable.
   */
  readonly subject?: string;
}

/** A task as it travels to the agent's node. */
export interface TaskRequest extends Task {
  readonly id: string;
  /** Name of the agent on the receiving node; absent when any that offers `type` will do. */
  readonly agent?: string;
  /** At most one execution per key and caller. */
  readonly idempotencyKey?: string;
  /** Tenant of the caller on whose behalf it runs. */
  readonly tenant?: string;
}

const zonePattern = /^(?:any|(?:no-)?(?:EU|US|APAC|CA|ME))$/;

const taskMembers = {
  type: name,
  data: unknown,
  sovereignty: optional(text({ pattern: zonePattern, what: "a zone, 'no-<zone>' or 'any'" })),
  labels: optional(list(name, { max: 64 })),
  subject: optional(text({ min: 1, max: 512 })),
};

/** Parser of what a user hands in. */
export const taskShape: Shape<Task> = (value, at) => {
  if (isPlainObject(value) && !('data' in value)) throw refused(`${at}.data`, 'given', undefined);
  return object(taskMembers)(value, at) as Task;
};

/** Parser of what arrives from a peer. */
export const taskRequestShape: Shape<TaskRequest> = object({
  ...taskMembers,
  id: text({ min: 1, max: 128 }),
  agent: optional(name),
  idempotencyKey: optional(text({ min: 1, max: 256 })),
  tenant: optional(name),
}) as unknown as Shape<TaskRequest>;
