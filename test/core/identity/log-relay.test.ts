import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import type { Did } from '../../../src/base/ids.ts';
import { KeyRing, LogRelay } from '../../../src/core/identity/index.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import type { IncomingCall, Street } from '../../../src/ports/street.ts';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';
import { rejected } from '../../base/thrown.ts';
import { continued, newLog, start } from './rig.ts';

const peers = ['did:x:one', 'did:x:two'] as const;

/** A node with two neighbours; `fails` says how many calls fail first. */
function node(fails = 0) {
  const clock = virtualClock(start);
  const keys = new KeyRing({ clock, crypto: nodeCrypto, store: memoryStore() });
  const told: Did[] = [];
  let answer: ((call: IncomingCall) => Promise<unknown>) | undefined;
  let greeted: (peer: Did) => void = () => undefined;
  let failing = fails;
  const street: Street = {
    call: (peer) => {
      if (failing > 0) {
        failing -= 1;
        return Promise.reject(new TypeError('no street'));
      }
      told.push(peer);
      return Promise.resolve({ known: true });
    },
    handle: (_, handler) => {
      answer = handler;
    },
    peers: () => peers,
    onPeer: (listener) => {
      greeted = listener;
      return () => undefined;
    },
  };
  const controller = new AbortController();
  const { signal } = controller;
  const ends = new LogRelay({ street, keys, clock, signal }).start();
  const bring = (body: unknown, from: Did = peers[0]) => answer!({ from, body, signal });
  return {
    clock,
    keys,
    told,
    bring,
    controller,
    ends,
    greet: (peer: Did) => {
      greeted(peer);
    },
  };
}

describe('news of keys', () => {
  it('go on to all neighbours but the one who brought them, once', async () => {
    const { keys, told, bring } = node();
    const log = await newLog();
    await keys.learn(log);
    expect(told).toEqual([]);
    const longer = await continued(log, { keys: [2] });
    expect(await bring({ log: longer })).toEqual({ known: true });
    expect(await bring({ log: longer })).toEqual({ known: true });
    expect(told).toEqual([peers[1]]);
  });

  it('of somebody unknown here are not taken in', async () => {
    const { keys, bring } = node();
    const log = await newLog();
    expect(await bring({ log })).toEqual({ known: false });
    expect(await keys.logOf(log[0]!.did)).toBeUndefined();
    expect(await bring({ log: [] })).toEqual({ known: false });
    for (const bad of [undefined, {}, { log: 'x' }]) {
      expect(await rejected(bring(bad))).toMatchObject({ code: 'SCHEMA_INVALID' });
    }
  });

  it('are checked one at a time for each neighbour', async () => {
    const { keys, bring } = node();
    const log = await newLog();
    await keys.learn(log);
    const longer = await continued(log, { keys: [2] });
    const both = await Promise.allSettled([bring({ log: longer }), bring({ log: longer })]);
    const codes = both.map((one) =>
      one.status === 'rejected' ? (one.reason as { code: string }).code : '',
    );
    expect(codes.sort()).toEqual(['', 'OVERLOADED']);
  });

  it('are told again to a neighbour that did not answer, and to those who connect within the hour', async () => {
    const { keys, told, clock, greet } = node(3);
    const log = await newLog();
    await keys.learn(log);
    await keys.learn(await continued(log, { keys: [2] }));
    await clock.advance('10s');
    expect([...told].sort()).toEqual([...peers]);
    greet('did:x:three');
    await clock.advance(1);
    expect(told).toHaveLength(3);
    await clock.advance('2h');
    greet('did:x:four');
    await clock.advance(1);
    expect(told).toHaveLength(3);
  });

  it('end with the node', async () => {
    const { keys, told, clock, controller } = node(100);
    const log = await newLog();
    await keys.learn(log);
    await keys.learn(await continued(log, { keys: [2] }));
    controller.abort();
    await clock.advance('1h');
    expect(told).toEqual([]);
  });
});
