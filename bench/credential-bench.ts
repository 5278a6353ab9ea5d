/**
 * How fast a credential is verified, by us and by others.
 * @module
 */
import type { Bench, Case } from './harness.ts';
import { type Algorithm, type CredentialRig, credentialRig } from './peers/credentials.ts';
import { veramoIsThere } from './peers/veramo.ts';

/** Verifications of one round, for what takes a tenth of a millisecond; the slower cases make fewer. */
const times = 800;

/** Asked once for all algorithms. */
const veramo = veramoIsThere();

/** The bench of one algorithm. */
export function credentialBench(algorithm: Algorithm): Bench {
  let rig: CredentialRig | undefined;
  let users = 0;
  const peer = 'did-jwt 9 verifyJWT';
  const of = (
    name: string,
    role: Case['role'],
    run: (rig: CredentialRig, share: number) => Promise<number>,
  ): Case => ({
    name,
    role,
    setup: async () => {
      users += 1;
      rig ??= await credentialRig(algorithm);
    },
    run: (share) => run(rig!, share),
    teardown: async () => {
      users -= 1;
      if (users === 0) await rig?.close();
    },
  });
  const peerCase = (name: string, call: (rig: CredentialRig) => Promise<void>, count: number) =>
    of(name, 'peer', (ready, share) => rate(count * share, () => call(ready)));
  const native = 'node:crypto, the signature alone';
  const nativeCase = (
    name: string,
    role: Case['role'],
    call: (rig: CredentialRig, token: string) => void,
  ): Case =>
    of(name, role, async (ready, share) => {
      const tokens = await ready.mint(Math.ceil(times * share));
      return rate(tokens.length, (i) => {
        call(ready, tokens[i]!);
        return undefined;
      });
    });
  return {
    what: `Verifying a credential signed with ${algorithm}, one after the other, the DID document and the status list at hand.`,
    unit: 'calls/s',
    better: 'more',
    peer,
    rounds: 9,
    cases: [
      of('our verdict, every check, a credential never seen', 'ours', async (ready, share) => {
        const tokens = await ready.mint(Math.ceil(times * share));
        const found = await rate(tokens.length, (i) => ready.ours(tokens[i]!));
        await checkVerdicts(ready, tokens[0]!);
        return found;
      }),
      of('our verdict, every check, one seen before', 'ours', async (ready, share) => {
        const [token] = await ready.mint(1);
        return rate(times * 50 * share, () => ready.ours(token!));
      }),
      of('our provider, the signature alone', 'ours', async (ready, share) => {
        const tokens = await ready.mint(Math.ceil(times * share));
        return rate(tokens.length, (i) => ready.provider(tokens[i]!));
      }),
      peerCase(peer, (ready) => ready.didJwt(), times / 8),
      peerCase('did-jwt-vc 4 verifyCredential', (ready) => ready.didJwtVc(), times / 8),
      ...(veramo
        ? [peerCase('Veramo 7 verifyCredential', (ready) => ready.veramo(), times / 8)]
        : []),
      peerCase('jose 6 jwtVerify', (ready) => ready.jose(), times),
      ...(algorithm === 'ES256'
        ? [
            nativeCase(`${native}, as JWS writes it`, 'peer', (rig, token) => {
              rig.nativeAsWritten(token);
            }),
          ]
        : []),
      nativeCase(native, 'limit', (rig, token) => {
        rig.native(token);
      }),
    ],
  };
}

/** That the verdicts are verdicts: all ten checks of a good token, and no to one that was changed. */
async function checkVerdicts(rig: CredentialRig, token: string): Promise<void> {
  const good = await rig.ours(token);
  const bad = await rig.ours(token.replace(/.{9}$/, 'AAAAAAAAA'));
  if (good.valid && good.counted.length === 1 && good.checks.length === 10 && !bad.valid) return;
  throw new Error('a verdict is wrong');
}

/** Calls per second of `count` calls. */
async function rate(
  count: number,
  call: (i: number) => Promise<unknown> | undefined,
): Promise<number> {
  const whole = Math.max(1, Math.round(count));
  const begin = performance.now();
  for (let i = 0; i < whole; i += 1) {
    const waiting = call(i);
    if (waiting !== undefined) await waiting;
  }
  return (whole * 1_000) / (performance.now() - begin);
}
