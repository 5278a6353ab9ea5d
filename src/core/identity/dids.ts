/**
 * DIDs of other methods: resolvers to plug into a client, in the shape of did-resolver or as a registry of documents of your own.
 *
 * @example
 * ```ts
 * import { MeshClient } from '@mesh/sdk';
 * import { fromDidResolver } from '@mesh/sdk/dids';
 * import { getResolver } from 'some-did-resolver';
 *
 * const mesh = new MeshClient({ resolvers: [fromDidResolver(getResolver())] });
 * ```
 * @module
 */
export { webUrl } from '../../base/web-did-url.ts';
export type { DidDocument } from '../../schema/did-document.ts';
export { readDidDocument } from '../../schema/read-did-document.ts';
export {
  agreementKeyOf,
  publicKeyOf,
  type VerificationKey,
  type VerificationMethod,
} from '../../schema/verification-method.ts';
export { jwkDocument } from './methods/did-jwk.ts';
export { keyDocument } from './methods/did-key.ts';
export { type DidWebOptions, didWeb } from './methods/did-web.ts';
export { DidCache, type DidCacheOptions } from './resolution/did-cache.ts';
export {
  DidRegistry,
  type DidRegistryOptions,
  type RegisteredDid,
} from './resolution/did-registry.ts';
export {
  type DidMethodResolver,
  type DidResolutionResult,
  type DidUrlResolver,
  type FromDidResolverOptions,
  fromDidResolver,
  type ParsedDid,
  toDidResolver,
} from './resolution/did-resolver.ts';
