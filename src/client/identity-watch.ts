/**
 * What follows for the rooms when keys change, the own ones or those of a peer.
 * @module
 */
import { toMeshError } from '../base/errors.ts';
import type { Lifetime } from '../base/lifetime.ts';
import type { Discovery } from '../core/discovery/index.ts';
import type { Federation } from '../core/federation/index.ts';
import {
  type Identity,
  type IdentityChange,
  type KeyRing,
  type LogChange,
  LogRelay,
} from '../core/identity/index.ts';
import type { TrustEngine } from '../core/trust/index.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { DidLog } from '../schema/did-log.ts';
import type { Emit } from '../schema/mesh-event.ts';

/** The rooms that keys matter to. */
export interface IdentityRooms {
  readonly identity: Identity;
  readonly keys: KeyRing;
  readonly federation: Federation;
  readonly discovery: Discovery;
  readonly trust: TrustEngine;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly logger: Logger | undefined;
  readonly lifetime: Lifetime;
}

/** Tells the rooms and the peers of each change of keys, until the client closes. */
export function watchIdentity(rooms: IdentityRooms): void {
  const { identity, keys, federation, clock, lifetime } = rooms;
  const failed = (error: unknown): void => {
    if (lifetime.closed) return;
    const { code, params } = toMeshError(error, 'a change of keys');
    rooms.logger?.log('error', 'what follows a change of keys', { code, params });
  };
  const background = (work: Promise<unknown>): void => {
    work.catch(failed);
  };
  const { signal } = lifetime;
  for (const off of new LogRelay({ street: federation, keys, clock, signal }).start()) {
    lifetime.own(off);
  }
  background(identity.follow(signal, failed));
  lifetime.own(
    keys.onChange((change) => {
      if (change.did === identity.did) background(identity.refresh());
      else background(afterChange(change, rooms));
    }),
  );
  lifetime.own(
    identity.onChange((change) => {
      background(afterOwnChange(change, rooms));
    }),
  );
}

async function afterOwnChange(change: IdentityChange, rooms: IdentityRooms): Promise<void> {
  const { keys, discovery, emit } = rooms;
  if (change.kind === 'rotation-failed') {
    emit('identity.failed', { code: change.code, params: change.params });
    return;
  }
  // The peers are told by what follows from this.
  await keys.learn(change.log);
  emitChange(change.log, change.log.slice(-1), emit);
  if (change.kind !== 'rotated') return;
  await discovery.renew();
  await rooms.trust.keysChanged(rooms.identity.did);
}

async function afterChange({ did, log, before }: LogChange, rooms: IdentityRooms): Promise<void> {
  const { federation, discovery, emit } = rooms;
  const fresh = log.slice(before.length);
  const lost = fresh.flatMap(({ compromised = [] }) => compromised.map(({ key }) => key));
  emitChange(log, fresh, emit, did);
  const ended = log.at(-1)?.deactivated === true;
  const forgotten =
    ended || lost.length > 0 ? discovery.forget(did, ended ? undefined : lost) : undefined;
  await Promise.all([forgotten, federation.review(did, lost), rooms.trust.keysChanged(did)]);
}

function emitChange(log: DidLog, fresh: DidLog, emit: Emit, peer?: DidLog[number]['did']): void {
  const { version, keys, reason, deactivated } = log.at(-1)!;
  const why = reason === undefined ? {} : { reason };
  const about = peer === undefined ? {} : { peer };
  if (deactivated === true) {
    emit('identity.deactivated', { version, ...why }, about);
    return;
  }
  const compromised = fresh.flatMap((entry) => entry.compromised?.map(({ key }) => key) ?? []);
  emit('identity.rotated', { version, keys, compromised, ...why }, about);
}
