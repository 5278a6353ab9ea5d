import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Did } from '../../../../src/base/ids.ts';
import {
  type AnchorScope,
  isWithin,
  ownRights,
  permits,
  type Right,
} from '../../../../src/core/trust/credentials/anchors.ts';
import {
  attenuate,
  type Delegation,
  delegationIn,
} from '../../../../src/core/trust/credentials/delegation.ts';
import { signJws } from '../../../../src/core/trust/credentials/jws.ts';
import { type Credential, credentialContext } from '../../../../src/schema/credential.ts';
import { type Org, party, World } from '../rig.ts';

const types = ['Partner', 'Auditor', 'Supplier'];
const subjects = ['did:web:a.example', 'did:web:a.example:x', 'did:web:b.example'];

function credentialOf(type: string, subject: string | undefined, level: unknown): Credential {
  return {
    '@context': [credentialContext],
    id: 'urn:test:1',
    type: ['VerifiableCredential', type],
    issuer: 'did:web:issuer.example',
    credentialSubject: { ...(subject === undefined ? {} : { id: subject }), level },
  };
}

const anyScope: fc.Arbitrary<AnchorScope> = fc.record(
  {
    subjects: fc.subarray([...subjects, 'did:web:a.example*', 'did:*']),
    claims: fc.dictionary(
      fc.constantFrom('level', 'other'),
      fc.oneof(fc.constant('any' as const), fc.subarray(['gold', 1, true])),
    ),
  },
  { requiredKeys: [] },
);

const anyDelegation: fc.Arbitrary<Delegation> = fc.record(
  { types: fc.subarray(types), scope: anyScope, depth: fc.nat({ max: 5 }) },
  { requiredKeys: ['types'] },
);

const anyCredential = fc
  .tuple(
    fc.constantFrom(...types),
    fc.option(fc.constantFrom(...subjects), { nil: undefined }),
    fc.constantFrom('gold', 'tin', 1, true),
  )
  .map(([type, subject, level]) => credentialOf(type, subject, level));

describe('a scope', () => {
  it.each<[string, AnchorScope, boolean]>([
    ['is no limit when it is empty', {}, true],
    ['names a subject', { subjects: ['did:web:a.example'] }, true],
    ['names other subjects', { subjects: ['did:web:b.example'] }, false],
    ['names how subjects begin', { subjects: ['did:web:a*'] }, true],
    ['takes a star at the end only', { subjects: ['did:*:a.example'] }, false],
    ['names the claims', { claims: { level: 'any' } }, true],
    ['names the values', { claims: { level: ['gold', 'silver'] } }, true],
    ['names other values', { claims: { level: ['silver'] } }, false],
    ['names other claims', { claims: { colour: 'any' } }, false],
    ['names nothing that objects have', { claims: {} }, false],
  ])('%s', (_, scope, expected) => {
    expect(isWithin(scope, credentialOf('Partner', 'did:web:a.example', 'gold'))).toBe(expected);
  });

  it('that names subjects leaves out what has none', () => {
    expect(isWithin({ subjects: ['*'] }, credentialOf('Partner', undefined, 'gold'))).toBe(false);
  });
});

describe('a right that is handed on', () => {
  it('permits nothing that any link before it does not permit', () => {
    const chain = fc.array(anyDelegation, { minLength: 1, maxLength: 5 });
    const first = fc.record({ types: fc.subarray(types), scope: anyScope });
    fc.assert(
      fc.property(first, chain, anyCredential, (anchor, delegations, credential) => {
        const issuer: Did = 'did:web:anchor.example';
        const rights = ownRights([{ issuer, ...anchor, depth: 5 }], 'did:web:me.example');
        const root = rights(issuer)[0]!;
        const links: Right[] = [root];
        let right: Right | undefined = root;
        for (const delegation of delegations) {
          right = attenuate(right, delegation);
          if (right === undefined) return;
          const { types: own, scope, depth = 0 } = delegation;
          links.push({ types: own, scopes: scope === undefined ? [] : [scope], depth });
        }
        const type = credential.type[1]!;
        const every = links.every((link) => permits(link, type, credential));
        expect(permits(right, type, credential)).toBe(every);
        for (const [i, link] of links.entries()) {
          expect(right.depth).toBeLessThanOrEqual(link.depth);
          if (i > 0) expect(right.depth).toBeLessThanOrEqual(5 - i);
        }
      }),
    );
  });

  it('keeps the scope of every link', () => {
    const [a, b] = subjects;
    const right: Right = { types, scopes: [{ subjects: [a!] }], depth: 2 };
    const scope = { claims: { level: ['gold'] } };
    const handed = attenuate(right, { types, scope, depth: 1 })!;
    const further = attenuate(handed, { types })!;
    for (const one of [handed, further]) {
      expect(permits(one, 'Partner', credentialOf('Partner', a, 'gold'))).toBe(true);
      expect(permits(one, 'Partner', credentialOf('Partner', b, 'gold'))).toBe(false);
      expect(permits(one, 'Partner', credentialOf('Partner', a, 'tin'))).toBe(false);
    }
  });

  it('is gone when its depth is', () => {
    const right: Right = { types, scopes: [], depth: 0 };
    expect(attenuate(right, { types })).toBeUndefined();
  });

  it('is read from credentials that hand one on, and from nothing else', () => {
    const subject = { id: 'did:web:b.example', delegation: { types: ['Partner'] } };
    const credential = credentialOf('DelegationCredential', subject.id, 1);
    expect(delegationIn({ ...credential, credentialSubject: subject })).toBeDefined();
    for (const delegation of [undefined, {}, { types: 'all' }, { types: [], depth: 6 }]) {
      const claims = { id: subject.id, delegation };
      expect(delegationIn({ ...credential, credentialSubject: claims })).toBeUndefined();
    }
    expect(delegationIn({ ...credential, credentialSubject: {} })).toBeUndefined();
    const other = credentialOf('Partner', subject.id, 1);
    expect(delegationIn({ ...other, credentialSubject: subject })).toBeUndefined();
  });
});

