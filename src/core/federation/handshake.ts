/**
 * How two nodes come to a session: Noise XX, with each side's DID vouching for its static key.
 * @module
 */
import { withDeadline } from '../../base/abort.ts';
import { utf8 } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Endpoint, Link } from '../../ports/transport.ts';
import type { Signed } from '../../schema/signed.ts';
import { maxFirstMessage, packFirst, readFirst, readHello } from './hello.ts';
import { LinkReader } from './link-reader.ts';
import type { LocalParty, PartyGround } from './local-party.ts';
import type { Keys } from './needs.ts';
import { dhLength, NoiseHandshake, type NoiseResult } from './noise.ts';
import { checkNoiseKey, type NoiseKey } from './noise-key.ts';
import { noiseSuite } from './noise-suite.ts';

/** The protocol and its version; both sides bind it into the handshake, so it cannot be talked down. */
export const protocolName = 'mesh/1';

/** The one suite of the wire. Another suite is another protocol version. */
export const wireSuite = noiseSuite('Noise_XX_25519_ChaChaPoly_SHA256');

const prologue = utf8(protocolName);

/** Who the other side has proven to be, and what it said of itself. */
export interface PeerFacts {
  readonly did: Did;
  readonly node: string;
  readonly instance: string;
  readonly features: readonly string[];
  readonly endpoints: readonly Endpoint[];
  readonly tenant?: string;
  /** What vouches for its session key. */
  readonly proof: Signed<NoiseKey>;
}

/** A finished handshake. */
export interface Handshaken {
  readonly link: Link;
  readonly reader: LinkReader;
  readonly noise: NoiseResult;
  readonly initiator: boolean;
  readonly local: Did;
  readonly peer: PeerFacts;
  readonly handshakeMs: number;
}

/** What handshakes of a node share. */
export interface HandshakeGround extends PartyGround {
  readonly clock: Clock;
  readonly keys: Keys;
  /** Own identities; the first answers when none is asked for. */
  readonly parties: readonly LocalParty[];
  /** Where this node listens now. */
  endpoints(): readonly Endpoint[];
  /** How long a handshake may take. Default 10,000 ms. */
  readonly handshakeMs?: number | undefined;
}

/** Options of {@link initiate}. */
export interface InitiateOptions {
  /** Who must answer; `IDENTITY_MISMATCH` for anybody else. */
  readonly expect?: Did | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Sees the proven peer before this side shows itself; throws to stop there. */
  readonly meet?: (peer: PeerFacts) => Promise<void> | void;
}

/** The dialling side. The session may be used at once: the first sealed record can follow message 3 in one flight. */
export function initiate(
  ground: HandshakeGround,
  party: LocalParty,
  link: Link,
  options: InitiateOptions = {},
): Promise<Handshaken> {
  return conduct(ground, link, options.signal, async (talk) => {
    const noise = makeNoise(ground, party, true);
    talk.send(noise.write(packFirst(ground.crypto, noise.ephemeralKey, options.expect)));
    talk.step = 'message 2';
    const payload = noise.read(await talk.next());
    const peer = await meetPeer(ground, noise, payload, options.expect);
    await options.meet?.(peer);
    talk.step = 'message 3';
    talk.send(noise.write(await party.hello(ground.endpoints())));
    return { noise, party, peer };
  });
}

