/**
 * Which events the list shows.
 * @module
 */
import type { StoryEvent } from './story.ts';

/** What is asked for; an empty text asks for everything. */
export interface Filter {
  /** `story` (all but messages, links and writes), `all`, a kind (`kind:fault`) or a type (`type:task.sent`). */
  readonly what: string;
  /** A node, or an event that names it. */
  readonly node: string;
  /** Words that must all occur in type, node or members; case does not matter. */
  readonly text: string;
  /** Index of an event that belongs to the story, whatever its type. */
  readonly always: number;
}

/** The events of `events` that `filter` lets through. */
export function eventsThrough(
  events: readonly StoryEvent[],
  { what, node, text, always }: Filter,
): readonly StoryEvent[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const noise = /^(message|link|store)\./;
  const concerns = (event: StoryEvent): boolean =>
    event.node === node ||
    Object.values(event.rest).some(
      (value) => value === node || (Array.isArray(value) && value.includes(node)),
    );
  const isWanted = (event: StoryEvent): boolean => {
    if (what === 'all') return true;
    if (what === 'story') return event.index === always || !noise.test(event.type);
    return what === `kind:${event.kind}` || what === `type:${event.type}`;
  };
  const says = (event: StoryEvent): boolean => {
    const all = `${event.type} ${event.node} ${event.text}`.toLowerCase();
    return words.every((word) => all.includes(word));
  };
  return events.filter(
    (event) =>
      isWanted(event) && (node === '' || concerns(event)) && (words.length === 0 || says(event)),
  );
}
