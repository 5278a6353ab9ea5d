/**
 * Nodes that lie: what a node does to the words it says, while the rest of it is the production client.
 * @module
 */

import { type Bytes, fromUtf8 } from '../base/bytes.ts';
import { type Duration, toMs } from '../base/duration.ts';
import type { AgentDefinition, HandlerContext, MeshClientOptions } from '../client/index.ts';
import type { Random } from '../ports/random.ts';
import type { Signer } from '../ports/signer.ts';
import type { SignedReceipt } from '../schema/receipt.ts';

/** A frame as it leaves a liar, and how much later than an honest one. */
export interface Spoken {
  readonly bytes: Uint8Array;
  readonly afterMs: number;
}

/** What a liar does otherwise than the others. Whatever is missing it does as they do. */
export interface Behaviour {
  readonly name: string;
  /** The frames that leave in place of `frame`. */
  readonly speak?: (frame: Uint8Array, chance: Random) => readonly Spoken[];
  /** The options of its client. */
  readonly client?: (options: MeshClientOptions) => MeshClientOptions;
  /** The agents it offers. */
  readonly agent?: (definition: AgentDefinition<never>) => AgentDefinition<never>;
}

/** Frames of the past a replaying node chooses from. */
const remembered = 32;

/** Behaviours for `mesh.replace`. */
export const byzantine = {
  /** Takes everything in and says nothing. */
  silent: (): Behaviour => ({ name: 'silent', speak: () => [] }),

  /** Says everything `by` later. */
  delay: (by: Duration): Behaviour => {
    const afterMs = toMs(by, 'by');
    return { name: 'delay', speak: (bytes) => [{ bytes, afterMs }] };
  },

  /** Says now and then once more what it has said before. */
  replay: (): Behaviour => {
    const past: Uint8Array[] = [];
    return {
      name: 'replay',
      speak: (bytes, chance) => {
        past.push(bytes);
        if (past.length > remembered) past.shift();
        const honest = { bytes, afterMs: 0 };
        if (chance.next() < 0.7) return [honest];
        const again = past[Math.floor(chance.next() * past.length)]!;
        return [honest, { bytes: again, afterMs: 0 }];
      },
    };
  },

  /** Signs its receipts with a key that is not its own. */
  forge: (): Behaviour => ({
    name: 'forge',
    client: (options) => {
      const { identity } = options;
      if (identity === undefined) return options;
      const signer = forging(identity.signer);
      return { ...options, identity: withMember(identity, 'signer', () => signer) };
    },
  }),

  /** Tells each asker something else, and signs for all of it. */
  equivocate: (): Behaviour => ({
    name: 'equivocate',
    agent: ({ handler, ...definition }) => {
      if (handler === undefined) return definition;
      return {
        ...definition,
        handler: async (context: HandlerContext<never>) => {
          const output: unknown = await handler(context);
          return { said: output, to: context.caller.did };
        },
      };
    },
  }),
} as const;

/** Signs receipts wrongly, under whatever key its holder has. */
function forging(signer: Signer): Signer {
  const sign = async (message: Uint8Array): Promise<Bytes> => {
    const signature = await signer.sign(message);
    return isReceipt(message) ? signature.map((byte) => byte ^ 0xff) : signature;
  };
  return withMember(
    withMember(signer, 'sign', () => sign),
    'current',
    ({ current }) => (current === undefined ? undefined : forging(current)),
  );
}

/** `whole` in all but one member. Its methods still find their private parts. */
function withMember<T extends object, K extends keyof T>(
  whole: T,
  member: K,
  instead: (whole: T) => T[K],
): T {
  return new Proxy(whole, {
    get(target, name) {
      if (name === member) return instead(target);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** Two receipts with which an organisation convicts itself: one task, two different results, both signed. */
export type Contradiction = readonly [SignedReceipt, SignedReceipt];

/**
 * The contradictions among `receipts`, which were collected from several askers: tasks under one key have one id, so
 * whoever gives two results for it has lied to somebody.
 */
export function contradictions(receipts: readonly SignedReceipt[]): readonly Contradiction[] {
  const first = new Map<string, SignedReceipt>();
  const found: Contradiction[] = [];
  for (const receipt of receipts) {
    const name = `${receipt.by} ${receipt.agent} ${receipt.task} ${receipt.inputHash}`;
    const known = first.get(name);
    if (known === undefined) first.set(name, receipt);
    else if (known.outputHash !== receipt.outputHash) found.push([known, receipt]);
  }
  return found;
}

const receiptHead = 'mesh/receipt/v1\n';

function isReceipt(message: Uint8Array): boolean {
  return fromUtf8(message.subarray(0, receiptHead.length)) === receiptHead;
}
