/**
 * The list of events, of which only the rows in sight exist.
 * @module
 */
import type { StoryEvent } from './story.ts';

/** A list of events. */
export interface EventList {
  /** Shows `events`. */
  fill(events: readonly StoryEvent[]): void;
  /** Marks the last of them at or before event `index`, and with `follow` scrolls it into sight. */
  mark(index: number, follow: boolean): void;
}

/** What a list needs. */
export interface EventListParts {
  readonly box: HTMLElement;
  /** The time as people read it. */
  readonly clock: (t: number) => string;
  /** Index of the event at which the run failed; -1 for none. */
  readonly failing: number;
  readonly clicked: (event: StoryEvent) => void;
}

/** A list in `box`, which scrolls. */
export function eventListOf({ box, clock, failing, clicked }: EventListParts): EventList {
  const rowHeight = 26;
  const inner = document.createElement('div');
  inner.className = 'rows';
  inner.setAttribute('role', 'presentation');
  box.append(inner);
  let events: readonly StoryEvent[] = [];
  let marked = -1;
  /** The rows in sight, by place. A row stays the same element: one replaced under a pressed mouse button hears no click. */
  const shown = new Map<number, HTMLElement>();

  const cell = (name: string, text: string): HTMLElement => {
    const span = document.createElement('span');
    span.className = name;
    span.textContent = text;
    return span;
  };

  const rowOf = (event: StoryEvent, place: number): HTMLElement => {
    const row = document.createElement('div');
    row.className = 'row';
    row.id = `event-${String(event.seq)}`;
    row.setAttribute('role', 'option');
    row.setAttribute('aria-setsize', String(events.length));
    row.setAttribute('aria-posinset', String(place + 1));
    row.dataset['kind'] = event.kind;
    row.dataset['place'] = String(place);
    if (event.index === failing) row.dataset['failing'] = 'true';
    row.style.top = `${String(place * rowHeight)}px`;
    row.title = `${event.type} ${event.text}`;
    row.append(
      cell('time', clock(event.t)),
      cell('who', event.node === '' ? '—' : event.node),
      cell('type', event.type),
      cell('text', event.brief),
    );
    return row;
  };

  const render = (): void => {
    const first = Math.max(0, Math.floor(box.scrollTop / rowHeight) - 6);
    const last = Math.min(events.length, first + Math.ceil(box.clientHeight / rowHeight) + 12);
    for (const [place, row] of shown) {
      if (place >= first && place < last) continue;
      row.remove();
      shown.delete(place);
    }
    for (let place = last - 1; place >= first; place -= 1) {
      const row = shown.get(place) ?? rowOf(events[place]!, place);
      row.setAttribute('aria-selected', String(place === marked));
      if (shown.has(place)) continue;
      shown.set(place, row);
      inner.insertBefore(row, shown.get(place + 1) ?? null);
    }
    const active = events[marked];
    const isThere = active !== undefined && marked >= first && marked < last;
    if (isThere) box.setAttribute('aria-activedescendant', `event-${String(active.seq)}`);
    else box.removeAttribute('aria-activedescendant');
  };

  box.addEventListener('scroll', render);
  new ResizeObserver(render).observe(box);
  box.addEventListener('click', ({ target }) => {
    const row = (target as HTMLElement).closest<HTMLElement>('.row');
    const event = events[Number(row?.dataset['place'] ?? -1)];
    if (event !== undefined) clicked(event);
  });
  box.addEventListener('keydown', (key) => {
    const page = Math.max(1, Math.floor(box.clientHeight / rowHeight) - 1);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -events.length,
      End: events.length,
    };
    const step = steps[key.key];
    if (step === undefined || events.length === 0) return;
    key.preventDefault();
    clicked(events[Math.min(events.length - 1, Math.max(0, marked + step))]!);
  });

  /** The place of the last event at or before event `index`. */
  const placeOf = (index: number): number => {
    let [low, high] = [0, events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (events[middle]!.index <= index) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };

  return {
    fill: (next) => {
      events = next;
      marked = -1;
      // Rows of before would hold the old place of the list open.
      inner.replaceChildren();
      shown.clear();
      box.scrollTop = 0;
      inner.style.height = `${String(events.length * rowHeight)}px`;
      render();
    },
    mark: (index, follow) => {
      const place = placeOf(index);
      if (place === marked) return;
      marked = place;
      const top = Math.max(0, place) * rowHeight;
      const isOut = top < box.scrollTop || top > box.scrollTop + box.clientHeight - 2 * rowHeight;
      if (follow && isOut) box.scrollTop = top - box.clientHeight / 2;
      render();
    },
  };
}
