/**
 * Verifiable credentials of the older data model (VC 1.1) as JWT, made and checked with the library everybody used for them,
 * did-jwt-vc. Around it stands what it leaves open: one key chosen by name, issuers compared, no grace after the end, status
 * looked up or refused, and what is inside a presentation checked.
 *
 * The package `did-jwt-vc` is an optional peer, loaded on first use.
 *
 * @example
 * ```ts
 * import { MeshClient } from '@mesh/sdk';
 * import { vc11 } from '@mesh/sdk/vc11';
 *
 * await using mesh = new MeshClient({});
 * await mesh.start();
 * const older = vc11({ keys: mesh });
 * const credential = { type: ['Partner'], credentialSubject: { id: 'did:example:partner' } };
 * const jwt = await older.issue(credential, mesh.identity.signer);
 * console.log((await older.verify(jwt)).valid); // true
 * ```
 * @module
 */
export type { FoundKey, KeyPurpose, KeySource } from '../../ports/key-source.ts';
export type {
  CredentialVerdict,
  PresentationVerdict,
  Vc11,
  Vc11Credential,
  Vc11Options,
  Vc11PresentOptions,
  Vc11StatusCheck,
  Vc11VerifyPresentationOptions,
} from './types.ts';
export { vc11 } from './vc11.ts';
