import { createHash } from 'node:crypto';
import { verifyAuditLog } from '../src/audit.ts';
import type { AuditBundle } from '../src/core/audit/index.ts';
import { MeshClient } from '../src/index.ts';
import type { Bench, Case } from './harness.ts';

const limit = 'bare JSON.parse and SHA-256 of each line';
const entries = 100_000;

let lines: string[] = [];
let bundle: AuditBundle | undefined;

/** One log for all cases. */
async function prepare(): Promise<void> {
  if (bundle !== undefined) return;
  await using mesh = new MeshClient();
  await mesh.start();
  const body = { id: 'task-0123456789', agent: 'did:key:z6Mk#main/echo', outcome: 'ok', ms: 12.5 };
  for (let i = 0; i < entries; i += 1) {
    if (i % 500 === 499) await mesh.audit.append('task', body);
    else mesh.audit.appendSoon('task', body);
  }
  bundle = await mesh.audit.export();
  lines = await Array.fromAsync(mesh.audit.exportLines());
}

function ours(name: string, form: () => Parameters<typeof verifyAuditLog>[0]): Case {
  return {
    name,
    role: 'ours',
    setup: prepare,
    async run() {
      const begin = performance.now();
      const check = await verifyAuditLog(form());
      if (!check.complete || check.entries !== entries) throw new Error(check.because);
      return (entries * 1_000) / (performance.now() - begin);
    },
  };
}

const bench: Bench = {
  what: 'Entries of a log of 100,000 checked from its export alone: form, chain, tree, signed heads.',
  unit: 'events/s',
  better: 'more',
  peer: limit,
  rounds: 5,
  cases: [
    ours('verifyAuditLog of an object', () => bundle!),
    ours('verifyAuditLog of lines', () => lines),
    {
      name: limit,
      role: 'limit',
      setup: prepare,
      run() {
        const begin = performance.now();
        for (const line of lines) {
          JSON.parse(line);
          createHash('sha256').update(line).digest();
        }
        return Promise.resolve((lines.length * 1_000) / (performance.now() - begin));
      },
    },
  ],
};

export default bench;
