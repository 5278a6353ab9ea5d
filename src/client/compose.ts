/**
 * The wiring diagram: every room of the house, and who gives what to whom.
 * @module
 */
import { platform } from '#platform';
import { memoryStore } from '../adapters/stores/memory.ts';
import { MeshError } from '../base/errors.ts';
import type { Did } from '../base/ids.ts';
import { Lifetime } from '../base/lifetime.ts';
import { Audit } from '../core/audit/index.ts';
import { Discovery, zoneOfRegion } from '../core/discovery/index.ts';
import { Federation } from '../core/federation/index.ts';
import { Gossip } from '../core/gossip/index.ts';
import {
  didWeb,
  type Identity,
  type IdentityGround,
  KeyRing,
  openIdentity,
} from '../core/identity/index.ts';
import { type Policy, PolicyCache } from '../core/policy/index.ts';
import { Roles } from '../core/roles/index.ts';
import { TrustEngine, type TrustWeightsChoice } from '../core/trust/index.ts';
import type { Placement } from '../ports/placement.ts';
import type { Store } from '../ports/store.ts';
import { agentId } from '../schema/agent-record.ts';
import type { Emit } from '../schema/mesh-event.ts';
import { aboutDecision } from './audit-subjects.ts';
import { Bonds } from './bonds.ts';
import { ByTrust } from './by-trust.ts';
import { entitySource } from './entities.ts';
import { Gates } from './gates.ts';
import { loadGround } from './ground.ts';
import { watchIdentity } from './identity-watch.ts';
import { LazyAggregator } from './lazy-aggregator.ts';
import type { LocalAgent, LocalAgents } from './local-agents.ts';
import { Observations } from './observations.ts';
import type { MeshClientOptions } from './options.ts';
import { Quarantines } from './quarantine.ts';
import { ReceiptMembers } from './receipt-members.ts';
import { Revocations } from './revocations.ts';
import { endpointsOf, publishersOnly, transportsOf, withSiblings } from './streets.ts';
import {
  announcedPrice,
  budgetGate,
  policyGate,
  sovereigntyGate,
  trustGate,
} from './task-gates.ts';
import { nodeOf, tenantOf, tenantStore } from './tenant.ts';
import { Violations } from './violations.ts';

/** Everything behind a started client. */
export interface Rooms {
  readonly identity: Identity;
  readonly keys: KeyRing;
  readonly store: Store;
  readonly federation: Federation;
  readonly trust: TrustEngine;
  readonly policy: PolicyCache;
  readonly discovery: Discovery;
  readonly aggregator: LazyAggregator;
  readonly audit: Audit;
  readonly gates: Gates;
  readonly gossip: Gossip;
  readonly roles: Roles;
  /** Who orders the candidates for a task: the client's own, and the one in use, which an extension may bring. */
  readonly placement: { readonly own: ByTrust; current: Placement };
  /** What extensions add to receipts. */
  readonly receiptMembers: ReceiptMembers;
  readonly bonds: Bonds;
  readonly revocations: Revocations;
  /** Who is shut out, and what that ends. */
  readonly quarantines: Quarantines;
  readonly observations: Observations;
  /** Ends all of it, last first. */
  readonly lifetime: Lifetime;
}

/** Opens store and identity, and builds the rooms in the order in which they need each other. Nothing is started yet. */
export async function compose(
  options: MeshClientOptions,
  emit: Emit,
  agents: LocalAgents,
): Promise<Rooms> {
  const lifetime = new Lifetime('the mesh client');
  try {
    return await build(options, emit, agents, lifetime);
  } catch (error) {
    await lifetime.close();
    throw error;
  }
}