/** The listening side. Until message 3 has proven somebody, nothing is kept but this one exchange. */
export function respond(
  ground: HandshakeGround,
  link: Link,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Handshaken> {
  return conduct(ground, link, options.signal, async (talk) => {
    talk.step = 'message 1';
    const first = await talk.next();
    if (first.length > maxFirstMessage) throw failed(talk.step, 'too long');
    const party = chooseParty(ground, first);
    const noise = makeNoise(ground, party, false);
    noise.read(first);
    talk.step = 'message 2';
    talk.send(noise.write(await party.hello(ground.endpoints())));
    talk.step = 'message 3';
    const payload = noise.read(await talk.next());
    return { noise, party, peer: await meetPeer(ground, noise, payload, undefined) };
  });
}

interface Talk {
  step: string;
  send(message: Uint8Array): void;
  next(): Promise<Uint8Array>;
}

interface Conducted {
  readonly noise: NoiseHandshake;
  readonly party: LocalParty;
  readonly peer: PeerFacts;
}

/** Runs one side under the deadline; when it fails, the link is cut and the error names the step. */
async function conduct(
  ground: HandshakeGround,
  link: Link,
  signal: AbortSignal | undefined,
  exchange: (talk: Talk) => Promise<Conducted>,
): Promise<Handshaken> {
  const { clock, handshakeMs: ms = 10_000 } = ground;
  const started = clock.monotonic();
  const reader = new LinkReader(link);
  const talk: Talk = {
    step: 'message 1',
    send: (message) => void link.send(message),
    next: () => reader.next(stop),
  };
  let stop: AbortSignal | undefined;
  try {
    const error = () => failed(talk.step, `no answer within ${String(ms)} ms`);
    const options = { what: 'the handshake', signal, error };
    const { noise, party, peer } = await withDeadline(clock, ms, options, (inner) => {
      stop = inner;
      return exchange(talk);
    });
    const handshakeMs = clock.monotonic() - started;
    const initiator = noise.initiator;
    return { link, reader, noise: noise.split(), initiator, local: party.did, peer, handshakeMs };
  } catch (thrown) {
    const error = asHandshakeError(thrown, talk.step);
    link.abort(error);
    throw error;
  }
}

function makeNoise(ground: HandshakeGround, party: LocalParty, initiator: boolean): NoiseHandshake {
  const { crypto, random } = ground;
  const { staticKey } = party;
  return new NoiseHandshake({
    crypto,
    suite: wireSuite,
    initiator,
    prologue,
    staticKey,
    ephemeral: random,
  });
}

/**
 * Message 1 is `e` and a payload in clear, so it can be read before a Noise state with the right static key exists.
 * A hint nobody here answers to gets the default identity: the caller then says what it met instead.
 */
function chooseParty(ground: PartyChoice, first: Uint8Array): LocalParty {
  return wantedParty(ground, first) ?? ground.parties[0]!;
}

type PartyChoice = Pick<HandshakeGround, 'crypto' | 'parties'>;

/** The identity of this node that message 1 asks for; throws `SCHEMA_INVALID` or the like for bytes that are no message 1. */
export function wantedParty(
  { crypto, parties }: PartyChoice,
  first: Uint8Array,
): LocalParty | undefined {
  const [ephemeral, payload] = [first.subarray(0, dhLength), first.subarray(dhLength)];
  const dids = parties.map(({ did }) => did);
  const wanted = readFirst(payload, crypto, ephemeral, dids);
  return parties.find(({ did }) => did === wanted);
}

/** Who stands behind the static key that Noise has just proven. */
async function meetPeer(
  ground: HandshakeGround,
  noise: NoiseHandshake,
  payload: Uint8Array,
  expect: Did | undefined,
): Promise<PeerFacts> {
  const { keys, clock } = ground;
  const { proof, log, instance, features, endpoints, tenant } = readHello(payload);
  if (log.length > 0) await keys.learn(log);
  await checkNoiseKey(proof, noise.remoteStatic!, keys.verify, clock.now());
  if (expect !== undefined && proof.did !== expect) {
    throw new MeshError('IDENTITY_MISMATCH', { expected: expect, got: proof.did });
  }
  const { did, node } = proof;
  const facts = { did, node, instance, features, endpoints, proof };
  return { ...facts, ...(tenant !== undefined && { tenant }) };
}

/** Codes that say more than the step at which they came up. */
const telling = [
  'IDENTITY_MISMATCH',
  'IDENTITY_CONFLICT',
  'PEER_REJECTED',
  'ALREADY_EXISTS',
  'HANDSHAKE_FAILED',
  'SIGNATURE_INVALID',
  'KEY_INVALID',
  'DID_CONFLICT',
  'ABORTED',
] as const;

function asHandshakeError(thrown: unknown, step: string): MeshError {
  if (MeshError.is(thrown, ...telling)) return thrown;
  const detail = MeshError.is(thrown) ? thrown.message : 'an internal error';
  return failed(step, detail, thrown);
}

function failed(step: string, detail: string, cause?: unknown): MeshError {
  return new MeshError('HANDSHAKE_FAILED', { step, detail }, { cause });
}
