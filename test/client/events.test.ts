import { describe, expect, it } from 'vitest';
import { EventHub } from '../../src/client/event-hub.ts';
import { virtualClock } from '../../src/testing/index.ts';
import { echo, Town } from './rig.ts';

const hub = (): EventHub => new EventHub(virtualClock());
const retire = (events: EventHub, name: string): void => {
  events.emit('agent.retired', { name });
};

describe('events', () => {
  it('are selected by pattern and come in the order in which things happened', async () => {
    await using town = new Town();
    const mesh = town.org('acme');
    const [tasks, registered, all]: string[][] = [[], [], []];
    const read = async (into: string[], ...patterns: string[]): Promise<void> => {
      for await (const { type } of mesh.events(...patterns)) into.push(type);
    };
    const reading = [read(tasks!, 'task.*'), read(registered!, 'agent.registered'), read(all!)];
    mesh.createAgent(echo);
    await mesh.executeTask({ type: 'echo', data: 1 });
    await mesh.close();
    await Promise.all(reading);
    expect(tasks).toEqual(['task.sent', 'task.executed', 'task.completed']);
    expect(registered).toEqual(['agent.registered']);
    expect(all).toEqual([...registered!, 'agent.changed', ...tasks!]);
  });

  it('reach a listener until it is taken off, and its faults stay its own', () => {
    const events = hub();
    const heard: string[] = [];
    events.on('agent.retired', () => {
      throw new Error('mine');
    });
    const off = events.on('agent.retired', ({ data }) => heard.push(data.name));
    retire(events, 'a');
    off();
    retire(events, 'b');
    expect(heard).toEqual(['a']);
  });

  it('are forgotten, the oldest first, for a reader that is more than 4,096 behind', async () => {
    const events = hub();
    const stream = events.read([]);
    for (let i = 0; i < 5_000; i += 1) retire(events, String(i));
    events.close();
    const names = (await Array.fromAsync(stream)).map(
      ({ data }) => (data as { name: string }).name,
    );
    expect([names.length, names[0], names.at(-1)]).toEqual([4_096, '904', '4999']);
  });

  it('end for the reader that leaves its loop, and for nobody else', async () => {
    const events = hub();
    const [leaver, stayer] = [events.read([]), events.read([])];
    retire(events, 'a');
    for await (const event of leaver) {
      expect(event.type).toBe('agent.retired');
      break;
    }
    retire(events, 'b');
    events.close();
    expect(await Array.fromAsync(leaver)).toEqual([]);
    expect(await Array.fromAsync(stayer)).toHaveLength(2);
  });

  it('end with the signal of their reader, and at once with one that has fired', async () => {
    const events = hub();
    const stop = new AbortController();
    const reading = Array.fromAsync(events.read([], stop.signal));
    retire(events, 'a');
    stop.abort();
    expect(await reading).toHaveLength(1);
    expect(await Array.fromAsync(events.read([], stop.signal))).toEqual([]);
  });
});
