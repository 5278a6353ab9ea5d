/**
 * How a bond is made: meet, hear each other out, decide, remember.
 * @module
 */
import { withDeadline } from '../base/abort.ts';
import { MeshError } from '../base/errors.ts';
import type { Did } from '../base/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { Rooms } from './compose.ts';
import type { FederateOptions, FederationLink } from './federation-link.ts';

/** What it takes. */
export interface Federating {
  readonly rooms: Rooms;
  readonly clock: Clock;
  readonly executeTask: FederationLink['executeTask'];
}

/** Credentials and records that take longer come later; the bond does not wait for them. */
const introductionMs = 5_000;

/** Makes a bond with `name`, a DID or a petname. */
export async function federateWith(
  name: Did,
  options: FederateOptions,
  { rooms, clock, executeTask }: Federating,
): Promise<FederationLink> {
  const peer = await rooms.keys.named(name);
  const { federation, trust, policy, bonds, lifetime } = rooms;
  const { minTrust = 0, purpose, signal } = options;
  const resource = `org:${peer}`;
  const decision = policy.decideSync({ action: 'federate', resource, context: { purpose } });
  if (decision.effect === 'deny') {
    const determining = decision.determining.join(', ');
    throw new MeshError('POLICY_DENIED', { action: 'federate', resource, determining });
  }
  await federation.connect(peer, signal === undefined ? {} : { signal });
  await hearOut(peer, rooms, clock, signal);
  const { score, factors } = trust.score(peer);
  if (score < minTrust) {
    const because = factors.map((factor) => `${factor.name}: ${factor.because}`).join('; ');
    throw new MeshError('TRUST_TOO_LOW', { peer, score, needed: minTrust, because });
  }
  await bonds.add(peer, purpose);
  const session = (): ReturnType<typeof federation.sessions>[number] | undefined =>
    federation.sessions().find(({ did, state }) => did === peer && state === 'active');
  const first = session();
  let closing: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    // With the client the session is gone; the bond stands, for the next start.
    if (lifetime.closed) return;
    await bonds.remove(peer);
    await federation.disconnect(peer, new MeshError('CLOSED', { what: 'the federation' }));
  };
  const close = (): Promise<void> => (closing ??= end());
  return {
    peer: { did: peer, node: first?.node ?? 'main' },
    handshakeMs: first?.handshakeMs ?? 0,
    get state() {
      return session()?.state ?? 'gone';
    },
    executeTask: (task, callOptions = {}) => executeTask(task, { ...callOptions, to: peer }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function hearOut(
  peer: Did,
  { trust, discovery }: Rooms,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<void> {
  const what = `the introduction of ${peer}`;
  try {
    await withDeadline(clock, introductionMs, { what, signal }, async () => {
      await Promise.all([trust.meet(peer), discovery.compare(peer)]);
    });
  } catch (error) {
    if (!MeshError.is(error, 'TIMEOUT')) throw error;
  }
}
