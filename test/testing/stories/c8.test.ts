// Story C8: the failure table as a plan.
import { expect, test } from 'vitest';
import { chaos, createTestMesh } from '../../../src/testing/index.ts';

test('every fault has a row, and what is not built is never ok', async () => {
  await using mesh = await createTestMesh({ orgs: ['a', 'b', 'c'], seed: 11, replicas: 2 });
  const report = await mesh.run(
    chaos.plan([
      chaos.crash('b/0').expectRecovery('60s'),
      chaos.partition(['a'], ['b', 'c']).for('90s').expectRecovery('2m'),
      chaos.trustDrop('c', 40).expectTraffic('c', { below: 0.1, within: '5s' }),
      chaos.violation('b', 'eu-residency').expectQuarantine('10s'),
      chaos.flood('a', { rps: 5_000 }).expectLimited('30s'),
      chaos.degrade('b:model', { accuracy: 0.5 }).expectRollback('5m'),
    ]),
  );
  expect(report.rows.map(({ fault, expected, ok }) => [fault, expected, ok])).toEqual([
    ['crash b/0', 'recovery within 60.0 s', true],
    ['partition a | b, c', 'recovery within 2.0 min', true],
    ['trust in c drops to 40', 'traffic to c below 0.1 within 5.0 s', false],
    ['b breaks eu-residency', 'quarantine within 10.0 s', true],
    ['flood by a, 5000 a second', 'limited within 30.0 s', false],
    ['b:model degrades to 0.5', 'rollback within 5.0 min', false],
  ]);
  const notBuilt = [2, 4, 5].map((i) => report.rows[i]!.measured);
  expect(notBuilt).toEqual(['not built', 'not built', 'not built']);
  expect(report.rows[0]!.measured).toMatch(/^\d+\.\d s$/);
  expect(report.rows[3]!.measured).toMatch(/^\d\.\d s$/);
});
