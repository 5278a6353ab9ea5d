/**
 * Peers of peers: one address is enough to find the rest.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import { list, object, type Shape } from '../../base/shape.ts';
import type { Endpoint } from '../../ports/transport.ts';
import { did, name } from '../../schema/words.ts';
import { endpointsShape } from './hello.ts';

/** The method that asks for introductions. */
export const introduceMethod = 'mesh.introduce';
/** Introductions in one answer, at most. */
export const introductionLimit = 64;

/** A node somebody else is connected with. Only its own handshake proves that it is who it is said to be. */
export interface Introduction {
  readonly did: Did;
  readonly node: string;
  readonly endpoints: readonly Endpoint[];
}

/** Parser of the answer. */
export const introductionsShape: Shape<readonly Introduction[]> = list(
  object({ did, node: name, endpoints: endpointsShape }),
  { max: introductionLimit },
);

/** The answer to `asker`: those of `peers` that listen somewhere, without the asker itself. */
export function introductionsFor(
  asker: Did,
  peers: Iterable<Introduction>,
): readonly Introduction[] {
  const found: Introduction[] = [];
  for (const { did: peer, node, endpoints } of peers) {
    if (found.length === introductionLimit) break;
    if (peer !== asker && endpoints.length > 0) found.push({ did: peer, node, endpoints });
  }
  return found;
}
