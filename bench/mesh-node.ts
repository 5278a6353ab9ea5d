/**
 * A node with a street and nothing else: an identity, sessions, calls.
 * @module
 */
import { platform } from '#platform';
import { memoryStore } from '../src/adapters/stores/memory.ts';
import type { Did } from '../src/base/ids.ts';
import { Federation } from '../src/core/federation/index.ts';
import { createIdentity, KeyRing } from '../src/core/identity/index.ts';
import type { Endpoint, Transport } from '../src/ports/transport.ts';

/** A started node that reaches others over `transport`, and by `addresses` where it is given their DID. */
export async function meshNode(
  transport: Transport,
  addresses: ReadonlyMap<Did, Endpoint> = new Map(),
): Promise<Federation> {
  const { clock, random } = platform;
  const crypto = await platform.crypto();
  const identity = await createIdentity({ clock, random, crypto });
  const keys = new KeyRing({ clock, crypto, store: memoryStore() });
  const federation = new Federation({
    identities: [identity],
    node: 'bench',
    transports: [transport],
    clock,
    random,
    crypto,
    keys,
    store: memoryStore(),
    emit: () => undefined,
    introductions: false,
    addressBook: {
      endpoints: (did) => [addresses.get(did)].filter((endpoint) => endpoint !== undefined),
    },
  });
  await federation.start();
  return federation;
}
