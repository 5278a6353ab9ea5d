/**
 * How the outside looks to each room: transports and addresses, and the street with what policy and siblings add to it.
 * @module
 */

import { memoryTransport } from '../adapters/transports/memory.ts';
import { MeshError } from '../base/errors.ts';
import type { Did } from '../base/ids.ts';
import type { Discovery } from '../core/discovery/index.ts';
import type { Federation } from '../core/federation/index.ts';
import type { Street } from '../ports/street.ts';
import type { Transport } from '../ports/transport.ts';
import type { MeshClientOptions } from './options.ts';

/** An unnamed memory transport listens under the DID, so that meshes of one process find each other by it. */
export function transportsOf(
  options: MeshClientOptions,
  did: Did,
  node: string,
): readonly Transport[] {
  const given = [options.transport ?? memoryTransport()].flat() as readonly Transport[];
  return given.map((transport) =>
    transport.listenAt === 'mem:'
      ? {
          ...transport,
          listenAt: node === 'main' ? `mem:${did}` : `mem:${did}~${encodeURIComponent(node)}`,
        }
      : transport,
  );
}

/** Where `peer` can be reached: where it says, and under its DID where there is a memory transport. */
export function endpointsOf(
  peer: Did,
  transports: readonly Transport[],
  discovery: Discovery,
): readonly string[] {
  const announced = discovery.records({ meshId: peer }).flatMap(({ endpoints }) => endpoints);
  const here = transports.some(({ schemes }) => schemes.includes('mem')) ? [`mem:${peer}`] : [];
  return [...new Set([...announced, ...here])];
}

/** The street as trust sees it: what is decided at one node of an organisation is in force at all of them. */
export function withSiblings(federation: Federation, did: Did) {
  return {
    call: federation.call.bind(federation),
    handle: federation.handle.bind(federation),
    peers: () => federation.peers(),
    onPeer: (listener: (peer: Did) => void) => federation.onPeer(listener),
    siblings: () =>
      federation
        .sessions()
        .filter((session) => session.did === did && session.state === 'active')
        .map(({ node }) => node),
  };
}

/** The street as discovery sees it: records are taken only from those policy lets publish. */
export function publishersOnly(federation: Federation, mayPublish: (peer: Did) => boolean): Street {
  return {
    call: (peer, method, body, options) => federation.call(peer, method, body, options),
    peers: () => federation.peers(),
    onPeer: (listener) => federation.onPeer(listener),
    handle: (method, handler) => {
      federation.handle(method, (call) => {
        if (method !== 'discovery.push' || mayPublish(call.from)) return handler(call);
        const action = 'record.publish';
        throw new MeshError('POLICY_DENIED', {
          action,
          resource: 'mesh',
          determining: 'by the receiver',
        });
      });
    },
  };
}
