/**
 * Tasks on the street: what arrives goes to the task server, what is sent goes through the task caller.
 * @module
 */
import type { Json } from '../base/canonical.ts';
import { MeshError } from '../base/errors.ts';
import type { Did } from '../base/ids.ts';
import {
  isPlainObject,
  number,
  object,
  oneOf,
  optional,
  type Shape,
  text,
  unknown,
} from '../base/shape.ts';
import type { TriggerRunner } from '../core/tasks/index.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Candidate } from '../ports/placement.ts';
import type { Random } from '../ports/random.ts';
import type { Emit } from '../schema/mesh-event.ts';
import { taskRequestShape } from '../schema/task.ts';
import type { TaskPart } from './agent.ts';
import { agentTriggers } from './agent-triggers.ts';
import { aboutReceipt } from './audit-subjects.ts';
import { candidateOf, candidatesFor } from './candidate-of.ts';
import type { Rooms } from './compose.ts';
import { DurableTasks } from './durable-tasks.ts';
import type { EventHub } from './event-hub.ts';
import type { LocalAgents, Sought } from './local-agents.ts';
import type { MeshClient } from './mesh-client.ts';
import { TaskCaller } from './task-caller.ts';
import { announcedPrice } from './task-gates.ts';
import { TaskServer } from './task-server.ts';

/** What tasks need besides the rooms. */
export interface TaskWiring {
  readonly mesh: MeshClient;
  readonly node: string;
  readonly region: string | undefined;
  readonly tenant: string | undefined;
  readonly ground: { readonly clock: Clock; readonly random: Random };
  readonly agents: LocalAgents;
  readonly events: EventHub;
  readonly emit: Emit;
  readonly logger: Logger | undefined;
}

/** Candidates looked at for one task: many, so that strangers who offer the same crowd nobody out. */
const candidateLimit = 256;

/** The wires of tasks: the way to send one's own, those that are kept, and what sets agents to work. */
export interface TaskWires {
  readonly caller: TaskCaller;
  readonly durable: DurableTasks;
  readonly triggers: TriggerRunner;
}

/** Answers tasks of peers, and gives back the way to send one's own. */
export function wireTasks(rooms: Rooms, wiring: TaskWiring): TaskWires {
  const durable = serveTasks(rooms, wiring);
  const caller = callerOf(rooms, wiring);
  const { identity, store, lifetime } = rooms;
  const { events, emit, agents, node } = wiring;
  const triggers = agentTriggers({
    store: store.sub('triggers/'),
    clock: wiring.ground.clock,
    events,
    emit,
    agents,
    caller,
    candidate: (name) => ({ meshId: identity.did, node, name }),
  });
  rooms.audit.onErase('tasks', ({ subject }) => {
    caller.erase(subject);
    return durable.book.erase(subject);
  });
  // Last owned, first closed: nothing begins any more, then what is kept is handed back, then the street closes.
  lifetime.own(() => durable.book.close());
  lifetime.own(() => triggers.close());
  return { caller, durable, triggers };
}

function callerOf(rooms: Rooms, wiring: TaskWiring): TaskCaller {
  const { identity, federation, discovery, audit, trust, gates } = rooms;
  const { did } = identity;
  const { clock, random } = wiring.ground;
  return new TaskCaller({
    did,
    tenant: wiring.tenant,
    clock,
    random: random.child('tasks'),
    gates,
    emit: wiring.emit,
    placement: () => rooms.placement.current,
    candidates: (sought) => [
      ...ownCandidates(sought, rooms, wiring),
      ...candidatesFor(sought.type, rooms, candidateLimit).filter(
        ({ meshId, node }) => meshId !== did || node !== wiring.node,
      ),
    ],
    send: async (peer, request, options, onPart) => {
      // Work under a key belongs to the node that may have begun it; other work can go elsewhere at once.
      const awaitReturn = options.idempotencyKey !== undefined;
      let opened = false;
      const send = async (signal: AbortSignal): Promise<unknown> => {
        const sending = { ...options, signal };
        if (onPart === undefined) {
          return federation.call(peer, 'task.run', request, { ...sending, awaitReturn });
        }
        const stream = await federation.openStream(peer, 'task.stream', request, sending);
        opened = true;
        stream.end();
        for await (const part of stream) onPart(partShape(part, 'part'));
        return stream.result;
      };
      try {
        return await rooms.quarantines.during(peer, options.signal, send);
      } catch (thrown) {
        throw rooms.lifetime.closed ? thrown : lossOf(thrown, peer, opened);
      }
    },
    observe: (agent, latencyMs) => {
      rooms.observations.add(agent, latencyMs);
    },
    judged: (candidate, task, score) => {
      rooms.placement.own.judged(candidate, task, score);
    },
    priceOf: (agent) => announcedPrice(discovery.get(agent)),
    closing: rooms.lifetime.signal,
    shutOut: (peer) => rooms.quarantines.refusal(peer),
    feedback: (receipt, score, note) => trust.feedback(receipt, score, note),
    checkReceipt: async (receipt, expected) => {
      await audit.verifyReceipt(receipt, { ...expected, for: did });
    },
    onReceipt: async (receipt, { subject }) => {
      if (receipt.by === did) return;
      const about = aboutReceipt(receipt, subject, did);
      await audit.append('task', receipt as unknown as Json, about);
      await trust.observe(receipt, 'kept');
    },
  });
}

