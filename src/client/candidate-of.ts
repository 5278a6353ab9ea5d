/**
 * An announced agent as placement sees it.
 * @module
 */
import type { Candidate } from '../ports/placement.ts';
import type { AgentRecord } from '../schema/agent-record.ts';

/** The agent of `record`, with what its node last said of how busy it is. */
export function candidateOf(
  { meshId, node, name, version }: Pick<AgentRecord, 'meshId' | 'node' | 'name' | 'version'>,
  said: { readonly load?: number; readonly capacity?: number } = {},
): Candidate {
  const { load, capacity } = said;
  return {
    meshId,
    node,
    name,
    version,
    ...(load !== undefined && { load }),
    ...(capacity !== undefined && { capacity }),
  };
}
