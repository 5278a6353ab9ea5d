/**
 * The run as the page plays it: events, messages under way, spans of harm, and the state of every node at any event.
 *
 * What stands in this folder travels into the page as source text, so each function uses nothing but its arguments and what a
 * browser has.
 * @module
 */
import type { PictureData } from '../picture-data.ts';

/** Of what an event speaks. */
export type EventKind =
  | 'message'
  | 'fault'
  | 'task'
  | 'session'
  | 'agent'
  | 'store'
  | 'life'
  | 'other';

/** An event in the page. */
export interface StoryEvent {
  readonly index: number;
  readonly seq: number;
  readonly t: number;
  readonly type: string;
  readonly node: string;
  readonly kind: EventKind;
  readonly rest: Readonly<Record<string, unknown>>;
  /** The members in one line. */
  readonly text: string;
  /** The same with long names cut in the middle. */
  readonly brief: string;
}

/** A message on its way. */
export interface Flight {
  readonly from: string;
  readonly to: string;
  readonly start: number;
  readonly end: number;
  readonly fate: 'delivered' | 'dropped' | 'corrupted';
  /** Whether it is a sign of life and no more. */
  readonly idle: boolean;
}

/** Harm that lasts. */
export interface Span {
  readonly lane: 'cut' | 'down' | 'pause' | 'other';
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A node at some moment. */
export interface NodeState {
  up: boolean;
  life: number;
  pausedUntil: number;
  slowMs: number;
  clockMs: number;
  diskFull: boolean;
  flushFails: boolean;
  /** How it lies, if it does. */
  behaviour: string;
  agents: Map<string, string>;
  sessions: Set<string>;
  /** Tasks its handlers are at work on. */
  running: Map<string, string>;
  /** Tasks it has asked others for. */
  asked: Map<string, string>;
  /** Calls of the test that are pending. */
  calls: Map<string, string>;
}

/** A cut between nodes. */
export interface StoryCut {
  readonly a: readonly string[];
  readonly b: readonly string[];
  readonly oneWay: boolean;
}

/** The mesh at some moment. */
export interface MeshState {
  readonly nodes: ReadonlyMap<string, NodeState>;
  readonly cuts: readonly StoryCut[];
  readonly weather: Readonly<Record<string, unknown>>;
}

/** A run. */
export interface Story {
  readonly events: readonly StoryEvent[];
  /** By start. */
  readonly flights: readonly Flight[];
  readonly spans: readonly Span[];
  readonly end: number;
  /** Index of the last event at or before `t`; -1 before the first. */
  indexAt(t: number): number;
  /** The mesh after event `index`. The result is the same object each time. */
  stateAfter(index: number): MeshState;
}

/** Reads `data`. */
export function storyOf(data: PictureData): Story {
  /** A message that waited long, as behind a cut, is shown for the last part of its way. */
  const longestFlight = 1_000;

  const kindOf = (type: string): EventKind => {
    const [family = ''] = type.split('.');
    if (family === 'message') return 'message';
    if (family === 'fault' || family === 'invariant' || type === 'store.lost') return 'fault';
    if (['task', 'handler', 'call', 'storm'].includes(family)) return 'task';
    if (['peer', 'link', 'session'].includes(family)) return 'session';
    if (['agent', 'record', 'trust', 'role', 'credential'].includes(family)) return 'agent';
    if (family === 'store' || family === 'disk') return 'store';
    return family === 'node' || family === 'mesh' ? 'life' : 'other';
  };

  const shown = (value: unknown): string => {
    if (typeof value === 'string') return value;
    return Array.isArray(value) ? value.map(shown).join(', ') : JSON.stringify(value);
  };

  const line = (rest: StoryEvent['rest'], say: (value: unknown) => string): string =>
    Object.entries(rest)
      .map(([member, value]) => `${member} ${say(value)}`)
      .join(' · ');
  /** Names of tasks and the like are long and told apart by their ends. */
  const shortened = (value: unknown): string =>
    shown(value).replace(/[^\s,"]{24,}/g, (name) => `${name.slice(0, 5)}…${name.slice(-6)}`);

  const events = data.rows.map(([seq, t, type, node, rest], index): StoryEvent => {
    const name = data.typeTable[type]!;
    return {
      index,
      seq,
      t,
      type: name,
      node: data.nodeTable[node]!,
      kind: kindOf(name),
      rest,
      text: line(rest, shown),
      brief: line(rest, shortened),
    };
  });
  const end = events.at(-1)?.t ?? 0;

  const flightOf = ({ type, node, t, rest }: StoryEvent): Flight | undefined => {
    const idle = rest['label'] === 'ping' || rest['label'] === 'pong';
    if (type === 'message.delivered') {
      const start = Math.max(Number(rest['sentAt']) || 0, t - longestFlight);
      return { from: String(rest['from']), to: node, start, end: t, fate: 'delivered', idle };
    }
    const fate = type === 'message.dropped' ? 'dropped' : 'corrupted';
    if (fate === 'corrupted' && type !== 'message.corrupted') return undefined;
    return { from: node, to: String(rest['to']), start: t, end: t, fate, idle };
  };
  const flights = events
    .map(flightOf)
    .filter((flight) => flight !== undefined)
    .sort((a, b) => a.start - b.start);

  const sidesOf = (rest: Readonly<Record<string, unknown>>): StoryCut => {
    const side = (value: unknown): readonly string[] =>
      Array.isArray(value) ? value.map(String) : [];
    return { a: side(rest['a']), b: side(rest['b']), oneWay: rest['oneWay'] === true };
  };
  const cutText = ({ a, b, oneWay }: StoryCut): string =>
    `${a.join(', ')} ${oneWay ? '⇥' : '|'} ${b.join(', ')}`;

  const spansOf = (): readonly Span[] => {
    const spans: Span[] = [];
    const open = new Map<string, Omit<Span, 'end'>>();
    const close = (name: string, at: number): void => {
      const begun = open.get(name);
      if (begun !== undefined) spans.push({ ...begun, end: at });
      open.delete(name);
    };
    const begin = (name: string, span: Omit<Span, 'end'>): void => {
      close(name, span.start);
      open.set(name, span);
    };
    for (const { type, node, t, rest } of events) {
      const other = (name: string, on: boolean): void => {
        if (on) begin(`${name} ${node}`, { lane: 'other', start: t, text: `${name} ${node}` });
        else close(`${name} ${node}`, t);
      };
      if (type === 'fault.partition' || type === 'fault.heal') {
        const text = cutText(sidesOf(rest));
        if (type === 'fault.heal') close(text, t);
        else begin(text, { lane: 'cut', start: t, text });
      }
      if (type === 'fault.crash')
        begin(`down ${node}`, { lane: 'down', start: t, text: `${node} is down` });
      if (type === 'node.booted') close(`down ${node}`, t);
      if (type === 'fault.pause') {
        const until = Math.min(end, t + Number(rest['ms']));
        spans.push({ lane: 'pause', start: t, end: until, text: `${node} is paused` });
      }
      if (type === 'fault.slow') other('slow', Number(rest['ms']) > 0);
      if (type === 'fault.clock') other('clock of', Number(rest['offsetMs']) !== 0);
      if (type === 'fault.disk-full') other('disk full of', rest['full'] === true);
      if (type === 'fault.flush') other('failing flush of', rest['fails'] === true);
      if (type === 'fault.network') {
        const bad = Number(rest['drop'] ?? 0) > 0 || Number(rest['tail'] ?? 0) > 0;
        other('bad street', bad);
      }
    }
    for (const name of [...open.keys()]) close(name, end);
    return spans;
  };

  const fresh = (): NodeState => ({
    up: false,
    life: 0,
    pausedUntil: 0,
    slowMs: 0,
    clockMs: 0,
    diskFull: false,
    flushFails: false,
    behaviour: '',
    agents: new Map(),
    sessions: new Set(),
    running: new Map(),
    asked: new Map(),
    calls: new Map(),
  });

  let at = -1;
  let cuts: StoryCut[] = [];
  let weather: Readonly<Record<string, unknown>> = {};
  const nodes = new Map<string, NodeState>();
  const reset = (): void => {
    at = -1;
    cuts = [];
    weather = {};
    for (const name of data.nodes) nodes.set(name, fresh());
  };
  reset();

  const goDown = (node: NodeState): void => {
    node.up = false;
    node.pausedUntil = 0;
    for (const things of [node.agents, node.sessions, node.running, node.asked, node.calls]) {
      things.clear();
    }
  };

  const applyToMesh = ({ type, rest }: StoryEvent): void => {
    if (type === 'fault.partition') cuts = [...cuts, sidesOf(rest)];
    if (type === 'fault.heal') {
      const gone = cutText(sidesOf(rest));
      cuts = cuts.filter((cut) => cutText(cut) !== gone);
    }
    if (type === 'fault.network') weather = { ...weather, ...rest };
  };

  const applyToNode = (node: NodeState, { type, t, rest }: StoryEvent): void => {
    const word = (name: string): string => shown(rest[name] ?? '');
    const peer = `${word('peer')}/${word('peerNode')}`;
    const work = `${word('agent')} ${word('task')} ${word('caller')}`;
    switch (type) {
      case 'node.booted':
        goDown(node);
        node.up = true;
        node.life = Number(rest['life']);
        break;
      case 'fault.crash':
      case 'node.closed':
        goDown(node);
        break;
      case 'fault.pause':
        node.pausedUntil = t + Number(rest['ms']);
        break;
      case 'fault.slow':
        node.slowMs = Number(rest['ms']);
        break;
      case 'fault.clock':
        node.clockMs = Number(rest['offsetMs']);
        break;
      case 'fault.disk-full':
        node.diskFull = rest['full'] === true;
        break;
      case 'fault.flush':
        node.flushFails = rest['fails'] === true;
        break;
      case 'fault.replace':
        node.behaviour = word('behaviour');
        break;
      case 'agent.registered':
        node.agents.set(word('name'), 'registered');
        break;
      case 'agent.changed':
        node.agents.set(word('name'), word('state'));
        break;
      case 'agent.retired':
        node.agents.delete(word('name'));
        break;
      case 'peer.connected':
        node.sessions.add(peer);
        break;
      case 'peer.lost':
        node.sessions.delete(peer);
        break;
      case 'handler.began':
        node.running.set(work, `${word('agent')} for ${word('caller')}: ${word('task')}`);
        break;
      case 'handler.ended':
        node.running.delete(work);
        break;
      case 'task.sent':
        node.asked.set(word('task'), `${word('taskType')} of ${word('peer')}: ${word('task')}`);
        break;
      case 'task.completed':
      case 'task.failed':
        node.asked.delete(word('task'));
        break;
      case 'call.began':
        node.calls.set(word('call'), word('what'));
        break;
      case 'call.ended':
        node.calls.delete(word('call'));
        break;
    }
  };

  return {
    events,
    flights,
    spans: spansOf(),
    end,
    indexAt: (t) => {
      let [low, high] = [0, events.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (events[middle]!.t <= t) low = middle + 1;
        else high = middle;
      }
      return low - 1;
    },
    stateAfter: (index) => {
      if (index < at) reset();
      while (at < index) {
        at += 1;
        const event = events[at]!;
        const node = nodes.get(event.node);
        if (node === undefined) applyToMesh(event);
        else applyToNode(node, event);
      }
      return { nodes, cuts, weather };
    },
  };
}
