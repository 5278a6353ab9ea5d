/**
 * The room of identities alone, for who makes one before there is a client.
 * @module
 */
import { loadOnce } from '../base/load-once.ts';

/** The makers and openers of identities. */
export const loadIdentities = loadOnce(() => import('../core/identity/index.ts'));
