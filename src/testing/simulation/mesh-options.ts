/**
 * The options of a test mesh, checked at the door.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import { type Invariant, invariants } from '../invariants.ts';
import type { TestMeshOptions, TestOrg } from '../test-mesh.ts';

/** Throws `INVALID_ARGUMENT` for an option whose value the rest of the house would stumble over later. */
export function checkOptions(options: TestMeshOptions): void {
  assertThat(
    typeof options === 'object' && (options as unknown) !== null,
    'options',
    'an object',
    options,
  );
  const { orgs, judges, disk, crypto = 'simulated', chaos = 'none', traceLimit = 0 } = options;
  if (orgs !== undefined) assertThat(Array.isArray(orgs), 'orgs', 'a list of organisations', orgs);
  if (judges !== undefined) assertThat(Array.isArray(judges), 'judges', 'a list of names', judges);
  const { syncMs = 0 } = disk ?? {};
  assertThat(Number.isFinite(syncMs) && syncMs >= 0, 'disk.syncMs', 'milliseconds', syncMs);
  const isProvider = crypto !== 'simulated' && typeof crypto.signingKey === 'function';
  assertThat(crypto === 'simulated' || isProvider, 'crypto', "'simulated' or a provider", crypto);
  assertThat(['none', 'default'].includes(chaos), 'chaos', "'none' or 'default'", chaos);
  const isCount = Number.isSafeInteger(traceLimit) && traceLimit >= 0;
  assertThat(isCount, 'traceLimit', 'a whole number', traceLimit);
  checkLaws(options.invariants ?? []);
}

/** Laws with a form and names of their own. */
function checkLaws(laws: NonNullable<TestMeshOptions['invariants']>): void {
  const form = 'laws, each with a name and begin()';
  assertThat(Array.isArray(laws), 'invariants', form, laws);
  const known = new Set(invariants.map(({ name }) => name));
  for (const law of laws as readonly (Invariant | null)[]) {
    const isLaw = typeof law?.name === 'string' && typeof law.begin === 'function';
    assertThat(isLaw, 'invariants', form, law);
    const { name } = law!;
    assertThat(!known.has(name), 'invariants', 'laws with different names', name);
    known.add(name);
  }
}

function assertThat(holds: boolean, argument: string, expected: string, got: unknown): void {
  if (!holds) throw new MeshError('INVALID_ARGUMENT', { argument, expected, got });
}

/** The seed, or `INVALID_ARGUMENT`. */
export function seedOf({ seed = 1 }: TestMeshOptions): number {
  if (Number.isSafeInteger(seed)) return seed;
  const expected = 'a whole number';
  throw new MeshError('INVALID_ARGUMENT', { argument: 'seed', expected, got: seed });
}

/** Names of the organisations whose verdicts count, or `INVALID_ARGUMENT`. */
export function judgesOf(options: TestMeshOptions): readonly string[] {
  const names = orgsOf(options).map(({ name }) => name);
  const { judges = options.orgs === undefined ? [] : names } = options;
  if (judges.every((judge) => names.includes(judge))) return judges;
  const expected = 'names of organisations of the mesh';
  throw new MeshError('INVALID_ARGUMENT', { argument: 'judges', expected, got: judges });
}

function isOrg(org: string | TestOrg): org is TestOrg {
  return typeof org === 'object' && (org as unknown) !== null;
}

const orgPattern = /^[a-z0-9][a-z0-9.-]{0,62}$/;

/** The organisations, by name or by number, or `INVALID_ARGUMENT`. */
export function orgsOf({ orgs, nodes, replicas = 1 }: TestMeshOptions): readonly TestOrg[] {
  if ((orgs === undefined) === (nodes === undefined)) {
    const expected = 'given, or `nodes`, but not both';
    throw new MeshError('INVALID_ARGUMENT', { argument: 'orgs', expected, got: orgs });
  }
  if (!(Number.isSafeInteger(replicas) && replicas >= 1 && replicas <= 1_000)) {
    const expected = 'from 1 to 1,000';
    throw new MeshError('INVALID_ARGUMENT', { argument: 'replicas', expected, got: replicas });
  }
  if (nodes !== undefined) {
    if (Number.isSafeInteger(nodes) && nodes >= 1 && nodes <= 100_000) {
      return Array.from({ length: nodes }, (_, i) => ({ name: `n${String(i)}` }));
    }
    const expected = 'from 1 to 100,000';
    throw new MeshError('INVALID_ARGUMENT', { argument: 'nodes', expected, got: nodes });
  }
  // Without types, anything may stand in the list.
  const all = orgs!.map((org) => (isOrg(org) ? org : { name: org }));
  const names = new Set(all.map(({ name }) => name));
  const bad = all.find(({ name }) => typeof name !== 'string' || !orgPattern.test(name));
  if (all.length > 0 && names.size === all.length && bad === undefined) return all;
  const expected = 'different names of lower-case letters, digits, . and -';
  const got = bad?.name ?? all.map(({ name }) => name);
  throw new MeshError('INVALID_ARGUMENT', { argument: 'orgs', expected, got });
}
