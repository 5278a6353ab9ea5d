/**
 * The stage: nodes as buttons, and a canvas behind them for sessions, cuts and messages.
 * @module
 */
import type { Place } from './layout.ts';
import type { Flight, MeshState, NodeState, Story } from './story.ts';

/** Draws the mesh. */
export interface Stage {
  /** Shows the mesh as it is at `t`; a message is seen for at least `lingerMs` of virtual time. */
  draw(state: MeshState, t: number, lingerMs: number, selected: string): void;
}

/** What a stage needs. */
export interface StageParts {
  readonly box: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  readonly story: Story;
  readonly places: ReadonlyMap<string, Place>;
  /** The colour of a name such as `cut`, as the page's style has it now. */
  readonly colour: (name: string) => string;
  readonly clicked: (node: string) => void;
}

/** Puts the nodes on the stage. */
export function stageOf(parts: StageParts): Stage {
  const { box, canvas, story, places, colour, clicked } = parts;
  /** Messages drawn at once; where there are more, the newest. */
  const mostFlights = 1_500;
  /** Lines of a cut drawn at once. */
  const mostLines = 1_500;
  const hues = 8;
  const context = canvas.getContext('2d')!;
  const crowd = places.size > 30 ? 'crowd' : places.size > 14 ? 'many' : 'few';
  box.dataset['crowd'] = crowd;

  const buttons = new Map(
    [...places].map(([name, { x, y, org }]) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'node';
      button.dataset['node'] = name;
      button.style.left = `${String(50 + x * 41)}%`;
      button.style.top = `${String(50 + y * 40)}%`;
      button.style.setProperty('--org', `var(--org-${String(org % hues)})`);
      const label = document.createElement('span');
      label.className = 'name';
      label.textContent = name;
      const badge = document.createElement('span');
      badge.className = 'badge';
      button.append(label, badge);
      button.addEventListener('click', () => {
        clicked(name);
      });
      box.append(button);
      return [name, button] as const;
    }),
  );

  const whatAils = (node: NodeState, t: number): readonly string[] => {
    if (!node.up) return [node.life === 0 ? 'not yet' : 'down'];
    const seconds = Math.round(node.clockMs / 1_000);
    return [
      ...(node.pausedUntil > t ? ['paused'] : []),
      ...(node.slowMs > 0 ? ['slow'] : []),
      ...(node.clockMs !== 0
        ? [`clock ${seconds > 0 ? '+' : '−'}${String(Math.abs(seconds))} s`]
        : []),
      ...(node.diskFull ? ['disk full'] : []),
      ...(node.flushFails ? ['flush fails'] : []),
      ...(node.behaviour === '' ? [] : [`lies: ${node.behaviour}`]),
    ];
  };

  const showNode = (name: string, node: NodeState, t: number, selected: string): void => {
    const button = buttons.get(name)!;
    const ails = whatAils(node, t);
    const state = !node.up
      ? 'down'
      : node.pausedUntil > t
        ? 'paused'
        : ails.length > 0
          ? 'ill'
          : 'up';
    const tasks = node.running.size === 0 ? '' : `⚙${String(node.running.size)}`;
    const badge = [...ails, tasks].filter(Boolean).join(' · ');
    if (button.dataset['state'] !== state) button.dataset['state'] = state;
    const busy = String(node.running.size > 0);
    if (button.dataset['busy'] !== busy) button.dataset['busy'] = busy;
    const pressed = String(name === selected);
    if (button.getAttribute('aria-pressed') !== pressed)
      button.setAttribute('aria-pressed', pressed);
    const shown = button.lastElementChild!;
    if (shown.textContent !== badge) {
      shown.textContent = badge;
      button.setAttribute('aria-label', `Node ${name}: ${badge === '' ? 'up' : badge}`);
    }
  };

  let [width, height] = [0, 0];
  const point = (name: string): { x: number; y: number } | undefined => {
    const place = places.get(name);
    if (place === undefined) return undefined;
    return { x: width * (0.5 + place.x * 0.41), y: height * (0.5 + place.y * 0.4) };
  };
  const line = (from: string, to: string): void => {
    const [a, b] = [point(from), point(to)];
    if (a === undefined || b === undefined) return;
    context.moveTo(a.x, a.y);
    context.lineTo(b.x, b.y);
  };

  const drawSessions = ({ nodes }: MeshState, selected: string): void => {
    const drawn = (only: string): void => {
      context.beginPath();
      for (const [name, { sessions }] of nodes) {
        for (const peer of sessions) {
          if (only === '' ? name < peer || !nodes.get(peer)?.sessions.has(name) : name === only) {
            line(name, peer);
          }
        }
      }
      context.stroke();
    };
    context.setLineDash([]);
    context.strokeStyle = colour('line');
    context.lineWidth = crowd === 'crowd' ? 0.5 : 1;
    context.globalAlpha = crowd === 'crowd' ? 0.35 : crowd === 'many' ? 0.6 : 1;
    drawn('');
    context.globalAlpha = 1;
    if (selected === '') return;
    context.strokeStyle = colour('accent');
    context.lineWidth = 1.5;
    drawn(selected);
  };

  const drawCuts = ({ cuts }: MeshState): void => {
    context.strokeStyle = colour('cut');
    for (const { a, b, oneWay } of cuts) {
      const pairs = a.flatMap((from) => b.map((to) => [from, to] as const)).slice(0, mostLines);
      context.globalAlpha = Math.max(0.12, Math.min(0.75, 12 / pairs.length));
      context.lineWidth = 1.5;
      context.setLineDash(oneWay ? [2, 6] : [7, 6]);
      context.beginPath();
      for (const [from, to] of pairs) line(from, to);
      context.stroke();
    }
    context.globalAlpha = 1;
    context.setLineDash([]);
  };

  /** Those under way at `t`. The longest takes a second (see `storyOf`), so that only a few need a look. */
  const flightsAt = (t: number, lingerMs: number): readonly Flight[] => {
    const { flights } = story;
    const firstAfter = (time: number): number => {
      let [low, high] = [0, flights.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (flights[middle]!.start <= time) low = middle + 1;
        else high = middle;
      }
      return low;
    };
    const end = firstAfter(t);
    const begin = Math.max(firstAfter(t - Math.max(lingerMs, 1_000)), end - mostFlights);
    return flights
      .slice(begin, end)
      .filter((flight) => Math.max(flight.end, flight.start + lingerMs) > t);
  };

  const drawFlight = (
    { from, to, start, end, fate, idle }: Flight,
    t: number,
    lingerMs: number,
  ): void => {
    const [a, b] = [point(from), point(to)];
    if (a === undefined || b === undefined) return;
    const share = (t - start) / Math.max(end - start, lingerMs, 1);
    if (fate !== 'delivered') {
      const way = Math.min(share, 0.5);
      const [x, y] = [a.x + (b.x - a.x) * way, a.y + (b.y - a.y) * way];
      const size = crowd === 'few' ? 4 : 3;
      context.strokeStyle = colour(fate === 'dropped' ? 'cut' : 'ill');
      context.lineWidth = 2;
      context.globalAlpha = share < 0.5 ? 1 : 2 - 2 * share;
      context.beginPath();
      context.moveTo(x - size, y - size);
      context.lineTo(x + size, y + size);
      context.moveTo(x - size, y + size);
      context.lineTo(x + size, y - size);
      context.stroke();
      context.globalAlpha = 1;
      return;
    }
    const [x, y] = [a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share];
    const tail = Math.max(0, share - 0.08);
    const paint = colour(idle ? 'idle' : 'message');
    context.strokeStyle = paint;
    context.lineWidth = 1.5;
    context.globalAlpha = 0.45;
    context.beginPath();
    context.moveTo(a.x + (b.x - a.x) * tail, a.y + (b.y - a.y) * tail);
    context.lineTo(x, y);
    context.stroke();
    context.globalAlpha = 1;
    context.fillStyle = paint;
    context.beginPath();
    context.arc(x, y, (crowd === 'few' ? 3.8 : 2.8) - (idle ? 1 : 0), 0, 2 * Math.PI);
    context.fill();
  };

  return {
    draw: (state, t, lingerMs, selected) => {
      const scale = window.devicePixelRatio;
      [width, height] = [box.clientWidth, box.clientHeight];
      const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
      if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
      context.setTransform(scale, 0, 0, scale, 0, 0);
      context.clearRect(0, 0, width, height);
      drawSessions(state, selected);
      drawCuts(state);
      for (const flight of flightsAt(t, lingerMs)) drawFlight(flight, t, lingerMs);
      for (const [name, node] of state.nodes) showNode(name, node, t, selected);
    },
  };
}
