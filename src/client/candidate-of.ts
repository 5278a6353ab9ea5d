/**
 * An announced agent as placement sees it.
 * @module
 */
import type { Did } from '../base/ids.ts';
import type { TrustEngine } from '../core/trust/index.ts';
import type { Candidate, CandidateTrust } from '../ports/placement.ts';
import type { AgentRecord } from '../schema/agent-record.ts';
import type { Rooms } from './compose.ts';

/** The agent of `record`, with what its node last said of how busy it is, and what is known of it here. */
export function candidateOf(
  { meshId, node, name, version }: Pick<AgentRecord, 'meshId' | 'node' | 'name' | 'version'>,
  said: { readonly load?: number; readonly capacity?: number } = {},
  known: { readonly trust?: CandidateTrust; readonly rank?: number } = {},
): Candidate {
  const { load, capacity } = said;
  return {
    meshId,
    node,
    name,
    version,
    ...(load !== undefined && { load }),
    ...(capacity !== undefined && { capacity }),
    ...known,
  };
}

/** Agents of others and of other own nodes that offer `capability`, as discovery ranks them. */
export function candidatesFor(
  capability: string,
  {
    discovery,
    federation,
    identity,
    trust,
  }: Pick<Rooms, 'discovery' | 'federation' | 'identity' | 'trust'>,
  limit?: number,
): readonly Candidate[] {
  return discovery
    .candidates(capability, limit === undefined ? {} : { limit })
    .map(({ record, rank }) => {
      const { meshId, node } = record;
      return candidateOf(record, federation.about(meshId, node), {
        rank,
        ...(meshId !== identity.did && { trust: trustIn(meshId, trust) }),
      });
    });
}

function trustIn(peer: Did, trust: Pick<TrustEngine, 'score'>): CandidateTrust {
  const { score, standing } = trust.score(peer);
  return { score, standing };
}
