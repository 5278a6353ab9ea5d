/**
 * From the issuer of a credential back to an anchor, over delegations. Chains are looked for in what the delegations claim, which
 * costs no cryptography, and proven from the anchor down: so nobody is asked about a DID that no proven link names.
 * @module
 */
import type { Did } from '../../../base/ids.ts';
import type { Credential } from '../../../schema/credential.ts';
import { maxDepth, type Right } from './anchors.ts';
import { attenuate, delegationIn } from './delegation.ts';

/** A delegation that was shown; nothing in it is proven. */
export interface ShownDelegation {
  readonly token: string;
  readonly credential: Credential;
}

/** A delegation that was gone by. */
export interface DelegationLink {
  readonly credential: string;
  readonly issuer: Did;
  readonly to: Did;
}

/** A right at the end of a chain. */
export interface HandedRight {
  readonly right: Right;
  /** From the anchor to the issuer. */
  readonly via: readonly DelegationLink[];
  /** Epoch milliseconds up to which all links hold. */
  readonly until: number;
}

/** What {@link handedRights} goes by. */
export interface ChainTools {
  /** Rights at first hand. */
  readonly rights: (issuer: Did) => readonly Right[];
  /** Delegations to `delegate` that were shown. */
  readonly shown: (delegate: Did) => readonly ShownDelegation[];
  /** Epoch milliseconds up to which a delegation holds; undefined when it does not. */
  readonly prove: (shown: ShownDelegation) => Promise<number | undefined>;
}

/** Chains that are followed for one verdict, and delegations looked at to find them. */
const chainLimit = 8;
const lookLimit = 64;

/** The rights that were handed on to `issuer` and hold now. */
export async function handedRights(
  issuer: Did,
  tools: ChainTools,
): Promise<readonly HandedRight[]> {
  const found: HandedRight[] = [];
  for (const chain of chainsTo(issuer, tools)) {
    for (const right of tools.rights(chain[0]!.credential.issuer)) {
      const handed = await follow(right, chain, tools);
      if (handed !== undefined) found.push(handed);
    }
  }
  return found;
}

/** Chains from somebody with rights to `issuer`, shortest first. No DID comes twice in one. */
function chainsTo(issuer: Did, tools: ChainTools): readonly (readonly ShownDelegation[])[] {
  const chains: (readonly ShownDelegation[])[] = [];
  let ends: readonly (readonly ShownDelegation[])[] = [[]];
  let looks = 0;
  for (let length = 1; length <= maxDepth && ends.length > 0; length += 1) {
    const longer: (readonly ShownDelegation[])[] = [];
    for (const chain of ends) {
      for (const shown of tools.shown(chain[0]?.credential.issuer ?? issuer)) {
        looks += 1;
        if (looks > lookLimit || chains.length >= chainLimit) return chains;
        const by = shown.credential.issuer;
        if (by === issuer || chain.some(({ credential }) => credential.issuer === by)) continue;
        const next = [shown, ...chain];
        if (tools.rights(by).some(({ depth }) => depth >= length)) chains.push(next);
        longer.push(next);
      }
    }
    ends = longer;
  }
  return chains;
}

async function follow(
  right: Right,
  chain: readonly ShownDelegation[],
  tools: ChainTools,
): Promise<HandedRight | undefined> {
  let handed: HandedRight = { right, via: [], until: Infinity };
  for (const shown of chain) {
    const { id, issuer } = shown.credential;
    const handing = delegationIn(shown.credential);
    const left = handing === undefined ? undefined : attenuate(handed.right, handing.delegation);
    const until = left === undefined ? undefined : await tools.prove(shown);
    if (handing === undefined || left === undefined || until === undefined) return undefined;
    handed = {
      right: left,
      via: [...handed.via, { credential: id, issuer, to: handing.to }],
      until: Math.min(handed.until, until),
    };
  }
  return handed;
}
