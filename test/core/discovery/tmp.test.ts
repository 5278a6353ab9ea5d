import { it } from 'vitest';
import { FakeNet, nodeOf, virtualClock } from '/work/main/test/core/discovery/rig.ts';
it('x', async () => {
  const clock = virtualClock(); const n = nodeOf(0,new FakeNet(),clock);
  await n.discovery.announce({name:'a',capabilities:[]},{ttl:'2h'});
  const own = n.discovery as any;
  await clock.advance('59m'); console.log(clock.timers, new Date(clock.now()).toISOString());
  await clock.advance('3m'); console.log(clock.timers, n.discovery.records()[0]?.sequence);
  await clock.advance('30m'); console.log(clock.timers, n.discovery.records()[0]?.sequence);
  await new Promise(r=>setTimeout(r,50));console.log(n.discovery.records()[0]?.sequence);
});
