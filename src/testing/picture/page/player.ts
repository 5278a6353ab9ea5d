/**
 * The page at work: the clock, the controls, and what each of them changes.
 * @module
 */
import type { PictureData } from '../picture-data.ts';
import type { eventListOf } from './event-list.ts';
import type { eventsThrough } from './filter.ts';
import type { layoutOf } from './layout.ts';
import type { stageOf } from './stage.ts';
import type { MeshState, NodeState, StoryEvent, storyOf } from './story.ts';
import type { timelineOf } from './timeline.ts';

/** The other functions of this folder, as the page has them. */
export interface PlayerParts {
  readonly storyOf: typeof storyOf;
  readonly layoutOf: typeof layoutOf;
  readonly stageOf: typeof stageOf;
  readonly eventListOf: typeof eventListOf;
  readonly eventsThrough: typeof eventsThrough;
  readonly timelineOf: typeof timelineOf;
}

/** Plays `data` in the page it finds. */
export function play(data: PictureData, parts: PlayerParts): void {
  /** How long a message is seen at least, in real milliseconds. */
  const seenMs = 450;

  const element = (id: string): HTMLElement => document.getElementById(id)!;
  const make = (tag: string, className: string, text = ''): HTMLElement => {
    const made = document.createElement(tag);
    made.className = className;
    made.textContent = text;
    return made;
  };
  const clock = (t: number): string => {
    const ms = Math.floor(t);
    const two = (n: number): string => String(n).padStart(2, '0');
    const [h, m, s] = [
      Math.floor(ms / 3_600_000),
      Math.floor(ms / 60_000) % 60,
      Math.floor(ms / 1_000) % 60,
    ];
    return `${h > 0 ? `${String(h)}:${two(m)}` : String(m)}:${two(s)}.${String(ms % 1_000).padStart(3, '0')}`;
  };

  const story = parts.storyOf(data);
  const { events, end } = story;
  const { failure } = data;
  const indexOfSeq = new Map(events.map(({ seq, index }) => [seq, index]));
  const failing = failure === undefined ? -1 : (indexOfSeq.get(failure.seq) ?? -1);

  // Canvases take no variables of CSS, and a scheme may change: ask an element that has the colour.
  const colours = new Map<string, string>();
  const probe = make('i', 'probe');
  document.body.append(probe);
  const colour = (name: string): string => {
    const known = colours.get(name);
    if (known !== undefined) return known;
    probe.style.color = `var(--${name})`;
    const { color } = getComputedStyle(probe);
    colours.set(name, color);
    return color;
  };

  let now = 0;
  /** The last event that has happened. Events of one moment follow one another when stepped through. */
  let index = story.indexAt(0);
  let playing = false;
  let selected = '';
  let shownNode = '';

  const playButton = element('play') as HTMLButtonElement;
  const scrubber = element('scrubber') as HTMLInputElement;
  const speed = element('speed') as HTMLSelectElement;
  const what = element('what') as HTMLSelectElement;
  const who = element('who') as HTMLSelectElement;
  const search = element('search') as HTMLInputElement;

  const stage = parts.stageOf({
    box: element('stage'),
    canvas: element('street') as HTMLCanvasElement,
    story,
    places: parts.layoutOf(data.nodes),
    colour,
    clicked: (node) => {
      select(node === selected ? '' : node);
    },
  });
  const list = parts.eventListOf({
    box: element('events'),
    clock,
    failing,
    clicked: (event) => {
      goTo(event.t, event.index);
    },
  });
  const drawTimeline = parts.timelineOf({
    canvas: element('timeline') as HTMLCanvasElement,
    story,
    failedAt: failure?.t,
    colour,
  });

  const show = (follow: boolean): void => {
    const state = story.stateAfter(index);
    stage.draw(state, now, seenMs * Number(speed.value), selected);
    element('clock').textContent = clock(now);
    scrubber.value = String(Math.round(now));
    scrubber.setAttribute('aria-valuetext', clock(now));
    list.mark(index, follow);
    showHarm(state);
    showNode(state);
  };

  const goTo = (t: number, event = story.indexAt(t)): void => {
    now = Math.min(end, Math.max(0, t));
    index = event;
    show(true);
  };

  const select = (node: string): void => {
    selected = node;
    who.value = node;
    refill();
    show(true);
  };

  const refill = (): void => {
    const found = parts.eventsThrough(events, {
      what: what.value,
      node: who.value,
      text: search.value,
      always: failing,
    });
    list.fill(found);
    const all = events.length.toLocaleString('en');
    element('found').textContent = `${found.length.toLocaleString('en')} of ${all} events`;
  };

  const showHarm = ({ cuts, weather, nodes }: MeshState): void => {
    const percent = (name: string): number => Math.round(Number(weather[name] ?? 0) * 100);
    const lines: (readonly [string, string])[] = cuts.map(({ a, b, oneWay }) => {
      const few = (side: readonly string[]): string =>
        side.length > 6
          ? `${side.slice(0, 5).join(', ')} and ${String(side.length - 5)} more`
          : side.join(', ');
      return ['cut', `${few(a)} ${oneWay ? 'cannot speak to' : 'cut from'} ${few(b)}`] as const;
    });
    const street = ['drop', 'duplicate', 'reorder', 'tail']
      .filter((name) => percent(name) > 0)
      .map((name) => `${name} ${String(percent(name))} %`);
    if (street.length > 0) lines.push(['ill', `bad street: ${street.join(', ')}`]);
    const down = [...nodes].filter(([, node]) => !node.up && node.life > 0).map(([name]) => name);
    if (down.length > 0)
      lines.push(['down', `down: ${down.slice(0, 8).join(', ')}${down.length > 8 ? ' …' : ''}`]);
    const paused = [...nodes].filter(([, node]) => node.pausedUntil > now).map(([name]) => name);
    if (paused.length > 0) lines.push(['pause', `paused: ${paused.join(', ')}`]);
    const text = lines.map(([, line]) => line).join('\n');
    const harm = element('harm');
    if (harm.dataset['text'] === text) return;
    harm.dataset['text'] = text;
    harm.replaceChildren(...lines.map(([kind, line]) => make('li', kind, line)));
  };

  const factsOf = (node: NodeState): readonly (readonly [string, string])[] => {
    const list = (things: Iterable<string>): string => [...things].join('\n') || 'none';
    const agents = [...node.agents].map(([name, state]) => `${name} (${state})`);
    const state = !node.up
      ? 'down'
      : node.pausedUntil > now
        ? `paused until ${clock(node.pausedUntil)}`
        : 'up';
    return [
      ['State', `${state}, life ${String(node.life)}`],
      ['Agents', list(agents)],
      ['Sessions', [...node.sessions].sort().join(', ') || 'none'],
      ['At work on', list(node.running.values())],
      ['Waits for', list(node.asked.values())],
    ];
  };

  const showNode = ({ nodes }: MeshState): void => {
    const panel = element('node');
    const node = nodes.get(selected);
    panel.hidden = node === undefined;
    if (node === undefined) return;
    const facts = factsOf(node);
    const key = JSON.stringify([selected, facts]);
    if (key === shownNode) return;
    shownNode = key;
    element('node-name').textContent = selected;
    element('node-facts').replaceChildren(
      ...facts.flatMap(([name, value]) => [make('dt', '', name), make('dd', '', value)]),
    );
  };

  const jumpTo = (event: StoryEvent): HTMLElement => {
    const item = make('li', '');
    const button = make('button', 'jump');
    button.setAttribute('type', 'button');
    button.append(
      make('span', 'time', clock(event.t)),
      make('span', 'who', event.node),
      make('span', 'type', event.type),
      make('span', 'text', event.brief),
    );
    button.dataset['kind'] = event.kind;
    button.title = event.text;
    button.addEventListener('click', () => {
      stop();
      goTo(event.t, event.index);
    });
    item.append(button);
    return item;
  };

  const showFailure = (): void => {
    if (failure === undefined) return;
    element('failure').hidden = false;
    for (const id of ['legend-failure', 'key-failure']) element(id).hidden = false;
    element('law').textContent = failure.law;
    element('why').textContent = failure.detail;
    const at = events[failing];
    const where =
      at === undefined
        ? ''
        : `, seen at event ${String(at.seq)}, ${at.type} of ${at.node || 'the mesh'}`;
    element('when').textContent = `at ${clock(failure.t)}${where}`;
    const replay = element('replay');
    replay.textContent = failure.replay ?? '';
    replay.hidden = failure.replay === undefined;
    const led = failure.because
      .map((seq) => events[indexOfSeq.get(seq) ?? -1])
      .filter((event) => event !== undefined);
    element('because').replaceChildren(
      ...led.map((event) => {
        const item = jumpTo(event);
        if (event.index === failing) item.firstElementChild!.setAttribute('data-failing', 'true');
        return item;
      }),
    );
    element('to-failure').addEventListener('click', () => {
      stop();
      goTo(failure.t, failing < 0 ? undefined : failing);
    });
  };

  let lastFrame = 0;
  const frame = (time: number): void => {
    if (!playing) return;
    const next = now + (time - lastFrame) * Number(speed.value);
    lastFrame = time;
    // A run that failed stops there once, so that nobody misses it.
    const stops = failing >= 0 && index < failing && next >= failure!.t;
    now = Math.min(stops ? failure!.t : next, end);
    index = stops ? failing : Math.max(index, story.indexAt(now));
    show(true);
    if (stops || now >= end) stop();
    else requestAnimationFrame(frame);
  };
  const start = (): void => {
    if (now >= end) goTo(0);
    playing = true;
    lastFrame = performance.now();
    playButton.setAttribute('aria-pressed', 'true');
    playButton.textContent = 'Pause';
    requestAnimationFrame(frame);
  };
  const stop = (): void => {
    playing = false;
    playButton.setAttribute('aria-pressed', 'false');
    playButton.textContent = 'Play';
  };
  const toggle = (): void => {
    if (playing) stop();
    else start();
  };
  const step = (by: number): void => {
    stop();
    const event = events[Math.min(events.length - 1, Math.max(0, index + by))];
    if (event !== undefined) goTo(event.t, event.index);
  };

  const fillSelects = (): void => {
    const option = (value: string, text: string): HTMLOptionElement => {
      const made = document.createElement('option');
      made.value = value;
      made.textContent = text;
      return made;
    };
    const group = (label: string, options: readonly HTMLOptionElement[]): HTMLElement => {
      const made = document.createElement('optgroup');
      made.label = label;
      made.append(...options);
      return made;
    };
    const counted = (of: (event: StoryEvent) => string): readonly (readonly [string, number])[] => {
      const counts = new Map<string, number>();
      for (const event of events) counts.set(of(event), (counts.get(of(event)) ?? 0) + 1);
      return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
    };
    const named =
      (prefix: string) =>
      ([name, n]: readonly [string, number]): HTMLOptionElement =>
        option(`${prefix}:${name}`, `${name} (${n.toLocaleString('en')})`);
    what.append(
      option('story', 'Story: all but messages and writes'),
      option('all', 'Everything'),
      group('Kinds', counted(({ kind }) => kind).map(named('kind'))),
      group('Types', counted(({ type }) => type).map(named('type'))),
    );
    who.append(option('', 'All nodes'), ...data.nodes.map((name) => option(name, name)));
    const factors = [0.01, 0.1, 0.5, 1, 2, 5, 10, 30, 60];
    speed.append(...factors.map((factor) => option(String(factor), `${String(factor)}×`)));
    // A run is over in about a minute.
    speed.value = String(factors.find((factor) => end / factor <= 60_000) ?? factors.at(-1));
  };

  const connect = (): void => {
    playButton.addEventListener('click', toggle);
    element('back').addEventListener('click', () => {
      step(-1);
    });
    element('forth').addEventListener('click', () => {
      step(1);
    });
    scrubber.max = String(Math.ceil(end));
    scrubber.addEventListener('input', () => {
      goTo(Number(scrubber.value));
    });
    for (const control of [what, search]) {
      control.addEventListener('input', () => {
        refill();
        show(true);
      });
    }
    who.addEventListener('input', () => {
      select(who.value);
    });
    speed.addEventListener('input', () => {
      show(false);
    });
    element('node-close').addEventListener('click', () => {
      select('');
    });
    document.addEventListener('keydown', (event) => {
      const { tagName } = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === 'Escape' && selected !== '') select('');
      if (/^(SELECT|BUTTON)$/.test(tagName) || event.target === search) return;
      if (event.key === ' ') {
        event.preventDefault();
        toggle();
      }
      if (event.key === ',') step(-1);
      if (event.key === '.') step(1);
      if (event.key === 'f' && failure !== undefined) element('to-failure').click();
    });
    const redraw = (): void => {
      colours.clear();
      drawTimeline();
      show(false);
    };
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
    new ResizeObserver(redraw).observe(element('stage'));
  };

  fillSelects();
  connect();
  showFailure();
  refill();
  // The mesh begins to be a mesh when it is ready.
  const ready = events.find(({ type }) => type === 'mesh.ready');
  goTo(ready?.t ?? 0);
  drawTimeline();
}
