/**
 * A libp2p node as its own guide sets one up: TCP, Noise, yamux.
 * @module
 */
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { tcp } from '@libp2p/tcp';
import { createLibp2p, type Libp2p } from 'libp2p';

/** A node that listens at `listen`. Limits that would stop a benchmark are lifted. */
export function libp2pNode(listen: string[]): Promise<Libp2p> {
  return createLibp2p({
    addresses: { listen },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    connectionManager: { inboundConnectionThreshold: 1e9, maxIncomingPendingConnections: 1e6 },
  });
}
