/**
 * Several tenants of one organisation side by side: one identity, one store, and nothing else in common.
 * @module
 */
import { MeshError } from '../base/errors.ts';
import type { Store } from '../ports/store.ts';
import { silent, type Telemetry } from '../ports/telemetry.ts';
import { nodeName } from '../schema/words.ts';
import type { MeshClientOptions } from './options.ts';

/** The name of this node: what was given, else its tenant's, so that the tenants of one organisation do not meet under one name. */
export function nodeOf(options: MeshClientOptions): string {
  return checked(options.node ?? tenantOf(options) ?? 'main', 'node');
}

/** The tenant; `INVALID_ARGUMENT` when it is no name. */
export function tenantOf({ tenant }: MeshClientOptions): string | undefined {
  return tenant === undefined ? undefined : checked(tenant, 'tenant');
}

/** The part of the organisation's store in which a tenant keeps everything but the organisation's identity. */
export function tenantStore(store: Store, tenant: string | undefined): Store {
  // Any name is a folder of its own: escaped, no two names are the same and none has a `/`.
  return tenant === undefined ? store : store.sub(`tenant/${encodeURIComponent(tenant)}`);
}

/** The application's telemetry; whatever a tenant measures says whose it is. */
export function telemetryOf({ telemetry = silent, tenant }: MeshClientOptions): Telemetry {
  if (tenant === undefined) return telemetry;
  return {
    count: (name, by, attributes) => {
      telemetry.count(name, by, { ...attributes, tenant });
    },
    record: (name, value, attributes) => {
      telemetry.record(name, value, { ...attributes, tenant });
    },
    span: (name, attributes) => telemetry.span(name, { ...attributes, tenant }),
  };
}

function checked(name: string, argument: string): string {
  try {
    return nodeName(name, argument);
  } catch (cause) {
    const expected = "a name without '/'";
    throw new MeshError('INVALID_ARGUMENT', { argument, expected, got: name }, { cause });
  }
}
