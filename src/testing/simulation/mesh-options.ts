/**
 * The options of a test mesh, checked at the door.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import type { TestMeshOptions, TestOrg } from '../test-mesh.ts';

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
  const all = orgs!.map((org) => (typeof org === 'string' ? { name: org } : org));
  const names = new Set(all.map(({ name }) => name));
  const bad = all.find(({ name }) => typeof name !== 'string' || !orgPattern.test(name));
  if (all.length > 0 && names.size === all.length && bad === undefined) return all;
  const expected = 'different names of lower-case letters, digits, . and -';
  const got = bad?.name ?? all.map(({ name }) => name);
  throw new MeshError('INVALID_ARGUMENT', { argument: 'orgs', expected, got });
}