describe('delegations', () => {
  let world: World;
  let root: Org;
  let middle: Org;
  let leaf: Org;
  let holder: Org;

  beforeEach(async () => {
    world = new World();
    root = await world.org('root');
    middle = await world.org('middle');
    leaf = await world.org('leaf');
    holder = await world.org('holder');
  });

  const verifierWith = async (depth: number, more: object = {}) => {
    const anchors = [{ issuer: root.did, types: ['Partner', 'Auditor'], depth, ...more }];
    const verifier = await world.org(`verifier ${String(depth)} ${JSON.stringify(more)}`, {
      anchors,
    });
    for (const org of [root, middle, leaf, holder]) world.street.connect(org.did, verifier.did);
    return verifier;
  };

  const partner = async (by: Org, level = 'gold') =>
    (await by.trust.issue({ subject: holder.did, type: 'Partner', claims: { level } })).jwt;

  it('let a delegate speak for the anchor, within what was handed on', async () => {
    const verifier = await verifierWith(1);
    const delegation = await root.trust.delegate(middle.did, {
      types: ['Partner', 'Supplier'],
      scope: { claims: { level: ['gold'] } },
    });
    const request = { delegations: [delegation.jwt] };
    const verification = await verifier.trust.verify(await partner(middle), request);
    expect(verification).toMatchObject({ valid: true, counted: ['Partner'] });
    expect(verification.via).toEqual([
      { credential: delegation.id, issuer: root.did, to: middle.did },
    ]);
    expect(await verifier.trust.verify(await partner(middle, 'tin'), request)).toMatchObject({
      valid: true,
      counted: [],
      checks: expect.arrayContaining([
        expect.objectContaining({ reason: 'anchor.scope' }),
      ]) as unknown,
    });
    const supplier = { subject: holder.did, type: 'Supplier', claims: { level: 'gold' } };
    const { jwt } = await middle.trust.issue(supplier);
    expect(await verifier.trust.verify(jwt, request)).toMatchObject({ counted: [] });
    expect(await verifier.trust.verify(await partner(leaf), request)).toMatchObject({
      counted: [],
    });
  });

  it('are nothing where the anchor may not hand its right on', async () => {
    const verifier = await verifierWith(0);
    const { jwt } = await root.trust.delegate(middle.did, { types: ['Partner'], depth: 3 });
    const verification = await verifier.trust.verify(await partner(middle), {
      delegations: [jwt],
    });
    expect(verification).toMatchObject({ valid: true, counted: [] });
  });

  it('make chains as long as each link allows, and no longer', async () => {
    const first = await root.trust.delegate(middle.did, { types: ['Partner'], depth: 1 });
    const flat = await root.trust.delegate(middle.did, { types: ['Partner'] });
    const second = await middle.trust.delegate(leaf.did, { types: ['Partner', 'Auditor'] });
    const token = await partner(leaf);
    const two = await verifierWith(2);
    const delegations = [first.jwt, second.jwt];
    const verification = await two.trust.verify(token, { delegations });
    expect(verification.counted).toEqual(['Partner']);
    expect(verification.via.map(({ to }) => to)).toEqual([middle.did, leaf.did]);
    const tooFlat = await two.trust.verify(token, { delegations: [flat.jwt, second.jwt] });
    expect(tooFlat.counted).toEqual([]);
    const one = await verifierWith(1);
    expect((await one.trust.verify(token, { delegations })).counted).toEqual([]);
    const alone = await two.trust.verify(token, { delegations: [second.jwt] });
    expect(alone.counted).toEqual([]);
  });

  it('let what counts by them stand until the first of them ends', async () => {
    const verifier = await verifierWith(2);
    const now = world.clock.now();
    for (const [first, second] of [
      ['10m', '90d'],
      ['90d', '10m'],
    ] as const) {
      const handed = { types: ['Partner'], depth: 1 };
      const delegations = [
        (await root.trust.delegate(middle.did, handed, first)).jwt,
        (await middle.trust.delegate(leaf.did, { types: ['Partner'] }, second)).jwt,
      ];
      const verification = await verifier.trust.verify(await partner(leaf), { delegations });
      expect(verification).toMatchObject({ counted: ['Partner'], until: now + 600_000 });
    }
  });

  it('that go round in a circle are followed once', async () => {
    const verifier = await verifierWith(5);
    const there = await middle.trust.delegate(leaf.did, { types: ['Partner'], depth: 5 });
    const back = await leaf.trust.delegate(middle.did, { types: ['Partner'], depth: 5 });
    const own = await leaf.trust.delegate(leaf.did, { types: ['Partner'], depth: 5 });
    const delegations = [there.jwt, back.jwt, own.jwt];
    const verification = await verifier.trust.verify(await partner(leaf), { delegations });
    expect(verification).toMatchObject({ valid: true, counted: [] });
  });

  it('are proven from the anchor on: nobody is asked about a DID that no proven link names', async () => {
    const verifier = await verifierWith(5);
    const asked: string[] = [];
    const keyOf = verifier.keys.keyOf.bind(verifier.keys);
    verifier.keys.keyOf = (keyId, use) => {
      asked.push(keyId.split('#')[0]!);
      return keyOf(keyId, use);
    };
    const stranger = party('stranger');
    const forged = await signJws(
      {
        ...credentialOf('DelegationCredential', leaf.did, 1),
        issuer: stranger.did,
        credentialSubject: { id: leaf.did, delegation: { types: ['Partner'] } },
      },
      'vc+jwt',
      stranger.signer,
    );
    await verifier.trust.verify(await partner(leaf), { delegations: [forged] });
    expect(asked).not.toContain(stranger.did);
  });

  it('end for all below when a link in the middle is revoked', async () => {
    const verifier = await verifierWith(2);
    const first = await root.trust.delegate(middle.did, { types: ['Partner'], depth: 1 });
    const second = await middle.trust.delegate(leaf.did, { types: ['Partner'] });
    const token = await partner(leaf);
    for (const jwt of [token, second.jwt, first.jwt]) await holder.trust.hold(jwt);
    await verifier.trust.meet(holder.did);
    expect(verifier.trust.credentialsOf(holder.did)).toEqual(new Set(['Partner']));
    const delegations = [first.jwt, second.jwt];
    expect((await verifier.trust.verify(token)).counted).toEqual(['Partner']);
    await root.trust.revoke(first.id, 'left');
    expect(verifier.trust.credentialsOf(holder.did)).toEqual(new Set());
    expect((await verifier.trust.verify(token, { delegations })).counted).toEqual([]);
  });

  it('come back with a restart, in any order', async () => {
    const verifier = await verifierWith(2);
    const first = await root.trust.delegate(middle.did, { types: ['Partner'], depth: 1 });
    const second = await middle.trust.delegate(leaf.did, { types: ['Partner'] });
    for (const jwt of [await partner(leaf), second.jwt, first.jwt]) await holder.trust.hold(jwt);
    await verifier.trust.meet(holder.did);
    await verifier.trust.close();
    const again = await world.org('verifier 2 {}', {
      anchors: [{ issuer: root.did, types: ['Partner'], depth: 2 }],
      store: verifier.store,
    });
    expect(again.trust.credentialsOf(holder.did)).toEqual(new Set(['Partner']));
  });

  it('travel in a presentation with what they stand for', async () => {
    const verifier = await verifierWith(1);
    const delegation = await root.trust.delegate(middle.did, { types: ['Partner'] });
    const credentials = [await partner(middle), delegation.jwt];
    const shown = await holder.trust.present({ audience: verifier.did, credentials });
    const verification = await verifier.trust.verifyPresentation(shown);
    expect(verification).toMatchObject({ valid: true, counted: ['Partner'] });
    const loose = await holder.trust.present({
      audience: verifier.did,
      credentials: [delegation.jwt],
    });
    expect(await verifier.trust.verifyPresentation(loose)).toMatchObject({
      valid: false,
      reason: 'credentials.holder',
    });
  });

  it('beyond what is looked at are misuse', async () => {
    const verifier = await verifierWith(1);
    const delegations = Array.from({ length: 65 }, () => '');
    await expect(verifier.trust.verify('', { delegations })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
  });
});
