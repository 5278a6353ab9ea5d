/**
 * The fault `violation` of a plan: an organisation breaks a rule, and is to be shut out everywhere.
 * @module
 */
import { MeshError } from '../base/errors.ts';
import type { MeshClient } from '../client/index.ts';
import type { TestMesh } from './test-mesh.ts';

/** What is broken, and with which task it is tried. */
export interface ViolationFault {
  readonly org: string;
  readonly policy: string;
  /** A capability that every node offers. */
  readonly probe: string;
  /** Has `from` ask `to` for a probe; whether it was done. */
  readonly reaches: (from: string, to: string) => Promise<boolean>;
}

const lookEveryMs = 100;
const breachTimeoutMs = 5_000;

/**
 * Has the rule broken and measures the milliseconds until every node of every other organisation has shut the culprit out;
 * undefined when that takes longer than `withinMs`, or when a task reaches it afterwards. Takes everything back at the end.
 */
export async function measureViolation(
  mesh: TestMesh,
  fault: ViolationFault,
  withinMs: number,
): Promise<number | undefined> {
  const { org, policy } = fault;
  const others = mesh.orgs.filter((other) => other !== org);
  const [witness] = others;
  if (witness === undefined) {
    throw new MeshError('INVALID_ARGUMENT', {
      argument: 'orgs',
      expected: 'somebody who could see a violation',
      got: mesh.orgs,
    });
  }
  const id = `chaos/${policy}`;
  const watching = clientsOf(mesh, others);
  await Promise.all(watching.map((client) => client.policy.publish(ruleFor(id, mesh.did(org)))));
  const begun = mesh.clock.now();
  await breach(mesh, fault, witness, id);
  const shutAt = await untilShut(mesh, org, others, begun + withinMs);
  const reached = await Promise.all(others.map((other) => fault.reaches(other, org)));
  await forgive(mesh, org, others);
  await Promise.all(watching.map((client) => client.policy.withdraw(id)));
  return shutAt === undefined || reached.some(Boolean) ? undefined : shutAt - begun;
}

/** Tasks with the rule's own label are what it forbids. */
function ruleFor(id: string, culprit: string): { readonly id: string; readonly text: string } {
  const text = `@id("${id}") @violation("quarantine for 1h")
forbid (principal == Org::"${culprit}", action == Action::"task.receive", resource)
when { context.labels.contains("${id}") };`;
  return { id, text };
}

async function breach(
  mesh: TestMesh,
  { org, probe }: ViolationFault,
  witness: string,
  label: string,
): Promise<void> {
  const task = { type: probe, data: null, labels: [label] };
  const options = { to: mesh.did(witness), timeout: breachTimeoutMs } as const;
  try {
    await mesh.org(org).executeTask(task, options);
  } catch (error) {
    if (!MeshError.is(error)) throw error;
  }
}

async function untilShut(
  mesh: TestMesh,
  org: string,
  others: readonly string[],
  deadline: number,
): Promise<number | undefined> {
  const culprit = mesh.did(org);
  for (;;) {
    const clients = clientsOf(mesh, others);
    const now = mesh.clock.now();
    if (now > deadline) return undefined;
    if (clients.every(({ trust }) => trust.score(culprit).state === 'quarantined')) return now;
    await mesh.clock.advance(lookEveryMs);
  }
}

/** Who spoke a verdict takes it back. */
async function forgive(mesh: TestMesh, org: string, others: readonly string[]): Promise<void> {
  for (const other of others) {
    const { trust, did } = mesh.org(other);
    for (const { verdict, release } of trust.verdicts(mesh.did(org))) {
      if (verdict.by === did && release === undefined) await trust.release(verdict.id, 'a drill');
    }
  }
}

function clientsOf(mesh: TestMesh, orgs: readonly string[]): readonly MeshClient[] {
  return mesh
    .nodes()
    .filter(({ up, name }) => up && orgs.includes(name.slice(0, name.lastIndexOf('/'))))
    .map(({ client }) => client);
}
