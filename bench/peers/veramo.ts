/**
 * Veramo 7 as its guide sets an agent up that verifies, from where `npm run setup:services -- --install veramo` puts it. It needs no keys and
 * no store for that.
 * @module
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { commandOf, installLine, service, veramoFolder } from '../../scripts/setup-services.ts';

/** What is used of Veramo's packages, which TypeScript does not see. */
interface Veramo {
  createAgent(options: { readonly plugins: readonly unknown[] }): {
    verifyCredential(args: { readonly credential: string }): Promise<{ verified: boolean }>;
  };
  readonly CredentialPlugin: new (providers: readonly unknown[]) => unknown;
  readonly CredentialProviderJWT: new () => unknown;
  readonly DIDResolverPlugin: new (options: { readonly resolver: unknown }) => unknown;
}

/** Whether Veramo is installed; says on stderr how to get it when it is not. */
export function veramoIsThere(): boolean {
  const wanted = service('veramo');
  const isThere = commandOf(wanted) !== undefined;
  if (!isThere) console.error(`without Veramo, which is missing: ${installLine(wanted)}`);
  return isThere;
}

/** Whether a VC 1.1 token holds, in the eyes of an agent that finds DIDs by `resolver`. */
export function veramoVerifier(resolver: unknown): (token: string) => Promise<boolean> {
  const load = createRequire(import.meta.url);
  const from = <Name extends keyof Veramo>(name: string) =>
    load(join(veramoFolder, name)) as Pick<Veramo, Name>;
  const { createAgent } = from<'createAgent'>('core');
  const { CredentialPlugin } = from<'CredentialPlugin'>('credential-w3c');
  const { CredentialProviderJWT } = from<'CredentialProviderJWT'>('credential-jwt');
  const { DIDResolverPlugin } = from<'DIDResolverPlugin'>('did-resolver');
  const credentials = new CredentialPlugin([new CredentialProviderJWT()]);
  const agent = createAgent({ plugins: [new DIDResolverPlugin({ resolver }), credentials] });
  return async (credential) => (await agent.verifyCredential({ credential })).verified;
}