/** A goodbye in the midst of a task is a loss, and once a stream was open no other agent may begin anew. */
function lossOf(thrown: unknown, peer: Did, opened: boolean): unknown {
  const left = MeshError.is(thrown, 'CLOSED');
  if (!left && !(opened && MeshError.is(thrown, 'PEER_UNREACHABLE'))) return thrown;
  const { message: detail } = thrown;
  return new MeshError('PEER_UNREACHABLE', { peer, detail, sent: true }, { cause: thrown });
}

function serveTasks(rooms: Rooms, wiring: TaskWiring): DurableTasks {
  const { mesh, node, region, ground, agents, emit, logger } = wiring;
  const { identity, federation, policy, audit, trust, gates, store } = rooms;
  const { did } = identity;
  const { clock, random } = ground;
  const durable = new DurableTasks({
    store: store.sub('tasks/'),
    clock,
    random: random.child('durable tasks'),
    emit,
    agents,
    gates,
    server: () => server,
    report: (error) => logger?.log('warn', 'a durable task', { error }),
  });
  const server: TaskServer = new TaskServer({
    did,
    node,
    region,
    tenant: wiring.tenant,
    clock,
    agents,
    gates,
    emit,
    mesh,
    logger,
    receiptMembers: (about) => rooms.receiptMembers.of(about),
    keep: (agent, asked, request, options) => durable.take(agent, asked, request, options),
    shutOut: (peer) => rooms.quarantines.refusal(peer),
    trustIn: (peer) => (peer === did ? 100 : trust.score(peer).score),
    issueReceipt: async (draft, { subject }) => {
      const receipt = await audit.receipt({ ...draft, policyVersion: policy.version });
      const about = aboutReceipt(receipt, subject, did);
      await audit.append('task', receipt as unknown as Json, about);
      return receipt;
    },
  });
  rooms.quarantines.alsoCancel((peer, reason) => durable.cancelFor(peer, reason.message));
  federation.handle(
    'task.run',
    ({ from, body, signal }) => server.execute(taskRequestShape(body, 'task'), { from, signal }),
    { remembers: (body) => isKept(body, agents), subjectOf },
  );
  federation.handleStream('task.stream', (stream) => {
    const onPart = (part: TaskPart): Promise<void> => stream.send(part);
    const { from, signal } = stream;
    return server.execute(taskRequestShape(stream.body, 'task'), { from, signal, onPart });
  });
  return durable;
}

/** Whether the task goes to a durable agent: the book knows it again, so the street need not. */
function isKept(body: unknown, agents: LocalAgents): boolean {
  if (!isPlainObject(body)) return false;
  return agents.find(body as unknown as Sought)?.definition.durable === true;
}

/** Whom a task that arrived is about. A body that is no task is refused later, and is about nobody. */
function subjectOf(body: unknown): string | undefined {
  try {
    return taskRequestShape(body, 'task').subject;
  } catch (error) {
    if (!MeshError.is(error)) throw error;
    return undefined;
  }
}

function ownCandidates(
  sought: Sought,
  { identity }: Rooms,
  { agents, node }: TaskWiring,
): readonly Candidate[] {
  return agents.able(sought).map(({ definition: { name, version = '1.0.0' } }) => {
    return candidateOf({ meshId: identity.did, node, name, version }, agents.workload());
  });
}

const partShapes = {
  text: object({ kind: oneOf('text'), text: text({ max: 1 << 20 }) }),
  progress: object({
    kind: oneOf('progress'),
    note: text({ max: 4_096 }),
    fraction: optional(number({ min: 0, max: 1 })),
  }),
  data: object({ kind: oneOf('data'), data: unknown }),
} as const;

const partShape: Shape<TaskPart> = (value, at) => {
  const { kind } = object({ kind: oneOf('text', 'progress', 'data') })(value, at);
  return partShapes[kind](value, at);
};
