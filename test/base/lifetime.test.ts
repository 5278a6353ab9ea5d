import { describe, expect, it } from 'vitest';
import { Lifetime } from '../../src/base/lifetime.ts';
import { thrown } from './thrown.ts';

describe('Lifetime', () => {
  it('ends what it owns in reverse order, one after the other', async () => {
    const lifetime = new Lifetime('the client');
    const log: string[] = [];
    const slow = (name: string) => async () => {
      log.push(`${name} begins`);
      await Promise.resolve();
      log.push(`${name} ends`);
    };
    lifetime.own(slow('store'));
    lifetime.own(slow('session'));
    await lifetime.close();
    expect(log).toEqual(['session begins', 'session ends', 'store begins', 'store ends']);
  });

  it('ends once, however often and early close() is called', async () => {
    const lifetime = new Lifetime('x');
    let runs = 0;
    lifetime.own(() => {
      runs += 1;
    });
    const [first, second] = [lifetime.close(), lifetime.close()];
    expect(second).toBe(first);
    await first;
    await lifetime[Symbol.asyncDispose]();
    expect(runs).toBe(1);
  });

  it('may be closed again by what it is closing', async () => {
    const lifetime = new Lifetime('x');
    const log: string[] = [];
    lifetime.own(() => void log.push('store'));
    lifetime.own(() => {
      log.push('session');
      void lifetime.close();
    });
    lifetime.signal.addEventListener('abort', () => {
      log.push(`listener, closed: ${String(lifetime.closed)}`);
      void lifetime.close();
    });
    await lifetime.close();
    expect(log).toEqual(['listener, closed: true', 'session', 'store']);
  });

  it('ends the others when one fails, then throws the first failure', async () => {
    const lifetime = new Lifetime('x');
    const ended: string[] = [];
    lifetime.own(() => void ended.push('first'));
    lifetime.own(() => Promise.reject(new Error('second')));
    lifetime.own(() => {
      throw new Error('third');
    });
    await expect(lifetime.close()).rejects.toThrow('third');
    await expect(lifetime.close()).rejects.toThrow('third');
    expect(ended).toEqual(['first']);
  });

  it('forgets a closer that was released', async () => {
    const lifetime = new Lifetime('x');
    const forget = lifetime.own(() => expect.unreachable());
    forget();
    forget();
    await lifetime.close();
  });

  it('fires its signal with CLOSED before anything ends', async () => {
    const lifetime = new Lifetime('the session');
    const { signal } = lifetime;
    let firedFirst = false;
    lifetime.own(() => {
      firedFirst = signal.aborted;
    });
    expect(signal.aborted).toBe(false);
    await lifetime.close();
    expect(firedFirst).toBe(true);
    expect(signal.reason).toMatchObject({ code: 'CLOSED', message: 'the session is closed' });
  });

  it('refuses to own or to go on once closing has begun', async () => {
    const lifetime = new Lifetime('the session');
    lifetime.assertOpen();
    const closing = lifetime.close();
    expect(lifetime.closed).toBe(true);
    expect(thrown(() => lifetime.own(() => undefined))).toMatchObject({ code: 'CLOSED' });
    const goOn = () => {
      lifetime.assertOpen();
    };
    expect(thrown(goOn)).toMatchObject({ code: 'CLOSED' });
    await closing;
  });
});
