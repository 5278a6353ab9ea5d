/**
 * Where published policies are kept, revision by revision.
 * @module
 */

import { fromUtf8 } from '../../base/bytes.ts';
import { canonicalBytes } from '../../base/canonical.ts';
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import { parseJson } from '../../base/shape.ts';
import type { Entry } from '../../ports/store.ts';
import { type PolicyBundle, policyBundleShape } from '../../schema/policy-bundle.ts';
import { sign, verifySigned } from '../../schema/signed.ts';
import type { Persistence } from './needs.ts';

/** How many revisions are kept to go back to. */
export const keptRevisions = 32;
/** Characters of a stored bundle. */
const maxBundle = 64 << 20;
const prefix = 'policy/bundle/';

/** Keeps bundles. */
export interface BundleShelf {
  /** The bundle with the highest revision. */
  newest(): Promise<PolicyBundle | undefined>;
  read(revision: number): Promise<PolicyBundle | undefined>;
  /** Adds a bundle; `ALREADY_EXISTS` when its revision is taken. */
  put(bundle: PolicyBundle): Promise<void>;
}

/** Keeps bundles in memory. */
export class MemoryShelf implements BundleShelf {
  readonly #bundles = new Map<number, PolicyBundle>();

  newest(): Promise<PolicyBundle | undefined> {
    return Promise.resolve([...this.#bundles.values()].at(-1));
  }

  read(revision: number): Promise<PolicyBundle | undefined> {
    return Promise.resolve(this.#bundles.get(revision));
  }

  put(bundle: PolicyBundle): Promise<void> {
    this.#bundles.set(bundle.revision, bundle);
    this.#bundles.delete(bundle.revision - keptRevisions);
    return Promise.resolve();
  }
}

/** Keeps bundles in a store, signed; what was altered there is refused with `SIGNATURE_INVALID`. */
export class SignedShelf implements BundleShelf {
  readonly #needs: Persistence;
  readonly #publisher: Did;

  constructor(needs: Persistence, publisher: Did) {
    this.#needs = needs;
    this.#publisher = publisher;
  }

  async newest(): Promise<PolicyBundle | undefined> {
    for await (const entry of this.#needs.store.scan({ prefix, reverse: true, limit: 1 })) {
      return await this.#open(entry);
    }
    return undefined;
  }

  async read(revision: number): Promise<PolicyBundle | undefined> {
    const entry = await this.#needs.store.get(keyOf(revision));
    return entry && (await this.#open(entry));
  }

  async put(bundle: PolicyBundle): Promise<void> {
    const { store, signer } = this.#needs;
    const signed = await sign('policy-bundle', bundle, signer);
    const key = keyOf(bundle.revision);
    const outdated = bundle.revision - keptRevisions;
    const commit = await store.write(
      [
        { put: key, value: canonicalBytes(signed) },
        ...(outdated > 0 ? [{ del: keyOf(outdated) }] : []),
      ],
      // Two processes on one store: the second to publish must not write over the first.
      { if: [{ key, revision: null }] },
    );
    if (commit.ok) return;
    throw new MeshError('ALREADY_EXISTS', { what: 'policy revision', id: String(bundle.revision) });
  }

  async #open({ key, value }: Entry): Promise<PolicyBundle> {
    const bundle = parseJson(fromUtf8(value, key), policyBundleShape, key, maxBundle);
    // Kept over changes of keys: each revision is by the key of its time. Foreign bundles are not kept here.
    const at = Date.parse(bundle.at);
    await verifySigned('policy-bundle', bundle, this.#publisher, this.#needs.verify, at);
    if (bundle.publisher === this.#publisher && keyOf(bundle.revision) === key) return bundle;
    // An old bundle under a new name would be a way back to old policies.
    const detail = `revision ${String(bundle.revision)} stands under ${key}`;
    throw new MeshError('STORE_CORRUPT', { store: 'policy', detail });
  }
}

/** Keys sort as their revisions do. */
function keyOf(revision: number): string {
  return prefix + String(revision).padStart(16, '0');
}
