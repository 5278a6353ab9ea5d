/**
 * Laws of signatures: what is signed holds for whoever checks it.
 * @module
 */
import { printable } from '../../../base/errors.ts';
import type { Signer } from '../../../ports/signer.ts';
import { check, checkEqual, checkWithin } from '../../assert.ts';
import { checkSignature, messageOf, type SignerLaw, signed } from './signer-law.ts';

/** What holds for every signer. */
export const signingLaws: readonly SignerLaw[] = [
  {
    name: 'a signature holds under publicKey by the strict rule',
    test: async (signer, tools) => {
      for (let i = 0; i < 8; i += 1) {
        const message = messageOf(String(i), 1 + i * 37);
        const signature = await signed(signer, message, tools);
        await checkSignature(signer, message, signature, 'the signature', tools);
      }
    },
  },
  {
    name: 'the same message gives the same signature (RFC 8032), another message another one',
    test: async (signer, tools) => {
      const first = await signed(signer, messageOf('one'), tools);
      const second = await signed(signer, messageOf('one'), tools);
      // ECDSA may take a new nonce each time.
      if (signer.algorithm === 'EdDSA') checkEqual(second, first, 'the second signature');
      const other = await signed(signer, messageOf('two'), tools);
      // Two messages, or two numbers S, under one R give the private key away.
      check(!shareR(first, other), 'two messages must not share the R of their signatures');
      const same = sameBytes(first, second);
      check(same || !shareR(first, second), 'two signatures must not share their R');
    },
  },
  {
    name: 'an empty message can be signed',
    test: async (signer, tools) => {
      const message = new Uint8Array(0);
      const signature = await signed(signer, message, tools);
      await checkSignature(signer, message, signature, 'the signature of nothing', tools);
    },
  },
  {
    name: 'a message of 1 MiB can be signed',
    test: async (signer, tools) => {
      const message = messageOf('big', 1024 * 1024);
      const signature = await signed(signer, message, tools);
      await checkSignature(signer, message, signature, 'the signature of 1 MiB', tools);
    },
  },
  {
    name: 'a message may lie inside a larger buffer',
    test: async (signer, tools) => {
      const message = messageOf('larger', 300).subarray(100, 200);
      const signature = await signed(signer, message, tools);
      await checkSignature(signer, message, signature, 'the signature of a part', tools);
    },
  },
  {
    name: 'of many signatures at once each is of its own message',
    test: async (signer, tools) => {
      const messages = Array.from({ length: 64 }, (_, i) => messageOf(`at once ${String(i)}`));
      const signing = Promise.all(messages.map((message) => signer.sign(message)));
      const signatures = await checkWithin(tools.timeoutMs, '64 signatures at once', signing);
      for (const [i, message] of messages.entries()) {
        const what = `signature ${String(i + 1)} of 64`;
        await checkSignature(signer, message, signatures[i]!, what, tools);
      }
    },
  },
  {
    name: 'the message is read at the call, and left alone',
    test: async (signer, tools) => {
      const message = messageOf('mine');
      const copy = message.slice();
      const signing = signed(signer, message, tools);
      checkEqual(message, copy, 'the message after the call');
      message.fill(0);
      const signature = await signing;
      checkEqual(message, new Uint8Array(message.length), 'the message after signing');
      await checkSignature(signer, copy, signature, 'the signature of a buffer used again', tools);
    },
  },
  {
    name: 'what is no message is refused by the promise, never thrown at once',
    test: async (signer, { timeoutMs }) => {
      const signing = signAnything(signer, undefined);
      const refused = await checkWithin(
        timeoutMs,
        'the refusal of what is no message',
        signing.then(
          () => false,
          () => true,
        ),
      );
      check(refused, 'what is no message must not be signed');
    },
  },
  {
    name: 'a signature belongs to whoever asked for it',
    test: async (signer, tools) => {
      const message = messageOf('kept');
      const first = await signed(signer, message, tools);
      const copy = first.slice();
      await signed(signer, messageOf('another'), tools);
      checkEqual(first, copy, 'a signature after the next one');
      first.fill(0);
      const anew = await signed(signer, message, tools);
      if (signer.algorithm === 'EdDSA') checkEqual(anew, copy, 'the signature made anew');
      await checkSignature(signer, message, anew, 'the signature made anew', tools);
    },
  },
];

function signAnything(signer: Signer, message: unknown): Promise<unknown> {
  try {
    return signer.sign(message as Uint8Array);
  } catch (error) {
    check(false, `sign must not throw at once, but threw ${printable(error)}`);
  }
}

/** Whether the first halves are the same. */
function shareR(a: Uint8Array, b: Uint8Array): boolean {
  return sameBytes(a.subarray(0, a.length / 2), b.subarray(0, b.length / 2));
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, i) => byte === b[i]);
}
