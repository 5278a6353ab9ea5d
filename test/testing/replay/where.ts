/**
 * Says what it runs on, so that a test knows that it ran there.
 * @module
 */
import { platform } from '#platform';

/** The platform the bundle got, and the version of the runtime. */
export function where(): { readonly platform: string; readonly version: string } {
  const version = typeof process === 'object' ? process.version : navigator.userAgent;
  return { platform: platform.name, version };
}
