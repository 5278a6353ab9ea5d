import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packPacket, unpackPacket } from '../../src/base/packet.ts';
import { agentRecordShape } from '../../src/schema/agent-record.ts';
import { receiptShape } from '../../src/schema/receipt.ts';
import { type Signed, type SignedKind, sign, verifySigned } from '../../src/schema/signed.ts';
import { rejected, thrown } from '../base/thrown.ts';
import { otherSamples } from '../schema/other-samples.ts';
import { changed, signerOf, verify } from '../schema/rig.ts';
import { signedSamples } from '../schema/signed-samples.ts';

const samples = [...signedSamples, ...otherSamples];
const a = signerOf(1);
const bodyOf = (kind: string) =>
  changed(samples.find((sample) => sample.kind === kind)?.good, ['proof'], undefined) as object;

/** A value a newer release might add. */
const addition = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.dictionary(fc.constantFrom('$u8', '$', '__proto__', '1', 'a'), fc.integer()),
);

describe('what travels between organisations', () => {
  it.each([
    ['receipt', 'receipt', receiptShape],
    ['agent record', 'agent-record', agentRecordShape],
  ] as const)(
    'a signed %s survives packet and parser, with whatever a newer release added',
    async (sample, kind: SignedKind, shape) => {
      await fc.assert(
        fc.asyncProperty(addition, async (added) => {
          const document = await sign(kind, { ...bodyOf(sample), addedLater: added }, a);
          const arrived = shape(unpackPacket(packPacket(document)), 'doc') as Signed<object>;
          expect(await rejected(verifySigned(kind, arrived, a.did, verify))).toBeUndefined();
        }),
      );
    },
  );

  it('a packet with one byte changed is the same document, or is refused', async () => {
    const document = await sign('receipt', bodyOf('receipt'), a);
    const whole = packPacket(document);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), async (at, byte) => {
        const bytes = Uint8Array.from(whole);
        bytes[at] = byte;
        const reading = async () => {
          const arrived = receiptShape(unpackPacket(bytes), 'doc');
          await verifySigned('receipt', arrived, a.did, verify);
          expect(arrived).toEqual(document);
        };
        const error = await rejected(reading());
        expect(['SCHEMA_INVALID', 'SIGNATURE_INVALID', undefined]).toContain(error?.code);
      }),
      { numRuns: 400 },
    );
  });

  it('no packet, however broken, makes a parser throw anything but SCHEMA_INVALID', () => {
    const sample = fc.constantFrom(...samples);
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 });
    fc.assert(
      fc.property(sample, edits, ({ shape, good }, changes) => {
        const bytes = packPacket(good);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        const error = thrown(() => shape(unpackPacket(bytes), 'doc'));
        expect(error?.code ?? 'SCHEMA_INVALID').toBe('SCHEMA_INVALID');
      }),
      { numRuns: 400 },
    );
  });

  it('every error can be sent on as it is, whatever provoked it', () => {
    const sample = fc.constantFrom(...samples);
    fc.assert(
      fc.property(sample, fc.jsonValue({ stringUnit: 'binary' }), ({ shape }, value) => {
        const error = thrown(() => shape(value, 'doc'));
        const wire = error?.toWire() ?? null;
        // Through JSON, which has no negative zero.
        const expected: unknown = JSON.parse(JSON.stringify(wire));
        expect(unpackPacket(packPacket(wire))).toEqual(expected);
      }),
    );
  });
});
