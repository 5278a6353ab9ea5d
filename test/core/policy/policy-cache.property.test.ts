import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AccessRequest, type Decision, PolicyCache } from '../../../src/core/policy/index.ts';
import { type Entity, entityKey } from '../../../src/ports/policy-engine.ts';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';
import { entity, policies, request } from './arbitrary.ts';
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
    context: context as Record<string, unknown>,
  }),
);

type Step =
  | { readonly kind: 'ask'; readonly question: AccessRequest }
  | { readonly kind: 'learn'; readonly entity: Entity }
  | { readonly kind: 'forget'; readonly entity: Entity };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: question.map((asked): Step => ({ kind: 'ask', question: asked })) },
  { weight: 2, arbitrary: entity.map((learnt): Step => ({ kind: 'learn', entity: learnt })) },
  { weight: 1, arbitrary: entity.map((gone): Step => ({ kind: 'forget', entity: gone })) },
);

const truth = ({ effect, determining, errors, advice }: Decision) => ({
  effect,
  determining,
  errors,
  advice,
});

describe('the decision cache', () => {
  it('never answers otherwise than a cache that has just been made, whatever changes in between', () => {
    let [hits, asked] = [0, 0];
    fc.assert(
      fc.property(policies, fc.array(step, { minLength: 2, maxLength: 30 }), (set, steps) => {
        const world = new World();
        const cache = new PolicyCache({ ...options(world), policies: set });
        // Questions are few, so that the same one is asked again after something changed.
        const questions: AccessRequest[] = [];
        for (const taken of steps) {
          if (taken.kind === 'learn') world.entities.set(entityKey(taken.entity.ref), taken.entity);
          else if (taken.kind === 'forget') world.entities.delete(entityKey(taken.entity.ref));
          else if (questions.length < 3) questions.push(taken.question);
          for (const again of questions) {
            const fresh = new PolicyCache({ ...options(world), policies: set });
            const cached = cache.decideSync(again);
            expect(truth(cached)).toEqual(truth(fresh.decideSync(again)));
            asked += 1;
            if (cached.cache === 'hit') hits += 1;
          }
        }
      }),
      { numRuns: 300 },
    );
    // The property would say nothing of a cache that never hits.
    expect(hits / asked).toBeGreaterThan(0.2);
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
