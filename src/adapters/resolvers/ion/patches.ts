/**
 * The changes that make up the first state of a did:ion. Source: Sidetree 1.0, section "Standard Patch Actions".
 * @module
 */
import type { Did } from '../../../base/ids.ts';
import type { PublicJwk } from '../../../base/jwk.ts';
import {
  list,
  object,
  oneOf,
  optional,
  refused,
  type Shape,
  type Shaped,
  text,
  unknown,
} from '../../../base/shape.ts';
import { relationships } from '../../../schema/did-document.ts';
import { publicJwkShape } from '../../../schema/verification-method.ts';
import { did } from '../../../schema/words.ts';

const id = text({
  min: 1,
  max: 50,
  pattern: /^[A-Za-z0-9_-]+$/,
  what: 'an id of at most 50 characters',
});

const keyShape = object({
  id,
  type: text({ min: 1, max: 100 }),
  controller: optional(did),
  publicKeyJwk: publicJwkShape,
  purposes: optional(list(oneOf(...relationships), { max: relationships.length })),
});

const serviceShape = object({
  id,
  type: text({ min: 1, max: 30 }),
  serviceEndpoint: unknown,
});

const stateShape = object({
  publicKeys: optional(list(keyShape, { max: 64 })),
  services: optional(list(serviceShape, { max: 64 })),
});

/** A key of the state. */
export interface IonKey {
  readonly id: string;
  readonly type: string;
  readonly controller?: Did;
  readonly publicKeyJwk: PublicJwk;
  readonly purposes: readonly string[];
}

/** Keys and services by their ids. */
export interface IonState {
  readonly keys: ReadonlyMap<string, IonKey>;
  readonly services: ReadonlyMap<string, Shaped<typeof serviceShape>>;
}

interface Draft {
  readonly keys: Map<string, IonKey>;
  readonly services: Map<string, Shaped<typeof serviceShape>>;
}

/** The state after all of `patches`; `SCHEMA_INVALID` when one of them cannot be applied. */
export function applyPatches(patches: readonly unknown[]): IonState {
  const draft: Draft = { keys: new Map(), services: new Map() };
  patches.forEach((patch, i) => {
    const at = `patches[${String(i)}]`;
    const { action } = object({ action: text({ max: 64 }) })(patch, at);
    const apply = Object.hasOwn(actions, action) ? actions[action] : undefined;
    if (apply === undefined) throw refused(`${at}.action`, 'an action of Sidetree', action);
    apply(draft, patch, at);
  });
  return draft;
}

const actions: Readonly<Record<string, (draft: Draft, patch: unknown, at: string) => void>> = {
  replace: (draft, patch, at) => {
    const { document } = object({ document: stateShape })(patch, at);
    draft.keys.clear();
    draft.services.clear();
    addKeys(draft, document.publicKeys ?? []);
    addServices(draft, document.services ?? []);
  },
  'add-public-keys': (draft, patch, at) => {
    addKeys(draft, object({ publicKeys: list(keyShape, { max: 64 }) })(patch, at).publicKeys);
  },
  'remove-public-keys': (draft, patch, at) => {
    for (const name of idsOf(patch, at)) draft.keys.delete(name);
  },
  'add-services': (draft, patch, at) => {
    addServices(draft, object({ services: list(serviceShape, { max: 64 }) })(patch, at).services);
  },
  'remove-services': (draft, patch, at) => {
    for (const name of idsOf(patch, at)) draft.services.delete(name);
  },
};

const idsShape: Shape<{ readonly ids: readonly string[] }> = object({ ids: list(id, { max: 64 }) });

function idsOf(patch: unknown, at: string): readonly string[] {
  return idsShape(patch, at).ids;
}

function addKeys(draft: Draft, keys: readonly Shaped<typeof keyShape>[]): void {
  for (const { purposes = [], ...key } of keys) draft.keys.set(key.id, { ...key, purposes });
}

function addServices(draft: Draft, services: readonly Shaped<typeof serviceShape>[]): void {
  for (const service of services) draft.services.set(service.id, service);
}
