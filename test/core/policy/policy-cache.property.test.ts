import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AccessRequest, type Decision, PolicyCache } from '../../../src/core/policy/index.ts';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';
import { change, context, entities, policies, request } from './arbitrary.ts';
import { acme, World } from './rig.ts';

const options = (world: World) => ({
  self: acme,
  clock: virtualClock(),
  emit: () => undefined,
  entities: world,
});

const question = request.map(
  ({ principal, action, resource, context }): AccessRequest => ({
    subject: principal.id as never,
    action: action.id,
    resource: resource.type === 'Org' ? `org:${resource.id}` : `agent:${resource.id}`,
    context,
  }),
);

const truth = ({ effect, determining, errors, advice }: Decision) => ({
  effect,
  determining,
  errors,
  advice,
});

describe('the decision cache', () => {
  it('never answers otherwise than a cache just made: entities change under it', () => {
    let [hits, turns] = [0, 0];
    const story = entities.chain((world) =>
      fc.record({
        world: fc.constant(world),
        changes: fc.array(
          fc
            .constantFrom(...world.entries())
            .chain(([key, before]) => change(before).map((after) => ({ key, after }))),
          { minLength: 1, maxLength: 4 },
        ),
      }),
    );
    fc.assert(
      fc.property(policies, question, story, (set, asked, { world: start, changes }) => {
        const world = new World(start);
        const cache = new PolicyCache({ ...options(world), policies: set });
        cache.decideSync(asked);
        for (const { key, after } of changes) {
          if (after === undefined) world.entities.delete(key);
          else world.entities.set(key, after);
          const fresh = new PolicyCache({ ...options(world), policies: set });
          const cached = cache.decideSync(asked);
          expect(truth(cached)).toEqual(truth(fresh.decideSync(asked)));
          turns += 1;
          if (cached.cache === 'hit') hits += 1;
        }
      }),
      { numRuns: 800 },
    );
    // The property would say nothing of a cache that never hits.
    expect(hits / turns).toBeGreaterThan(0.2);
  }, 30_000);

  it('never answers otherwise than a cache just made: requests differ in context', () => {
    fc.assert(
      fc.property(policies, question, context, entities, (set, asked, other, start) => {
        const world = new World(start);
        const cache = new PolicyCache({ ...options(world), policies: set });
        const fresh = new PolicyCache({ ...options(world), policies: set });
        cache.decideSync(asked);
        const again = { ...asked, context: other };
        expect(truth(cache.decideSync(again))).toEqual(truth(fresh.decideSync(again)));
      }),
      { numRuns: 400 },
    );
  }, 30_000);

  it('never serves an answer of policies that were replaced', async () => {
    await fc.assert(
      fc.asyncProperty(
        policies,
        policies,
        fc.array(question, { minLength: 1, maxLength: 5 }),
        async (before, after, questions) => {
          const world = new World();
          const cache = new PolicyCache(options(world));
          await cache.publish(before);
          for (const asked of questions) cache.decideSync(asked);
          await cache.publish(after);
          const fresh = new PolicyCache(options(world));
          await fresh.publish(before);
          await fresh.publish(after);
          for (const asked of questions) {
            expect(truth(cache.decideSync(asked))).toEqual(truth(fresh.decideSync(asked)));
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});
