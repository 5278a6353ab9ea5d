/**
 * SD-JWT VC: credentials whose holder decides, claim by claim, what to show (RFC 9901; draft-ietf-oauth-sd-jwt-vc). Issuers and
 * holders sign with their DIDs' keys.
 *
 * The package `@sd-jwt/sd-jwt-vc` is an optional peer, loaded on first use. It packs and unpacks; who signed, for whom, when and
 * whether it still stands is judged here.
 * @module
 */
export type { FoundKey, KeyPurpose, KeySource } from '../../ports/key-source.ts';
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
