// Types are behaviour: this file is checked by `npm run typecheck` and never runs.
import { expectTypeOf } from 'vitest';
import type { Bytes } from '../../src/base/bytes.ts';
import type { Duration } from '../../src/base/duration.ts';
import { toMs } from '../../src/base/duration.ts';
import { MeshError, type MeshErrorCode, type WireError } from '../../src/base/errors.ts';
import { type Did, type DidUrl, isDid, isDidUrl } from '../../src/base/ids.ts';
import {
  boolean,
  dictionary,
  integer,
  list,
  type ObjectOf,
  object,
  oneOf,
  optional,
  type Shape,
  type Shaped,
  text,
  unknown,
} from '../../src/base/shape.ts';
import type { KeyRing } from '../../src/core/identity/index.ts';
import { createIdentity, type Identity } from '../../src/core/identity/index.ts';
import type { CryptoProvider } from '../../src/ports/crypto.ts';
import type { DidResolver } from '../../src/ports/resolver.ts';
import type { Signer } from '../../src/ports/signer.ts';
import type { Emit, MeshEvent, MeshEventOf, MeshEventType } from '../../src/schema/mesh-event.ts';
import type { Receipt, SignedReceipt } from '../../src/schema/receipt.ts';
import type { Proof, ProofVerifier, SignedKind } from '../../src/schema/signed.ts';
import type { Sovereignty, Task } from '../../src/schema/task.ts';

// Errors: only codes of the table exist, and `is` narrows.
new MeshError('CLOSED', { what: 'x' });
// @ts-expect-error -- a code that is not in the table
new MeshError('CLOSED_DOWN');
declare const caught: unknown;
if (MeshError.is(caught, 'TIMEOUT')) {
  expectTypeOf(caught.code).toEqualTypeOf<MeshErrorCode>();
  // @ts-expect-error -- a code cannot be rewritten
  caught.code = 'ABORTED';
}
// @ts-expect-error -- nor asked for when it does not exist
MeshError.is(caught, 'NOPE');
expectTypeOf(new MeshError('CLOSED').toWire()).toEqualTypeOf<WireError>();
expectTypeOf<WireError>().not.toHaveProperty('stack');
expectTypeOf<WireError>().not.toHaveProperty('cause');

// Durations: a number or a number with a unit.
for (const duration of [0, '250ms', '30s', '1.5h', '90d'] as const satisfies Duration[])
  toMs(duration);
// @ts-expect-error -- no such unit
toMs('5w');
// @ts-expect-error -- a text needs a unit
toMs('5');

// Shapes: what they yield, with absent members absent rather than undefined.
const _shape = object({
  id: text(),
  risk: oneOf('low', 'high'),
  size: optional(integer()),
  tags: optional(list(text())),
  inner: object({ flag: optional(boolean) }),
  rest: dictionary(unknown),
});
interface Parsed {
  readonly id: string;
  readonly risk: 'low' | 'high';
  readonly size?: number;
  readonly tags?: readonly string[];
  readonly inner: { readonly flag?: boolean };
  readonly rest: Readonly<Record<string, unknown>>;
}
declare const parsed: Shaped<typeof _shape>;
expectTypeOf(parsed).toExtend<Parsed>();
expectTypeOf<Parsed>().toExtend<typeof parsed>();
expectTypeOf(parsed.risk).toEqualTypeOf<'low' | 'high'>();
type Optional = ObjectOf<{ a: ReturnType<typeof optional<number>>; b: Shape<string> }>;
expectTypeOf<{ b: string }>().toExtend<Optional>();
expectTypeOf<{ a: undefined; b: string }>().not.toExtend<Optional>();
expectTypeOf<{ a: number }>().not.toExtend<Optional>();
// @ts-expect-error -- what was parsed is read-only
parsed.id = 'other';
// @ts-expect-error -- and has no other members than were asked for
parsed.missing satisfies unknown;

// Names: a DID is not a string, and a DID URL is not a DID without its fragment.
declare const name: string;
expectTypeOf<string>().not.toExtend<Did>();
expectTypeOf<Did>().not.toExtend<DidUrl>();
if (isDid(name)) expectTypeOf(name).toEqualTypeOf<Did>();
if (isDidUrl(name)) expectTypeOf(name).toEqualTypeOf<DidUrl>();

// Events: the type tells what the data is; the switch is exhaustive.
declare const event: MeshEvent;
switch (event.type) {
  case 'task.completed':
    expectTypeOf(event.data.latencyMs).toEqualTypeOf<number>();
    // @ts-expect-error -- a completed task has no error code
    event.data.code satisfies unknown;
    break;
  case 'task.failed':
    expectTypeOf(event.data.code).toEqualTypeOf<MeshErrorCode>();
    break;
  default:
    expectTypeOf(event.type).toEqualTypeOf<
      Exclude<MeshEventType, 'task.completed' | 'task.failed'>
    >();
}
expectTypeOf<Extract<MeshEvent, { type: 'trust.changed' }>>().toEqualTypeOf<
  MeshEventOf<'trust.changed'>
>();
// @ts-expect-error -- no such event
event.type satisfies 'task.done';
declare const emit: Emit;
emit('policy.updated', { revision: 1 }, { peer: 'did:a:b' });
// @ts-expect-error -- the data of another event
emit('policy.updated', { round: 'r' });
// @ts-expect-error -- a peer is a DID
emit('policy.updated', { revision: 1 }, { peer: 'acme' });

// Documents.
expectTypeOf<SignedReceipt>().toExtend<Receipt>();
expectTypeOf<SignedReceipt['proof']>().toEqualTypeOf<Proof>();
expectTypeOf<Receipt>().not.toExtend<SignedReceipt>();
expectTypeOf<'contract'>().not.toExtend<SignedKind>();
({ type: 'x', data: 1, sovereignty: 'no-EU' }) satisfies Task;
expectTypeOf<'no-any'>().not.toExtend<Sovereignty>();
expectTypeOf<'EU' | 'no-US' | 'any'>().toExtend<Sovereignty>();

// Identity.
expectTypeOf(createIdentity).returns.resolves.toEqualTypeOf<Identity>();
expectTypeOf<Identity['signer']>().toEqualTypeOf<Signer>();
expectTypeOf<KeyRing>().toExtend<DidResolver>();
expectTypeOf<KeyRing['verify']>().toExtend<ProofVerifier>();
expectTypeOf<CryptoProvider['hash']>().returns.toEqualTypeOf<Bytes>();
declare const crypto: CryptoProvider;
// @ts-expect-error -- no such hash
crypto.hash('md5');
