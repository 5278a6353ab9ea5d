/**
 * `npm run test:smoke -- --region R`: the shortest real run. A client in region R and another, each with a socket of its own, prove who they
 * are, do one task, and the receipt says where it was done. Prints one line; exits 1 when anything of this fails, 2 when R is no region.
 * @module
 */
import { parseArgs } from 'node:util';
import { MeshClient, MeshError, policyTemplates } from '@mesh/sdk';
import { webSocketTransport } from '@mesh/sdk/transports/websocket';

/** Milliseconds for everything. Mostly it takes a tenth of a second. */
const patience = 15_000;

/** As providers of clouds and places spell them: `eu-west-1`, `europe-west4`, `us_gov_east_1`. */
const regionName = /^[a-z][a-z0-9]*([-_][a-z0-9]+)*$/;

/** Whether `text` can be the name of a region: at most 64 lower-case letters and digits, in words joined by `-` or `_`. */
export function isRegionName(text: string): boolean {
  return text.length <= 64 && regionName.test(text);
}

/** Has a client in `region` do one task for another over sockets. Resolves to the line to print. */
export async function smoke(region: string, signal: AbortSignal): Promise<string> {
  await using there = new MeshClient({
    did: 'did:mesh:app:there',
    region,
    transport: webSocketTransport({ listen: { port: 0 } }),
    policies: policyTemplates.openTo({ capabilities: ['echo'] }),
  });
  there.createAgent({ name: 'echo', capabilities: ['echo'], handler: ({ input }) => input });
  await there.start();
  const [address = ''] = there.federation.endpoints;

  await using here = new MeshClient({
    did: 'did:mesh:app:here',
    transport: webSocketTransport({ peers: [address] }),
  });
  const link = await here.federate(there.did, { signal });
  const { output, receipt } = await here.executeTask({ type: 'echo', data: region }, { signal });
  if (output !== region) throw new Error(`the task came back with '${String(output)}'`);
  if (receipt.by !== there.did) throw new Error(`the receipt is signed by ${receipt.by}`);
  if (receipt.region !== region) {
    throw new Error(`the receipt says region '${String(receipt.region)}'`);
  }
  return `smoke: one task in ${region} at ${address}, handshake ${link.handshakeMs.toFixed(0)} ms, receipt signed by ${receipt.by}`;
}

async function main(args: readonly string[]): Promise<number> {
  const region = regionIn(args);
  if (region === undefined || !isRegionName(region)) {
    const got = region === undefined ? 'none was given' : `'${region}' is not one`;
    console.error(`--region takes the name of a region, such as eu-west-1; ${got}`);
    return 2;
  }
  try {
    console.log(await smoke(region, AbortSignal.timeout(patience)));
    return 0;
  } catch (error) {
    const code = MeshError.is(error) ? `${error.code}: ` : '';
    console.error(`smoke in ${region} failed: ${code}${describe(error)}`);
    return 1;
  }
}

function regionIn(args: readonly string[]): string | undefined {
  const options = { region: { type: 'string' } } as const;
  const { region } = parseArgs({ args: [...args], options, strict: false }).values;
  return typeof region === 'string' ? region : undefined;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
