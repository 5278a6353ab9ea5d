/**
 * The gates every client has: its policy and the least trust it asks for.
 * @module
 */
import { MeshError } from '../base/errors.ts';
import type { Did } from '../base/ids.ts';
import type { Gate, GateRequest } from '../ports/gate.ts';
import type { AgentRecord } from '../schema/agent-record.ts';

/** The policy question of a gate. */
export interface PolicyView {
  decideSync(request: {
    readonly subject?: Did;
    readonly action: string;
    readonly resource: string;
    readonly context?: Readonly<Record<string, unknown>>;
  }): {
    readonly effect: 'allow' | 'deny';
    readonly determining: readonly string[];
    readonly advice?: string;
    readonly revision: number;
    readonly violation?: { readonly policies: readonly string[]; readonly sanction: string };
  };
}

/** The trust question of a gate. */
export interface TrustView {
  score(did: Did): {
    readonly score: number;
    readonly factors: readonly { readonly name: string; readonly because: string }[];
  };
}

/** Asks `task.send` or `task.receive`. `refused` hears of peers that were refused a task they came with. */
export function policyGate(
  policy: () => PolicyView,
  self: () => Did,
  refused: (
    question: { readonly subject: Did; readonly action: string; readonly resource: string },
    decision: ReturnType<PolicyView['decideSync']>,
  ) => void = () => undefined,
): Gate {
  return {
    before({ task, direction, peer, agent, explaining }: GateRequest) {
      const sending = direction === 'send';
      const action = sending ? 'task.send' : 'task.receive';
      const owner = sending ? peer : self();
      const resource = `agent:${agent ?? `${owner}#`}`;
      const { type: capability, sovereignty, tenant, labels = [] } = task;
      const context = { capability, labels, sovereignty, tenant };
      const decision = policy().decideSync({
        subject: sending ? self() : peer,
        action,
        resource,
        context,
      });
      if (decision.effect === 'allow') return;
      if (!sending && explaining !== true) refused({ subject: peer, action, resource }, decision);
      // What decided is this organisation's business; the caller of another learns only that it was refused.
      const why = sending
        ? decision.determining.join(', ') || 'nothing permits it'
        : 'by the receiver';
      const advice = sending && decision.advice !== undefined ? { advice: decision.advice } : {};
      throw new MeshError('POLICY_DENIED', { action, resource, determining: why, ...advice });
    },
  };
}

/** What an agent asks for one query, as it announced. */
export function announcedPrice(record: AgentRecord | undefined): bigint | undefined {
  const price = record?.pricing?.perQuery;
  return price === undefined ? undefined : BigInt(price);
}

/** Refuses agents whose price, as `priceOf` knows it, is above the caller's budget. */
export function budgetGate(priceOf: (agent: string) => bigint | undefined): Gate {
  return {
    before({ budget, agent }: GateRequest) {
      if (budget?.credits === undefined || agent === undefined) return;
      const cost = priceOf(agent) ?? 0n;
      if (cost > budget.credits) {
        throw new MeshError('BUDGET_EXCEEDED', {
          budget: String(budget.credits),
          cost: String(cost),
        });
      }
    },
  };
}

/** Refuses peers whose score is below `least`; one's own organisation is not asked for trust. */
export function trustGate(trust: () => TrustView, self: () => Did, least: number): Gate {
  return {
    before({ peer, direction }: GateRequest) {
      if (least === 0 || peer === self()) return;
      const { score, factors } = trust().score(peer);
      if (score >= least) return;
      const because = factors.map(({ name, because: reason }) => `${name}: ${reason}`).join('; ');
      const shown = direction === 'send' ? because : 'by the receiver';
      throw new MeshError('TRUST_TOO_LOW', { peer, score, needed: least, because: shown });
    },
  };
}

/** Lets data go only where the task allows: to agents in a zone that is known and fits. */
export function sovereigntyGate(zoneOf: (agent: string) => string | undefined): Gate {
  return {
    before({ task, direction, agent }: GateRequest) {
      const { sovereignty = 'any', type: capability } = task;
      if (direction === 'receive' || sovereignty === 'any') return;
      const zone = agent === undefined ? undefined : zoneOf(agent);
      const excluded = sovereignty.startsWith('no-') ? sovereignty.slice(3) : undefined;
      const fits =
        zone !== undefined && (excluded === undefined ? zone === sovereignty : zone !== excluded);
      if (!fits) throw new MeshError('SOVEREIGNTY_NO_REGION', { sovereignty, capability, zone });
    },
  };
}
