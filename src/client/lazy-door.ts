/**
 * A room's door that can be held before the client has started: what may wait starts the client first, what must
 * answer at once says `NOT_STARTED`.
 * @module
 */
import { MeshError } from '../base/errors.ts';

/** A stand-in for the room that `current` will give once `ready` has resolved. */
export function lazyDoor<Room extends object>(
  name: string,
  current: () => Room | undefined,
  ready: () => Promise<Room>,
  waiting: readonly (keyof Room & string)[],
): Room {
  const bound = new Map<PropertyKey, BoundMember>();
  return new Proxy({} as Room, {
    get(_, property) {
      const room = current();
      if (room !== undefined) return memberOf(room, property, bound);
      // A promise is asked for `then`, an inspector for symbols: neither is a call.
      if (typeof property === 'symbol' || property === 'then') return undefined;
      if (!waiting.includes(property as keyof Room & string)) {
        throw new MeshError('NOT_STARTED', { what: `${name}.${property}` });
      }
      return async (...args: unknown[]): Promise<unknown> => {
        const member = memberOf(await ready(), property, bound);
        return (member as (...all: unknown[]) => unknown)(...args);
      };
    },
    has: (_, property) => property in (current() ?? {}),
  });
}

/** A method as it stands in a room, and tied to it. */
interface BoundMember {
  readonly method: unknown;
  readonly room: object;
  readonly tied: unknown;
}

/** The member of the room; a method is tied to it once. */
function memberOf(
  room: object,
  property: PropertyKey,
  bound: Map<PropertyKey, BoundMember>,
): unknown {
  const method: unknown = Reflect.get(room, property, room);
  if (typeof method !== 'function') return method;
  const known = bound.get(property);
  if (known?.method === method && known.room === room) return known.tied;
  const tied: unknown = (method as (...all: unknown[]) => unknown).bind(room);
  bound.set(property, { method, room, tied });
  return tied;
}
