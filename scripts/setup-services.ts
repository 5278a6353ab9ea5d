/**
 * `npm run setup:services`: what must run on this machine for `npm run test:services`. Each service is a command that says whether it is
 * there and how to get it; nothing is installed unasked.
 * @module
 */
import { spawnSync } from 'node:child_process';

/** Something outside npm that a test of services needs. */
interface Service {
  readonly name: string;
  /** Ends with 0 when the service is usable. */
  readonly probe: readonly [command: string, ...args: string[]];
  readonly install: string;
}

/** No adapter needs a service yet: transports and stores so far are memory, WebSocket and SQLite, which Node brings. */
const services: readonly Service[] = [];

const missing = services.filter(
  ({ probe: [command, ...args] }) => spawnSync(command, args).status !== 0,
);
for (const { name, install } of missing) console.log(`${name} is missing: ${install}`);
if (services.length === 0) console.log('No test needs a service yet.');
process.exitCode = missing.length > 0 ? 1 : 0;
