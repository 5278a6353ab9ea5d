/**
 * Runs Unleash client specifications on gradual rollout, stickiness and variants: the bucket hash as others use it.
 * One line is one specification. What is tested is `base/bucket.ts`; the rules around it are written out here.
 */
import { bucketOf } from '../../src/base/bucket.ts';
import { MeshError } from '../../src/base/errors.ts';
import {
  boolean,
  dictionary,
  list,
  number,
  object,
  optional,
  type Shaped,
  text,
} from '../../src/base/shape.ts';

const contextShape = object({
  userId: optional(text()),
  sessionId: optional(text()),
  properties: optional(dictionary(text())),
});
const strategyShape = object({ name: text(), parameters: optional(dictionary(text())) });
const variantShape = object({ name: text(), weight: number(), stickiness: optional(text()) });
const featureShape = object({
  name: text(),
  enabled: boolean,
  strategies: optional(list(strategyShape)),
  variants: optional(list(variantShape)),
});
const caseShape = { description: text(), context: contextShape, toggleName: text() };
const specificationShape = object({
  name: text(),
  state: object({ features: list(featureShape) }),
  tests: optional(list(object({ ...caseShape, expectedResult: boolean }))),
  variantTests: optional(list(object({ ...caseShape, expectedResult: object({ name: text() }) }))),
});

type Context = Shaped<typeof contextShape>;
type Strategy = Shaped<typeof strategyShape>;
type Feature = Shaped<typeof featureShape>;

/** The seed which keeps the choice of a variant independent of the rollout. */
const variantSeed = 86_028_157;

/** 1 to `buckets`. */
function normalised(group: string, identifier: string, buckets: number, seed = 0): number {
  return bucketOf(`${group}:${identifier}`, buckets, seed) + 1;
}

/** Who is asked for, by the stickiness of a rule; undefined when the context does not tell. */
function identifierOf(stickiness: string, context: Context): string | undefined {
  const { userId, sessionId, properties = {} } = context;
  switch (stickiness) {
    case 'default':
      return userId ?? sessionId ?? 'anyone';
    case 'random':
      return 'anyone';
    case 'userId':
      return userId;
    case 'sessionId':
      return sessionId;
    default:
      return properties[stickiness];
  }
}

function rolledOut(group: string, percentage: string, identifier: string | undefined): boolean {
  if (identifier === undefined) return false;
  return normalised(group, identifier, 100) <= Number(percentage);
}

function allows({ name, parameters = {} }: Strategy, feature: string, context: Context): boolean {
  const { groupId = feature, percentage = '0', rollout = '0', stickiness = 'default' } = parameters;
  switch (name) {
    case 'default':
      return true;
    case 'gradualRolloutUserId':
      return rolledOut(groupId, percentage, context.userId);
    case 'gradualRolloutSessionId':
      return rolledOut(groupId, percentage, context.sessionId);
    case 'flexibleRollout':
      return rolledOut(groupId, rollout, identifierOf(stickiness, context));
    default:
      throw new MeshError('UNSUPPORTED', { feature: `strategy ${name}`, by: 'this suite' });
  }
}

function isEnabled({ name, enabled, strategies = [] }: Feature, context: Context): boolean {
  if (!enabled) return false;
  return strategies.length === 0 || strategies.some((rule) => allows(rule, name, context));
}

function variantOf(feature: Feature, context: Context): string {
  const { name, variants = [] } = feature;
  const total = variants.reduce((sum, { weight }) => sum + weight, 0);
  if (total === 0 || !isEnabled(feature, context)) return 'disabled';
  const identifier = identifierOf(variants[0]?.stickiness ?? 'default', context) ?? 'anyone';
  let left = normalised(name, identifier, total, variantSeed);
  for (const variant of variants) {
    left -= variant.weight;
    if (left <= 0) return variant.name;
  }
  return 'disabled';
}

/** Runs one specification: each of its cases with what went wrong. */
export function unleash(line: unknown): { readonly name: string; readonly error?: MeshError }[] {
  const specification = specificationShape(line, 'specification');
  const { state, tests = [], variantTests = [] } = specification;
  const featureOf = (toggle: string): Feature =>
    state.features.find(({ name }) => name === toggle) ?? { name: toggle, enabled: false };
  return [
    ...tests.map(({ description, toggleName, context, expectedResult }) =>
      compared(description, String(isEnabled(featureOf(toggleName), context)), expectedResult),
    ),
    ...variantTests.map(({ description, toggleName, context, expectedResult }) =>
      compared(description, variantOf(featureOf(toggleName), context), expectedResult.name),
    ),
  ];
}

function compared(name: string, got: string, expected: unknown) {
  if (got === String(expected)) return { name };
  const detail = `expected ${String(expected)}, got ${got}`;
  return { name, error: new MeshError('CONFORMANCE_FAILED', { detail }) };
}

/** The suite for the conformance runner. */
export default {
  name: 'unleash',
  run(line: unknown): Promise<readonly { readonly name: string; readonly error?: unknown }[]> {
    try {
      return Promise.resolve(unleash(line));
    } catch (error) {
      return Promise.resolve([{ name: 'specification', error }]);
    }
  },
};
