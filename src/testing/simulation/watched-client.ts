/**
 * A client as a test holds it: the production object, with every promise it gives noted, so that time flows for it.
 * @module
 */
import type {
  AgentDefinition,
  HandlerContext,
  MeshClient,
  TaskResult,
} from '../../client/index.ts';

/** What the watcher is told. */
export interface Watch {
  /** `work`, which somebody waits for from now on. */
  track<T>(what: string, work: Promise<T>): Promise<T>;
  /** A handler has begun; the result is called when it is done. */
  handling(definition: AgentDefinition<never>, context: HandlerContext<never>): () => void;
  /** The agent that is offered in place of the one the test gave; a liar has its own. */
  agent(definition: AgentDefinition<never>): AgentDefinition<never>;
  /** An agent was offered. */
  offered(definition: AgentDefinition<never>): void;
  /** Resolves when agents offered a moment ago are known to those they can reach. */
  known(): Promise<void>;
}

/** Calls that look for agents; they wait until agents offered a moment ago are known. */
const searching: ReadonlySet<string> = new Set(['executeTask', 'discovery.search']);

/** `client`, watched. */
export function watchedClient(client: MeshClient, watch: Watch): MeshClient {
  const special: Partial<Record<PropertyKey, unknown>> = {
    createAgent: (definition: AgentDefinition<never>) => {
      const agent = client.createAgent(withWatchedHandler(watch.agent(definition), watch));
      watch.offered(definition);
      return watched(agent, definition.name, watch);
    },
    stream: (...args: Parameters<MeshClient['stream']>) => {
      const stream = client.stream(...args);
      return {
        result: watch.track(
          'stream',
          stream.result.then((result) => judged(result, watch)),
        ),
        [Symbol.asyncIterator]: () => stream[Symbol.asyncIterator](),
      };
    },
  };
  return watched(client, '', watch, special);
}

/** Whatever `target` promises is tracked; what it hands out that can be closed is watched too. */
function watched<T extends object>(
  target: T,
  name: string,
  watch: Watch,
  special: Partial<Record<PropertyKey, unknown>> = {},
): T {
  const rooms = new Map<PropertyKey, object>();
  return new Proxy(target, {
    get(_, property) {
      if (Object.hasOwn(special, property)) return special[property];
      const member: unknown = Reflect.get(target, property, target);
      const what = name === '' ? String(property) : `${name}.${String(property)}`;
      if (typeof member === 'function') return watchedMethod(target, member as Method, what, watch);
      if (!isRoom(member)) return member;
      const room = rooms.get(property) ?? watched(member, what, watch);
      rooms.set(property, room);
      return room;
    },
  });
}

type Method = (...args: unknown[]) => unknown;

function watchedMethod(target: object, method: Method, what: string, watch: Watch): Method {
  return (...args) => {
    if (searching.has(what)) {
      const searched = watch.known().then(() => method.apply(target, args));
      const told = searched.then((value) => (isTaskResult(value) ? judged(value, watch) : value));
      return watch.track(what, told);
    }
    const result = method.apply(target, args);
    if (!(result instanceof Promise)) return result;
    const watching = result.then((value: unknown) => {
      if (isResource(value)) return watched(value, what, watch);
      return isTaskResult(value) ? judged(value, watch) : value;
    });
    return watch.track(what, watching);
  };
}

/** A room of the client: an object with methods, no data. Before the start it is a stand-in that has none yet. */
function isRoom(member: unknown): member is object {
  return typeof member === 'object' && member !== null && roomNames.has(member);
}

/** The doors of clients under watch. */
const roomNames = new WeakSet<object>();

/** Says that `client`'s doors lead to rooms. */
export function markRooms(client: MeshClient): void {
  const { federation, trust, policy, aggregator, discovery, audit } = client;
  for (const room of [federation, trust, policy, aggregator, discovery, audit]) roomNames.add(room);
}

/** A result whose feedback is waited for like any other call. */
function judged(result: TaskResult, watch: Watch): TaskResult {
  const feedback: TaskResult['feedback'] = (score, note) =>
    watch.track('feedback', result.feedback(score, note));
  return Object.defineProperty({ ...result }, 'feedback', { value: feedback });
}

function isTaskResult(value: unknown): value is TaskResult {
  return typeof value === 'object' && value !== null && 'receipt' in value && 'feedback' in value;
}

function isResource(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Symbol.asyncDispose in value;
}

function withWatchedHandler(
  definition: AgentDefinition<never>,
  watch: Watch,
): AgentDefinition<never> {
  const { handler } = definition;
  if (handler === undefined) return definition;
  return {
    ...definition,
    handler: (context: HandlerContext<never>) => {
      const done = watch.handling(definition, context);
      const result = handler(context);
      if (result instanceof Promise) return result.finally(done);
      if (!isGenerator(result)) {
        done();
        return result;
      }
      return (async function* () {
        try {
          return yield* result;
        } finally {
          done();
        }
      })();
    },
  };
}

function isGenerator(value: unknown): value is AsyncGenerator<never, unknown, undefined> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
