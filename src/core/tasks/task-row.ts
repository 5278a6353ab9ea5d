/**
 * How a durable task stands, as it is written down.
 * @module
 */
import type { Bytes } from '../../base/bytes.ts';
import { MeshError, type MeshErrorParams } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import { cidOf, cidOfJson } from '../../base/multiformat.ts';
import { packPacket, unpackPacket } from '../../base/packet.ts';
import {
  dictionary,
  integer,
  isPlainObject,
  object,
  oneOf,
  optional,
  refused,
  type Shape,
  text,
  unknown,
} from '../../base/shape.ts';
import type { TaskRequest } from '../../schema/task.ts';
import { did, name } from '../../schema/words.ts';
import { finalStates, openStates, type TaskState } from './task-state.ts';

/** A task as the book tells of it. Instants are epoch milliseconds. */
export interface DurableTask {
  /** Id in this book; two callers may use one task id, but never share this. */
  readonly id: string;
  /** The caller's id of the task. */
  readonly task: string;
  readonly type: string;
  readonly agent: string;
  readonly from: Did;
  /** Whom it is about, as its caller calls it. */
  readonly subject?: string;
  readonly state: TaskState;
  readonly submittedAt: number;
  /** 1, and one more for each time a runner was lost while it ran. Being suspended does not count. */
  readonly attempt: number;
  /** When a waiting task goes on. */
  readonly due?: number;
  /** The last checkpoint: its version, its length in bytes, and the attempt that wrote it. */
  readonly checkpoint?: CheckpointFacts;
  /** Why a suspended task cannot go on here. */
  readonly problem?: { readonly code: string; readonly params: MeshErrorParams };
  readonly finishedAt?: number;
}

/** What is known of a checkpoint without reading it. */
export interface CheckpointFacts {
  readonly version: number;
  readonly size: number;
  readonly attempt: number;
}

/** A task with what only the book needs to know. */
export interface TaskRow extends DurableTask {
  readonly format: 1;
  /** Content of the request, so that an id cannot be used again for something else. */
  readonly digest: string;
  /** Grows with every claim; who runs the task under an older one writes nothing any more. */
  readonly epoch: number;
  /** The book that runs it. */
  readonly owner?: string;
  /** What it was resumed with, as a packet. */
  readonly input?: Uint8Array;
}

const format = 1;

const bytes: Shape<Uint8Array> = (value, at) => {
  if (!(value instanceof Uint8Array)) throw refused(at, 'bytes', value);
  return value;
};

const rowShape = object({
  format: integer({ min: format, max: format }),
  id: text({ min: 1, max: 128 }),
  task: text({ min: 1, max: 128 }),
  type: name,
  agent: text({ min: 1, max: 800 }),
  from: did,
  subject: optional(text({ min: 1, max: 512 })),
  digest: text({ min: 1, max: 128 }),
  state: oneOf(...openStates, ...finalStates),
  submittedAt: integer(),
  attempt: integer({ min: 1 }),
  epoch: integer(),
  owner: optional(text({ min: 1, max: 64 })),
  due: optional(integer()),
  checkpoint: optional(object({ version: integer(), size: integer(), attempt: integer() })),
  problem: optional(object({ code: text({ min: 1, max: 64 }), params: dictionary(unknown) })),
  input: optional(bytes),
  finishedAt: optional(integer()),
}) as unknown as Shape<TaskRow>;

/** A new task. Throws `SCHEMA_INVALID` when the caller or the agent is none. */
export function newRow(
  request: TaskRequest,
  { from, agent, now }: { readonly from: Did; readonly agent: string; readonly now: number },
): TaskRow {
  const row: TaskRow = {
    format,
    id: bookId(from, request),
    task: request.id,
    type: request.type,
    agent,
    from,
    ...(request.subject !== undefined && { subject: request.subject }),
    digest: digestOf(request),
    state: 'queued',
    submittedAt: Math.floor(now),
    attempt: 1,
    epoch: 0,
  };
  return rowShape(row, 'task');
}

/** The row in `value`. `STORE_VERSION` for one of a newer release, `STORE_CORRUPT` for anything else. */
export function readRow(value: Uint8Array, key: string): TaskRow {
  let found: unknown;
  try {
    const row = unpackPacket(value, key);
    found = isPlainObject(row) ? row['format'] : undefined;
    if (!isNewer(found)) return rowShape(row, key);
  } catch (cause) {
    throw new MeshError('STORE_CORRUPT', { store: 'tasks', detail: key }, { cause });
  }
  throw new MeshError('STORE_VERSION', { store: 'tasks', found, supported: format });
}

/** The bytes of a row. */
export function writeRow(row: TaskRow): Bytes {
  return packPacket(row);
}

/** The task without what is the book's own. */
export function tellOf(row: TaskRow): DurableTask {
  const { format: _, digest: _digest, epoch: _epoch, owner: _owner, input: _input, ...told } = row;
  return told;
}

/** The id of a task in the book: the same for every repetition of a call, and different for every caller. */
export function bookId(from: Did, { id, idempotencyKey }: TaskRequest): string {
  return cidOfJson(idempotencyKey === undefined ? ['id', from, id] : ['key', from, idempotencyKey]);
}

/** Throws `INVALID_ARGUMENT` unless `request` asks for what `row` was submitted for. */
export function assertSameWork(row: TaskRow, request: TaskRequest): void {
  if (row.digest === digestOf(request)) return;
  const argument = request.idempotencyKey === undefined ? 'task.id' : 'idempotencyKey';
  const expected = 'used for one request only';
  throw new MeshError('INVALID_ARGUMENT', { argument, expected, got: 'another request' });
}

/** Whichever agent of this node is named, and whatever the call is called: the work is the same. */
function digestOf({ id: _, agent: _agent, ...work }: TaskRequest): string {
  return cidOf(packPacket(work));
}

function isNewer(found: unknown): boolean {
  return typeof found === 'number' && found > format;
}

/** Characters of a reason that are kept. */
const reasonLength = 500;

/** A reason as it is kept and told. */
export function reasonOf(reason: string): string {
  return reason.slice(0, reasonLength).toWellFormed();
}
