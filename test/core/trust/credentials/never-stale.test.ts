/** Verdicts with everything remembered are those of somebody who remembers nothing, whatever happens in between. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Duration } from '../../../../src/base/duration.ts';
import { CredentialExaminer } from '../../../../src/core/trust/credentials/credentials.ts';
import { signJws } from '../../../../src/core/trust/credentials/jws.ts';
import { nodeCrypto } from '../../../../src/platform/node-crypto.ts';
import { credentialContext } from '../../../../src/schema/credential.ts';
import { toInstant } from '../../../../src/schema/words.ts';
import { virtualClock } from '../../../../src/testing/virtual-clock.ts';
import { party, TestKeys, World } from '../rig.ts';

const issuers = [party('one'), party('two', 'P-256')];
const other = party('other');
const minute = 60_000;

interface Step {
  readonly does: 'examine' | 'rotate' | 'restore' | 'end' | 'revive' | 'lose' | 'find' | 'wait';
  readonly which: number;
}

const anyStep: fc.Arbitrary<Step> = fc.record({
  does: fc.oneof(
    { weight: 5, arbitrary: fc.constant('examine' as const) },
    {
      weight: 4,
      arbitrary: fc.constantFrom(
        'rotate' as const,
        'restore' as const,
        'end' as const,
        'revive' as const,
        'lose' as const,
        'find' as const,
        'wait' as const,
      ),
    },
  ),
  which: fc.nat({ max: 7 }),
});

describe('an examiner', () => {
  it('says of what it knows what one says that knows nothing', async () => {
    const start = virtualClock().now();
    const tokens = await Promise.all(
      Array.from({ length: 8 }, (_, i) => {
        const by = issuers[i % 2]!;
        const payload = {
          '@context': [credentialContext],
          id: `urn:test:${String(i)}`,
          type: ['VerifiableCredential', 'Partner'],
          issuer: by.did,
          validFrom: toInstant(start + (i >> 2) * 3 * minute),
          validUntil: toInstant(start + (2 + i) * minute),
          credentialSubject: { id: other.did },
        };
        return signJws(payload, 'vc+jwt', by.signer);
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 40, size: 'max' }), async (steps) => {
        const clock = virtualClock();
        const keys = new TestKeys();
        const quarantined = new Set<string>();
        const options = {
          keys,
          crypto: nodeCrypto,
          clock,
          standing: { isQuarantined: (did: string) => quarantined.has(did) },
        };
        const examiner = new CredentialExaminer(options);
        for (const { does, which } of steps) {
          const { did } = issuers[which % 2]!;
          if (does === 'rotate') keys.rotated.set(did, other.multikey);
          if (does === 'restore') keys.rotated.delete(did);
          if (does === 'end') keys.ended.add(did);
          if (does === 'revive') keys.ended.delete(did);
          if (does === 'lose') quarantined.add(did);
          if (does === 'find') quarantined.delete(did);
          if (does === 'wait') await clock.advance((which + 1) * 20_000);
          if (does !== 'examine') continue;
          const known = await examiner.examine(tokens[which]!);
          const naive = await new CredentialExaminer(options).examine(tokens[which]!);
          expect(known).toEqual(naive);
        }
        expect(examiner.signatureChecks).toBeLessThanOrEqual(tokens.length);
      }),
      { numRuns: 60 },
    );
  });
});

interface Happening {
  readonly does: 'issue' | 'verify' | 'revoke' | 'rotate' | 'restore' | 'wait';
  readonly which: number;
}

const anyHappening: fc.Arbitrary<Happening> = fc.record({
  does: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('issue' as const, 'revoke' as const) },
    { weight: 4, arbitrary: fc.constant('verify' as const) },
    { weight: 2, arbitrary: fc.constantFrom('rotate' as const, 'restore' as const) },
    { weight: 3, arbitrary: fc.constant('wait' as const) },
  ),
  which: fc.nat({ max: 9 }),
});

describe('a storm of rotation, revocation and expiry', () => {
  it('lets nothing be taken that does not stand', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyHappening, { maxLength: 25, size: 'max' }),
        async (happenings) => {
          const world = new World();
          const issuer = await world.org('issuer');
          const anchors = [{ issuer: issuer.did, types: ['Partner'] }];
          const verifier = await world.org('verifier', { anchors });
          world.street.connect(issuer.did, verifier.did);
          const issued: { id: string; jwt: string; until: number; revoked: boolean }[] = [];
          let disturbed = false;
          for (const { does, which } of happenings) {
            const one = issued[which % Math.max(1, issued.length)];
            if (does === 'issue') {
              const minutes = (which + 1) * 7;
              const request = { subject: other.did, type: 'Partner', claims: {} };
              const validFor: Duration = `${minutes}m`;
              const { id, jwt } = await issuer.trust.issue({ ...request, validFor });
              const until = world.clock.now() + minutes * minute;
              issued.push({ id, jwt, until, revoked: false });
            }
            if (does === 'rotate') verifier.keys.rotated.set(issuer.did, other.multikey);
            if (does === 'restore') verifier.keys.rotated.clear();
            if (does === 'rotate') disturbed = true;
            if (does === 'wait') await world.clock.advance((which + 1) * 4 * minute);
            if (one === undefined) continue;
            // A list signed with keys that are not believed says nothing, and in earnest keys never come back.
            if (does === 'revoke' && !verifier.keys.rotated.has(issuer.did)) {
              await issuer.trust.revoke(one.id, 'a test');
              one.revoked = true;
            }
            if (does !== 'verify') continue;
            const stands =
              !one.revoked &&
              world.clock.now() < one.until &&
              !verifier.keys.rotated.has(issuer.did);
            const { valid, because } = await verifier.trust.verify(one.jwt);
            // A list that was refused while keys were others may be missed for a while: refused, never taken.
            if (!disturbed)
              expect([valid, because]).toEqual([stands, stands ? undefined : because]);
            if (valid) expect(stands).toBe(true);
          }
          await Promise.all([issuer.trust.close(), verifier.trust.close()]);
        },
      ),
      { numRuns: 40 },
    );
  }, 60_000);

  it('a clock that goes back or far ahead changes verdicts at once, and back again', async () => {
    const clock = virtualClock();
    let jump = 0;
    const moved = { ...clock, now: () => clock.now() + jump, monotonic: () => clock.monotonic() };
    const examiner = new CredentialExaminer({
      keys: new TestKeys(),
      crypto: nodeCrypto,
      clock: moved,
    });
    const by = issuers[0]!;
    const token = await signJws(
      {
        '@context': [credentialContext],
        id: 'urn:test:clock',
        type: ['VerifiableCredential', 'Partner'],
        issuer: by.did,
        validFrom: toInstant(clock.now()),
        validUntil: toInstant(clock.now() + minute),
        credentialSubject: { id: other.did },
      },
      'vc+jwt',
      by.signer,
    );
    const reason = async () => (await examiner.examine(token)).checks.at(-1)!.reason;
    for (const [ms, expected] of [
      [0, undefined],
      [365 * 24 * 60 * minute, 'time.over'],
      [-2 * minute, 'time.early'],
      [0, undefined],
    ] as const) {
      jump = ms;
      expect(await reason()).toBe(expected);
    }
  });
});