async function build(
  options: MeshClientOptions,
  emit: Emit,
  agents: LocalAgents,
  lifetime: Lifetime,
): Promise<Rooms> {
  const ground = await loadGround(options);
  const { clock, random, crypto, compression, http } = ground;
  const { minTrust = 0, anchors = [] } = options;
  const node = nodeOf(options);
  const tenant = tenantOf(options);
  const whole = await openStore(options, lifetime);
  const identity = options.identity ?? (await openOwn(options, ground, whole, lifetime));
  const store = tenantStore(whole, tenant);
  const { did, signer, log } = identity;
  const own = <R extends { close(): Promise<void> }>(room: R): R => {
    lifetime.own(() => room.close());
    return room;
  };

  const keys = new KeyRing({
    ...options.resolution,
    clock,
    crypto,
    http,
    store: store.sub('keys/'),
    resolvers: [...(options.resolvers ?? []), didWeb({ http })],
    registry: options.registry,
    names: async (petname) => (await identity.pinned(petname)) ?? options.petnames?.(petname),
  });
  if (log.length > 0) await keys.learn(log);
  const bonds = new Bonds(store.sub('bonds/'));
  const observations = new Observations();
  const revocations = new Revocations(store.sub('revocations/'));
  const transports = transportsOf(options, did, node);
  const addressBook = { endpoints: (peer: Did) => endpointsOf(peer, transports, discovery) };

  const federation: Federation = new Federation({
    identities: [identity],
    node,
    tenant,
    transports,
    clock,
    random: random.child('federation'),
    crypto,
    store: store.sub('federation/'),
    keys,
    addressBook,
    emit: (type, data, about) => {
      emit(type, data, about);
      const peer = about?.peer;
      if (type !== 'peer.lost' || peer === undefined || lifetime.closed) return;
      if (!federation.peers().includes(peer)) trust.seen(peer, false);
    },
    introductions: options.introductions ?? true,
    workload: () => agents.workload(),
  });
  const audit = own(
    new Audit({
      ...options.audit,
      did,
      tenant,
      signer,
      keys,
      histories: keys,
      clock,
      crypto,
      random: random.child('audit'),
      store: store.sub('audit/'),
      headAfterMs: 60_000,
      street: federation,
      emit,
      onEquivocated: (evidence) => {
        violations.noteEquivocation(evidence);
      },
    }),
  );
  const trust = own(
    new TrustEngine({
      did,
      signer,
      keys,
      crypto,
      compression,
      clock,
      random: random.child('trust'),
      store: store.sub('trust/'),
      street: withSiblings(federation, did),
      http,
      emit,
      anchors,
      ...weightsOf(options),
      ...(options.credentialForms !== undefined && { credentialForms: options.credentialForms }),
      crier: {
        broadcast: (topic, bytes, telling) => gossip.broadcast(topic, bytes, telling),
        on: (topic, listener) => gossip.on(topic, listener),
      },
      sharesEvidence: (peer) => bonds.has(peer),
      onQuarantined: (peer, _, drainMs) => {
        quarantines.begin(peer, drainMs);
      },
      onReleased: (peer) => {
        quarantines.lift(peer);
      },
      onRevoked: (peer, _, types) => {
        revocations.add(peer, types).catch((error: unknown) => {
          // In force all the same until the next start.
          if (options.logger)
            options.logger.log('error', 'a revocation was not stored', { peer, error });
        });
        reviewSessions(peer);
      },
      journal: (judged) => {
        const { subject } = judged;
        audit.appendSoon('credential', { ...judged }, { subject, personal: ['reason'] });
      },
      onSuspended: (peer) => {
        reviewSessions(peer);
      },
    }),
  );
  const policy = own(
    new PolicyCache({
      self: did,
      clock,
      emit,
      policies: policiesOf(options),
      entities: entitySource({
        trust: (peer) => trust.score(peer),
        credentials: (peer) => trust.credentialsOf(peer),
        revoked: (peer) => revocations.of(peer, trust.credentialsOf(peer)),
        federated: (peer) => bonds.has(peer),
        agent: (id) => discovery.get(id),
        own: (id) => {
          const agent = ownAgent(id, agentId(did, node, ''), agents);
          return agent && { state: agent.state, tenant };
        },
        zoneOf: zoneOfRegion,
        tenantOf: (org, at) => federation.about(org, at)?.tenant,
      }),
      decisions: {
        append: (decision) => {
          const body = { ...decision, ...(tenant !== undefined && { tenant }) };
          audit.appendSoon('policy', body, aboutDecision(decision, did));
        },
      },
      persistence: { store: store.sub('policy/'), signer, verify: keys.verify },
    }),
  );
  const failed = (message: string) => (error: unknown, peer: Did) => {
    if (options.logger) options.logger.log('error', message, { peer, error });
  };
  const violations: Violations = new Violations({
    self: did,
    revision: () => policy.revision,
    equivocation: options.audit?.equivocation ?? 'quarantine',
    violation: (report) => trust.violation(report),
    failed: failed('a violation was not recorded'),
  });
  const allows = (subject: Did, action: string, resource: string, context = {}): boolean => {
    const decision = policy.decideSync({ subject, action, resource, context });
    violations.note({ subject, action, resource }, decision);
    return decision.effect === 'allow';
  };
  const quarantines: Quarantines = new Quarantines({
    clock,
    verdictOn: (peer) => trust.quarantineOf(peer),
    forget: (peer) => discovery.forget(peer),
    cancelWork: (peer, reason) => {
      federation.stopWork(peer, reason);
      return Promise.resolve();
    },
    expel: (peer, refusal) => federation.expel(peer, rejection(did, refusal)),
    welcome: async (peer) => {
      if (bonds.has(peer)) await federation.connect(peer);
    },
    report: failed('a quarantine'),
  });
  const unwelcome = (): MeshError =>
    new MeshError('POLICY_DENIED', {
      action: 'federate',
      resource: 'mesh',
      determining: 'by the receiver',
    });
  federation.accept(({ did: peer }) => {
    const refusal = quarantines.refusal(peer);
    if (refusal !== undefined) throw refusal;
    if (!allows(peer, 'federate', 'mesh')) throw unwelcome();
    return true;
  });
  lifetime.own(
    federation.onPeer((peer) => {
      trust.seen(peer, true);
    }),
  );
  const reviewSessions = (peer: Did): void => {
    if (!allows(peer, 'federate', 'mesh')) void federation.disconnect(peer, unwelcome());
  };
  const discovery: Discovery = own(
    new Discovery({
      did,
      node,
      clock,
      random: random.child('discovery'),
      store: store.sub('discovery/'),
      signer,
      street: publishersOnly(federation, (peer) => allows(peer, 'record.publish', 'mesh')),
      keys,
      trust: {
        score: (peer) => ({ ...trust.score(peer), level: levelOf(peer, trust) }),
        certifications: (peer) => [...trust.credentialsOf(peer)],
      },
      emit,
      observations: (agent) => observations.of(agent),
      endpoints: () => federation.endpoints,
      ...(options.logger && { logger: options.logger }),
    }),
  );
  const gossip: Gossip = own(
    new Gossip({
      did,
      signer,
      keys,
      clock,
      random: random.child('gossip'),
      street: federation,
      store: store.sub('gossip/'),
      emit,
      welcomes: (origin) => trust.quarantineOf(origin) === undefined,
      ...(options.logger && { logger: options.logger }),
    }),
  );
  const roles = own(
    new Roles({
      did,
      clock,
      random: random.child('roles'),
      street: federation,
      store: store.sub('roles/'),
      mayHold: (peer, role) => peer === did || allows(peer, 'role.hold', 'mesh', { role }),
      emit,
    }),
  );
  const aggregator = own(
    new LazyAggregator(
      {
        did,
        signer,
        keys,
        crypto,
        clock,
        random: random.child('aggregation'),
        store: store.sub('aggregation/'),
        emit,
        trust,
        trustFloor: minTrust,
        mayJoin: (peer, task) => peer === did || allows(peer, 'round.join', 'mesh', { task }),
      },
      federation,
    ),
  );
  audit.onErase('trust', ({ receipts }) => trust.eraseEvidence(receipts));
  audit.onErase('federation', ({ subject }) => federation.erase(subject));
  // Owned last, so closed first: no peer meets a room that is already dark.
  own(federation);
  const logger = options.logger === false ? undefined : options.logger;
  watchIdentity({ identity, keys, federation, discovery, trust, clock, emit, logger, lifetime });
  lifetime.own(() => {
    quarantines.close();
  });
  const byTrust = new ByTrust(random.child('placement'));
  const gates = new Gates(clock);
  gates.add('override', quarantines.gate);
  gates.add(
    'policy',
    policyGate(
      () => policy,
      () => did,
      (question, decision) => {
        violations.note(question, decision);
      },
    ),
  );
  gates.add(
    'sovereignty',
    sovereigntyGate((agent) => zoneOfRegion(discovery.get(agent)?.region ?? '')),
  );
  gates.add(
    'budget',
    budgetGate((agent) => announcedPrice(discovery.get(agent))),
  );
  gates.add(
    'trust',
    trustGate(
      () => trust,
      () => did,
      minTrust,
    ),
  );

  return {
    identity,
    keys,
    store,
    federation,
    trust,
    policy,
    discovery,
    aggregator,
    audit,
    gates,
    gossip,
    roles,
    placement: { own: byTrust, current: byTrust },
    receiptMembers: new ReceiptMembers((error, extension) => {
      if (options.logger) options.logger.log('warn', 'a receipt member', { extension, error });
    }),
    bonds,
    revocations,
    quarantines,
    observations,
    lifetime,
  };
}

