/**
 * Tenants: several clients of one organisation, side by side on one store, that see nothing of each other.
 * @module
 */
import { MeshError } from '../base/errors.ts';
import type { Store } from '../ports/store.ts';
import { type Attributes, silent, type Telemetry } from '../ports/telemetry.ts';
import { nodeName } from '../schema/words.ts';

interface Named {
  readonly tenant?: string;
  readonly node?: string;
}

const tenantPattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** The tenant in `options`, checked; `INVALID_ARGUMENT` for what could not be part of a key and of an address. */
export function tenantOf({ tenant }: Named): string | undefined {
  const given: unknown = tenant;
  if (given === undefined) return undefined;
  if (typeof given === 'string' && tenantPattern.test(given)) return given;
  const expected = "1 to 64 of 'a' to 'z', digits, '.', '_' and '-', the first a letter or digit";
  throw new MeshError('INVALID_ARGUMENT', { argument: 'tenant', expected, got: given });
}

/** The node in `options`, checked. Tenants have one DID, so without a name of its own a tenant's node is called as it is. */
export function nodeOf(options: Named): string {
  const { node = tenantOf(options) ?? 'main' } = options;
  try {
    return nodeName(node, 'node');
  } catch (cause) {
    const expected = "a name without '/'";
    throw new MeshError('INVALID_ARGUMENT', { argument: 'node', expected, got: node }, { cause });
  }
}

/** The part of `store` that is the tenant's; all of it when there is none. */
export function tenantStore(store: Store, tenant: string | undefined): Store {
  return tenant === undefined ? store : store.sub(`tenant/${tenant}/`);
}

/** `telemetry` with the attribute `tenant` on everything, which nobody can say otherwise. */
export function tenantTelemetry(
  telemetry: Telemetry = silent,
  tenant: string | undefined,
): Telemetry {
  if (tenant === undefined) return telemetry;
  const marked = (attributes?: Attributes): Attributes => ({ ...attributes, tenant });
  return {
    count: (name, by, attributes) => {
      telemetry.count(name, by, marked(attributes));
    },
    record: (name, value, attributes) => {
      telemetry.record(name, value, marked(attributes));
    },
    span: (name, attributes) => {
      const span = telemetry.span(name, marked(attributes));
      return {
        set: (later) => {
          span.set(marked(later));
        },
        end: (error) => {
          span.end(error);
        },
      };
    },
  };
}
