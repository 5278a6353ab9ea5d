/**
 * Laws over what the work of the scenario has noted: each holds of any program that does such work.
 * @module
 */
import type { Invariant } from '../../src/testing/index.ts';
import { PerDisk, Stalls } from '../../src/testing/invariants.ts';
import type { TraceEvent } from '../../src/testing/simulation/trace.ts';

/** The answer under a key is the answer to what was asked under it, and so is its receipt. */
const answerFits: Invariant = {
  name: 'answer-fits-question',
  begin: () => (event) => {
    if (event.type === 'test.untold' && event['code'] === 'RECEIPT_INVALID') {
      return `${event.node} asked ${String(event['by'])} for ${String(event['n'])} and got a receipt for something else`;
    }
    if (event.type !== 'test.told' || event['echo'] === event['n']) return undefined;
    return `${event.node} asked ${String(event['by'])} for ${String(event['n'])} and was told ${String(event['echo'])}`;
  },
};

/** Who was told a result is told the same whenever it asks again, not that nobody knows. */
const resultKept: Invariant = {
  name: 'result-kept',
  begin: () => {
    const results = new PerDisk<Map<string, string>>(() => new Map());
    const lostAt = new Map<string, number>();
    return (event) => {
      results.see(event);
      const { type, node, t, by, key, n, code } = event;
      const receipt = String(event['receipt']);
      if (type === 'fault.crash' && event['disk'] === 'lost') lostAt.set(node, t);
      if (type !== 'test.told' && type !== 'test.untold') return undefined;
      // What was asked for before a disk was lost says nothing of the new one.
      if (Number(event['asked']) <= (lostAt.get(String(by)) ?? -1)) return undefined;
      const known = results.of(String(by));
      const name = `${node} ${String(key)} ${String(n)}`;
      const first = known.get(name);
      if (type === 'test.untold') {
        if (first === undefined || code !== 'TASK_UNCERTAIN') return undefined;
        return `${String(by)} does not know what came of key ${String(key)}, of which it gave receipt ${first}`;
      }
      known.set(name, first ?? receipt);
      if (first === undefined || first === receipt) return undefined;
      return `${node} got receipt ${receipt} for key ${String(key)}, before it was ${first}`;
    };
  },
};

/** A durable task goes on from its last checkpoint that was stored, or from a later one. */
const checkpointKept: Invariant = {
  name: 'checkpoint-kept',
  begin: () => {
    const steps = new PerDisk<Map<string, number>>(() => new Map());
    return (event) => {
      steps.see(event);
      const { type, node, task } = event;
      if (type !== 'test.resumed' && type !== 'test.checkpoint') return undefined;
      const known = steps.of(node);
      const [name, step] = [String(task), Number(event['step'])];
      const stored = known.get(name) ?? 0;
      if (type === 'test.checkpoint') known.set(name, Math.max(stored, step));
      if (step >= stored) return undefined;
      return `${node} goes on with task ${name} from step ${String(step)}, after it had stored step ${String(stored)}`;
    };
  },
};

/** Nobody takes a role while another may rely on it. Who stands still cannot hear that it has lost it. */
const oneLiveHolder: Invariant = {
  name: 'one-live-holder',
  begin: () => {
    const holders = new Set<string>();
    const stalls = new Stalls();
    let forgetful = false;
    return (event) => {
      stalls.see(event);
      const { type, node, t } = event;
      forgetful ||= type === 'fault.crash' && event['disk'] === 'lost';
      if (type === 'role.lost' || type === 'test.released' || type === 'fault.crash') {
        holders.delete(node);
      }
      if (type !== 'role.taken') return undefined;
      const other = [...holders].find((holder) => holder !== node && stalls.until(holder) < t);
      holders.add(node);
      if (other === undefined || forgetful) return undefined;
      return `${node} took the role while ${other} held it`;
    };
  },
};

/** Once an organisation is shut out, and that is in force, no work is begun for it. */
const noWorkAfterForbid: Invariant = {
  name: 'no-work-after-forbid',
  begin: () => {
    const forbidden = new PerDisk<Map<string, number>>(() => new Map());
    return (event) => {
      forbidden.see(event);
      const { type, node, t, caller } = event;
      if (type === 'test.forbidden') forbidden.of(node).set(String(event['peer']), t);
      if (type === 'test.permitting') forbidden.of(node).delete(String(event['peer']));
      if (type !== 'handler.began' || event['durable'] === true) return undefined;
      const since = forbidden.of(node).get(String(caller)) ?? Number.POSITIVE_INFINITY;
      if (t <= since) return undefined;
      return `${node} works for ${String(caller)}, which it shut out at ${String(Math.round(since))} ms`;
    };
  },
};

/** A broadcast is heard once in each life of a node. */
const heardOnce: Invariant = {
  name: 'broadcast-heard-once',
  begin: () => {
    const heard = new Map<string, Set<unknown>>();
    return ({ type, node, word }) => {
      if (type === 'node.booted' || !heard.has(node)) heard.set(node, new Set());
      if (type !== 'test.heard') return undefined;
      if (heard.get(node)!.has(word)) return `${node} heard '${String(word)}' twice`;
      heard.get(node)!.add(word);
      return undefined;
    };
  },
};

/** What a node knows of an agent only gets newer. */
const recordsGrow: Invariant = {
  name: 'record-goes-forward',
  begin: () => {
    const known = new PerDisk<Map<unknown, number>>(() => new Map());
    return (event: TraceEvent) => {
      known.see(event);
      if (event.type !== 'test.record') return undefined;
      const { node, agent } = event;
      const sequence = Number(event['sequence']);
      const before = known.of(node).get(agent) ?? 0;
      known.of(node).set(agent, sequence);
      if (sequence >= before) return undefined;
      return `${node} went from record ${String(before)} of ${String(agent)} back to ${String(sequence)}`;
    };
  },
};

/** The chain of every audit log is whole. */
const auditWhole: Invariant = {
  name: 'audit-whole',
  begin: () => (event) => {
    if (event.type !== 'test.audit' || event['intact'] === true) return undefined;
    return `the audit log of ${event.node} is broken at ${String(event['firstBreak'])}: ${String(event['because'])}`;
  },
};

/** The laws of the scenario, beside those of every mesh. */
export const laws: readonly Invariant[] = [
  answerFits,
  resultKept,
  checkpointKept,
  oneLiveHolder,
  noWorkAfterForbid,
  heardOnce,
  recordsGrow,
  auditWhole,
];
