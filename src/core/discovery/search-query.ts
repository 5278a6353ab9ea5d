/**
 * What an application asks, checked at the door: an unknown filter is refused, since a misspelt one would let all pass.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import type { SearchFilters } from './ranking.ts';

/** A search. */
export interface SearchQuery {
  /** What is wanted, in plain words; at most 2,000 characters count. Without words the filters alone decide. */
  readonly query?: string;
  readonly filters?: SearchFilters;
  /** 1 to 100, default 10. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

/** A checked search. */
export interface CheckedQuery {
  readonly text: string;
  readonly filters: SearchFilters;
  readonly limit: number;
  readonly signal: AbortSignal | undefined;
}

const longestQuery = 2_000;
const isNumber = (value: unknown): boolean => typeof value === 'number' && !Number.isNaN(value);
const isText = (value: unknown): boolean => typeof value === 'string';
const areTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);

const checks: Readonly<
  Record<keyof SearchFilters, readonly [expected: string, holds: (value: unknown) => boolean]>
> = {
  trustScore: ['{ min: number }', (value) => isNumber((value as { min?: unknown } | null)?.min)],
  certifications: ['a list of names', areTexts],
  maxLatency: ['milliseconds', isNumber],
  region: ['the name of a region', isText],
  sovereignty: ["a zone, 'no-' and a zone, or 'any'", isText],
  capabilities: ['a list of names', areTexts],
  include: ["'all' or 'verified'", (value) => value === 'all' || value === 'verified'],
};

/** Checks a search; `INVALID_ARGUMENT` names what is wrong with it. */
export function checkQuery(asked: SearchQuery): CheckedQuery {
  const { query = '', filters = {}, limit = 10, signal } = asked;
  if (typeof query !== 'string') throw wrong('query', 'a text', query);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) {
    throw wrong('limit', 'an integer from 1 to 100', limit);
  }
  for (const [name, value] of Object.entries(filters)) {
    if (!Object.hasOwn(checks, name)) {
      throw wrong('filters', `made of ${Object.keys(checks).join(', ')}`, name);
    }
    const [expected, holds] = checks[name as keyof SearchFilters];
    if (value !== undefined && !holds(value)) throw wrong(`filters.${name}`, expected, value);
  }
  return { text: query.slice(0, longestQuery), filters, limit, signal };
}

function wrong(argument: string, expected: string, got: unknown): MeshError {
  return new MeshError('INVALID_ARGUMENT', { argument, expected, got });
}
