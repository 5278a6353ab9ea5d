import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import suite from './cedar.ts';

const linesOf = (name: string): readonly string[] => {
  const file = new URL(`../../../shared/data/cedar-${name}.public.jsonl.gz`, import.meta.url);
  return existsSync(file) ? gunzipSync(readFileSync(file)).toString('utf8').trim().split('\n') : [];
};

const files = [
  { name: 'handwritten', tests: 22, requests: 74 },
  { name: 'corpus', tests: 3_855, requests: 30_840 },
];

describe.each(files)(
  "Cedar's own $name tests (skipped without ../shared/data)",
  ({ name, tests, requests }) => {
    const lines = linesOf(name);

    it.skipIf(lines.length === 0)(
      `all ${String(requests)} requests get the decision, the reasons and the errors Cedar gives`,
      async () => {
        expect(lines).toHaveLength(tests);
        let passed = 0;
        for (const line of lines) {
          for (const outcome of await suite.run(JSON.parse(line))) {
            expect(outcome.error, outcome.name).toBeUndefined();
            passed += 1;
          }
        }
        expect(passed).toBe(requests);
      },
      30_000,
    );
  },
);

describe('the runner', () => {
  const line = {
    policies: 'permit (principal, action, resource);',
    schema: 'entity User; action "view" appliesTo { principal: [User], resource: [User] };',
    entities: '[]',
    requests: [
      {
        description: 'one',
        principal: { type: 'User', id: 'a' },
        action: { type: 'Action', id: 'view' },
        resource: { type: 'User', id: 'a' },
        context: {},
        decision: 'deny',
        reason: [],
        errors: [],
      },
    ],
  };

  it('reports an answer that differs', async () => {
    const [outcome] = await suite.run(line);
    expect(outcome?.error).toMatchObject({ code: 'CONFORMANCE_FAILED' });
  });

  it('reports policies that cannot be prepared, once for each request', async () => {
    const broken = { ...line, policies: 'permit (principal == ?principal, action, resource);' };
    expect(await suite.run(broken)).toMatchObject([{ error: { code: 'POLICY_UNSUPPORTED' } }]);
  });

  it('reports a line that is no test', async () => {
    expect((await suite.run(null))[0]?.error).toBeDefined();
    expect((await suite.run({}))[0]?.error).toBeDefined();
  });
});