/** Starts the rooms, each before those that lean on it; the street opens last, so that nobody is met half dressed. */
export async function startRooms(rooms: Rooms): Promise<void> {
  const { audit, policy, trust, gossip, roles, discovery, aggregator, federation } = rooms;
  const { bonds, revocations } = rooms;
  await bonds.load();
  await revocations.load();
  await audit.start();
  await policy.start();
  await trust.start();
  await gossip.start();
  await roles.start();
  await discovery.start();
  aggregator.start();
  await federation.start();
}

/** The identity in the store. Whoever opens it, ends its rotations. */
async function openOwn(
  options: MeshClientOptions,
  ground: IdentityGround,
  store: Store,
  lifetime: Lifetime,
): Promise<Identity> {
  const { passphrase } = options;
  const sealing = passphrase === undefined ? {} : { passphrase };
  const identity = await openIdentity(ground, store, {
    ...didOf(options),
    ...sealing,
    create: true,
  });
  lifetime.own(() => identity.close());
  if (passphrase === undefined && store.features.durable !== 'none' && options.logger) {
    options.logger.log('warn', 'the secret keys stand in the store in clear: pass a passphrase');
  }
  return identity;
}

async function openStore({ store }: MeshClientOptions, lifetime: Lifetime): Promise<Store> {
  // Who opens, closes: a store that was handed in stays open.
  if (typeof store === 'object') return store;
  const opened = store === undefined ? memoryStore() : await platform.openStore(store);
  lifetime.own(() => opened.close());
  return opened;
}

function didOf({ did }: MeshClientOptions): { did?: string } {
  return did === undefined ? {} : { did };
}

function policiesOf({ policies = [] }: MeshClientOptions): readonly Policy[] {
  return [policies].flat(3);
}

/** What a peer is told when it is shown the door: its keepers then know that it was no accident. */
function rejection(did: Did, { message: reason }: MeshError): MeshError {
  return new MeshError('PEER_REJECTED', { peer: did, reason });
}

function weightsOf({ trustWeights: weights }: MeshClientOptions): { weights?: TrustWeightsChoice } {
  return weights === undefined ? {} : { weights };
}

/** The agent of this node whose id begins with `own`. */
function ownAgent(id: string, own: string, agents: LocalAgents): LocalAgent | undefined {
  return id.startsWith(own) ? agents.get(id.slice(own.length)) : undefined;
}

/** A name that a verified credential stands behind is more than its holder's word. */
function levelOf(peer: Did, trust: TrustEngine): 'self-asserted' | 'organisation' {
  return trust.credentialsOf(peer).size > 0 ? 'organisation' : 'self-asserted';
}
