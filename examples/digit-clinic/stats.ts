// What an organisation can say of itself at the end.
import type { FederationStats, MeshClient, PolicyStats, TrustScore } from '@mesh/sdk';
import type { ReportOrganisation } from './report.ts';

/** The numbers of one organisation. */
export interface OrganisationStats {
  readonly name: string;
  readonly role: ReportOrganisation['role'];
  readonly did: string;
  readonly federation: FederationStats;
  readonly policy: PolicyStats;
  readonly decisions: number;
  readonly trust: readonly { readonly to: string; readonly score: TrustScore }[];
  readonly receipts: number;
}

/** Asks the mesh for its numbers. */
export async function statsOf(
  name: string,
  role: OrganisationStats['role'],
  mesh: MeshClient,
): Promise<OrganisationStats> {
  const counts = { task: 0, policy: 0 };
  for await (const { kind } of mesh.audit.entries()) {
    if (kind === 'task' || kind === 'policy') counts[kind] += 1;
  }
  const others = new Set(mesh.federation.peers());
  for (const { meshId } of mesh.discovery.records()) if (meshId !== mesh.did) others.add(meshId);
  return {
    name,
    role,
    did: mesh.did,
    federation: mesh.federation.stats(),
    policy: mesh.policy.stats(),
    decisions: counts.policy,
    receipts: counts.task,
    trust: [...others].map((to) => ({ to, score: mesh.trust.score(to) })),
  };
}

/** Waits, looking every 20 ms, until `condition` holds; gives up after 30 s. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  const ends = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > ends) throw new Error(`waited 30 s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
