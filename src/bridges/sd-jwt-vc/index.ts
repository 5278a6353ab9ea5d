/**
 * SD-JWT VC: credentials whose holder decides, claim by claim, what to show (RFC 9901; draft-ietf-oauth-sd-jwt-vc). Issuers and
 * holders sign with their DIDs' keys.
 *
 * The package `@sd-jwt/sd-jwt-vc` is an optional peer, loaded on first use. It packs and unpacks; who signed, for whom, when and
 * whether it still stands is judged here.
 *
 * @example
 * ```ts
 * import { MeshClient } from '@mesh/sdk';
 * import { sdJwtVc } from '@mesh/sdk/sd-jwt-vc';
 *
 * await using mesh = new MeshClient({});
 * await mesh.start();
 * const { signer } = mesh.identity;
 * const door = sdJwtVc({ keys: mesh });
 * const vct = 'https://acme.example/partner';
 * const claims = { grade: 'A', sites: 3 };
 * const credential = await door.issue(
 *   { vct, claims, disclosable: ['grade', 'sites'], holder: signer.keyId },
 *   signer,
 * );
 * const asked = { nonce: 'n-1', audience: mesh.did };
 * const shown = await door.present(credential, { ...asked, disclose: ['grade'] }, signer);
 * console.log((await door.verify(shown, { vct, binding: asked })).valid); // true
 * ```
 * @module
 */

export type {
  CredentialForm,
  FormGround,
  OpenedCredential,
  Showing,
} from '../../ports/credential-form.ts';
export type { FoundKey, KeyPurpose, KeySource } from '../../ports/key-source.ts';
export { sdJwtForm } from './form.ts';
export { sdJwtVc } from './sd-jwt-vc.ts';
export type {
  SdJwtStatusCheck,
  SdJwtVc,
  SdJwtVcExpectation,
  SdJwtVcOptions,
  SdJwtVcRequest,
  SdJwtVcShowing,
  SdJwtVcVerdict,
  StatusReference,
} from './types.ts';
